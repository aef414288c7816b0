"""Sources give the slices that a recipe asks for, cut to the object."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from miqa_app.errors import BadRecipe
from miqa_app.evaluation.sources import CleanSlice, Source, clean_slices, cropped

FACTS = {"name": "phantom", "subject": "a", "licence": "own", "anatomy": "head"}


def source(path: str, **facts: object) -> Source:
    return Source(path=path, **(FACTS | facts))  # type: ignore[arg-type]


def test_slices_are_planes_on_multiples_of_eight(slices: list[CleanSlice]) -> None:
    assert len(slices) == 20
    assert [item.frame for item in slices] == list(range(20))
    for item in slices:
        assert item.plane.dtype == np.float32
        assert not any(size % 8 for size in item.plane.shape)
        assert 0 <= item.plane.min() < item.plane.max() <= 1
    assert len({item.identity for item in slices}) == 20
    assert slices[3].identity.startswith("phantom/a/")
    assert slices[3].identity.endswith("/3")


def test_every_nth_slice_and_the_first_frames_can_be_asked_for(phantom: Path) -> None:
    frames = [item.frame for item in clean_slices([source("clean", every=6)], phantom)]
    assert frames == [0, 6, 12, 18]
    few = source("clean", frames=5, every=2)
    assert [item.frame for item in clean_slices([few], phantom)] == [0, 2, 4]


def test_dicom_and_nifti_of_one_scan_give_the_same_slices(
    phantom: Path, slices: list[CleanSlice]
) -> None:
    other = list(clean_slices([source("clean.nii.gz")], phantom))
    assert len(other) == len(slices)
    means = sorted(item.plane.mean() for item in slices)
    assert sorted(item.plane.mean() for item in other) == pytest.approx(means, abs=0.02)


def test_a_missing_scan_says_which_and_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BadRecipe, match=r"names nowhere, which is not in .*--data\.$"):
        list(clean_slices([source("nowhere")], tmp_path))


@pytest.mark.parametrize("facts", [{"every": 0}, {"frames": -1}, {"colour": "red"}])
def test_a_source_that_makes_no_sense_is_refused(facts: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        source("clean", **facts)


@pytest.mark.parametrize(
    ("shape", "box"),
    [
        ((256, 256), (60, 180, 70, 200)),
        ((256, 256), (0, 40, 216, 256)),
        ((512, 600), (10, 500, 10, 590)),
        ((100, 100), (0, 100, 0, 100)),
    ],
)
def test_the_cut_holds_the_object_with_a_margin_or_as_much_as_is_allowed(
    shape: tuple[int, int], box: tuple[int, int, int, int]
) -> None:
    mask = np.zeros(shape, dtype=bool)
    mask[box[0] : box[1], box[2] : box[3]] = True
    plane = cropped(mask.astype(np.float32), mask)
    assert not any(size % 8 for size in plane.shape)
    assert max(plane.shape) <= 384
    for axis, size in enumerate((box[1] - box[0], box[3] - box[2])):
        assert plane.any(axis=1 - axis).sum() == min(size, 384, shape[axis] // 8 * 8)
