"""NIQE (Mittal et al. 2013), the distance of a plane's local statistics from those of clean images, refitted on MRI.

The parameter file of the authors may not be copied, and a form for photographs needs photographs: `Niqe.fitted` takes
any clean planes, so that whoever holds a set of them (the references of LIVE or KADID-10k) can fit it and `read` it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import gaussian_filter, zoom
from scipy.special import gamma

from miqa_app.errors import MiqaError
from miqa_app.paths import bundled

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

_PATCH = 48
_FEATURES = 36
_SHAPES = np.arange(0.2, 10, 0.01)
_RATIO = gamma(2 / _SHAPES) ** 2 / (gamma(1 / _SHAPES) * gamma(3 / _SHAPES))


class Niqe:
    """NIQE (Mittal et al. 2013) with its pristine model fitted on clean MRI; a lower value is better.

    Attributes:
        mean: (36,) mean of the features over clean patches.
        covariance: (36, 36) their covariance.
    """

    def __init__(self, mean: NDArray[np.float64], covariance: NDArray[np.float64]) -> None:
        """Keep the pristine model."""
        self.mean, self.covariance = mean, covariance

    @classmethod
    def fitted(cls, planes: Iterable[NDArray[np.float32]]) -> Niqe:
        """Return the measure with its pristine model fitted on clean planes in [0, 1]."""
        features = np.concatenate([patch_features(plane) for plane in planes])
        features = features[np.isfinite(features).all(1)]
        return cls(features.mean(0), np.cov(features.T))

    @classmethod
    def bundled(cls) -> Niqe:
        """Return the measure fitted on the training sources of the first checkpoint."""
        return cls.read(bundled("resources") / "quality_index" / "niqe-mri-1.json")

    @classmethod
    def read(cls, path: Path) -> Niqe:
        """Return the measure whose pristine model `write` has put into a file.

        Raises:
            MiqaError: the file is missing or damaged.
        """
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            mean, covariance = np.array(document["mean"]), np.array(document["covariance"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            message = f"The pristine model of NIQE cannot be read from {path}: {error}."
            raise MiqaError(message) from error
        if mean.shape != (_FEATURES,) or covariance.shape != (_FEATURES, _FEATURES):
            message = f"{path} holds no pristine model of NIQE: {_FEATURES} features are needed."
            raise MiqaError(message)
        return cls(mean, covariance)

    def write(self, path: Path) -> None:
        """Write the pristine model as JSON."""
        document = {
            "mean": np.round(self.mean, 7).tolist(),
            "covariance": np.round(self.covariance, 9).tolist(),
        }
        path.write_text(json.dumps(document) + "\n", encoding="utf-8")

    def __call__(self, plane: NDArray[np.float32]) -> float:
        """Return NIQE of a plane in [0, 1]; NaN where no patch has contrast."""
        features = patch_features(plane)
        features = features[np.isfinite(features).all(1)]
        if len(features) < 2:
            return float("nan")
        gap = features.mean(0) - self.mean
        pooled = (np.cov(features.T) + self.covariance) / 2
        return float(np.sqrt(gap @ np.linalg.pinv(pooled) @ gap))


def patch_features(plane: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return (patches, 36) natural-scene features: 18 at full and 18 at half resolution."""
    image = plane.astype(np.float64) * 255
    short = [max(0, 2 * _PATCH - size) for size in image.shape]
    image = np.pad(image, ((0, short[0]), (0, short[1])), mode="reflect")
    image = image[: image.shape[0] // _PATCH * _PATCH, : image.shape[1] // _PATCH * _PATCH]
    scales = [image, zoom(image, 0.5, order=1)]
    return np.concatenate(
        [_features(scale, _PATCH // 2**level) for level, scale in enumerate(scales)], axis=1
    )


def _features(image: NDArray[np.float64], patch: int) -> NDArray[np.float64]:
    """Return 18 features of each patch of one scale."""
    mean = gaussian_filter(image, 7 / 6, truncate=3)
    deviation = np.sqrt(np.abs(gaussian_filter(image**2, 7 / 6, truncate=3) - mean**2))
    normalised = (image - mean) / (deviation + 1)
    rows, columns = (size // patch for size in (image.shape[0], image.shape[1]))
    blocks = (
        normalised[: rows * patch, : columns * patch]
        .reshape(rows, patch, columns, patch)
        .swapaxes(1, 2)
    )
    blocks = blocks.reshape(-1, patch, patch)
    return np.array([_block_features(block) for block in blocks])


def _block_features(block: NDArray[np.float64]) -> list[float]:
    shape, left, right, _ = _asymmetric(block)
    features = [shape, (left + right) / 2]
    for down, across in ((0, 1), (1, 0), (1, 1), (1, -1)):
        features += _asymmetric(block * np.roll(block, (down, across), (0, 1)))[:4]
    return features


def _asymmetric(values: NDArray[np.float64]) -> list[float]:
    """Return shape, left and right scale and mean of the asymmetric generalised Gaussian by moment matching."""
    flat = values.ravel()
    negative, positive = flat[flat < 0], flat[flat > 0]
    if len(negative) < 2 or len(positive) < 2:
        return [np.nan] * 4
    left, right = np.sqrt((negative**2).mean()), np.sqrt((positive**2).mean())
    ratio = left / right
    moment = np.abs(flat).mean() ** 2 / max((flat**2).mean(), 1e-12)
    target = moment * (ratio**3 + 1) * (ratio + 1) / (ratio**2 + 1) ** 2
    shape = float(_SHAPES[int(np.argmin((_RATIO - target) ** 2))])
    scale = np.sqrt(gamma(1 / shape) / gamma(3 / shape))
    mean = (right - left) * scale * gamma(2 / shape) / gamma(1 / shape)
    return [shape, float(left * scale), float(right * scale), float(mean)]
