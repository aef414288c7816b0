"""A study from scans to the store."""

from __future__ import annotations

import errno
import gc
import tempfile
import weakref
from collections import Counter
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pydicom
import pytest

from miqa_app.core.artefact_kinds import KEYS
from miqa_app.errors import BadRequest, MiqaError, UnreadableFile
from miqa_app.imaging import Completed, load, read
from miqa_app.paths import bundled
from miqa_app.rating.design import Design
from miqa_app.rating.protocol import preset
from miqa_app.rating.stimulus import unpacked
from miqa_app.rating.study import Study
from miqa_app.services import study_scans
from miqa_app.services.study_create import create
from miqa_app.store import Archive

PHANTOM = bundled("resources") / "phantom"
SMALL = Design(kinds=("ghosting", "blur"), severities=(0.3, 0.8), slices=1)


@pytest.fixture
def archive(tmp_path: Path) -> Any:
    with Archive(tmp_path / "store.sqlite") as opened:
        yield opened


def made(
    archive: Archive, protocol: str, *scans: Path, design: Design = SMALL, **more: Any
) -> tuple[Study, list[str]]:
    steps = create(archive, f"study {protocol}", preset(protocol), scans or (PHANTOM / "clean",), design, **more)  # fmt: skip
    remarks = []
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            return end.value, remarks
        remarks += [step.remark] if step.remark else []


def facts(study: Study, key: str) -> Any:
    return study.stimulus(key).provenance


@pytest.mark.parametrize("protocol", ["sds", "dsis", "dscqs"])
def test_double_stimulus_sets_each_degraded_place_beside_the_place_as_acquired(
    archive: Archive, protocol: str
) -> None:
    study, _ = made(archive, protocol)
    rated = [item for item in study.items if item.role == "rated"]
    assert len(rated) == 4
    for item in rated:
        test, reference = facts(study, item.test), facts(study, item.reference)
        assert test["made"] == "simulated"
        assert reference["made"] == "as acquired"
        assert test["content"] == reference["content"]
        assert test["kind"] in ("ghosting", "blur")
        assert test["severity"] in (0.3, 0.8)
        one, other = (unpacked(archive.content(key)) for key in (item.test, item.reference))
        assert (one.black, one.white, one.aspect) == (other.black, other.white, other.aspect)
    assert Counter(item.role for item in study.items) == {
        "rated": 4, "repeat": 1, "reference check": 1, "training": 6,
    }  # fmt: skip


def test_the_store_gives_the_study_back_as_it_was_made(archive: Archive) -> None:
    study, _ = made(archive, "sds")
    assert archive.study("study sds") == study
    assert study.protocol == preset("sds")


def test_training_spans_the_scale_on_other_slices_and_kinds_than_those_rated(
    archive: Archive,
) -> None:
    study, _ = made(archive, "sds")
    rated = {facts(study, i.test)["content"] for i in study.items if i.role == "rated"}
    lessons = [facts(study, item.test) for item in study.items if item.role == "training"]
    assert rated.isdisjoint({fact["content"] for fact in lessons})
    assert {fact["kind"] for fact in lessons[1:]}.isdisjoint({"ghosting", "blur"})
    assert {fact["kind"] for fact in lessons[1:]} <= set(KEYS)
    severities = [float(fact.get("severity", 0)) for fact in lessons]
    assert severities[:2] == [0.0, 1.0]
    assert sorted(severities) == [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]


def test_a_scan_with_one_slice_teaches_on_it_and_says_so(archive: Archive, tmp_path: Path) -> None:
    one = tmp_path / "one"
    one.mkdir()
    middle = sorted((PHANTOM / "clean").iterdir())[9]
    (one / middle.name).write_bytes(middle.read_bytes())
    study, remarks = made(archive, "sds", one)
    assert any("training shows some more than once" in remark for remark in remarks)
    assert sum(item.role == "training" for item in study.items) == 6


def test_single_stimulus_shows_every_version_alone_with_an_anchor_at_either_end(
    archive: Archive,
) -> None:
    study, _ = made(archive, "single")
    assert all(item.reference == "" for item in study.items)
    rated = [facts(study, item.test) for item in study.items if item.role == "rated"]
    assert sorted(float(fact.get("severity", 0)) for fact in rated) == [0, 0.3, 0.3, 0.8, 0.8]
    anchors = [facts(study, item.test) for item in study.items if item.role == "anchor"]
    assert sorted(float(fact.get("severity", 0)) for fact in anchors) == [0, 1]
    assert {fact["content"] for fact in anchors}.isdisjoint({fact["content"] for fact in rated})


