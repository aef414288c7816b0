"""Whether the evidence on a model allows its promotion: made for this very model, against the one in use, and passed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from miqa_app.errors import MiqaError
from miqa_app.registry.canary import canary_file

if TYPE_CHECKING:
    from pathlib import Path

    from miqa_app.core.assessment import ModelIdentity
    from miqa_app.evaluation.evidence import Evidence
    from miqa_app.registry.folders import ModelFolder

CALIBRATED_FROM = 100
"""Rated images from which a passed calibration takes the mark 'uncalibrated' away."""

_CALIBRATION = "calibration"


@dataclass(frozen=True)
class Acceptance:
    """What the evidence on a model amounts to.

    Attributes:
        refusals: sentences, each of which forbids a promotion; none where it may go on.
        warnings: sentences that whoever signs must have read.
        evidence: SHA-256 of evidence.json, or ''.
        calibrated: whether it shows the scale to agree with enough ratings.
    """

    refusals: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    evidence: str = ""
    calibrated: bool = False


def evidence_file(folder: Path) -> Path:
    """Return where the evidence of a model folder lies; it need not be there."""
    return folder / "evidence" / "evidence.json"


def stored_verdict(folder: Path) -> str:
    """Return 'pass', 'fail' or 'uncertain' as the evidence of a model says it, or '' where there is none to read.

    For listings only: a promotion judges the findings anew.
    """
    try:
        outcome = json.loads(evidence_file(folder).read_bytes())["verdict"]["outcome"]
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return outcome if outcome in ("pass", "fail", "uncertain") else ""


def accepted(model: ModelFolder, active: ModelIdentity) -> Acceptance:
    """Return what the evidence of a model amounts to while another model is active.

    The findings are judged anew: a verdict that was written by hand does not count.
    """
    from miqa_app.evaluation.evidence import read_evidence

    path = evidence_file(model.path)
    if not path.is_file():
        words = f"{model.name} has no evidence ({path} is missing); a model without evidence is never promoted."
        return Acceptance((words,))
    try:
        evidence = read_evidence(path)
    except MiqaError as error:
        return Acceptance((str(error),))
    refusals = [*_identity(model, active, evidence), *_verdict(evidence)]
    if not canary_file(model.path).is_file():
        refusals.append(
            f"{model.name} has no canary set, so nobody can tell whether it still scores as it did."
        )
    return Acceptance(
        tuple(refusals),
        tuple(_warnings(evidence)),
        hashlib.sha256(path.read_bytes()).hexdigest(),
        _calibrated(evidence),
    )


def _identity(model: ModelFolder, active: ModelIdentity, evidence: Evidence) -> list[str]:
    found = []
    if evidence.candidate.sha256 != model.sha256:
        found.append(
            f"The evidence of {model.name} was made for another content (SHA-256 {evidence.candidate.sha256[:12]}…, "
            f"the model has {model.sha256[:12]}…)."
        )
    if evidence.active.sha256 != active.sha256:
        found.append(
            f"The evidence compares {model.name} with {evidence.active.name}, but {active.name} is active now; "
            "fine-tune again, so that it is compared with what it would replace."
        )
    return found


def _verdict(evidence: Evidence) -> list[str]:
    from miqa_app.evaluation.evidence import judge, load_gate

    anew = judge(evidence, load_gate(evidence.verdict.gate))
    if anew.outcome != evidence.verdict.outcome:
        return [
            f"The evidence says '{evidence.verdict.outcome}', but the gate finds '{anew.outcome}' in its figures: "
            "the evidence or the rules were changed after it was made."
        ]
    return [] if anew.outcome == "pass" else [f"The gate did not pass it. {anew.words}"]


def _warnings(evidence: Evidence) -> list[str]:
    unclear = [one for one in evidence.verdict.criteria if one.outcome == "uncertain"]
    return [f"Too uncertain to say: {one.title}. {one.words}" for one in unclear]


def _calibrated(evidence: Evidence) -> bool:
    passed = any(
        one.key == _CALIBRATION and one.outcome == "passed" for one in evidence.verdict.criteria
    )
    return passed and evidence.data.images >= CALIBRATED_FROM
