"""The scale of the raters beside that of the model: a line, folded into the network before and after it learns.

A model that was never told how a site's raters use their scale is wrong by a gain and an offset first of all. Learning these
by gradient would spend the ratings on them and shake what the network knows; folding them in changes no order. Before the
training the line keeps the spread of the scores, so that there is something to learn from; after it, it gives the least
error.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miqa_app.networks import QualityNetwork

_GAINS = (0.2, 5.0)


class Line(NamedTuple):
    """score = gain · score of the parent + offset, scores 0-1."""

    gain: float
    offset: float


def fitted_line(said: Sequence[float], rated: Sequence[float]) -> Line:
    """Return the line that gives the model's scores the mean and the deviation of the ratings.

    Deviations instead of least squares, which would press the scores together the more the two disagree.

    Args:
        said: the parent's scores, 0-1.
        rated: ratings of the same images, 0-1.
    """
    x, y = np.asarray(said), np.asarray(rated)
    gain = float(np.clip(y.std() / max(x.std(), 1e-9), *_GAINS)) if y.std() > 0 else 1.0
    return Line(gain, float(y.mean() - gain * x.mean()))


def least_squares_line(said: Sequence[float], rated: Sequence[float]) -> Line:
    """Return the line whose values are nearest to the ratings, so that a point of the score is a point of theirs.

    Args:
        said: scores of the tuned network, 0-1.
        rated: ratings of the same images, 0-1.
    """
    x, y = np.asarray(said), np.asarray(rated)
    spread = float(((x - x.mean()) ** 2).mean())
    slope = float(((x - x.mean()) * (y - y.mean())).mean()) / max(spread, 1e-12)
    gain = float(np.clip(slope, *_GAINS))
    return Line(gain, float(y.mean() - gain * x.mean()))


def rescaled_network(parent: QualityNetwork, line: Line) -> QualityNetwork:
    """Return a copy whose scores and score maps follow the line, and its deviation the gain.

    Exact: in every family the last step of the score of image and cells is linear, see `QualityNetwork.rescale`.
    """
    network = copy.deepcopy(parent)
    network.rescale(line.gain, line.offset)
    return network
