"""torch in bfloat16: a declared fast mode for GPUs, and for CPUs that compute in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from miqa_app.core.assessment import EngineIdentity
from miqa_app.scoring.engine import Engine
from miqa_app.scoring.engines.library import FAST_NOTE, require_bfloat16

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from miqa_app.networks import QualityNetwork
    from miqa_app.scoring.prediction import PlanePrediction


class ReducedEngine(Engine):
    """Runs a network with torch, its matrix products in bfloat16."""

    declared = (FAST_NOTE,)

    def __init__(self, network: QualityNetwork, device: str = "auto") -> None:
        """Put the network on the device, its weights in the order that bfloat16 kernels want.

        Raises:
            BadRequest: the device is unknown, this machine lacks it, or its CPU does not compute in bfloat16.
        """
        super().__init__(network, device)
        if self._device.type == "cpu":
            require_bfloat16()
        self.network.to(memory_format=torch.channels_last)
        self.identity = EngineIdentity("torch", self.identity.device, "bf16")

    def _run(self, planes: Sequence[NDArray[np.float32]]) -> list[PlanePrediction]:
        with torch.autocast(self._device.type, torch.bfloat16):
            return super()._run(planes)
