"""How often the control charts of a site that does not change alarm, and how soon they name a coil that fails."""

from __future__ import annotations

import time
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from miqa_app.evaluation.drift.observations import Place
from miqa_app.evaluation.drift.record import Drift, drift_of
from tests.evaluation.drift.made_site import FIRST, Fault, made_site

if TYPE_CHECKING:
    from collections.abc import Iterator

_STABLE, _FAILING = 40, 12
_WEEKS = 60
_TODAY = date(2026, 11, 21)


def run() -> Iterator[tuple[str, float, str]]:
    """Yield name, value and unit of each figure."""
    began = time.perf_counter()
    alarms = [len(_state(seed).alarms) for seed in range(1000, 1000 + _STABLE)]
    yield (
        "false alarms of a stable site of 25 streams, 52 weeks watched",
        float(np.mean(alarms)),
        "a year",
    )
    yield "stable years without any alarm", float(np.mean(np.array(alarms) == 0)), "share"
    yield (
        "time for the charts of a site with 7 500 scans",
        (time.perf_counter() - began) / _STABLE,
        "s",
    )
    for share in (1.0, 0.5, 0.25):
        yield from _failing(share)


def _failing(share: float) -> Iterator[tuple[str, float, str]]:
    named, waited, others = [], [], 0
    for seed in range(_FAILING):
        fault = Fault(share=share)
        found = _state(2000 + seed, fault)
        own = [
            one.alarm
            for one in found.present
            if one.alarm.place == Place(fault.scanner, "", fault.coil)
        ]
        named.append(bool(own))
        others += len(found.present) - len(own)
        if own:
            waited.append((own[0].called - FIRST - timedelta(weeks=fault.week)).days / 7 + 1)
    what = f"a coil of one scanner that fails in {share:.0%} of its scans"
    yield f"{what}: named as this scanner and coil", float(np.mean(named)), "share"
    yield f"{what}: weeks of scans until the alarm", float(np.median(waited or [np.nan])), "weeks"
    yield f"{what}: other alarms beside it", others / _FAILING, "a site"


def _state(seed: int, fault: Fault | None = None) -> Drift:
    kept, decided = made_site(seed, _WEEKS, fault=fault)
    return drift_of(kept, (), decided, (), weeks=_WEEKS, today=_TODAY)
