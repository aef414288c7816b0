"""Rated sets in the layouts of their publishers, written here in small: scores come out 0-100 with 100 best."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk
from scipy.io import savemat

from miqa_app.errors import BadRequest
from miqa_app.evaluation.rated import RatedSet, read_rated_set
from miqa_app.evaluation.rated.loading import Planes, read_planes
from miqa_app.evaluation.rated.photographs import (
    LIVE_PARTS,
    read_kadid10k,
    read_koniq10k,
    read_live,
    read_tid2013,
)
from miqa_app.evaluation.rated.record import Scale
from miqa_app.evaluation.rated.scans import read_abide, read_csv, read_mr_art, read_rad_iqmri


def picture(path: Path, value: int = 100, size: tuple[int, int] = (8, 9)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    sitk.WriteImage(sitk.GetImageFromArray(np.full(size, value, np.uint8)), str(path))
    return path


def empty(path: Path) -> Path:
    """A file that a reader only has to find."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def volume(path: Path, slices: int = 12) -> Path:
    """A bright block in air; its outermost slices are empty."""
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.zeros((32, 40, slices), np.int16)
    values[8:26, 10:30, 2:-2] = 500 + 10 * np.arange(slices - 4)
    nibabel.save(nibabel.Nifti1Image(values, np.diag([1.0, 1, 1, 1])), path)
    return path


def text(path: Path, words: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(words, encoding="utf-8")
    return path


def one(rated: RatedSet, name: str) -> tuple[float, float, str, str]:
    image = next(image for image in rated.images if image.name == name)
    return image.mos, image.raw, image.reference, image.kind


@pytest.fixture
def live(tmp_path: Path) -> Path:
    """LIVE with its 982 entries; the last image of each folder is an undistorted copy."""
    total = sum(count for _, count in LIVE_PARTS)
    scores, originals, references = np.zeros(total), np.zeros(total), np.empty(total, object)
    place = 0
    for part, count in LIVE_PARTS:
        for index in range(count):
            empty(tmp_path / part / f"img{index + 1}.bmp")
            scores[place], references[place] = index / 2, ("bikes.bmp", "ocean.bmp")[index % 2]
            originals[place] = index == count - 1
            place += 1
    scores[0] = -2.5  # a few of the real values lie outside the scale
    savemat(
        tmp_path / "dmos_realigned.mat", {"dmos_new": scores[None], "orgs": originals[None] == 1}
    )
    savemat(tmp_path / "refnames_all.mat", {"refnames_all": references[None]})
    empty(tmp_path / "refimgs" / "ocean.bmp")
    return tmp_path


def test_live_is_turned_and_its_undistorted_copies_are_left_out(live: Path) -> None:
    rated = read_live(live)
    assert len(rated) == 982 - len(LIVE_PARTS)
    assert rated.photographs
    assert one(rated, "jp2k/img1.bmp") == (100, -2.5, "bikes", "jp2k")
    assert one(rated, "wn/img42.bmp") == (100 - 20.5, 20.5, "ocean", "wn")
    image = next(image for image in rated.images if image.name == "jpeg/img2.bmp")
    assert image.clean == live / "refimgs" / "ocean.bmp"


def test_live_says_what_is_missing(live: Path) -> None:
    (live / "fastfading" / "img7.bmp").unlink()
    with pytest.raises(BadRequest, match=r"img7\.bmp, which is not there"):
        read_live(live)
    savemat(live / "refnames_all.mat", {"refnames_all": np.array(["a"], object)})
    with pytest.raises(BadRequest, match="must have 982 entries"):
        read_live(live)
    text(live / "dmos_realigned.mat", "no matrix")
    with pytest.raises(BadRequest, match="is not a MATLAB file"):
        read_live(live)
    (live / "dmos_realigned.mat").unlink()
    with pytest.raises(BadRequest, match=r"dmos_realigned\.mat is missing"):
        read_live(live)


@pytest.fixture
def tid(tmp_path: Path) -> Path:
    """File names mix capitals and small letters, as those of the set do."""
    for name in ("I01_01_1.bmp", "i01_24_5.bmp", "I25_08_3.BMP"):
        empty(tmp_path / "distorted_images" / name)
    empty(tmp_path / "reference_images" / "I01.BMP")
    text(
        tmp_path / "mos_with_names.txt",
        "5.51429 I01_01_1.bmp\n0.9 I01_24_5.bmp\n7.2 i25_08_3.bmp\n",
    )
    return tmp_path


def test_tid2013_is_stretched_and_not_turned(tid: Path) -> None:
    rated = read_tid2013(tid)
    assert one(rated, "i01_01_1") == (
        pytest.approx(61.27, abs=0.01),
        5.51429,
        "i01",
        "additive Gaussian noise",
    )
    assert one(rated, "i01_24_5")[0] == pytest.approx(10)
    assert one(rated, "i25_08_3")[3] == "Gaussian blur"
    assert rated.images[1].path.name == "i01_24_5.bmp"
    assert rated.images[1].clean == tid / "reference_images" / "I01.BMP"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("9.5 I01_01_1.bmp", "is 9.5, but the scale is 0-9"),
        ("good I01_01_1.bmp", "'good' in the column 'mos'"),
        ("5.5", "is not a score and a file name"),
        ("5.5 I01_31_1.bmp", "not of the form I01_01_1"),
        ("5.5 I09_01_1.bmp", "I09_01_1.bmp, which is not there"),
        ("5.5 I01_01_1.bmp\n5.5 i01_01_1.bmp", "is named twice"),
    ],
)
def test_tid2013_says_what_is_wrong_with_a_line(tid: Path, line: str, words: str) -> None:
    text(tid / "mos_with_names.txt", line + "\n")
    with pytest.raises(BadRequest, match=words):
        read_tid2013(tid)


