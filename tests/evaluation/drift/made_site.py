"""A year and more of a made-up site whose scores are real: see score_pool.py.

Three scanners, five coils, five sequences. A patient has every sequence once, with one coil; the scans of a patient are
alike, and some move. A coil that fails gives some of its scans the scores of real scans with as much noise.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from miqa_app.core.assessment import ModelIdentity, Scope, Thresholds, Verdict
from miqa_app.store import Context, Decided, Decision, KeptAssessment

POOL: dict[str, dict[str, list[list[float]]]] = json.loads(
    Path(__file__).with_name("real_scores.json").read_text(encoding="utf-8")
)
SCANNERS = {
    ("SIEMENS", "Skyra"): ("HeadNeck_20", "Head_32"),
    ("SIEMENS", "Prisma_fit"): ("HeadNeck_64", "Head_32"),
    ("GE MEDICAL SYSTEMS", "DISCOVERY MR750"): ("8HRBRAIN",),
}
FIRST = date(2025, 9, 29)
MODEL = ModelIdentity("lite", "9f" * 32, "three sources")

_MOVES, _PATIENT, _SCAN, _WEEK = 0.07, 2.0, 1.5, 0.7
_DECIDED, _OVERRIDES = 0.7, 0.04


@dataclass(frozen=True)
class Fault:
    """What goes wrong: the coil of a scanner fails from a week on, for a share of its scans."""

    scanner: str = "Skyra"
    coil: str = "Head_32"
    week: int = 48
    share: float = 0.5


def made_site(
    seed: int,
    weeks: int = 60,
    patients: float = 5.0,
    fault: Fault | None = None,
    protocols: tuple[str, ...] = tuple(POOL),
) -> tuple[list[KeptAssessment], list[Decided]]:
    """Return assessments in the order of their days, and what was decided about them."""
    generator = np.random.default_rng(seed)
    kept: list[KeptAssessment] = []
    for week in range(weeks):
        for scanner, coils in SCANNERS.items():
            level = generator.normal(0, _WEEK)
            for coil in coils:
                for _ in range(generator.poisson(patients)):
                    day = FIRST + timedelta(days=7 * week + int(generator.integers(5)))
                    ill = (
                        fault is not None
                        and (scanner[1], coil) == (fault.scanner, fault.coil)
                        and week >= fault.week
                        and generator.random() < fault.share
                    )
                    offset = level + generator.normal(0, _PATIENT)
                    for protocol in protocols:
                        place = Context(*scanner, f"{scanner[1]:>16}"[:16], protocol, coil, "BRAIN", "3 T", day.isoformat())  # fmt: skip
                        number = f"{seed}-{len(kept)}"
                        kept.append(_scan(generator, number, place, ill, offset))
    return kept, _decided(generator, kept)


def _scan(
    generator: np.random.Generator, number: str, place: Context, ill: bool, offset: float
) -> KeptAssessment:
    moves = generator.random() < _MOVES
    own = POOL[place.sequence]["failing coil" if ill else "motion" if moves else "as acquired"]
    score, distance = own[generator.integers(len(own))]
    score = float(np.clip(score + offset + generator.normal(0, _SCAN), 0, 100))
    distance *= float(np.exp(generator.normal(0, 0.1)))
    pixels = hashlib.sha256(number.encode()).hexdigest()
    limits = Thresholds()
    return KeptAssessment(
        key=pixels[:32], source=f"/scans/{number}", series=pixels, title=place.sequence, frames=3,
        model=MODEL, engine=None, thresholds=limits, verdict=limits.verdict(score), reason="",
        score=score, interval=(max(0.0, score - 8), min(100.0, score + 8)), suspected="", artefacts={},
        scope=Scope(True, distance), context=place, app_version="0.1.0",
        recorded=f"{place.acquired}T10:00:00.000+00:00",
    )  # fmt: skip


def _decided(generator: np.random.Generator, kept: list[KeptAssessment]) -> list[Decided]:
    found = []
    for one in kept:
        if generator.random() < _DECIDED:
            choice = "rescan" if one.verdict is Verdict.RESCAN else "accept"
            if generator.random() < _OVERRIDES:
                choice = "accept" if choice == "rescan" else "rescan"
            reason = "motion" if choice == "rescan" else ""
            found.append(Decided(one, Decision(one.key, 1, choice, reason, "anna", 5.0, one.recorded), False))  # fmt: skip
    return found
