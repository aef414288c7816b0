"""`base` and `lite` by every engine of this machine against a network of MANIQA's size and two plain backbones.

All contestants take turns in every round, so that what else the machine does meets all of them; medians and their ratios.
"""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING

import numpy as np
import timm
import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from miqa_app.scoring.engine import Engine
from miqa_app.scoring.engines.openvino import OpenVinoEngine
from tests.benchmarks.maniqa_size import ManiqaSize
from tests.scoring.engines.machine import ENGINES, engine_of, network_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from miqa_app.scoring.prediction import PlaneEngine

_THREADS = 2
_EDGE = 224
_ROUNDS = 5
_STAND_IN = "ViT-B/8 of MANIQA's size"
_BACKBONES = "ResNet34 + Swin-T"


class Backbones(nn.Module):
    """ResNet34 and Swin-T one after the other, nothing else."""

    def __init__(self) -> None:
        """Build both from random weights."""
        super().__init__()
        self.cnn = timm.create_model("resnet34", features_only=True)
        self.swin = timm.create_model(
            "swin_tiny_patch4_window7_224", features_only=True, strict_img_size=False
        )

    def forward(self, image: torch.Tensor) -> object:
        """Return both feature lists."""
        return self.cnn(image), self.swin(image)


def run() -> Iterator[tuple[str, float, str]]:
    """Yield size and time of the stand-in, and how the networks stand to it and to the backbones, batch 1, 2 threads."""
    torch.set_num_threads(_THREADS)
    stand_in, backbones = ManiqaSize().eval(), Backbones().eval()
    image = torch.rand(1, 3, _EDGE, _EDGE)
    yield f"{_STAND_IN}, weights", _weights(stand_in) / 1e6, "million"
    yield f"{_STAND_IN}, 224", operations(stand_in, image) / 1e9, "GMACs"
    contestants: dict[str, Callable[[], object]] = {
        _STAND_IN: lambda: stand_in(image),
        _BACKBONES: lambda: backbones(image),
    }
    for name in ("lite", "base"):
        for kind in ("torch fp32", *ENGINES):
            engine = _engine(kind, name)
            if engine is not None:
                contestants[f"{name}, {kind}, 224 alone"] = _alone(engine)
                contestants[f"{name}, {kind}, 224 as scored, with its margin"] = _scored(engine)
    seconds = _medians(contestants)
    for name in (_STAND_IN, _BACKBONES):
        yield f"{name}, torch fp32, 224", seconds[name] * 1000, "ms"
    for name in list(contestants)[2:]:
        yield name, seconds[name] * 1000, "ms"
        yield f"{_STAND_IN} against it", seconds[_STAND_IN] / seconds[name], "times"
        yield f"of the time of {_BACKBONES}", seconds[name] / seconds[_BACKBONES], "ratio"


def operations(network: nn.Module, image: torch.Tensor) -> int:
    """Return the multiply-accumulates of a network on an image, attention counted."""
    with (
        torch.inference_mode(),
        sdpa_kernel(SDPBackend.MATH),
        FlopCounterMode(display=False) as counter,
    ):
        network(image)
    return counter.get_total_flops() // 2


def _weights(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def _engine(kind: str, name: str) -> PlaneEngine | None:
    return Engine(network_of(name), "cpu") if kind == "torch fp32" else engine_of(kind, name)


def _alone(engine: PlaneEngine) -> Callable[[], object]:
    """The network on 224 x 224 pixels without the margin that padding adds."""
    if isinstance(engine, OpenVinoEngine):
        pixels = np.random.default_rng(0).random((1, 1, _EDGE, _EDGE), dtype=np.float32)
        mask = np.ones((1, _EDGE // 8, _EDGE // 8), bool)
        return lambda: engine.infer(pixels, mask)
    assert isinstance(engine, Engine)
    network = engine.network
    device = next(network.parameters()).device
    image = torch.rand(1, 1, _EDGE, _EDGE, device=device)
    valid = torch.ones(1, _EDGE // 8, _EDGE // 8, dtype=torch.bool, device=device)
    precision = torch.autocast(
        device.type, torch.bfloat16, enabled=engine.identity.precision == "bf16"
    )

    def call() -> object:
        with precision:
            return network.predict_padded(image, valid)

    return call


def _scored(engine: PlaneEngine) -> Callable[[], object]:
    plane = np.random.default_rng(0).random((_EDGE, _EDGE), dtype=np.float32)
    return lambda: list(engine.predict([plane]))


@torch.inference_mode()
def _medians(contestants: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Return the median seconds of each; the first round warms up."""
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(_ROUNDS + 1):
        for name, call in contestants.items():
            start = time.perf_counter()
            call()
            if number:
                times[name].append(time.perf_counter() - start)
    return {name: statistics.median(taken) for name, taken in times.items()}
