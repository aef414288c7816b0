"""The scope check: whether a series looks like the scans that the model was shown, or like something else.

A slice is described by the network's embedding and by plain statistics of its plane. Linear discriminants (Fisher 1936)
project that onto the few directions which best tell training scans, clean and damaged, from families of made-up pictures.
There the distance is a ratio: how far the nearest training scans are, against how far the nearest made-up pictures are,
in units of the largest ratio that counts as inside. A series takes the median of its slices.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from miqa_app.core.assessment import Scope
from miqa_app.errors import BadModel
from miqa_app.scoring.plane_statistics import plane_statistics

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from miqa_app.core.series import Series

OUT_OF_SCOPE = (
    "its images look unlike the patient scans that this model was shown: perhaps a phantom, a phase image or a map, "
    "no MR image, or a kind of scan that is new to the model"
)
VERSION = "discriminant-neighbours-1"

_NEIGHBOURS = 5
_FRAMES = 16
_CLIP = 5.0
"""Features further out than this many deviations say no more than that they are far out."""

_SIGNED_FROM, _SIGNED_SHARE = 0.05, 0.01
"""Values count as negative below 5 % of the peak (resampling undershoots by less), and matter above 1 % of all."""

_SMALL = 1e-6
_ARRAYS = {
    "centre": "<f4",
    "deviation": "<f4",
    "projection": "<f4",
    "scans": "<f2",
    "made_up": "<f2",
}


def scope_features(
    plane: NDArray[np.float32], embedding: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return what is known of a slice, (D + statistics,) float32.

    Args:
        plane: (H, W) float32 in [0, 1], the network plane.
        embedding: (D,) of the network on that plane.
    """
    return np.concatenate([embedding, plane_statistics(plane)]).astype(np.float32)


def signed_values(series: Series) -> str:
    """Return in words that a file without a header holds values that no magnitude image has, or ''.

    A magnitude is never negative, but Hounsfield units, phases and differences are. Files with a header are judged by
    it: inversion recovery may be stored with its sign.
    """
    if series.uid:
        return ""
    frames = spread_over(range(series.frames))
    values = np.concatenate([series.values(frame).ravel() for frame in sorted(frames)])
    values = values[np.isfinite(values)]
    if not values.size:
        return ""
    below = float((values < -_SIGNED_FROM * np.percentile(np.abs(values), 99.5)).mean())
    if below <= _SIGNED_SHARE:
        return ""
    return f"{below:.0%} of its values lie below zero, as in CT, phase images, maps and differences, but not in magnitude images"


def spread_over(frames: Sequence[int]) -> frozenset[int]:
    """Return at most 16 of the frames, evenly spaced: enough to judge the scope of a series."""
    places = np.linspace(0, len(frames) - 1, min(len(frames), _FRAMES)).round().astype(int)
    return frozenset(frames[place] for place in places)


