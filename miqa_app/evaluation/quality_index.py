"""The simulated quality index Q: what a model learns from while nobody has rated.

Q = 100 · (0.6 · T_FR + 0.4 · T_sev) as in models.md 6.3. T_FR is the mean rank of full-reference metrics against the
clean slice among a frozen pool of degraded slices; T_sev falls with the rank of the artefact's energy on the object
within its kind, faster for structured and white artefacts than for coloured ones (Liu et al., IEEE TIP 2016). The
ranks, factors and exponents are frozen in resources/quality_index/q-N.json. Q is not a mean opinion score.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from piq import dss, gmsd, information_weighted_ssim, srsim

from miqa_app.core.artefact_kinds import KEYS
from miqa_app.errors import MiqaError
from miqa_app.paths import bundled

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

METRICS = ("gmsd", "iw_ssim", "srsim", "dss", "worst_decile")
"""Full-reference metrics in the order of `full_reference`; all turned so that larger is better."""

_SMALLEST = 176
"""Edge to which small slices are padded; IW-SSIM needs 161 pixels."""

VERSION = "q-1"


@dataclass(frozen=True)
class QualityIndex:
    """The frozen mapping from measurements to Q.

    Attributes:
        version: its name, written on every model card.
        metric_quantiles: 101 quantiles of each metric over the pool, ascending.
        energy_quantiles: 101 quantiles of the energy on the object by artefact kind.
        factor: how much of the severity term the worst case of a kind takes, 0–1.
        exponent: how fast it falls with the rank of the energy.
    """

    version: str
    metric_quantiles: Mapping[str, Sequence[float]]
    energy_quantiles: Mapping[str, Sequence[float]]
    factor: Mapping[str, float]
    exponent: float

    def q(self, metrics: Sequence[float], energies: Mapping[str, float]) -> float:
        """Return Q, 0–100, from the metrics of `full_reference` and the energy of each artefact applied.

        No artefact gives exactly 100.
        """
        if not energies:
            return 100.0
        ranks = [
            _rank(self.metric_quantiles[name], value)
            for name, value in zip(METRICS, metrics, strict=True)
        ]
        return 100 * (0.6 * float(np.mean(ranks)) + 0.4 * self.severity_term(energies))

    def severity_term(self, energies: Mapping[str, float]) -> float:
        """Return T_sev, 0–1: the product over the artefacts applied."""
        terms = [
            1 - self.factor[kind] * self.effective_severity(kind, energy) ** self.exponent
            for kind, energy in energies.items()
        ]
        return float(np.prod(terms))

    def effective_severity(self, kind: str, energy: float) -> float:
        """Return the rank, 0–1, of an energy among those of its kind."""
        return _rank(self.energy_quantiles[kind], energy)


def _rank(quantiles: Sequence[float], value: float) -> float:
    return float(np.interp(value, quantiles, np.linspace(0, 1, len(quantiles))))


def load_quality_index(path: Path | None = None) -> QualityIndex:
    """Return the frozen mapping.

    Raises:
        MiqaError: the file is missing or damaged.
    """
    path = path or bundled("resources") / "quality_index" / f"{VERSION}.json"
    try:
        return QualityIndex(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        message = f"The mapping of the quality index cannot be read from {path}: {error}; install miqa_app again."
        raise MiqaError(message) from error


FACTORS = dict(
    zip(KEYS, (1.0, 0.95, 0.9, 0.75, 0.9, 1.0, 0.85, 0.8, 0.95, 0.6, 1.0, 0.9, 1.0), strict=True)
)
"""Share of the severity term that the worst case takes, by kind: structured over unstructured, white over coloured."""


def fit_quality_index(
    metrics: NDArray[np.floating], energies: Mapping[str, Sequence[float]], version: str = VERSION
) -> QualityIndex:
    """Return the mapping fitted on a pool of degraded training slices.

    Args:
        metrics: (pairs, len(METRICS)).
        energies: energy on the object of every artefact of the pool, by kind.
        version: its name.
    """
    grid = np.linspace(0, 100, 101)
    return QualityIndex(
        version,
        {
            name: np.percentile(metrics[:, column], grid).tolist()
            for column, name in enumerate(METRICS)
        },
        {
            kind: np.percentile(np.asarray(values), grid).tolist()
            for kind, values in energies.items()
        },
        FACTORS,
        1.5,
    )


@torch.inference_mode()
def full_reference(clean: NDArray[np.float32], degraded: NDArray[np.float32]) -> list[float]:
    """Return the metrics of a degraded slice against its clean one, (H, W) in [0, 1], larger is better."""
    reference, test = _pair(clean), _pair(degraded)
    similarity = _gradient_similarity(reference, test)
    cut = torch.quantile(similarity.flatten()[:: max(1, similarity.numel() // 100_000)], 0.1)
    worst = similarity[similarity <= cut].mean()
    return [
        1 - float(gmsd(test, reference)),
        float(information_weighted_ssim(test, reference)),
        float(srsim(test, reference, chromatic=False)),
        float(dss(test, reference)),
        float(worst),
    ]


def _pair(plane: NDArray[np.float32]) -> torch.Tensor:
    """Return a plane as (1, 1, H, W) in [0, 1], reflected out to the size the metrics need."""
    image = torch.from_numpy(np.ascontiguousarray(np.clip(plane, 0, 1), dtype=np.float32))[
        None, None
    ]
    height, width = max(0, _SMALLEST - image.shape[-2]), max(0, _SMALLEST - image.shape[-1])
    return torch.nn.functional.pad(image, (0, width, 0, height), mode="replicate")


def _gradient_similarity(reference: torch.Tensor, test: torch.Tensor) -> torch.Tensor:
    """Return the gradient magnitude similarity per pixel, 0–1 (Xue et al., IEEE TIP 2014)."""
    prewitt = torch.tensor([[1.0, 0, -1]] * 3)[None, None] / 3
    gradients = []
    for image in (reference, test):
        small = torch.nn.functional.avg_pool2d(image, 2)
        across = torch.nn.functional.conv2d(small, prewitt, padding=1)
        down = torch.nn.functional.conv2d(small, prewitt.transpose(-1, -2), padding=1)
        gradients.append(torch.sqrt(across**2 + down**2))
    constant = 170 / 255**2
    product = 2 * gradients[0] * gradients[1] + constant
    return product / (gradients[0] ** 2 + gradients[1] ** 2 + constant)
