"""The engine gives the same answer every time, whatever the batch, and says what it runs on."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from miqa_app.core.artefact_kinds import KEYS
from miqa_app.errors import BadRequest
from miqa_app.networks import build
from miqa_app.scoring.engine import Engine, pick_device


@pytest.fixture(scope="module")
def engine() -> Engine:
    torch.manual_seed(1)
    return Engine(build("lite"), "cpu")


def plane(seed: int, shape: tuple[int, int] = (96, 120)) -> np.ndarray:
    return np.random.default_rng(seed).random(shape, dtype=np.float32)


def test_a_prediction_is_in_points_of_100_on_cells_of_eight_pixels(engine: Engine) -> None:
    result = next(iter(engine.predict([plane(0)])))
    assert 0 <= result.score <= 100
    assert result.deviation > 0
    assert result.score_map.shape == result.attention_map.shape == (12, 15)
    assert 0 <= result.score_map.min() <= result.score_map.max() <= 100
    assert tuple(result.artefacts) == KEYS
    assert all(0 <= value <= 1 for value in result.artefacts.values())


def test_the_same_plane_gives_the_same_bits(engine: Engine) -> None:
    first, second = engine.predict([plane(3), plane(3)])
    assert first.score == second.score
    assert (first.score_map == second.score_map).all()


def test_the_identity_names_backend_device_and_precision(engine: Engine) -> None:
    assert (engine.identity.backend, engine.identity.device, engine.identity.precision) == (
        "torch",
        "cpu",
        "fp32",
    )


class _Recording(torch.nn.Module):
    """A network that notes how it is asked to compute."""

    def __init__(self) -> None:
        super().__init__()
        self.network, self.rounds = build("lite"), []

    def forward(self, images: torch.Tensor) -> object:
        self.rounds.append(torch.backends.cudnn.allow_tf32)
        return self.network(images)


def test_the_reference_does_not_round_to_tf32_and_leaves_the_setting_as_it_was() -> None:
    before = torch.backends.cudnn.allow_tf32
    network = _Recording()
    list(Engine(network, "cpu").predict([plane(0)]))
    assert network.rounds == [False]
    assert torch.backends.cudnn.allow_tf32 is before


class _Short(torch.nn.Module):
    """A network that runs out of memory above a batch size, as a GPU does."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.network, self.most = build("lite"), most

    def forward(self, images: torch.Tensor) -> object:
        if len(images) > self.most:
            raise torch.OutOfMemoryError
        return self.network(images)


def test_out_of_memory_halves_the_batch_goes_on_and_says_so() -> None:
    engine = Engine(_Short(2), "cpu")
    engine._batch = 8
    results = list(engine.predict([plane(seed) for seed in range(5)]))
    assert len(results) == 5
    assert engine.batch == 2
    assert "2 at a time" in engine.notes[0]


def test_out_of_memory_at_one_slice_is_not_swallowed() -> None:
    engine = Engine(_Short(0), "cpu")
    with pytest.raises(torch.OutOfMemoryError):
        list(engine.predict([plane(0)]))


def test_a_device_that_is_not_there_is_refused_with_advice() -> None:
    with pytest.raises(BadRequest, match="choose one of auto, cuda, mps, cpu"):
        pick_device("tpu")
    if not torch.cuda.is_available():
        with pytest.raises(BadRequest, match="leave --device out"):
            pick_device("cuda")