def test_kadid10k_grows_with_quality_in_spite_of_its_name(tmp_path: Path) -> None:
    for name in ("I01.png", "I01_01_01.png", "I01_25_05.png"):
        empty(tmp_path / "images" / name)
    table = (
        "dist_img,ref_img,dmos,var\nI01_01_01.png,I01.png,4.57,0.496\nI01_25_05.png,I01.png,1,0.1\n"
    )
    text(tmp_path / "dmos.csv", table)
    rated = read_kadid10k(tmp_path)
    assert one(rated, "images/I01_01_01.png") == (
        pytest.approx(89.25),
        4.57,
        "i01",
        "Gaussian blur",
    )
    assert one(rated, "images/I01_25_05.png")[0] == 0
    assert rated.images[0].clean == tmp_path / "images" / "I01.png"
    assert rated.images[0].ci is None


def test_koniq10k_gives_each_image_its_interval_and_no_shared_reference(tmp_path: Path) -> None:
    header = "image_name,c1,c2,c3,c4,c5,c_total,MOS,SD,MOS_zscore\n"
    text(
        tmp_path / "koniq10k_scores_and_distributions.csv",
        header + "1.jpg,0,0,25,55,20,100,3.9,0.6,71.1\n2.jpg,100,0,0,0,0,100,1,0,1\n",
    )
    with pytest.raises(BadRequest, match="neither 1024x768 nor 512x384"):
        read_koniq10k(tmp_path)
    for name in ("1.jpg", "2.jpg"):
        empty(tmp_path / "512x384" / name)
    rated = read_koniq10k(tmp_path)
    assert one(rated, "1.jpg")[:3] == (pytest.approx(72.5), 3.9, "1.jpg")
    # 1.96 · 0.6 / √100 of a scale that is four points wide
    assert rated.images[0].ci == pytest.approx(100 * 1.96 * 0.06 / 4)
    empty(tmp_path / "1024x768" / "1.jpg")
    empty(tmp_path / "1024x768" / "2.jpg")
    assert read_koniq10k(tmp_path).images[0].path.parent.name == "1024x768"


