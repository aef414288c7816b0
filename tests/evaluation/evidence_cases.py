"""Evidence inputs for tests: a candidate that deserves to pass, and whatever a test changes in it."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from miqa_app.evaluation.evidence import (
    CanaryFacts,
    Ceiling,
    CurvePoint,
    DataFacts,
    EvidenceInputs,
    LearningFacts,
    Model,
    ModelChecks,
    ScopeFacts,
    SplitFacts,
)
from miqa_app.evaluation.predictions import Predictions

KINDS = ("motion", "ghosting", "blur", "white_noise", "wrap", "zipper", "clean")
CHANGES = (
    "flip left to right",
    "flip top to bottom",
    "gain −10 %",
    "gain +10 %",
    "shift by 2 pixels",
)


def sha(words: str) -> str:
    return hashlib.sha256(words.encode()).hexdigest()


def predictions(
    seed: int = 1, objects: int = 24, each: int = 14, *, gain: float = 9.0, **changes: Any
) -> Predictions:
    """Raters use 25-85; the active model orders images worse than the candidate by `gain` points of noise."""
    rng = np.random.default_rng(seed)
    count = objects * each
    reference = np.repeat(np.arange(objects), each)
    target = rng.uniform(25, 85, count)
    shared = rng.normal(0, 5, count) + rng.normal(0, 3, objects)[reference]
    values: dict[str, Any] = {
        "images": [f"image {number}" for number in range(count)],
        "references": [f"reference {number}" for number in reference],
        "targets": target,
        "methods": {
            "candidate": target + shared,
            "active": 1.3 * target - 15 + shared + rng.normal(0, gain, count),
            "shipped": 1.3 * target - 15 + shared + rng.normal(0, gain, count),
        },
        "groups": {
            "kind": [KINDS[number % len(KINDS)] for number in range(count)],
            "anatomy": ["brain" if number % 2 else "knee" for number in reference],
            "subject": [f"subject {number // 3}" for number in reference],
        },
        "intervals": np.full(count, 4.0),
    }
    return Predictions(**(values | changes))


def rehearsal(seed: int = 2, lost: float = 0.0) -> Predictions:
    """Simulated images on which the candidate answers like the active model, plus `lost` points of noise."""
    rng = np.random.default_rng(seed)
    target = rng.uniform(0, 100, 300)
    active = target + rng.normal(0, 15, 300)
    return Predictions(
        [f"simulated {number}" for number in range(300)],
        [f"clean {number // 10}" for number in range(300)],
        target,
        {
            "candidate": active + rng.normal(0, 0.5 + lost, 300),
            "active": active,
            "shipped": active,
        },
    )


def checks(candidate: dict[str, Any] | None = None, **changes: Any) -> ModelChecks:
    one = {
        "changes": {name: {"mean": 2.0, "p95": 4.0, "images": 8} for name in CHANGES},
        "maps": {"images": 12, "randomised": 0.14, "pointing": 0.86, "blind": 0.5},
        "milliseconds": 60.0,
    }
    whole = {
        "candidate": one | (candidate or {}),
        "active": one,
        "slower": 1.02,
        "rows": 256,
        "columns": 256,
        "device": "cpu",
    }
    return ModelChecks.model_validate(whole | changes)


def inputs(**changes: Any) -> EvidenceInputs:
    """Return a candidate that passes everything, unless a test changes something."""
    curve = [
        CurvePoint(seed=seed, epoch=epoch, loss=1 / (1 + epoch), srocc=0.7 + 0.01 * epoch, rmse=14 - epoch / 3)
        for seed in (1, 2, 3)
        for epoch in range(12)
    ]  # fmt: skip
    values: dict[str, Any] = {
        "candidate": Model(name="lite-site-20260801", sha256=sha("candidate")),
        "active": Model(name="lite-site-20260301", sha256=sha("active")),
        "shipped": Model(name="lite", sha256=sha("shipped")),
        "held_out": predictions(),
        "rehearsal": rehearsal(),
        "data": DataFacts(
            version=sha("data"),
            images=448,
            references=32,
            subjects=11,
            raters=9,
            votes_per_image=9.0,
            mos_low=25.0,
            mos_high=85.0,
            mos_sd=17.0,
            median_ci=4.0,
        ),
        "split": SplitFacts(
            design="held-out", leaking_references=0, leaking_subjects=0, leaking_duplicates=0
        ),
        "learning": LearningFacts(
            recipe="heads",
            parts="heads",
            seeds=3,
            result="average",
            epochs=36,
            seconds=180.0,
            device="cpu",
            train_images=112,
            train_references=8,
            curve=tuple(curve),
        ),
        "checks": checks(),
        "canary": CanaryFacts(inputs=8, largest_change=0.0),
        "ceiling": Ceiling(srocc=(0.62, 0.7, 0.74, 0.81), images=300),
        "scope": ScopeFacts(images=336, candidate_outside=2, active_outside=1),
    }
    return EvidenceInputs(**(values | changes))
