"""What the drift window has done on the other thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from miqa_app.evaluation.drift.record import Drift, Stated


def read(store_url: str | None) -> Generator[str, None, Drift]:
    """Return the state of the site."""
    from miqa_app.services.drift import drift

    return (yield from drift(store_url))


def acted(
    state: Drift, alarm: Stated, step: str, reason: str, weeks: int, store_url: str | None
) -> Generator[None, None, None]:
    """Keep what somebody does about an alarm."""
    from miqa_app.services.drift import act_on

    yield None
    act_on(state, alarm, step, reason, weeks=weeks, store=store_url)


def written(state: Drift, file: Path) -> Generator[None, None, Path]:
    """Write the report."""
    from miqa_app.services.drift import write_drift_report

    yield None
    write_drift_report(state, file)
    return file
