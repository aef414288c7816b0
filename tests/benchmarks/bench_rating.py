"""How near the methods of MOS come to the truth, what a chosen order of the items saves, how long a durable vote takes."""

from __future__ import annotations

import statistics
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from miqa_app.rating.mos.methods import opinion_scores
from miqa_app.rating.next_items_trial import ORDERS, Campaign, savings
from miqa_app.rating.observers import simulated_panel, simulated_ratings
from miqa_app.store import Archive
from tests.rating.made_studies import made_study
from tests.services.voting import quality_by_severity, rate

if TYPE_CHECKING:
    from collections.abc import Iterator

_CAMPAIGNS = 10
_VOTES = 200
_PANELS = 20
_STIMULI = 112


def run() -> Iterator[tuple[str, float, str]]:
    """Yield name, value and unit of each figure."""
    yield from _methods()
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


def _methods() -> Iterator[tuple[str, float, str]]:
    """Error of MOS with the level removed, and how often the interval holds the truth, means of 20 panels."""
    for observers, clickers in ((3, 0), (8, 0), (13, 0), (15, 2), (30, 0)):
        for method in ("raw", "bt500", "p910"):
            errors, held = zip(
                *(_recovery(method, observers, clickers, seed) for seed in range(_PANELS)),
                strict=True,
            )
            who = f"{observers} observers, {clickers} of them clicking at random, {method}"
            yield f"error of MOS, {who}", float(np.mean(errors)), "points"
            yield f"95 % intervals that hold the truth, {who}", float(np.mean(held)), "share"


def _recovery(method: str, observers: int, clickers: int, seed: int) -> tuple[float, float]:
    truth = np.random.default_rng(seed).uniform(10, 90, _STIMULI)
    panel = simulated_panel(observers, seed, random_clickers=clickers)
    found = opinion_scores(simulated_ratings(truth, panel, seed + 500), method).stimuli
    mos = np.array([one.mos for one in found])
    level = mos.mean() - truth.mean()
    low, high = (np.array([getattr(one, end) for one in found]) for end in ("ci_low", "ci_high"))
    inside = (low - level <= truth) & (truth <= high - level)
    return float(np.sqrt(((mos - level - truth) ** 2).mean())), float(inside.mean())


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
