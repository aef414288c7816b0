"""The canary set tells a model that scores as it did from one that does not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from miqa_app.errors import BadModel
from miqa_app.networks import MIQANet, build
from miqa_app.registry.canary import (
    TOLERANCE,
    canary_file,
    check_canary,
    keep_canary,
    read_canary,
    store_canary,
)
from miqa_app.registry.checkpoint import save_model
from miqa_app.registry.folders import content_hash, find_model
from tests.registry.test_checkpoint import CONFIG


def test_a_model_scores_its_canary_set_as_stored_and_its_identity_stays(folder: Path) -> None:
    before = content_hash(folder)
    canary = store_canary(folder)
    assert read_canary(folder) == canary
    assert len(canary.outputs) == 6
    assert len({one.sha256 for one in canary.outputs}) == 6
    assert canary.model == before == content_hash(folder)
    check = check_canary(folder)
    assert check.passed
    assert check.largest < 0.001
    assert "6 canary slices came out as stored" in check.words


def test_another_number_of_threads_stays_within_the_tolerance(folder: Path) -> None:
    store_canary(folder)
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1 if threads > 1 else 2)
        assert check_canary(folder).largest < TOLERANCE / 10
    finally:
        torch.set_num_threads(threads)


@pytest.mark.parametrize("field", ["score", "deviation", "map_mean"])
def test_an_output_that_comes_out_otherwise_fails_and_is_named(folder: Path, field: str) -> None:
    canary = store_canary(folder)
    last = canary.outputs[-1]
    gaps = {TOLERANCE * 1.2: False, **({TOLERANCE * 0.9: True} if field == "score" else {})}
    for gap, passes in gaps.items():
        moved = last.model_copy(update={field: getattr(last, field) + gap})
        keep_canary(canary.model_copy(update={"outputs": (*canary.outputs[:-1], moved)}), folder)
        check = check_canary(folder)
        assert check.passed is passes
        assert check.largest == pytest.approx(gap, abs=0.002)
        assert passes or last.name in check.words


def test_a_model_whose_weights_moved_a_little_fails(
    folder: Path, network: MIQANet, models: Path
) -> None:
    canary = store_canary(folder)
    other = build(network.config)
    state = network.state_dict()
    other.load_state_dict(
        {key: value * 1.02 if value.is_floating_point() else value for key, value in state.items()}
    )
    save_model(models / "moved", other, CONFIG, "")
    moved = find_model("moved")
    keep_canary(canary.model_copy(update={"model": moved.sha256}), moved.path)
    check = check_canary(moved.path)
    assert not check.passed
    assert check.largest > TOLERANCE


def test_the_canary_of_another_model_or_of_other_slices_or_none_fails(folder: Path) -> None:
    assert "has no canary" in check_canary(folder).words
    canary = store_canary(folder)
    keep_canary(canary.model_copy(update={"model": "0" * 64}), folder)
    check = check_canary(folder)
    assert not check.passed
    assert "belongs to another model" in check.words
    strange = canary.outputs[0].model_copy(update={"sha256": "0" * 64})
    keep_canary(canary.model_copy(update={"outputs": (strange, *canary.outputs[1:])}), folder)
    check = check_canary(folder)
    assert not check.passed
    assert "other slices" in check.words


@pytest.mark.parametrize("content", ["", "{", "[]", '{"schema": "miqa.canary/2"}', "null"])
def test_a_damaged_canary_is_named(folder: Path, content: str) -> None:
    canary_file(folder).parent.mkdir()
    canary_file(folder).write_text(content)
    with pytest.raises(BadModel, match=r"^The canary .*again\.$"):
        read_canary(folder)


def test_a_canary_cannot_widen_its_own_tolerance(folder: Path) -> None:
    store_canary(folder)
    document = json.loads(canary_file(folder).read_text())
    canary_file(folder).write_text(json.dumps({**document, "tolerance": 50}))
    with pytest.raises(BadModel, match="damaged"):
        check_canary(folder)


def test_a_model_that_gives_no_number_has_no_canary(models: Path, network: MIQANet) -> None:
    broken = build(network.config)
    with torch.no_grad():
        for value in broken.parameters():
            value.fill_(torch.nan)
    save_model(models / "broken", broken, CONFIG, "")
    with pytest.raises(BadModel, match="gives no number"):
        store_canary(models / "broken")
    assert not canary_file(models / "broken").exists()
