"""A tiny rated set, a tiny network, and a run that takes a second."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
import torch

from miqa_app.evaluation.rated import RatedImage, RatedSet, Scale
from miqa_app.evaluation.rated.loading import Planes
from miqa_app.networks import MIQANet, NetworkConfig, build
from miqa_app.training.finetune.control import Control
from miqa_app.training.finetune.features import FeatureStore
from miqa_app.training.finetune.recipe import FineTuneRecipe
from miqa_app.training.finetune.rehearsal import RehearsalPool
from miqa_app.training.finetune.run import FineTuneTask, Tuned, fine_tune

LEVELS = 4
"""Noise levels of every reference: images 4 r to 4 r + 3 belong to reference r."""


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Locks of the test belong to the test."""
    home = tmp_path_factory.mktemp("home")
    for name in ("XDG_DATA_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(name, str(home))


def discs(folder: Path, references: int, *, clean: bool = True) -> RatedSet:
    """Make discs of different size, each at four noise levels: the more noise the lower the score."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(1)
    rows, columns = np.mgrid[:72, :80]
    images = []
    for reference in range(references):
        disc = 150.0 * (np.hypot(rows - 36, columns - 40) < 20 + 2 * reference)
        first = folder / f"{reference}-clean.png"
        sitk.WriteImage(sitk.GetImageFromArray(disc.astype(np.uint8)), str(first))
        for level in range(LEVELS):
            noisy = disc + 12 * level * rng.standard_normal(disc.shape)
            path = folder / f"{reference}-{level}.png"
            stored = np.clip(noisy, 0, 255).astype(np.uint8)
            sitk.WriteImage(sitk.GetImageFromArray(stored), str(path))
            mos, name = 90.0 - 25 * level, f"disc {reference}"
            source = first if clean else None
            images.append(
                RatedImage(path.name, path, mos, mos, name, name, ci=4.0 + level, clean=source)
            )
    return RatedSet("discs", tuple(images), Scale(0, 100))


@pytest.fixture(scope="session")
def rated(tmp_path_factory: pytest.TempPathFactory) -> RatedSet:
    """Six references at four noise levels."""
    return discs(tmp_path_factory.mktemp("rated"), 6)


def hand_made_pool() -> RehearsalPool:
    """Return eight groups of a clean and a noisy square, two of which are held back."""
    rng = np.random.default_rng(2)
    planes = []
    for group in range(8):
        for member in (0, 1):
            square = np.zeros((72, 72), dtype=np.float32)
            square[16 : 40 + 2 * group, 20:52] = 0.8
            noise = 0.15 * member * rng.standard_normal(square.shape)
            planes.append(np.clip(square + noise, 0, 1).astype(np.float32))
    held = np.repeat(np.arange(8) % 4 == 3, 2)
    return RehearsalPool(planes, held, (None,) * 16, "squares")


@pytest.fixture(scope="session")
def pool() -> RehearsalPool:
    return hand_made_pool()


@pytest.fixture
def task(rated: RatedSet, pool: RehearsalPool) -> FineTuneTask:
    """Learn from four references, choose by two."""
    return FineTuneTask(rated, Planes(rated), range(16), range(16, 24), pool)


def tiny(seed: int = 0) -> MIQANet:
    """Return the smallest network with stages, of random weights."""
    torch.manual_seed(seed)
    config = NetworkConfig(
        name="tiny", cnn="resnet10t", cnn_stages=(1,), transformer=None, ap="none",
        decoder="cnn", width=16,
    )  # fmt: skip
    return build(config).eval().requires_grad_(False)


@pytest.fixture
def parent() -> MIQANet:
    return tiny()


SHORT: dict[str, Any] = {
    "name": "short",
    "parts": "heads",
    "epochs": 3,
    "crops": 1,
    "batch": 8,
    "crop": 64,
    "learning_rate": 3e-3,
    "backbone_rate": 1e-3,
    "ema": 0.5,
    "precision": "32-true",
}


def short(**changes: Any) -> FineTuneRecipe:
    """Return a recipe of a few steps."""
    return FineTuneRecipe(**{**SHORT, **changes})


@dataclass
class Runner:
    """Runs fine-tunings in one folder and keeps what they told."""

    run: Path
    parent: MIQANet
    task: FineTuneTask
    events: list[Mapping[str, Any]]
    command: Path
    features: FeatureStore | None = None

    def __call__(
        self, recipe: FineTuneRecipe, also: Callable[[Mapping[str, Any]], None] = lambda _: None
    ) -> Tuned:
        """Fine-tune on one thread of the processor."""

        def heard(event: Mapping[str, Any]) -> None:
            self.events.append(event)
            also(event)

        control = Control(self.command)
        return fine_tune(
            self.parent, recipe, self.task, self.run, "cpu",
            control=control, report=heard, features=self.features,
        )  # fmt: skip

    def told(self, event: str) -> list[Mapping[str, Any]]:
        return [heard for heard in self.events if heard["event"] == event]


@pytest.fixture
def runner(tmp_path: Path, parent: MIQANet, task: FineTuneTask) -> Runner:
    return Runner(tmp_path / "run", parent, task, [], tmp_path / "control")
