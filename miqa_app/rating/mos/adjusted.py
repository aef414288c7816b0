"""Scores freed of what belongs to the observer: bias, spread, or the judgement of the hidden reference."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from miqa_app.errors import BadRequest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from miqa_app.rating.mos.ratings import Ratings

_TOP = 100.0


def without_bias(
    scores: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return scores without each observer's mean distance from the stimulus means, and these distances.

    ITU-T P.913 12.4: bias_i = mean_j(x_ij − mean_i x_ij).

    Args:
        scores: (J, I, R), NaN where there is none.

    Returns:
        (J, I, R) scores and (I,) bias, NaN for an observer without score.
    """
    known = ~np.isnan(scores)
    mean = np.nansum(scores, (1, 2)) / np.maximum(known.sum((1, 2)), 1)
    counts = known.sum((0, 2))
    sums = np.where(known, scores - mean[:, None, None], 0.0).sum((0, 2))
    bias = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
    return scores - bias[None, :, None], bias


def z_scores(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 100 (z + 3) / 6 with z by the observer's own mean and sample standard deviation.

    That is how RAD-IQMRI and LIVE bring scores to one scale; 99 % of them fall in 0–100. It takes for granted that
    all observers judged stimuli of about the same quality and spread.

    Args:
        scores: (J, I, R), NaN where there is none.

    Returns:
        (J, I, R); NaN throughout for observers who gave one score or always the same.
    """
    known = ~np.isnan(scores)
    counts = known.sum((0, 2))
    mean = np.nansum(scores, (0, 2)) / np.maximum(counts, 1)
    squares = np.where(known, (scores - mean[None, :, None]) ** 2, 0.0).sum((0, 2))
    deviation = np.sqrt(squares / np.maximum(counts - 1, 1))
    varied = (counts > 1) & (deviation > 1e-9 * np.maximum(1.0, np.abs(mean)))
    scaled = (scores - mean[None, :, None]) / np.where(varied, deviation, np.nan)[None, :, None]
    return np.asarray(100.0 * (scaled + 3.0) / 6.0)


def differences(ratings: Ratings) -> Ratings:
    """Return votes whose score is top + score of the stimulus − score of its reference, by the same observer.

    Top is the upper end of the scale (100 where it is not known), so that a stimulus as good as its reference gets it,
    as in ITU-T P.910 and P.913 (ACR with hidden reference); it can be exceeded. The score that the reference got in
    the same presentation (DSCQS) goes first; otherwise the mean of the observer's votes on the hidden reference is
    taken, those of the same session where there are any. Votes on the references themselves leave the table, and a
    vote whose reference the observer did not judge becomes one without score; the notes count these.

    Raises:
        BadRequest: no reference was scored by anyone who scored a stimulus of it.
    """
    top = ratings.scale[1] if ratings.scale else _TOP
    hidden: dict[tuple[str, ...], list[float]] = {}
    for row, (name, score) in enumerate(zip(ratings.stimuli, ratings.scores.tolist(), strict=True)):
        if not np.isnan(score):
            for key in ((ratings.observers[row], name), (ratings.observers[row], name, ratings.sessions[row])):  # fmt: skip
                hidden.setdefault(key, []).append(score)
    beside = ratings.reference_scores
    reference = np.full(len(ratings), np.nan)
    for row, name in enumerate(ratings.references):
        who = ratings.observers[row]
        votes = hidden.get((who, name, ratings.sessions[row])) or hidden.get((who, name))
        if not np.isnan(beside[row]):
            reference[row] = beside[row]
        elif name and votes:
            reference[row] = float(np.mean(votes))
    tests = np.array(
        [
            bool(name) and (name != stimulus or not np.isnan(score))
            for name, stimulus, score in zip(
                ratings.references, ratings.stimuli, beside.tolist(), strict=True
            )
        ]
    )
    found = replace(ratings, scores=ratings.scores - reference + top, scale=None).rows(tests)
    if not len(found) or np.isnan(found.scores).all():
        raise BadRequest(
            "No observer scored both a stimulus and its reference, so there are no differences; name the references in "
            "the column 'reference' and have them scored."
        )
    lost = int((np.isnan(found.scores) & ~np.isnan(ratings.rows(tests).scores)).sum())
    note = f"{lost} scores have no difference, because their observer did not score the reference."
    return replace(found, notes=(*found.notes, note)) if lost else found
