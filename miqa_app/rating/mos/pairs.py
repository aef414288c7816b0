"""Pair comparison: how strong each stimulus is, by the model of Bradley and Terry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse.csgraph import connected_components
from scipy.special import expit

from miqa_app.errors import BadRequest
from miqa_app.rating.mos.result import ObserverScore, OpinionScores, StimulusScore

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from miqa_app.rating.mos.ratings import Ratings

METHOD = "bradley-terry"

PRIOR = 0.5
"""Half-won comparisons of every stimulus with one of average strength, added where the votes alone have no finite
solution."""

_Z95 = 1.96
_MOST_ROUNDS = 200
_SMALLEST_STEP = 1e-10
_LONGEST_STEP = 2.0
_MOST_NAMED = 3


@dataclass(frozen=True, eq=False)
class Strengths:
    """Strengths of K stimuli: the odds of preferring i to j are exp(strength_i − strength_j).

    Attributes:
        strength: (K,) log-odds, mean 0.
        covariance: (K, K) inverse of the information matrix in the space of mean 0.
        prior: weight of the prior, 0 where the votes alone decide.
    """

    strength: NDArray[np.float64]
    covariance: NDArray[np.float64]
    prior: float

    @property
    def error(self) -> NDArray[np.float64]:
        """Return (K,) standard errors."""
        return np.asarray(np.sqrt(np.maximum(np.diag(self.covariance), 0.0)))


def bradley_terry(wins: NDArray[np.float64]) -> Strengths:
    """Return the maximum-likelihood strengths of Bradley and Terry (Biometrika 1952, 39, 324–345).

    A finite solution exists only where no group of stimuli has won, or half-won, every comparison with the rest (Ford,
    American Mathematical Monthly 1957, 64(8), 28–33); otherwise `PRIOR` is added.

    Args:
        wins: (K, K) how often the row was preferred to the column; a tie is half a win on either side.

    Raises:
        ValueError: the matrix is not square, or comparisons do not connect all stimuli.
    """
    if wins.ndim != 2 or wins.shape[0] != wins.shape[1]:
        raise ValueError(f"wins must be square, not {wins.shape}")
    if len(groups_of(wins)) > 1:
        raise ValueError("comparisons do not connect all stimuli")
    solvable = connected_components(wins > 0, directed=True, connection="strong")[0] == 1
    prior = 0.0 if solvable else PRIOR
    met = wins + wins.T
    strength = np.zeros(len(wins))
    for _ in range(_MOST_ROUNDS):
        chance = expit(strength[:, None] - strength[None, :])
        average = expit(strength)
        slope = wins.sum(1) - (met * chance).sum(1) + prior * (0.5 - average)
        information = _information(met, chance) + np.diag(prior * average * (1 - average))
        step = np.linalg.pinv(information, hermitian=True) @ slope
        step *= min(1.0, _LONGEST_STEP / max(float(np.abs(step).max()), 1e-300))
        strength = strength + step
        if np.abs(step).max() < _SMALLEST_STEP:
            break
    strength -= strength.mean()
    chance = expit(strength[:, None] - strength[None, :])
    information = _information(met, chance)
    if prior:
        information += np.diag(prior * expit(strength) * expit(-strength))
    centre = np.eye(len(wins)) - 1.0 / len(wins)
    covariance = centre @ np.linalg.pinv(information, hermitian=True) @ centre
    return Strengths(strength, covariance, prior)


def groups_of(wins: NDArray[np.float64]) -> list[list[int]]:
    """Return the groups of stimuli that comparisons connect, directly or over others."""
    count, label = connected_components(wins + wins.T > 0, directed=False)
    return [np.flatnonzero(label == group).tolist() for group in range(count)]


def pair_scores(ratings: Ratings, least_observers: int) -> OpinionScores:
    """Return scores of compared stimuli on 0–100: the chance, in percent, of being preferred to an average one.

    Args:
        ratings: one row for each comparison; the score is 1 where the stimulus was preferred to the reference, 0 where
            the reference was, 0.5 for a tie, and NaN where the observer could not judge.
        least_observers: how many observers a final result needs.

    Raises:
        BadRequest: a row lacks its reference or has another score, or comparisons do not connect all stimuli.
    """
    known = ratings.rows(~np.isnan(ratings.scores))
    if not len(known):
        raise BadRequest("There is no comparison among the votes, so there is nothing to rank.")
    for stimulus, other, score in zip(known.stimuli, known.references, known.scores, strict=True):
        if not other or other == stimulus or score not in (0.0, 0.5, 1.0):
            raise BadRequest(
                f"The vote {score:g} on '{stimulus}' against '{other}' is no comparison; it takes two stimuli and 1, 0 or "
                "0.5 for a tie."
            )
    names = sorted({*known.stimuli, *known.references})
    place = {name: row for row, name in enumerate(names)}
    wins = np.zeros((len(names), len(names)))
    for stimulus, other, score in zip(known.stimuli, known.references, known.scores, strict=True):
        wins[place[stimulus], place[other]] += score
        wins[place[other], place[stimulus]] += 1 - score
    groups = groups_of(wins)
    if len(groups) > 1:
        smallest = min(groups, key=len)
        some = ", ".join(f"'{names[row]}'" for row in smallest[:_MOST_NAMED])
        raise BadRequest(
            f"The comparisons fall into {len(groups)} groups that were never compared with one another; compare {some} with "
            "stimuli outside their group."
        )
    found = bradley_terry(wins)
    low, high = (found.strength + sign * _Z95 * found.error for sign in (-1, 1))
    middle = 100 * expit(found.strength)
    scores = tuple(
        StimulusScore(
            name,
            float(middle[row]),
            float(found.error[row] * middle[row] * (100 - middle[row]) / 100),
            float(100 * expit(low[row])),
            float(100 * expit(high[row])),
            int(round((wins[row] + wins[:, row]).sum())),
        )
        for row, name in enumerate(names)
    )
    note = (
        f"Some stimuli won or lost every comparison, so {PRIOR:g} half-won comparisons with an average one were added to "
        "each.",
    )
    return OpinionScores(
        method=METHOD,
        stimuli=scores,
        observers=tuple(
            ObserverScore(name, None, None, False, "") for name in known.observer_names
        ),
        without_rejection=scores,
        least_observers=least_observers,
        notes=(*ratings.notes, *(note if found.prior else ())),
    )


def _information(met: NDArray[np.float64], chance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the information matrix of the strengths, (K, K), of comparisons `met` won with `chance`."""
    weight = met * chance * chance.T
    np.fill_diagonal(weight, 0.0)
    return np.asarray(np.diag(weight.sum(1)) - weight)