def test_single_scans_are_rated_as_they_are_without_kinds(archive: Archive) -> None:
    study, _ = made(archive, "single", PHANTOM / "clean", PHANTOM / "motion", design=Design(kinds=(), slices=3))  # fmt: skip
    rated = [item for item in study.items if item.role == "rated"]
    assert len(rated) == 6
    assert {facts(study, item.test)["made"] for item in rated} == {"as acquired"}


def test_pair_comparison_lets_the_versions_of_a_place_meet(archive: Archive) -> None:
    study, _ = made(archive, "pair")
    rated = [item for item in study.items if item.role == "rated"]
    assert len(rated) == 5 * 4 // 2
    for item in rated:
        assert facts(study, item.test)["content"] == facts(study, item.reference)["content"]


def test_stacks_hold_neighbouring_slices(archive: Archive) -> None:
    study, _ = made(archive, "sds", design=Design(("motion",), (0.5,), 1, 4))
    item = next(item for item in study.items if item.role == "rated")
    assert unpacked(archive.content(item.test)).frames.shape[0] == 4
    first, last = str(facts(study, item.test)["frames"]).split("-")
    assert int(last) - int(first) == 3


def test_the_same_seed_makes_the_same_pixels_and_another_seed_others(archive: Archive) -> None:
    one, _ = made(archive, "sds", seed=7)
    for number, seed in ((2, 7), (3, 8)):
        steps = create(archive, f"again {number}", preset("sds"), [PHANTOM / "clean"], SMALL, seed=seed)  # fmt: skip
        list(steps)
    assert archive.study("again 2").items == one.items
    assert archive.study("again 3").items != one.items


def test_an_informative_study_keeps_how_unsure_the_model_is_of_each_item(archive: Archive) -> None:
    study, _ = made(archive, "sds", design=Design(("blur",), (0.9,), 1), informative=True)
    assert set(study.model_uncertainty) == {item.key for item in study.items if item.counted}
    assert all(0 < width <= 100 for width in study.model_uncertainty.values())
    assert archive.study(study.key).model_uncertainty == study.model_uncertainty


def test_nothing_that_identifies_a_patient_is_kept(archive: Archive, tmp_path: Path) -> None:
    named = tmp_path / "Mueller_Anna"
    named.mkdir()
    for file in (PHANTOM / "clean").iterdir():
        dataset = pydicom.dcmread(file)
        dataset.PatientName, dataset.PatientID = "Mueller^Anna", "4711-0815"
        dataset.save_as(named / file.name)
    study, _ = made(archive, "sds", named)
    uid = str(pydicom.dcmread(next(named.iterdir())).SeriesInstanceUID)
    for info in study.stimuli:
        text = " ".join(str(value) for value in info.provenance.values())
        assert not any(word in text for word in ("Mueller", "Anna", "4711", uid, str(tmp_path)))
        assert {"made", "source", "frames", "content", "subject", "series"} <= set(info.provenance)


def test_a_stopped_creation_leaves_nothing_behind(archive: Archive) -> None:
    head = archive.audit_head()
    steps = create(archive, "stopped", preset("sds"), [PHANTOM / "clean"], SMALL)
    for _ in range(6):
        next(steps)
    steps.close()
    assert archive.studies() == ()
    assert archive.audit_head() == head


def test_progress_rises_to_its_end(archive: Archive) -> None:
    steps = list(create(archive, "s", preset("sds"), [PHANTOM / "clean"], SMALL))
    done = [(step.done, step.total) for step in steps if step.total and not step.remark]
    assert done == [(n, done[-1][1]) for n in range(1, len(done) + 1)]
    assert done[-1][0] == done[-1][1]


def test_phase_images_are_left_out_with_a_sentence(archive: Archive, tmp_path: Path) -> None:
    phase = tmp_path / "phase"
    phase.mkdir()
    for file in (PHANTOM / "clean").iterdir():
        dataset = pydicom.dcmread(file)
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "P"]
        dataset.SeriesInstanceUID = "1.2.3.4"
        dataset.SeriesDescription = "phase of it"
        dataset.save_as(phase / file.name)
    _, remarks = made(archive, "sds", PHANTOM / "clean", phase)
    assert "phase of it (phase) is left out: phase image." in remarks
    with pytest.raises(BadRequest, match="None of the 1 series can be rated"):
        list(create(archive, "other", preset("sds"), [phase], SMALL))


