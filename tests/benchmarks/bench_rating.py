"""What a chosen order of the items saves in votes, and how long a durable vote takes."""

from __future__ import annotations

import statistics
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from miqa_app.rating.next_items_trial import ORDERS, Campaign, savings
from miqa_app.store import Archive
from tests.rating.made_studies import made_study
from tests.services.voting import quality_by_severity, rate

if TYPE_CHECKING:
    from collections.abc import Iterator

_CAMPAIGNS = 10
_VOTES = 200


def run() -> Iterator[tuple[str, float, str]]:
    """Yield name, value and unit of each figure."""
    for hardest in (1.0, 3.0, 5.0):
        for saving in savings(Campaign(hardest=hardest), range(_CAMPAIGNS)):
            for name in ORDERS:
                yield (
                    f"votes for the error of the random order ({saving.error:.1f} points), {name} order, "
                    f"hardest items scatter ×{hardest:g}",
                    saving.share[name],
                    "of the votes",
                )
    yield from _votes()


def _votes() -> Iterator[tuple[str, float, str]]:
    study, contents = made_study(rated=8, training=0)
    with TemporaryDirectory() as folder, Archive(Path(folder) / "store.sqlite") as archive:
        archive.add_study(study, contents)
        rate(archive, study, "R-1", quality_by_severity(study, 1))
        vote = archive.votes(study.key)[-1]
        took = []
        for number in range(_VOTES):
            began = time.perf_counter()
            archive.add_vote(replace(vote, changes=number))
            took.append(1000 * (time.perf_counter() - began))
    took.sort()
    yield "a vote on the disk (SQLite, full sync), median", statistics.median(took), "ms"
    yield "the same, 95th percentile", took[int(0.95 * _VOTES)], "ms"
