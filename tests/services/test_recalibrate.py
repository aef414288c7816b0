"""A site's ratings change the interval of a model, and nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from miqa_app.artefacts import degrade
from miqa_app.core.artefact_kinds import KEYS
from miqa_app.errors import BadRequest
from miqa_app.evaluation.sources import Source, clean_slices
from miqa_app.paths import bundled
from miqa_app.registry import verify_model
from miqa_app.registry.checkpoint import load_model
from miqa_app.services.recalibrate import recalibrate


@pytest.fixture(scope="module")
def ratings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Slices of the phantom, rated by a person who finds all of them worthless: every error is large."""
    folder = tmp_path_factory.mktemp("rated")
    source = Source(name="p", subject="a", path="clean", licence="own", anatomy="head", every=10)
    planes = [item.plane for item in clean_slices([source], bundled("resources") / "phantom")]
    lines = ["image,mos,reference,subject"]
    for number in range(22):
        plane = planes[number % len(planes)]
        image = degrade(plane, KEYS[number % len(KEYS)], 0.3, number).image
        name = f"{number}.png"
        Image.fromarray((np.clip(image, 0, 1) * 255).astype(np.uint8)).save(folder / name)
        lines.append(f"{name},1,r{number % len(planes)},s{number % 3}")
    (folder / "ratings.csv").write_text("\n".join(lines) + "\n")
    return folder / "ratings.csv"


def run(ratings: Path, out: Path) -> tuple[list[tuple[int, int]], Path, str]:
    steps = recalibrate(str(ratings), "lite", out)
    seen = []
    while True:
        try:
            seen.append(next(steps))
        except StopIteration as end:
            return seen, *end.value


def test_the_interval_of_lone_slices_grows_until_it_holds_the_ratings(
    ratings: Path, tmp_path: Path
) -> None:
    seen, folder, words = run(ratings, tmp_path)
    assert seen == [(n, 22) for n in range(1, 23)]
    before, after = load_model("lite").folder, load_model(str(folder)).folder
    assert verify_model(after) == []
    assert after.config["files"] == before.config["files"]  # the very same weights
    assert after.sha256 != before.sha256
    old, new = before.config["interval"], after.config["interval"]
    assert new["factor"] == old["factor"]  # no volume was rated
    assert new["slice_factor"] > 1.5 * (old.get("slice_factor") or old["factor"])
    assert "22 images of 3 subjects" in words
    assert "not for new subjects" in words
    assert words in after.card


def test_too_few_ratings_are_refused(ratings: Path, tmp_path: Path) -> None:
    few = ratings.with_name("few.csv")
    few.write_text("\n".join(ratings.read_text().splitlines()[:11]) + "\n")
    with pytest.raises(BadRequest, match="10 rated images; the interval needs at least 20"):
        run(few, tmp_path)
    assert not list(tmp_path.iterdir())