@dataclass(frozen=True, eq=False)
class ScopeModel:
    """What a model was shown, in the space of F features that `scope_features` gives.

    Attributes:
        centre: (F,) subtracted from the features.
        deviation: (F,) > 0, divides them.
        projection: (F, k) from scaled features to discriminants.
        scans: (n, k) discriminants of training scans.
        made_up: (m, k) discriminants of made-up pictures.
        threshold: ratio up to which a slice lies inside.
        level: share of slices of unseen sources that lie inside at this threshold.
        unseen: share refused of the slices of each source when it was left out of the fit, and of validation subjects.
    """

    centre: NDArray[np.float32]
    deviation: NDArray[np.float32]
    projection: NDArray[np.float32]
    scans: NDArray[np.float32]
    made_up: NDArray[np.float32]
    threshold: float = 1.0
    level: float = 0.0
    unseen: Mapping[str, float] = field(default_factory=dict)

    def distance(self, plane: NDArray[np.float32], embedding: NDArray[np.float32]) -> float:
        """Return the distance of one slice, ≥ 0; up to 1 lies inside.

        Raises:
            BadModel: the embedding has another length than that of the network the check was fitted with.
        """
        features = scope_features(plane, embedding)
        if features.shape != self.centre.shape:
            message = f"The scope check was fitted with {self.centre.size} features and gets {features.size}; measure the model anew."
            raise BadModel(message)
        return float(self.ratios(features[None])[0]) / self.threshold

    def ratios(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return (n,) distance to the scans over distance to the made-up pictures, of (n, F) features."""
        points = _scaled(features, self.centre, self.deviation) @ self.projection
        near, far = _nearest(points, self.scans), _nearest(points, self.made_up)
        return np.asarray(near / np.maximum(far, _SMALL))

    def judge(self, distances: Sequence[float]) -> Scope:
        """Return the scope of a series from the distances of its slices; unknown where there is none."""
        if not len(distances):
            return Scope()
        distance = float(np.median(distances))
        return Scope(in_scope=distance <= 1, distance=distance)

    def as_config(self) -> dict[str, Any]:
        """Return plain values for config.json, about 40 kB; arrays are little-endian floats in base64."""
        arrays = {
            name: {
                "shape": list(getattr(self, name).shape),
                "type": kind,
                "base64": base64.b64encode(getattr(self, name).astype(kind).tobytes()).decode(),
            }
            for name, kind in _ARRAYS.items()
        }
        return {
            "version": VERSION,
            "threshold": self.threshold,
            "level": self.level,
            "unseen": dict(self.unseen),
            **arrays,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> ScopeModel | None:
        """Return the check stored under 'scope' of a model's config.json, or None for a model without one.

        Raises:
            BadModel: it is damaged, or of a version that this program does not know.
        """
        stored = config.get("scope")
        if stored is None:
            return None
        try:
            if stored["version"] != VERSION:
                message = f"The model's scope check is of version {stored['version']}, this program knows {VERSION}; measure the model anew."
                raise BadModel(message)
            return cls(
                **{name: _array(stored[name]) for name in _ARRAYS},
                threshold=float(stored["threshold"]),
                level=float(stored["level"]),
                unseen={str(key): float(value) for key, value in stored["unseen"].items()},
            )
        except (KeyError, TypeError, ValueError, AttributeError, binascii.Error) as error:
            message = f"The model's scope check is damaged ({error}); measure the model anew."
            raise BadModel(message) from error


def fitted(scans: NDArray[np.floating], made_up: Iterable[NDArray[np.floating]]) -> ScopeModel:
    """Return the check for these features, its threshold not yet set.

    Args:
        scans: (n, F) features of training scans, clean and damaged.
        made_up: (m, F) features of each family of made-up pictures, at least one family.
    """
    families = [np.asarray(family, dtype=np.float64) for family in made_up]
    inside, outside = np.asarray(scans, dtype=np.float64), np.vstack(families)
    centre = (inside.mean(0) + outside.mean(0)) / 2
    spread = ((inside - centre) ** 2).mean(0) + ((outside - centre) ** 2).mean(0)
    deviation = np.sqrt(spread / 2) + 1e-3
    inside, families = (
        _scaled(inside, centre, deviation),
        [_scaled(family, centre, deviation) for family in families],
    )
    projection = _discriminants(inside, families)
    return ScopeModel(
        centre.astype(np.float32),
        deviation.astype(np.float32),
        projection.astype(np.float32),
        (inside @ projection).astype(np.float32),
        (np.vstack(families) @ projection).astype(np.float32),
    )


def shrunk_covariance(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the covariance of (n, F) values, shrunk towards a multiple of the identity (Ledoit and Wolf 2004)."""
    count, size = values.shape
    centred = values - values.mean(0)
    sample = centred.T @ centred / count
    mean = float(np.trace(sample)) / size
    target = mean * np.eye(size)
    away = float(((sample - target) ** 2).sum())
    squares = centred**2
    error = (float((squares.T @ squares).sum()) / count - float((sample**2).sum())) / count
    share = min(error, away) / away if away > 0 else 1.0
    return np.asarray(share * target + (1 - share) * sample)


def _discriminants(
    inside: NDArray[np.float64], families: Sequence[NDArray[np.float64]]
) -> NDArray[np.float64]:
    """Return (F, families) directions along which the families lie apart from the scans, in units of their spread."""
    outside = np.mean([shrunk_covariance(family) for family in families], axis=0)
    within = (shrunk_covariance(inside) + outside) / 2
    white = np.linalg.inv(np.linalg.cholesky(within + _SMALL * np.eye(len(within)))).T
    apart = np.stack([family.mean(0) for family in families]) - inside.mean(0)
    directions = np.linalg.svd(apart @ white, full_matrices=False)[2]
    return np.asarray(white @ directions.T)


def _scaled(
    features: NDArray[np.floating],
    centre: NDArray[np.floating],
    deviation: NDArray[np.floating],
) -> NDArray[np.float64]:
    scaled = (np.asarray(features, dtype=np.float64) - centre) / deviation
    return np.asarray(np.clip(scaled, -_CLIP, _CLIP))


def _nearest(points: NDArray[np.float64], references: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return (n,) the distance to the fifth nearest reference, or to the furthest where there are fewer."""
    squares = ((points[:, None] - np.asarray(references, dtype=np.float64)[None]) ** 2).sum(2)
    place = min(_NEIGHBOURS, len(references)) - 1
    return np.asarray(np.sqrt(np.partition(squares, place, axis=1)[:, place]))


def _array(stored: Mapping[str, Any]) -> NDArray[np.float32]:
    values = np.frombuffer(base64.b64decode(stored["base64"], validate=True), stored["type"])
    return np.asarray(values.reshape(stored["shape"]), dtype=np.float32)