def test_a_file_whose_air_is_bright_is_refused_by_name_and_the_others_are_taken(
    archive: Archive, tmp_path: Path
) -> None:
    (clean,) = load(PHANTOM / "clean")
    planes = clean.voxels.astype(np.float64).transpose(2, 1, 0)
    phase = np.linspace(0, 2 * np.pi, planes.shape[0])[:, None, None]
    # stored without a sign, so that no value tells
    real = np.rint(planes * np.cos(phase) + planes.max()).astype(np.int16)
    nibabel.save(nibabel.Nifti1Image(real, np.eye(4)), tmp_path / "real.nii.gz")
    nibabel.save(nibabel.Nifti1Image(planes.astype(np.int16), np.eye(4)), tmp_path / "good.nii.gz")
    study, remarks = made(archive, "sds", tmp_path / "real.nii.gz", tmp_path / "good.nii.gz")
    (told,) = [remark for remark in remarks if "left out" in remark]
    assert "real.nii.gz) is left out: its air is as bright as tissue" in told
    assert {info.provenance["source"] for info in study.stimuli} == {"good.nii.gz"}
    with pytest.raises(BadRequest, match="its air is as bright as tissue.*; give magnitude"):
        list(create(archive, "x", preset("sds"), [tmp_path / "real.nii.gz"], SMALL))


