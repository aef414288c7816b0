"""The reference engine: torch in fp32, on whatever device the machine has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from miqa_app.core.assessment import EngineIdentity
from miqa_app.errors import BadRequest
from miqa_app.networks import predict_tiled
from miqa_app.scoring.prediction import FIELDS, TILED_FROM, PlanePrediction, in_points

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from miqa_app.networks import Prediction, QualityNetwork

DEVICES = ("auto", "cuda", "mps", "cpu")
_GPU_BATCH = 16


class Engine:
    """Runs one network with torch in fp32 on one device: the reference. Subclasses run it otherwise (`scoring.engines`).

    Attributes:
        network: on its device, in evaluation mode.
        identity: back end, device and precision, for the result.
        declared: sentences about the engine itself that belong beside every result.
        notes: those, and what had to be changed on the way, such as a smaller batch.
    """

    declared: tuple[str, ...] = ()

    def __init__(self, network: QualityNetwork, device: str = "auto") -> None:
        """Put the network on the device.

        Raises:
            BadRequest: the device is unknown or this machine lacks it.
        """
        self._device = pick_device(device)
        self.network = network.to(self._device).eval()
        self._batch = _GPU_BATCH if self._device.type == "cuda" else 1
        self.identity = EngineIdentity("torch", _device_name(self._device), "fp32")
        self.notes = [*self.declared]

    def predict(self, planes: Sequence[NDArray[np.float32]]) -> Iterator[PlanePrediction]:
        """Yield a prediction per plane, (H, W) float32 in [0, 1], in order; planes of one call have one size.

        Photographs may be given in colour, (3, H, W).
        """
        first = 0
        while first < len(planes):
            chunk = planes[first : first + self._batch]
            try:
                results = self._run(chunk)
            except torch.OutOfMemoryError:
                if self._batch == 1:
                    raise
                self._halve()
                continue
            yield from results
            first += len(chunk)

    @property
    def batch(self) -> int:
        """Return how many planes one `predict` step takes."""
        return self._batch

    def _halve(self) -> None:
        self._batch //= 2
        if self._device.type == "cuda":
            torch.cuda.empty_cache()
        smaller = f"The GPU ran out of memory; slices are now scored {self._batch} at a time."
        self.notes = [*self.declared, smaller]

    @torch.inference_mode()
    def _run(self, planes: Sequence[NDArray[np.float32]]) -> list[PlanePrediction]:
        images = as_batch(planes).to(self._device)
        # convolutions on a GPU would round to TF32, with 10 bits where fp32 has 23
        with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
            if max(images.shape[-2:]) > TILED_FROM:
                batches = [predict_tiled(self.network, image[None]) for image in images]
            else:
                batches = [self.network(images)]
        return [result for batch in batches for result in _unpacked(batch)]


def as_batch(planes: Sequence[NDArray[np.float32]]) -> Tensor:
    """Return planes as networks take them: slices (H, W) as (B, 1, H, W), photographs (3, H, W) as (B, 3, H, W)."""
    stacked = torch.from_numpy(np.stack(planes))
    return stacked if stacked.ndim == 4 else stacked[:, None]


def pick_device(name: str) -> torch.device:
    """Return the device of a name; 'auto' takes CUDA, then MPS, then the CPU.

    Raises:
        BadRequest: the device is unknown or this machine lacks it.
    """
    if name not in DEVICES:
        message = f"There is no device '{name}'; choose one of {', '.join(DEVICES)}."
        raise BadRequest(message)
    usable = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        return torch.device(next(device for device, there in usable.items() if there))
    if not usable[name]:
        message = f"This machine has no {name.upper()} device that torch can use; leave --device out to use the CPU."
        raise BadRequest(message)
    return torch.device(name)


def _device_name(device: torch.device) -> str:
    return f"cuda ({torch.cuda.get_device_name(device)})" if device.type == "cuda" else device.type


def _unpacked(batch: Prediction) -> Iterator[PlanePrediction]:
    """Yield the members of a batch as NumPy values in points of 100."""
    return in_points({name: getattr(batch, name).float().cpu().numpy() for name in FIELDS})
