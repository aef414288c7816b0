"""The synthetic look-alike of RAD-IQMRI: its design, one reference in detail, and (slow) the whole set."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from miqa_app.core.foreground import object_mask
from miqa_app.errors import MiqaError
from miqa_app.evaluation.rated import lookalike, read_rated_set, write_lookalike
from miqa_app.evaluation.rated.loading import read_planes
from miqa_app.evaluation.rated.lookalike import HIGH, KINDS, LOW, design, references


@pytest.fixture(scope="module")
def one_reference(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, str]]]:
    """The 14 images of the first slice of the phantom, and their rows of the table."""
    folder = tmp_path_factory.mktemp("one")
    for name in ("images", "references"):
        (folder / name).mkdir()
    return folder, lookalike._images(references()[0], folder)


def test_fourteen_images_are_four_kinds_at_two_energies_and_six_pairs() -> None:
    cells = design()
    assert len(cells) == 14
    alone = [cell.artefacts[0] for cell in cells if len(cell.artefacts) == 1]
    assert set(alone) == {(kind, energy) for kind in KINDS for energy in (LOW, HIGH)}
    pairs = [cell.artefacts for cell in cells if len(cell.artefacts) == 2]
    assert len({frozenset(kind for kind, _ in pair) for pair in pairs}) == 6
    assert {severity for pair in pairs for _, severity in pair} == {LOW}


def test_eight_references_show_four_subjects() -> None:
    made = references()
    assert len({reference.name for reference in made}) == 8
    assert Counter(reference.subject for reference in made) == {
        "phantom": 3,
        "brain_epi": 3,
        "head": 1,
        "abdomen": 1,
    }
    for reference in made:
        assert reference.plane.dtype == np.float32
        assert 0 <= reference.plane.min() < 0.1 < 0.9 < reference.plane.max() <= 1
        assert object_mask(reference.plane).mean() > 0.3


def test_more_energy_means_a_lower_score(one_reference: tuple[Path, list[dict[str, str]]]) -> None:
    scores = {(row["kind"], place): float(row["mos"]) for place, row in enumerate(one_reference[1])}
    for number, kind in enumerate(KINDS):
        assert scores[(kind, 2 * number)] > scores[(kind, 2 * number + 1)] + 5
    assert all(0 < score < 100 for score in scores.values())


def test_air_is_left_as_it_was(one_reference: tuple[Path, list[dict[str, str]]]) -> None:
    folder, rows = one_reference
    (clean,) = read_planes(folder / "references" / f"{rows[0]['reference']}.png", photograph=True)
    air = ~object_mask(clean)
    for row in rows:
        (plane,) = read_planes(folder / row["image"], photograph=True)
        assert np.abs(plane - clean)[air].max() < 1e-4
        assert np.abs(plane - clean)[~air].mean() > 0.01


def test_a_folder_of_something_else_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(MiqaError, match="holds something else"):
        write_lookalike(tmp_path)
    assert (tmp_path / "mine.txt").read_text() == "precious"


def test_an_installation_without_the_samples_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("matplotlib.get_data_path", lambda: str(tmp_path))
    with pytest.raises(MiqaError, match=r"needs .*s1045\.ima\.gz, which this installation lacks"):
        references()


@pytest.mark.slow
def test_the_whole_set_reads_like_rad_iqmri_and_says_that_nobody_rated_it(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    write_lookalike(folder)
    rated = read_rated_set(f"rad-iqmri={folder}", tmp_path)
    assert len(rated) == 112
    assert "not rated" in rated.target
    assert all(image.clean is not None for image in rated.images)
    assert "SYNTHETIC, NOT RATED" in (folder / "README.txt").read_text()
    table = (folder / "mos.csv").read_bytes()
    write_lookalike(folder)
    assert (folder / "mos.csv").read_bytes() == table
    assert sorted(path.name for path in tmp_path.iterdir()) == ["set"]