def test_of_many_scans_only_one_is_in_memory_at_a_time(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (clean,) = load(PHANTOM / "clean")
    planes = clean.voxels[8:11, ::2, ::2].astype(np.int16).transpose(2, 1, 0)
    for number in range(5):
        nibabel.save(nibabel.Nifti1Image(planes + number, np.eye(4)), tmp_path / f"{number}.nii.gz")
    held: list[weakref.ref[Any]] = []
    most = 0

    def watched(sources: Any) -> Any:
        nonlocal most
        events = read(sources)
        while True:
            event = next(events, None)
            if event is None:
                return
            if isinstance(event, Completed):
                held.append(weakref.ref(event.series))
                gc.collect()
                most = max(most, sum(one() is not None for one in held))
            yield event
            del event

    monkeypatch.setattr(study_scans, "read", watched)
    study, _ = made(archive, "sds", tmp_path, design=Design(("blur",), (0.5,), 1))
    assert len(held) == 5
    assert most == 1
    assert sum(item.role == "rated" for item in study.items) == 5


def test_no_room_to_lay_scans_aside_is_one_sentence_and_no_study(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(**_: object) -> object:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    with pytest.raises(MiqaError, match="cannot be laid aside there .*No space left"):
        made(archive, "sds")
    assert archive.studies() == ()


def taken_twice(folder: Path) -> tuple[Path, Path]:
    """Write the head twice as one exam, the first take shifted by three columns, and return both folders."""
    for name, time, damage in (("first", "100000", True), ("second", "101000", False)):
        (folder / name).mkdir()
        for file in (PHANTOM / "clean").iterdir():
            dataset = pydicom.dcmread(file)
            dataset.SeriesInstanceUID = f"1.2.3.{time}"
            dataset.SOPInstanceUID = f"1.2.3.{time}.{dataset.InstanceNumber}"
            dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
            dataset.AcquisitionDate, dataset.AcquisitionTime = "20260301", time
            dataset.pop("AcquisitionDateTime", None)
            if damage:
                values = dataset.pixel_array
                dataset.PixelData = np.roll(values, 3, axis=1).tobytes()
            dataset.save_as(folder / name / file.name)
    return folder / "first", folder / "second"


def test_a_scan_and_its_repeat_become_test_and_reference(archive: Archive, tmp_path: Path) -> None:
    design = Design(kinds=(), slices=3, repeats=True)
    study, remarks = made(archive, "sds", *taken_twice(tmp_path), design=design)
    assert any("taken at 10:00:00 and again at 10:10:00" in remark for remark in remarks)
    rated = [item for item in study.items if item.role == "rated"]
    assert len(rated) == 3
    for item in rated:
        test, reference = (unpacked(archive.content(key)) for key in (item.test, item.reference))
        assert np.array_equal(test.frames[0], np.roll(reference.frames[0], 3, axis=1))
        assert (test.black, test.white) == (reference.black, reference.white)
        assert facts(study, item.test)["kind"] == "poor first scan"
        assert facts(study, item.test)["series"] != facts(study, item.reference)["series"]


def test_one_study_mixes_repeated_scans_with_degraded_ones_and_every_image_says_which_it_is(
    archive: Archive, tmp_path: Path
) -> None:
    scans = (*taken_twice(tmp_path), PHANTOM / "motion")
    design = Design(("ghosting", "blur"), (0.5,), slices=1, repeats=True)
    study, _ = made(archive, "sds", *scans, design=design)
    rated = [item for item in study.items if item.role == "rated"]
    told = Counter((facts(study, i.test)["made"], facts(study, i.test)["kind"]) for i in rated)
    # the good scan of the pair and the scan without a repeat are degraded, the poor scan is not
    assert told == {
        ("as acquired", "poor first scan"): 1,
        ("simulated", "ghosting"): 2,
        ("simulated", "blur"): 2,
    }
    assert {facts(study, item.reference)["made"] for item in rated} == {"as acquired"}
    poor = next(i for i in rated if facts(study, i.test)["made"] == "as acquired")
    beside = [item for item in rated if item.reference == poor.reference]
    assert sorted(facts(study, item.test)["kind"] for item in beside) == [
        "blur", "ghosting", "poor first scan",
    ]  # fmt: skip
    assert len({facts(study, item.reference)["content"] for item in rated}) == 2


def test_of_the_repeats_only_the_wanted_ones_are_rated_as_such(
    archive: Archive, tmp_path: Path
) -> None:
    design = Design(("blur",), (0.5,), slices=1, repeats=True)
    study, remarks = made(archive, "sds", *taken_twice(tmp_path), design=design, pairs=())
    kinds = [facts(study, item.test)["kind"] for item in study.items if item.role == "rated"]
    assert kinds == ["blur", "blur"]
    assert any("looks like a repeat" in remark for remark in remarks)


def test_without_any_repeat_that_is_said(archive: Archive) -> None:
    with pytest.raises(BadRequest, match="looks like a repeat"):
        made(archive, "sds", design=Design(kinds=(), repeats=True))


def test_mistakes_are_told_before_any_work(archive: Archive, tmp_path: Path) -> None:
    made(archive, "sds")
    with pytest.raises(BadRequest, match="already"):
        next(create(archive, "study sds", preset("sds"), [PHANTOM / "clean"], SMALL))
    with pytest.raises(BadRequest, match="blanks"):
        next(create(archive, " ", preset("sds"), [PHANTOM / "clean"], SMALL))
    with pytest.raises(BadRequest, match="compares two images"):
        next(create(archive, "x", preset("sds"), [PHANTOM / "clean"], Design(kinds=())))
    (tmp_path / "note.txt").write_text("no scan")
    with pytest.raises(UnreadableFile, match="holds no scan"):
        list(create(archive, "x", preset("sds"), [tmp_path / "note.txt"], SMALL))


@pytest.mark.shared
def test_a_real_series_is_shown_in_its_own_window(archive: Archive, shared: Path) -> None:
    study, remarks = made(archive, "sds", shared / "fnndsc_data" / "adi_brain_ax_t2")
    assert remarks == []
    item = next(item for item in study.items if item.role == "rated")
    clean = unpacked(archive.content(item.reference))
    # window centre 626, width 1332 in the header, slope 1: LINEAR from -40 to 1291
    factor = clean.white - clean.black
    assert (0 - clean.black) / factor == pytest.approx(40 / 1331, abs=1e-6)
    assert 30 < clean.greys(0).mean() < 120


def test_a_scan_without_signal_is_told_and_leaves_no_study(
    archive: Archive, tmp_path: Path
) -> None:
    empty = tmp_path / "empty.nii.gz"
    nibabel.save(nibabel.Nifti1Image(np.zeros((32, 32, 4), np.int16), np.eye(4)), empty)
    with pytest.raises(BadRequest, match="empty.* shows nothing that could be rated; leave it out"):
        made(archive, "sds", empty)
    assert not archive.studies()