def rad(root: Path, references: int = 8, each: int = 14, name: str = "image") -> Path:
    rows = []
    for reference in range(references):
        for number in range(each):
            path = empty(root / "images" / f"r{reference}_{number}.png")
            rows.append([path.relative_to(root).as_posix(), 5 * number, f"r{reference}", "1.5"])
    with (root / "mos.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([[name, "mos", "reference", "ci"], *rows])
    return root


def test_rad_iqmri_is_112_images_of_8_references(tmp_path: Path) -> None:
    empty(rad(tmp_path) / "references" / "r3.bmp")
    rated = read_rad_iqmri(tmp_path)
    assert (len(rated), rated.name, rated.target) == (112, "rad-iqmri", "mean opinion score")
    image = next(image for image in rated.images if image.name == "images/r3_2.png")
    assert (image.mos, image.raw, image.ci) == (10, 10, 1.5)
    assert (image.reference, image.subject, image.kind) == ("r3", "r3", "")
    assert image.clean == tmp_path / "references" / "r3.bmp"
    assert not rated.photographs


def test_an_incomplete_rad_iqmri_is_refused(tmp_path: Path) -> None:
    rad(tmp_path, references=7)
    with pytest.raises(
        BadRequest, match=r"names 98 images of 7 references; RAD-IQMRI has 14 of each of 8"
    ):
        read_rad_iqmri(tmp_path)
    rad(tmp_path, name="file")
    with pytest.raises(BadRequest, match="has no column 'image'"):
        read_rad_iqmri(tmp_path)
    with pytest.raises(BadRequest, match="There is no folder"):
        read_rad_iqmri(tmp_path / "nowhere")
    text(rad(tmp_path) / "set.json", '{"name": 3')
    with pytest.raises(BadRequest, match=r"set\.json does not say 'name' and 'target'"):
        read_rad_iqmri(tmp_path)


def test_a_folder_may_say_that_nobody_rated_it(tmp_path: Path) -> None:
    text(rad(tmp_path) / "set.json", json.dumps({"name": "own", "target": "not rated"}))
    rated = read_rad_iqmri(tmp_path)
    assert (rated.name, rated.target) == ("own", "not rated")


def test_a_plain_table_needs_four_columns_and_takes_more(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    picture(tmp_path / "clean.png")
    table = text(
        tmp_path / "Ratings.csv",
        "﻿Image, MOS,reference,subject,ci,kind,clean\na.png, 62.5 ,knee,S1,,motion,clean.png\n",
    )
    rated = read_rated_set(str(table), tmp_path)
    assert one(rated, "a.png") == (62.5, 62.5, "knee", "motion")
    image = rated.images[0]
    assert (image.subject, image.ci, image.clean) == ("S1", None, tmp_path / "clean.png")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is empty"),
        ("image,mos,reference\na.png,50,x\n", "has no column 'subject'"),
        ("image,mos,reference,subject\n", "names no images"),
        ("image,mos,reference,subject\na.png,101,x,s\n", "mos of a.png is 101"),
        ("image,mos,reference,subject\na.png,nan,x,s\n", "'nan' in the column 'mos' of a.png"),
        ("image,mos,reference,subject\na.png,5,,s\n", "a.png has an empty 'reference'"),
        ("image,mos,reference,subject\na.png,5,x\n", "row 2: 3 cells where the header names 4"),
        ("image,mos,reference,subject\nb.png,5,x,s\n", r"b\.png, which is not there"),
        (
            "image,mos,reference,subject\na.png,5,x,s\na.png,6,x,s\n",
            "the image a.png is named twice",
        ),
    ],
)
def test_a_fault_of_a_plain_table_is_one_sentence(tmp_path: Path, content: str, words: str) -> None:
    picture(tmp_path / "a.png")
    with pytest.raises(BadRequest, match=words) as caught:
        read_csv(text(tmp_path / "t.csv", content))
    assert str(tmp_path / "t.csv") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_table_that_is_none_says_so(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match=r"t\.csv is missing"):
        read_csv(tmp_path / "t.csv")
    (tmp_path / "t.csv").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(BadRequest, match="cannot be read as a table"):
        read_csv(tmp_path / "t.csv")


