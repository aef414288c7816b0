"""Evidence made from inputs, and read back from its file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from miqa_app import __version__
from miqa_app.errors import BadRequest
from miqa_app.evaluation.evidence.comparing import calibrations, set_figures, site_labels, strata
from miqa_app.evaluation.evidence.gate import judge, load_gate
from miqa_app.evaluation.evidence.inputs import EvidenceInputs, LocalEvidence
from miqa_app.evaluation.evidence.record import Evidence, Findings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from miqa_app.evaluation.evidence.gate import Gate


def evidence(inputs: EvidenceInputs, gate: Gate | None = None) -> Evidence:
    """Return figures, differences, strata, calibration and the verdict of the gate.

    Args:
        inputs: at least two references in each set.
        gate: the rules; the standard ones unless given.

    Raises:
        ValueError: a set has images of one reference only.
    """
    findings = Findings.model_validate(
        {
            "program": __version__,
            "candidate": inputs.candidate,
            "active": inputs.active,
            "shipped": inputs.shipped,
            "data": inputs.data,
            "split": inputs.split,
            "learning": inputs.learning,
            "held_out": set_figures(inputs.held_out),
            "strata": strata(inputs.held_out),
            "calibration": calibrations(inputs.held_out),
            "rehearsal": set_figures(inputs.rehearsal) if inputs.rehearsal is not None else None,
            "ceiling": inputs.ceiling,
            "checks": inputs.checks,
            "canary": inputs.canary,
            "scope": inputs.scope,
        }
    )
    return Evidence(**dict(findings), verdict=judge(findings, gate or load_gate()))


def local_evidence(
    inputs: EvidenceInputs, pictures: Mapping[str, bytes] | None = None
) -> LocalEvidence:
    """Return what stays in this copy.

    Args:
        inputs: of the evidence.
        pictures: PNG bytes by file name.
    """
    return LocalEvidence(
        inputs.held_out, inputs.rehearsal, site_labels(inputs.held_out), pictures or {}
    )


def read_evidence(path: Path) -> Evidence:
    """Return the evidence of a file evidence.json.

    Raises:
        BadRequest: it cannot be read, or holds anything that evidence may not hold.
    """
    try:
        return Evidence.model_validate_json(path.read_bytes())
    except OSError as error:
        raise BadRequest(f"{path} cannot be read: {error.strerror or error}.") from error
    except ValidationError as error:
        fault = error.errors()[0]
        place = ".".join(str(part) for part in fault["loc"]) or "the file"
        raise BadRequest(
            f"{path} is no evidence of this program: {place}: {fault['msg']}; make the evidence again."
        ) from error
