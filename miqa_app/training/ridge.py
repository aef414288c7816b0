"""Ridge regression on the pooled features of a frozen network: the cheapest honest way to learn from a hundred ratings.

models.md 6.4: seconds instead of hours, and with few references no worse than training. The penalty is chosen by
leaving out groups of the training part once more; the test part is never touched.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from miqa_app.evaluation.folds import grouped_folds
from miqa_app.scoring.engine import as_batch, pick_device

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from miqa_app.evaluation.rated.loading import Planes
    from miqa_app.networks import QualityNetwork

PENALTIES = tuple(10.0**power for power in range(-1, 6))
_INNER_FOLDS = 8


@dataclass(frozen=True, eq=False)
class Ridge:
    """A fitted regression.

    Attributes:
        mean: (D,) of the features.
        deviation: (D,) of the features; 1 where a feature is constant.
        weights: (D,) of the standardised features.
        bias: mean of the targets.
        penalty: the one chosen.
    """

    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]
    weights: NDArray[np.float64]
    bias: float
    penalty: float

    def __call__(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (N,) predictions in the units of the targets from (N, D) features."""
        return (features - self.mean) / self.deviation @ self.weights + self.bias


def fit_ridge(
    features: NDArray[np.float64], targets: NDArray[np.float64], groups: Sequence[str]
) -> Ridge:
    """Return the regression whose penalty predicts groups that it has not seen best.

    Args:
        features: (N, D) of the training part.
        targets: (N,) its scores.
        groups: its references, of which whole ones are left out in turn; with one alone the middle penalty is taken.
    """
    folds = min(_INNER_FOLDS, len(set(groups)))
    penalty = PENALTIES[len(PENALTIES) // 2]
    if folds >= 2:
        errors = np.zeros(len(PENALTIES))
        for fold in grouped_folds(groups, folds):
            train, test = list(fold.train), list(fold.test)
            for place, model in enumerate(_path(features[train], targets[train], PENALTIES)):
                errors[place] += float(((model(features[test]) - targets[test]) ** 2).sum())
        penalty = PENALTIES[int(errors.argmin())]
    return _path(features, targets, (penalty,))[0]


def _path(
    features: NDArray[np.float64], targets: NDArray[np.float64], penalties: Sequence[float]
) -> list[Ridge]:
    """Return a regression per penalty from one singular value decomposition of the standardised features."""
    mean, deviation = features.mean(0), features.std(0)
    deviation = np.where(deviation > 1e-9, deviation, 1.0)
    left, values, right = np.linalg.svd((features - mean) / deviation, full_matrices=False)
    bias = float(targets.mean())
    turned = left.T @ (targets - bias)
    return [
        Ridge(mean, deviation, right.T @ (values / (values**2 + penalty) * turned), bias, penalty)
        for penalty in penalties
    ]


@torch.inference_mode()
def pooled_features(
    network: QualityNetwork,
    planes: Planes,
    places: Sequence[int],
    device: str,
    report: Callable[[], None],
) -> NDArray[np.float64]:
    """Return (N, D): weighted mean and peak of the fused map, summary and score; the mean over slices of a scan.

    Args:
        network: frozen.
        planes: of the rated set.
        places: N images of it.
        device: 'auto', 'cuda', 'mps' or 'cpu'.
        report: called after every image.

    Raises:
        BadRequest: the device is not there.
    """
    target = pick_device(device)
    network.to(target).eval()
    rows = []
    for place in places:
        slices = [_features(network, plane, target) for plane in planes(place)]
        rows.append(np.mean(slices, axis=0))
        report()
    return np.array(rows, dtype=np.float64)


def _features(
    network: QualityNetwork, plane: NDArray[np.float32], device: torch.device
) -> NDArray[np.float64]:
    result = network(as_batch([plane]).to(device))
    parts = (result.embedding[0], result.peak[0], result.summary[0], result.score)
    return torch.cat([part.flatten().double().cpu() for part in parts]).numpy()
