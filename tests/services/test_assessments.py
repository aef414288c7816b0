"""Assessments are kept once, decisions can be taken back in time, and a judgement can be made once more."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from miqa_app.core.assessment import Assessment, ModelIdentity, Scope, Thresholds, Verdict
from miqa_app.core.series import Series
from miqa_app.errors import BadModel, BadRequest
from miqa_app.imaging import load
from miqa_app.services import assessments
from miqa_app.services.assessments import (
    context_of,
    decide,
    decided,
    decision_on,
    pixel_hash,
    recompute,
    record,
    record_shadow,
    undo,
)
from miqa_app.services.demo import demo_paths
from miqa_app.store import Archive

if TYPE_CHECKING:
    from collections.abc import Iterator

LITE = ModelIdentity("lite", "9f" * 32, "three sources")
TRIAL = ModelIdentity("trial", "3c" * 32, "")


def scan(seed: int = 0, **more: object) -> Series:
    voxels = np.random.default_rng(seed).integers(0, 900, (3, 32, 40)).astype(np.uint16)
    return Series(
        key=f"k{seed}", source=f"/scans/{seed}", voxels=voxels, description="t2_tse", **more
    )  # type: ignore[arg-type]


def judged(series: Series, score: float = 61.0, **more: object) -> Assessment:
    made = Assessment(
        series.key, Thresholds().verdict(score), score=score, interval=(score - 6, score + 6), model=LITE,
        scope=Scope(True, 0.4), suspected="motion", artefacts={"motion": 0.8},
    )  # fmt: skip
    return replace(made, **more)  # type: ignore[arg-type]


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with Archive(tmp_path / "store.sqlite") as opened:
        yield opened


def drained(steps: object) -> object:
    while True:
        try:
            next(steps)  # type: ignore[call-overload]
        except StopIteration as end:
            return end.value


def test_the_same_pixels_model_and_thresholds_are_kept_once(archive: Archive) -> None:
    first, again = scan(), scan()
    key = record(archive, first, judged(first))
    assert record(archive, replace(again, source="/elsewhere"), judged(again)) == key
    assert len(archive.assessments()) == 1
    others = [
        (scan(1), judged(scan(1))),
        (first, judged(first, model=TRIAL)),
        (first, judged(first, thresholds=Thresholds(80.0, 40.0, True))),
    ]
    assert len({key, *(record(archive, *other) for other in others)}) == 4


def test_everything_that_changes_values_changes_the_hash_of_the_pixels() -> None:
    base = scan()
    others = [
        scan(1),
        replace(base, voxels=base.voxels.astype(np.int32)),
        replace(base, slope=np.full(3, 2.0)),
        replace(base, intercept=np.full(3, 1.0)),
        replace(base, inverted=True),
        replace(base, padding=(0.0, 0.0)),
        replace(base, time_points=3),
        replace(base, real_part=True),
    ]
    assert len({pixel_hash(one) for one in (base, *others)}) == 9
    assert pixel_hash(replace(base, description="other", source="x")) == pixel_hash(base)
    assert pixel_hash(replace(base, voxels=base.voxels.astype(">u2"))) == pixel_hash(base)


def test_nothing_that_identifies_the_patient_is_kept(archive: Archive) -> None:
    facts = {
        "Model": "Skyra",
        "Protocol": " t2_tse  tra ",
        "Coil": "Head_32",
        "Acquisition date": "2026-05-04",
    }
    identity = {"Patient name": "Grün^Ida", "Patient ID": "4711", "Birth date": "19500101", "Station": "MRC35131", "Institution": "St Elsewhere", "Operator": "Kim"}  # fmt: skip
    series = scan(facts=facts, identity=identity, uid="1.2.840.99")
    record(archive, series, judged(series))
    context = context_of(series)
    assert (context.model, context.sequence, context.coil) == ("Skyra", "t2_tse tra", "Head_32")
    assert len(context.station) == 16
    written = repr(archive.assessments()) + repr(archive.audit_head())
    for secret in (*identity.values(), "1.2.840.99"):
        assert secret not in written


def test_the_demo_phantom_is_not_kept(archive: Archive) -> None:
    for series in load(demo_paths()):
        assert record(archive, series, judged(series)) is None
    assert archive.assessments() == ()


def test_a_decision_stands_until_it_is_undone_or_another_is_taken(archive: Archive) -> None:
    key = record(archive, scan(), judged(scan())) or ""
    assert decision_on(archive, key) is None
    decide(archive, key, "check", seconds=2.0)
    decide(archive, key, "rescan", reason="motion", seconds=5.5, by="Kim")
    assert (decision_on(archive, key).decision, decision_on(archive, key).by) == ("rescan", "Kim")  # type: ignore[union-attr]
    left = undo(archive, key)
    assert left is not None
    assert left.decision == "check"
    assert undo(archive, key) is None
    with pytest.raises(BadRequest, match="no decision"):
        undo(archive, key)
    assert len(archive.decisions(key)) == 4


def test_a_decision_is_undone_within_ten_seconds_only(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = record(archive, scan(), judged(scan())) or ""
    decide(archive, key, "accept")
    monkeypatch.setattr(assessments, "UNDO_SECONDS", -60.0)
    with pytest.raises(BadRequest, match="decide anew instead"):
        undo(archive, key)
    assert decision_on(archive, key).decision == "accept"  # type: ignore[union-attr]


def test_decided_gives_the_final_decision_of_each_with_what_the_trial_said(
    archive: Archive,
) -> None:
    keys = [record(archive, scan(n), judged(scan(n), 80.0 if n else 30.0)) or "" for n in range(4)]
    record_shadow(archive, keys[1], judged(scan(1), 44.0, model=TRIAL))
    record_shadow(archive, keys[1], judged(scan(1), 44.0, model=None))
    decide(archive, keys[0], "rescan", reason="ghost")
    decide(archive, keys[1], "check")
    decide(archive, keys[1], "rescan", reason="motion")
    decide(archive, keys[2], "accept")
    undo(archive, keys[2])
    found = decided(archive)
    assert [(one.assessment.key, one.decision.decision, one.looked, one.override) for one in found] == [
        (keys[0], "rescan", False, False), (keys[1], "rescan", True, True),
    ]  # fmt: skip
    assert [one.score for one in found[1].shadows] == [44.0]
    assert len(decided(archive, model_sha256=LITE.sha256)) == 2
    assert [one.assessment.key for one in decided(archive, model_sha256=TRIAL.sha256)] == [keys[1]]


def test_recomputing_needs_model_scan_and_the_same_pixels(archive: Archive, tmp_path: Path) -> None:
    gone = record(archive, scan(), judged(scan())) or ""
    with pytest.raises(
        BadModel, match="lite 9f9f9f9f that made the assessment .* is not installed any more"
    ):
        drained(recompute(archive, gone))
    refused = record(archive, scan(1), replace(judged(scan(1)), model=None, score=None, verdict=Verdict.NOT_ASSESSED, reason="phase image"))  # fmt: skip
    with pytest.raises(BadRequest, match=r"without a model \(phase image\)"):
        drained(recompute(archive, refused or ""))
    from miqa_app.registry import find_model

    installed = find_model("lite").identity
    lost = record(archive, scan(2), judged(scan(2), model=installed)) or ""
    with pytest.raises(BadRequest, match="is not at .* any more; say with --scan"):
        drained(recompute(archive, lost))
    with pytest.raises(BadRequest, match="holds no series with the pixels"):
        drained(recompute(archive, lost, tmp_path))


@pytest.mark.shared
def test_a_real_scan_is_judged_the_same_once_more_wherever_it_lies(
    archive: Archive, shared: Path, tmp_path: Path
) -> None:
    from miqa_app.services.score import assess

    file = shared / "oro_dicom" / "Spine1.dcm"
    (series,) = load(file)
    key = record(archive, series, assess(series, device="cpu")) or ""
    again = drained(recompute(archive, key, device="cpu"))
    assert again.same  # type: ignore[attr-defined]
    assert again.score == pytest.approx(archive.assessment(key).score, abs=0.05)  # type: ignore[attr-defined]
    assert again.words.startswith("Same: ")  # type: ignore[attr-defined]
    copy = tmp_path / "elsewhere.dcm"
    copy.write_bytes(file.read_bytes())
    assert drained(recompute(archive, key, copy, device="cpu")).same  # type: ignore[attr-defined]
