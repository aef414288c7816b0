"""OpenVINO on the CPU: one graph of a network for slices of every size.

In fp32 it is exact; in bfloat16, on processors that compute in it, it is a declared fast mode. OpenVINO picks bfloat16 by
itself where it can, so the precision is always asked for. Where a graph is there, a slice is scored without torch, whose
import takes longer than scoring a series of ten slices.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from miqa_app.core.assessment import EngineIdentity
from miqa_app.scoring.engines.library import FAST_NOTE, library, require_bfloat16
from miqa_app.scoring.prediction import FIELDS, TILED_FROM, in_points

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from miqa_app.scoring.prediction import PlaneEngine, PlanePrediction

HINTS = {"fp32": "f32", "bf16": "bf16"}
"""What OpenVINO calls the precisions."""
_MAPS = ("score_map", "weight_map")


@dataclass(frozen=True)
class Framing:
    """How a plane becomes the image that a graph takes, see `networks.QualityNetwork`.

    Attributes:
        grid: pixels per cell of the maps.
        multiple: pixels, of which both sides of a padded image are multiples.
        margin: least number of pixels that are added at the bottom and on the right.
        smallest: pixels that both sides of a plane must exceed.
        masked: whether the graph takes the padded image with the mask of its real cells; else it takes whole cells alone.
    """

    grid: int
    multiple: int
    margin: int
    smallest: int
    masked: bool

    def frame(self, plane: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return image (1, 1, H', W') and mask (1, H' / grid, W' / grid) of a plane (H, W)."""
        image = self._padded(plane)
        rows, columns = self.cells(plane)
        if not self.masked:
            image = image[: rows * self.grid, : columns * self.grid]
        mask = np.zeros((image.shape[0] // self.grid, image.shape[1] // self.grid), bool)
        mask[:rows, :columns] = True
        return np.ascontiguousarray(image)[None, None], mask[None]

    def cells(self, plane: NDArray[np.float32]) -> tuple[int, int]:
        """Return rows and columns of the maps of a plane."""
        return -(-plane.shape[0] // self.grid), -(-plane.shape[1] // self.grid)

    def fits(self, plane: NDArray[np.float32]) -> bool:
        """Return whether a graph can judge a plane as a whole."""
        return max(plane.shape) <= TILED_FROM and min(self.cells(plane)) * self.grid > self.smallest

    def _padded(self, plane: NDArray[np.float32]) -> NDArray[np.float32]:
        """Do as `networks.pooling.pad`."""
        for axis, side in enumerate(plane.shape):
            added = self.margin + -(side + self.margin) % self.multiple
            widths = [(0, added if axis == other else 0) for other in range(2)]
            plane = np.pad(plane, widths, mode="reflect" if added < side else "edge")
        return plane


@dataclass(frozen=True, eq=False)
class Graph:
    """A network as OpenVINO writes it for one kind of processor.

    Attributes:
        body: the network behind the input channels, or the whole of it where `channels` is None.
        channels: from the slice to its three channels, which stay in fp32 in the fast mode, see `graph.takes_views`.
        framing: of a plane.
    """

    body: bytes
    channels: bytes | None
    framing: Framing


class OpenVinoEngine:
    """Runs a network by its graph on the CPU; see `PlaneEngine`.

    Attributes:
        identity: of the engine that judged the planes last: torch's for planes that a graph cannot take.
        notes: of that engine.
    """

    batch = 1

    def __init__(
        self,
        graph: Graph,
        reference: Callable[[], PlaneEngine],
        precision: str = "fp32",
        threads: int = 0,
    ) -> None:
        """Read the graph.

        Args:
            graph: of the network.
            reference: makes the engine, with torch, for planes that are too large or too small for a graph.
            precision: 'fp32', or 'bf16' for the fast mode.
            threads: of the CPU; all by default.

        Raises:
            BadRequest: the CPU does not compute in bfloat16.
            RuntimeError: the graph cannot be used on this computer.
        """
        if precision == "bf16":
            require_bfloat16()
        self._framing = graph.framing
        self._channels = _request(graph.channels, "fp32", threads) if graph.channels else None
        self._body = _request(graph.body, precision, threads)
        self._make_reference = reference
        self._reference: PlaneEngine | None = None
        self._own = EngineIdentity("openvino", "cpu", precision)
        self.identity, self.notes = self._own, self._own_notes()

    def predict(self, planes: Sequence[NDArray[np.float32]]) -> Iterator[PlanePrediction]:
        """Yield a prediction per plane, (H, W) float32 in [0, 1], in order."""
        for plane in planes:
            if self._framing.fits(plane):
                self.identity, self.notes = self._own, self._own_notes()
                yield from in_points(self._asked(plane))
            else:
                self._reference = self._reference or self._make_reference()
                self.identity, self.notes = self._reference.identity, self._reference.notes
                yield from self._reference.predict([plane])

    def _own_notes(self) -> list[str]:
        return [FAST_NOTE] if self._own.precision == "bf16" else []

    def _asked(self, plane: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Return what the graph says of a plane, its maps cut to the cells of the plane."""
        fields = self.infer(*self._framing.frame(plane))
        rows, columns = self._framing.cells(plane)
        return fields | {name: fields[name][:, :rows, :columns] for name in _MAPS}

    def infer(
        self, image: NDArray[np.float32], mask: NDArray[np.bool_]
    ) -> dict[str, NDArray[np.float32]]:
        """Return `FIELDS` of a framed image (1, 1, H, W) with its mask (1, H / grid, W / grid)."""
        if self._channels is not None:
            image = self._channels.infer([image], share_inputs=True)[0]
        said = self._body.infer([image, mask], share_inputs=True)
        return {name: said[name] for name in FIELDS}


def _request(model: bytes, precision: str, threads: int) -> Any:
    """Return a request of a model for one slice at a time."""
    wanted = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": HINTS[precision],
        "INFERENCE_NUM_THREADS": threads,
    }
    return library().Core().import_model(model, "CPU", wanted).create_infer_request()
