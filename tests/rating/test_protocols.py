"""Protocol presets and their copies."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from miqa_app.errors import BadRequest
from miqa_app.rating.copies import chosen_protocol, write_copy
from miqa_app.rating.protocol import changed, preset, presets, read_protocol


def test_there_are_five_presets_and_each_names_its_source() -> None:
    found = {protocol.id: protocol for protocol in presets()}
    assert set(found) == {"sds", "dsis", "dscqs", "single", "pair"}
    for protocol in found.values():
        assert "BT.500" in protocol.source
        assert "clause" in protocol.source
        assert len(protocol.instructions) >= 4
    assert "RAD-IQMRI" in found["sds"].source


def test_sds_shows_the_reference_left_and_asks_for_0_to_100_in_five_words() -> None:
    sds = preset("sds")
    assert (sds.images, sds.asks, sds.sides, sds.names_sides) == ("pair", "test", "reference left", True)  # fmt: skip
    assert (sds.scale.kind, sds.scale.low, sds.scale.high) == ("continuous", 0, 100)
    assert sds.scale.labels == ("Excellent", "Good", "Fair", "Poor", "Bad")
    assert sds.training_items > 0


def test_dsis_has_five_grades_from_5_to_1() -> None:
    scale = preset("dsis").scale
    assert scale.kind == "categories"
    assert scale.values == (5, 4, 3, 2, 1)
    assert (scale.labels[0], scale.labels[-1]) == ("Imperceptible", "Very annoying")


def test_dscqs_hides_the_reference_and_scores_both() -> None:
    dscqs = preset("dscqs")
    assert (dscqs.asks, dscqs.sides, dscqs.names_sides) == ("both", "random", False)


def test_pair_comparison_knows_a_tie_and_single_shows_one_image() -> None:
    assert preset("pair").scale.values == (1, 0.5, 0)
    assert preset("single").images == "single"


def test_a_copy_reads_back_and_its_name_shows_that_it_is_one(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    copy = write_copy("dscqs", path)
    own, remark = chosen_protocol(path)
    assert own == copy == read_protocol(path)
    assert (own.id, own.changed_from, remark) == ("dscqs+changed", "dscqs 1", "")
    assert own.title.endswith(", changed")


def test_a_copy_never_overwrites(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text("mine")
    with pytest.raises(BadRequest, match="is there already"):
        write_copy("sds", path)
    assert path.read_text() == "mine"


@pytest.mark.parametrize("name", ["own.txt", "own"])
def test_a_copy_needs_a_name_that_can_be_given_as_a_protocol(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadRequest, match=r"\.yaml"):
        write_copy("sds", tmp_path / name)


def test_a_copy_into_a_missing_folder_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="cannot be written"):
        write_copy("sds", tmp_path / "no" / "own.yaml")


def test_a_changed_file_that_claims_to_be_the_preset_is_renamed_and_said(tmp_path: Path) -> None:
    values = preset("sds").model_dump(mode="json") | {"least_seconds": 1.0, "repeats": 0.2}
    path = tmp_path / "sds.yaml"
    path.write_text(yaml.safe_dump(values))
    own, remark = chosen_protocol(path)
    assert own.id == "sds+changed"
    assert own.changed_from == "sds 1"
    assert (own.least_seconds, own.repeats) == (1.0, 0.2)
    assert "least_seconds, repeats" in remark


def test_an_unchanged_file_of_a_preset_keeps_its_name(tmp_path: Path) -> None:
    path = tmp_path / "sds.yaml"
    path.write_text(yaml.safe_dump(preset("sds").model_dump(mode="json")))
    assert chosen_protocol(path) == (preset("sds"), "")


def test_a_preset_is_chosen_by_its_name_and_an_unknown_one_names_the_others() -> None:
    assert chosen_protocol("pair") == (preset("pair"), "")
    with pytest.raises(BadRequest, match="dscqs, dsis, pair, sds, single"):
        chosen_protocol("nonsense")


def test_a_change_that_changes_nothing_is_the_preset() -> None:
    assert changed(preset("sds"), repeats=0.05) == preset("sds")
