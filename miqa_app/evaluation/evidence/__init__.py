"""Evidence on a candidate model: compared with the model in use, judged by a gate, fit to be signed and to leave the house."""

from __future__ import annotations

from miqa_app.evaluation.evidence.facts import (
    CanaryFacts,
    Ceiling,
    CurvePoint,
    DataFacts,
    LearningFacts,
    Model,
    ScopeFacts,
    SplitFacts,
    rater_ceiling,
    split_facts,
)
from miqa_app.evaluation.evidence.gate import Gate, judge, load_gate
from miqa_app.evaluation.evidence.inputs import (
    ACTIVE,
    CANDIDATE,
    SHIPPED,
    STRATA,
    EvidenceInputs,
    LocalEvidence,
)
from miqa_app.evaluation.evidence.making import evidence, local_evidence, read_evidence
from miqa_app.evaluation.evidence.record import Evidence, Findings, ModelChecks, Verdict

__all__ = [
    "ACTIVE",
    "CANDIDATE",
    "SHIPPED",
    "STRATA",
    "CanaryFacts",
    "Ceiling",
    "CurvePoint",
    "DataFacts",
    "Evidence",
    "EvidenceInputs",
    "Findings",
    "Gate",
    "LearningFacts",
    "LocalEvidence",
    "Model",
    "ModelChecks",
    "ScopeFacts",
    "SplitFacts",
    "Verdict",
    "evidence",
    "judge",
    "load_gate",
    "local_evidence",
    "rater_ceiling",
    "read_evidence",
    "split_facts",
]
