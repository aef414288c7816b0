"""Assessments, decisions and acts, as the tests of the store put them in."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from miqa_app.core.assessment import EngineIdentity, ModelIdentity, Scope, Thresholds, Verdict
from miqa_app.store import Context, DriftAct, KeptAssessment, ShadowScore

if TYPE_CHECKING:
    from miqa_app.store import Archive

MODEL = ModelIdentity("lite", "9f" * 32, "three sources")
TRIAL = ModelIdentity("lite-skyra-20261101", "3c" * 32, "")
SKYRA = Context(
    manufacturer="Siemens", model="Skyra", station="4f00c2aa91d3e0b7", sequence="t2_tse_tra",
    coil="HeadNeck_20", anatomy="BRAIN", field="3 T", acquired="2026-05-04",
)  # fmt: skip
ACT = DriftAct("snooze", "score", MODEL.sha256, {"scanner": "Skyra"}, "2026-08-03", "Dr B", "Service on Friday", "2026-08-17")  # fmt: skip


def kept(number: int = 1, **more: object) -> KeptAssessment:
    """Return an assessment with every field set."""
    made = KeptAssessment(
        key=f"{number:032x}",
        source="/scans/Köpfe/7",
        series=f"{number:064x}",
        title="t2_tse_tra",
        frames=24,
        model=MODEL,
        engine=EngineIdentity("torch", "cpu", "fp32"),
        thresholds=Thresholds(72.0, 48.5, True),
        verdict=Verdict.CHECK,
        reason="",
        score=61.25,
        interval=(55.0, 68.5),
        suspected="motion",
        artefacts={"motion": 0.75, "wrap": 0.125},
        scope=Scope(True, 0.4375),
        context=SKYRA,
        app_version="0.1.0",
    )
    return replace(made, **more)  # type: ignore[arg-type]


def shadow_of(one: KeptAssessment) -> ShadowScore:
    """Return what a model on trial says of it."""
    return ShadowScore(one.key, TRIAL, Verdict.RESCAN, 44.5, (38.0, 51.0), 0.5)


def keep_one_of_each(archive: Archive) -> None:
    """Put a row into each of the tables."""
    one = kept()
    archive.add_assessments([one])
    archive.add_shadow(shadow_of(one))
    archive.add_decision(one.key, "rescan", "motion", "Dr A", 4.5)
    archive.add_drift_act(ACT)
