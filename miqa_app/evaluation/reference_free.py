"""Reference-free measures of a slice, beside which a learnt model has to stand.

They follow the definitions of MRIQC (Esteban et al., PLoS ONE 2017), taken on one slice instead of a volume; each
function says where that makes a difference. None of them was made to be compared between contrasts or anatomies.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import median_filter
from scipy.special import xlogy
from scipy.stats import median_abs_deviation

from miqa_app.core.foreground import object_mask, otsu_threshold
from miqa_app.evaluation.niqe import Niqe

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

_SMOOTHED = 5
"""Edge in pixels of the median under which the two classes of `joint_variation` are split."""


@dataclass(frozen=True)
class Measure:
    """One measure of a plane.

    Attributes:
        key: its name in tables and in the result of `reference_free`.
        name: its name for people.
        lower_is_better: the direction in which its source reads it.
        source: the publication that it comes from.
        of: takes (H, W) float32 in [0, 1]; NaN where the measure is not defined.
    """

    key: str
    name: str
    lower_is_better: bool
    source: str
    of: Callable[[NDArray[np.float32]], float]


def reference_free(plane: NDArray[np.float32]) -> dict[str, float]:
    """Return every measure of `MEASURES` of a plane, by key.

    Args:
        plane: (H, W) float32 in [0, 1].

    Raises:
        ValueError: the plane is no finite plane in [0, 1].
    """
    if plane.ndim != 2 or plane.size == 0:
        message = f"A plane has rows and columns; this one has the shape {plane.shape}."
        raise ValueError(message)
    if not (plane.min() >= 0 and plane.max() <= 1):
        message = "A plane for the reference-free measures holds finite values from 0 to 1."
        raise ValueError(message)
    return {measure.key: measure.of(plane) for measure in MEASURES}


def entropy_focus(plane: NDArray[np.float32]) -> float:
    """Return the entropy focus criterion, 0 (all energy in one pixel) to 1 (all pixels alike); NaN for a black plane.

    −Σ x/m · ln(x/m) with m = √Σx², over its greatest value √n · ln √n, which n equal pixels reach. Ghosts and motion
    blur spread the signal, so a lower value is better. The whole frame counts, so the value falls with the share of
    air: compare planes of one field of view.
    """
    values = plane.astype(np.float64).ravel()
    energy = float(np.sqrt((values**2).sum()))
    if energy == 0 or values.size < 2:
        return float("nan")
    share = values / energy
    return float(-xlogy(share, share).sum() / (np.sqrt(values.size) * np.log(np.sqrt(values.size))))


def energy_ratio(plane: NDArray[np.float32]) -> float:
    """Return the mean energy on the object over that in the air, > 0; NaN without object, air, or signal in the air.

    The object is `object_mask` of this very plane. Ghosts and noise in the air lower it, so a higher value is better;
    where the scanner has blackened the air there is nothing to measure. Means, as the measure is defined; the newest
    MRIQC takes medians, which are 0 in air that was clipped.
    """
    inside = object_mask(plane)
    if not inside.any() or inside.all():
        return float("nan")
    energy = plane.astype(np.float64) ** 2
    air = float(energy[~inside].mean())
    return float(energy[inside].mean()) / air if air > 0 else float("nan")


def joint_variation(plane: NDArray[np.float32]) -> float:
    """Return the coefficient of joint variation, (σ₁ + σ₂) / |μ₁ − μ₂|, ≥ 0; NaN where the object has one grey only.

    MRIQC takes white and grey matter from a segmentation of the brain, μ as the median and σ as the median absolute
    deviation scaled to that of a Gaussian. One slice of any body region has no such segmentation, so the two classes
    here are the darker and the brighter part of the object, split at Otsu's threshold of the slice after a median over
    5×5 pixels: noise then widens the classes instead of moving pixels between them. Each may hold several tissues, so
    values lie above those of MRIQC. Lower is better.
    """
    inside = object_mask(plane)
    smooth = median_filter(plane, _SMOOTHED)
    if not inside.any() or np.ptp(smooth[inside]) == 0:
        return float("nan")
    bright = smooth > otsu_threshold(smooth[inside])
    upper, lower = plane[inside & bright], plane[inside & ~bright]
    if upper.size == 0 or lower.size == 0:
        return float("nan")
    gap = abs(float(np.median(upper)) - float(np.median(lower)))
    spread = sum(float(median_abs_deviation(part, scale="normal")) for part in (upper, lower))
    return spread / gap if gap > 0 else float("nan")


def gradient_entropy(plane: NDArray[np.float32]) -> float:
    """Return the entropy in bits of the gradient magnitude as a distribution over pixels, 0 to log₂(pixels).

    Sharp images concentrate their gradients; a lower value is better.
    """
    down, across = np.gradient(plane.astype(np.float64))
    magnitude = np.hypot(down, across).ravel()
    share = magnitude / max(float(magnitude.sum()), 1e-12)
    return float(-xlogy(share, share).sum() / np.log(2))


def niqe_mri(plane: NDArray[np.float32]) -> float:
    """Return NIQE with its pristine model fitted on clean MRI, ≥ 0; NaN where no patch has contrast."""
    return _niqe()(plane)


@cache
def _niqe() -> Niqe:
    return Niqe.bundled()


MEASURES: tuple[Measure, ...] = (
    Measure(
        "niqe_mri",
        "NIQE refitted on MRI",
        True,
        "Mittal, Soundararajan and Bovik, IEEE Signal Processing Letters 2013",
        niqe_mri,
    ),
    Measure(
        "entropy_focus",
        "entropy focus criterion",
        True,
        "Atkinson et al., IEEE Transactions on Medical Imaging 1997",
        entropy_focus,
    ),
    Measure(
        "gradient_entropy",
        "gradient entropy",
        True,
        "McGee et al., Journal of Magnetic Resonance Imaging 2000",
        gradient_entropy,
    ),
    Measure(
        "energy_ratio",
        "foreground-background energy ratio",
        False,
        "Shehzad et al., Frontiers in Neuroscience, Neuroinformatics 2015",
        energy_ratio,
    ),
    Measure(
        "joint_variation",
        "coefficient of joint variation",
        True,
        "Ganzetti, Wenderoth and Mantini, Frontiers in Neuroinformatics 2016",
        joint_variation,
    ),
)
"""The measures in the order of the tables."""
