"""Simulated observers with known bias, inconsistency and lapses, for proofs and for planning a study."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from miqa_app.rating.mos.ratings import Ratings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

SCALE = (0.0, 100.0)


@dataclass(frozen=True)
class SimulatedObserver:
    """An observer who scores truth + bias + noise, and now and then anything.

    Attributes:
        name: pseudonym.
        bias: points.
        inconsistency: standard deviation of the noise, points.
        lapse: share of votes that have nothing to do with the stimulus, evenly spread over the scale; 1 is somebody
            who clicks at random.
    """

    name: str
    bias: float
    inconsistency: float
    lapse: float = 0.0

    def scores(
        self, truth: ArrayLike, rng: np.random.Generator, scale: tuple[float, float] = SCALE
    ) -> NDArray[np.float64]:
        """Return scores of stimuli, clipped to the scale.

        Args:
            truth: (J,) quality in points.
            rng: source of noise and lapses.
            scale: lowest and highest score.
        """
        quality = np.asarray(truth, np.float64)
        seen = quality + self.bias + self.inconsistency * rng.standard_normal(len(quality))
        lapsed = rng.random(len(quality)) < self.lapse
        seen = np.where(lapsed, rng.uniform(*scale, len(quality)), seen)
        return np.clip(seen, *scale)


def simulated_panel(
    count: int,
    seed: int,
    *,
    bias: float = 6.0,
    inconsistency: tuple[float, float] = (6.0, 14.0),
    lapse: float = 0.02,
    random_clickers: int = 0,
) -> tuple[SimulatedObserver, ...]:
    """Return observers drawn at random.

    Args:
        count: how many, the random clickers included.
        seed: of the draw.
        bias: standard deviation of the biases, points.
        inconsistency: range of the inconsistencies, points.
        lapse: share of lapses of those who do not click at random.
        random_clickers: how many click at random; they come last.
    """
    rng = np.random.default_rng(seed)
    return tuple(
        SimulatedObserver(
            f"observer-{place + 1:02d}",
            float(rng.normal(0, bias)),
            float(rng.uniform(*inconsistency)),
            1.0 if place >= count - random_clickers else lapse,
        )
        for place in range(count)
    )


def simulated_ratings(
    truth: ArrayLike,
    panel: Sequence[SimulatedObserver],
    seed: int,
    *,
    missing: float = 0.0,
    repeats: int = 0,
    drift: float = 0.0,
) -> Ratings:
    """Return the votes of one session of each observer, every one in an order of their own.

    Args:
        truth: (J,) quality of the stimuli, points.
        panel: the observers.
        seed: of order, noise and lapses.
        missing: share of votes without score.
        repeats: how many stimuli, chosen at random for each observer, come a second time.
        drift: points that an observer's scores rise by from the first presentation to the last.
    """
    rng, quality = np.random.default_rng(seed), np.asarray(truth, np.float64)
    names = [f"stimulus-{place + 1:03d}" for place in range(len(quality))]
    observers: list[str] = []
    stimuli: list[str] = []
    scores: list[float] = []
    repetitions: list[int] = []
    orders: list[int] = []
    seconds: list[float] = []
    for observer in panel:
        again = rng.choice(len(quality), repeats, replace=False)
        shown = np.concatenate([rng.permutation(len(quality)), again])
        given = observer.scores(quality[shown] + drift * np.linspace(0, 1, len(shown)), rng)
        given[rng.random(len(shown)) < missing] = np.nan
        observers += [observer.name] * len(shown)
        stimuli += [names[place] for place in shown]
        scores += given.tolist()
        repetitions += [0] * len(quality) + [1] * repeats
        orders += list(range(len(shown)))
        seconds += (3.0 + rng.gamma(2.0, 2.5, len(shown))).tolist()
    return Ratings(
        observers=tuple(observers),
        stimuli=tuple(stimuli),
        scores=np.array(scores),
        repetitions=np.array(repetitions),
        sessions=("1",) * len(scores),
        orders=np.array(orders, float),
        seconds=np.array(seconds),
        scale=SCALE,
    )
