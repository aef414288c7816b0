"""A rater without a window: votes put into an archive along the rater's own way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from miqa_app import __version__
from miqa_app.rating import order
from miqa_app.rating.votes import Display, Vote

if TYPE_CHECKING:
    from collections.abc import Callable

    from miqa_app.rating.study import Study
    from miqa_app.store import Archive

SCREEN = Display("EIZO RX360 0815", 2048, 1536, 1.0, 2.0, "passed")


def quality_by_severity(study: Study, seed: int, sd: float = 6.0) -> Callable[[str], float]:
    """Return a judge: 92 points less 80 times the severity, plus noise."""
    facts = {info.key: info.provenance for info in study.stimuli}
    noise = np.random.default_rng(seed)

    def judge(key: str) -> float:
        return float(92 - 80 * float(facts[key].get("severity", 0.0)) + noise.normal(0, sd))

    return judge


def scores(study: Study, item_key: str, judge: Callable[[str], float]) -> dict[str, float]:
    """Return what the judge says in the scale of the study."""
    item, scale = study.item(item_key), study.protocol.scale
    if study.protocol.asks == "preference":
        apart = judge(item.test) - judge(item.reference)
        return {"preference": 0.5 if abs(apart) < 4 else float(apart > 0)}

    def on_scale(points: float) -> float:
        value = scale.low + np.clip(points, 0, 100) / 100 * (scale.high - scale.low)
        return float(round(value)) if scale.kind == "categories" else float(value)

    if study.protocol.asks == "both":
        return {"test": on_scale(judge(item.test)), "reference": on_scale(judge(item.reference))}
    return {"test": on_scale(judge(item.test))}


def rate(
    archive: Archive,
    study: Study,
    rater: str,
    judge: Callable[[str], float],
    *,
    cannot: tuple[int, ...] = (),
    most: int | None = None,
) -> None:
    """Vote on everything: training, the start of the session, and the main part.

    Args:
        archive: where the votes go.
        study: the study.
        rater: pseudonym.
        judge: points of 100 by stimulus key.
        cannot: places of the main part that the rater cannot judge.
        most: how many of the main part the rater does before closing the window.
    """
    archive.add_rater(study.key, rater, {"experience": "10 years"})
    session = archive.begin_session(study.key, rater, SCREEN, __version__)
    now = datetime(2026, 3, 1, 9, tzinfo=UTC)
    way = order.main(study, rater)[:most]
    for shown in (*order.training(study, rater), *order.stabilising(study, rater, session), *way):
        judged = shown.part != "main" or shown.index not in cannot
        archive.add_vote(
            Vote(
                study=study.key,
                rater=rater,
                session=session,
                presentation=shown,
                scores=scores(study, shown.item, judge) if judged else {},
                shown_at=now.isoformat(timespec="milliseconds"),
                committed_at=(now + timedelta(seconds=5)).isoformat(timespec="milliseconds"),
                seconds=5.0,
                changes=1,
                display=SCREEN,
                app_version=__version__,
                protocol=f"{study.protocol.id} {study.protocol.version}",
            )
        )
        now += timedelta(seconds=6)
    archive.end_session(study.key, rater, session, "closed" if most else "finished")
