"""How the raters of the simulated site judge: stricter on motion, lenient on noise, on a narrower scale.

Set before any result was seen. The damage 100 - Q of an image counts 1.5 times where an artefact of motion is in it, half
where it is noise, and as it is for all others; what comes out is pressed into 35 to 85 points. Twelve raters then see it with
a bias (standard deviation 5 points) and a noise (7 points) of their own; the mean opinion score is their mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

MOTION = ("ghosting", "edge_ghosting", "motion")
NOISE = ("white_noise", "coloured_noise", "rician_noise")


@dataclass(frozen=True)
class Site:
    """A site's way to judge.

    Attributes:
        motion: factor on the damage of motion kinds.
        noise: factor on the damage of noise kinds.
        low: score of the worst image.
        high: score of the best image.
        raters: number of raters.
        bias: standard deviation of a rater's mean, points.
        scatter: standard deviation of a rater's repeated votes, points.
        seed: of the raters.
    """

    motion: float = 1.5
    noise: float = 0.5
    low: float = 35.0
    high: float = 85.0
    raters: int = 12
    bias: float = 5.0
    scatter: float = 7.0
    seed: int = 7

    def latent(self, q: float, kinds: Sequence[str]) -> float:
        """Return what the site thinks of an image without the scatter of raters, on its own scale.

        Args:
            q: simulated quality index, 0-100.
            kinds: artefacts in the image; factors of two are joined by their geometric mean.
        """
        factors = [
            self.motion if kind in MOTION else self.noise if kind in NOISE else 1.0
            for kind in kinds
        ]
        factor = float(np.exp(np.mean(np.log(factors)))) if factors else 1.0
        own = max(0.0, 100 - factor * (100 - q))
        return self.low + (self.high - self.low) * own / 100

    def votes(self, latent: NDArray[np.float64], part: int) -> NDArray[np.float64]:
        """Return (images, raters) votes, 0-100; the raters of all parts are the same people.

        Args:
            latent: (images,) from `latent`.
            part: number of the part of the material, so that its votes scatter on their own.
        """
        people = np.random.default_rng(self.seed).normal(0, self.bias, self.raters)
        rng = np.random.default_rng([self.seed, part])
        scatter = rng.normal(0, self.scatter, (len(latent), self.raters))
        return np.clip(latent[:, None] + people + scatter, 0, 100)


def opinions(votes: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and half width of the 95 % interval, both (images,), of (images, raters) votes."""
    widths = 1.96 * votes.std(1, ddof=1) / votes.shape[1] ** 0.5
    return votes.mean(1), np.asarray(widths)
