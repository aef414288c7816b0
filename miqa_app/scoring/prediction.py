"""What an engine says of a plane, and what every engine can do; nothing here needs torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from miqa_app.core.artefact_kinds import KEYS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from miqa_app.core.assessment import EngineIdentity

TILED_FROM = 1088
"""Edge above which sliding windows replace the full frame (models.md 1.1.3)."""

FIELDS = (
    "score",
    "log_variance",
    "artefact_logits",
    "severity",
    "score_map",
    "weight_map",
    "embedding",
)
"""What of a network's prediction goes into that of a plane, see `networks.Prediction`."""


@dataclass(frozen=True, eq=False)
class PlanePrediction:
    """The network's word on one plane; scores 0–100, maps on cells of eight pixels, see `SlicePrediction`."""

    score: float
    deviation: float
    score_map: NDArray[np.float32]
    attention_map: NDArray[np.float32]
    artefacts: dict[str, float]
    severity: dict[str, float]
    embedding: NDArray[np.float32]


class PlaneEngine(Protocol):
    """Planes in, predictions out.

    Attributes:
        identity: back end, device and precision, for the result.
        notes: sentences about the engine, and what had to be changed on the way, that belong beside every result.
    """

    identity: EngineIdentity
    notes: list[str]

    @property
    def batch(self) -> int:
        """Return how many planes one `predict` step takes."""

    def predict(self, planes: Sequence[NDArray[np.float32]]) -> Iterator[PlanePrediction]:
        """Yield a prediction per plane, (H, W) float32 in [0, 1], in order; planes of one call have one size."""


def in_points(fields: Mapping[str, NDArray[np.float32]]) -> Iterator[PlanePrediction]:
    """Yield the members of a batch in points of 100.

    Args:
        fields: `FIELDS` by name, as the network returns them, each with the batch as its first axis.
    """
    probability = 1 / (1 + np.exp(-fields["artefact_logits"].astype(np.float64)))
    for row in range(len(fields["score"])):
        yield PlanePrediction(
            score=float(np.clip(fields["score"][row], 0, 1)) * 100,
            deviation=float(np.exp(0.5 * np.clip(fields["log_variance"][row], -10, 2))) * 100,
            score_map=np.clip(fields["score_map"][row], 0, 1) * np.float32(100),
            attention_map=fields["weight_map"][row],
            artefacts=dict(zip(KEYS, probability[row].tolist(), strict=True)),
            severity=dict(zip(KEYS, fields["severity"][row].tolist(), strict=True)),
            embedding=fields["embedding"][row],
        )