@pytest.mark.parametrize("place", ["derivatives/scores.tsv", "scores.tsv"])
def test_mr_art_turns_the_grade_and_leaves_absent_scans_out(tmp_path: Path, place: str) -> None:
    text(
        tmp_path / place,
        "bids_name\tscore\nsub-000103_acq-standard_T1w\t1\nsub-000103_acq-headmotion2_T1w\t3\n"
        "sub-000148_acq-standard_T1w\t2\n",
    )
    with pytest.raises(BadRequest, match="None of the scans"):
        read_mr_art(tmp_path)
    for name in ("standard", "headmotion2"):
        empty(tmp_path / "sub-000103" / "anat" / f"sub-000103_acq-{name}_T1w.nii.gz")
    rated = read_mr_art(tmp_path)
    assert one(rated, "sub-000103_acq-standard_T1w") == (100, 1, "sub-000103", "standard")
    assert one(rated, "sub-000103_acq-headmotion2_T1w")[0] == 0
    assert rated.target.endswith("2 of 3 scans are here")


def test_abide_takes_the_mean_of_those_who_rated(tmp_path: Path) -> None:
    text(
        tmp_path / "mriqc_learn_abide.tsv",
        "subject_id\tsite\trater_1\trater_2\trater_3\tcjv\n50002\tPITT\tn/a\t1.0\t0\t0.3\n"
        "50003\tPITT\t-1.0\t-1.0\t-1\t0.4\n50004\tPITT\tn/a\tn/a\tn/a\t0.4\n50005\tNYU\t1\t1\t1\t0.4\n",
    )
    with pytest.raises(BadRequest, match="None of the scans"):
        read_abide(tmp_path)
    empty(tmp_path / "sub-0050002" / "anat" / "sub-0050002_T1w.nii.gz")
    empty(tmp_path / "PITT_0050003" / "session_1" / "anat_1" / "mprage.nii.gz")
    empty(tmp_path / "sub-0050004" / "anat" / "sub-0050004_T1w.nii.gz")
    rated = read_abide(tmp_path)
    assert [image.name for image in rated.images] == ["sub-0050002", "sub-0050003"]
    assert one(rated, "sub-0050002") == (75, 0.5, "sub-0050002", "PITT")
    assert one(rated, "sub-0050003")[0] == 0


def test_the_ratings_of_abide_have_the_columns_that_the_reader_wants(
    shared: Path, tmp_path: Path
) -> None:
    """The published table, with one scan beside it."""
    table = shared / "ratings_tables_no_images" / "mriqc_learn_abide.tsv"
    text(tmp_path / table.name, table.read_text())
    empty(tmp_path / "sub-0050002" / "anat" / "sub-0050002_T1w.nii.gz")
    rated = read_abide(tmp_path)
    assert one(rated, "sub-0050002") == (100, 1.0, "sub-0050002", "PITT")
    assert rated.target.endswith("1 of 1101 scans are here")


def test_a_set_is_named_by_its_reader_and_folder(tmp_path: Path) -> None:
    rad(tmp_path)
    assert len(read_rated_set(f"rad-iqmri={tmp_path}", tmp_path)) == 112
    for words in ("rad-iqmri", "rad-iqmri=", f"imagenet={tmp_path}"):
        with pytest.raises(
            BadRequest, match="names no rated set; write NAME=FOLDER with one of rad-iqmri, live"
        ):
            read_rated_set(words, tmp_path)


def test_a_scale_maps_its_ends_and_nothing_leaves_the_points() -> None:
    falling, rising = Scale(1, 3, falling=True), Scale(-1, 1)
    assert [falling.points(value) for value in (1, 2, 3, 4)] == [100, 50, 0, 0]
    assert [rising.points(value) for value in (-1, 0, 1)] == [0, 50, 100]
    assert rising.half_width(0.2) == pytest.approx(10)
    assert falling.words == "1-3, turned so that 100 is best"


def test_a_photograph_keeps_its_grey_values_and_a_scan_is_scaled(tmp_path: Path) -> None:
    values = np.full((20, 24), 40, np.uint8)
    values[5:15, 5:15] = 90
    sitk.WriteImage(sitk.GetImageFromArray(values), str(tmp_path / "a.png"))
    (photograph,) = read_planes(tmp_path / "a.png", photograph=True)
    assert (photograph[0, 0], photograph[8, 8]) == (
        pytest.approx(40 / 255),
        pytest.approx(90 / 255),
    )
    (scan,) = read_planes(tmp_path / "a.png")
    assert (scan[0, 0], scan[8, 8]) == (0, 1)


