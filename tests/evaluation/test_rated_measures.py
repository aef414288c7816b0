"""Measures without training, as rows of a table: larger is better, and what is not defined is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from miqa_app.errors import BadRequest
from miqa_app.evaluation.rated import RatedImage, RatedSet, Scale
from miqa_app.evaluation.rated.measures import FULL_REFERENCE, measure_names, measured_image


@pytest.fixture(scope="module")
def rated(tmp_path_factory: pytest.TempPathFactory) -> RatedSet:
    """A textured disc, clean beside itself under little and much noise."""
    folder = tmp_path_factory.mktemp("measures")
    rows, columns = np.mgrid[:96, :100]
    clean = (np.hypot(rows - 48, columns - 50) < 40) * (120 + 40 * np.sin(rows / 3) * np.cos(columns / 4))  # fmt: skip
    rng = np.random.default_rng(0)
    images = []
    for name, sigma in (("clean", 0), ("little", 6), ("much", 40)):
        noisy = clean + sigma * rng.standard_normal(clean.shape)
        stored = np.clip(noisy, 0, 255).astype(np.uint8)
        sitk.WriteImage(sitk.GetImageFromArray(stored), str(folder / f"{name}.png"))
        images.append(
            RatedImage(name, folder / f"{name}.png", 50, 50, "disc", "disc", clean=folder / "clean.png")
        )  # fmt: skip
    return RatedSet("noise", tuple(images), Scale(0, 100))


@pytest.mark.parametrize("key", list(FULL_REFERENCE))
def test_more_noise_is_worse_by_every_full_reference_measure(rated: RatedSet, key: str) -> None:
    little, much = (measured_image(rated, rated.images[place], key) for place in (1, 2))
    assert little > much


def test_psnr_is_that_of_its_definition(rated: RatedSet) -> None:
    planes = [
        sitk.GetArrayFromImage(sitk.ReadImage(str(rated.images[place].path))).astype(float) / 255
        for place in (0, 2)
    ]
    expected = -10 * np.log10(((planes[0] - planes[1]) ** 2).mean())
    assert measured_image(rated, rated.images[2], "psnr") == pytest.approx(expected, abs=1e-3)


def test_reference_free_measures_are_turned_so_that_larger_is_better(rated: RatedSet) -> None:
    """NIQE and the entropy focus fall with quality by their definition."""
    assert {"niqe_mri", "entropy_focus", "gradient_entropy"} <= set(measure_names())
    assert measured_image(rated, rated.images[0], "entropy_focus") < 0


def test_an_unknown_measure_and_a_missing_or_unlike_clean_image_are_refused(
    rated: RatedSet, tmp_path: Path
) -> None:
    image = rated.images[1]
    with pytest.raises(BadRequest, match="There is no measure 'lpips'; choose one of psnr"):
        measured_image(rated, image, "lpips")
    alone = RatedImage("x", image.path, 50, 50, "disc", "disc")
    with pytest.raises(BadRequest, match="has no clean image beside x"):
        measured_image(rated, alone, "ssim")
    sitk.WriteImage(sitk.GetImageFromArray(np.zeros((9, 9), np.uint8)), str(tmp_path / "s.png"))
    unlike = RatedImage("x", image.path, 50, 50, "disc", "disc", clean=tmp_path / "s.png")
    with pytest.raises(BadRequest, match=r"is 96×100 and .*s\.png 9×9"):
        measured_image(rated, unlike, "ssim")