def test_colour_becomes_grey_by_its_luminance(tmp_path: Path) -> None:
    values = np.zeros((4, 5, 3), np.uint8)
    values[..., 1] = 255
    sitk.WriteImage(sitk.GetImageFromArray(values, isVector=True), str(tmp_path / "green.bmp"))
    (plane,) = read_planes(tmp_path / "green.bmp", photograph=True)
    assert plane.shape == (4, 5)
    assert plane.mean() == pytest.approx(0.587, abs=1e-5)


def test_a_volume_gives_evenly_spaced_slices_that_hold_the_object(tmp_path: Path) -> None:
    planes = read_planes(volume(tmp_path / "v.nii.gz"), frames=3)
    assert len(planes) == 3
    brightness = [float(plane.max()) for plane in planes]
    assert brightness == sorted(brightness)
    assert len(read_planes(tmp_path / "v.nii.gz", frames=99)) == 8


def test_a_photograph_is_in_colour_for_networks_and_grey_for_measures(tmp_path: Path) -> None:
    stored = np.zeros((8, 9, 4), np.uint8)
    stored[..., 0], stored[..., 2], stored[..., 3] = (
        255,
        51,
        7,
    )  # red, some blue, nearly transparent
    sitk.WriteImage(sitk.GetImageFromArray(stored, isVector=True), str(tmp_path / "a.png"))
    (colour,) = read_planes(tmp_path / "a.png", photograph=True, colour=True)
    assert (colour.shape, colour.dtype) == ((3, 8, 9), np.float32)
    np.testing.assert_allclose(colour[:, 3, 3], (1, 0, 0.2))
    (grey,) = read_planes(tmp_path / "a.png", photograph=True)
    np.testing.assert_allclose(grey[3, 3], 0.299 + 0.2 * 0.114, rtol=1e-6)
    rows = "image,mos,reference,subject\na.png,1,x,x\nb.png,2,y,y\n"
    picture(tmp_path / "b.png", 51)
    slices = read_csv(text(tmp_path / "t.csv", rows))
    assert Planes(slices)(0)[0].shape == (8, 9)
    photographs = Planes(replace(slices, photographs=True))
    assert [photographs(place)[0].shape for place in (0, 1)] == [(3, 8, 9), (3, 8, 9)]
    np.testing.assert_allclose(photographs(1)[0], 0.2, atol=1e-4)  # kept in half precision


def test_damaged_and_empty_images_say_so(tmp_path: Path) -> None:
    text(tmp_path / "a.png", "no picture")
    with pytest.raises(BadRequest, match=r"a\.png is a damaged picture"):
        read_planes(tmp_path / "a.png")
    sitk.WriteImage(sitk.GetImageFromArray(np.zeros((4, 4), np.float32)), str(tmp_path / "a.tiff"))
    with pytest.raises(BadRequest, match="no picture of whole numbers"):
        read_planes(tmp_path / "a.tiff")
    zeros = nibabel.Nifti1Image(np.zeros((20, 20, 3), np.int16), np.eye(4))
    nibabel.save(zeros, tmp_path / "air.nii")
    with pytest.raises(BadRequest, match="holds no slice with enough of an object"):
        read_planes(tmp_path / "air.nii")


def test_planes_are_kept_within_the_budget(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "ab":
        picture(tmp_path / f"{name}.png", size=(10, 10))
    rows = "image,mos,reference,subject\na.png,1,x,x\nb.png,2,y,y\n"
    rated = read_csv(text(tmp_path / "t.csv", rows))
    reads: list[Path] = []

    def counted(original: Callable[..., object]) -> Callable[..., object]:
        return lambda path, **options: (reads.append(path), original(path, **options))[1]

    monkeypatch.setattr("miqa_app.evaluation.rated.loading.read_planes", counted(read_planes))
    planes = Planes(rated, budget=200)  # one plane of 10 × 10 at two bytes
    for place in (0, 1, 0, 1):
        assert planes(place)[0].dtype == np.float32
    assert [path.name for path in reads] == ["a.png", "b.png", "b.png"]
