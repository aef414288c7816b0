"""A program whose only model is a small one, so that a whole fine-tuning takes seconds; run with `python -m`, it is `miqa`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import torch

import miqa_app.registry.folders
import miqa_app.services.finetune_companions
import miqa_app.services.finetune_judge
from miqa_app import paths
from miqa_app.networks import NetworkConfig, build
from miqa_app.registry.checkpoint import save_model

if TYPE_CHECKING:
    from collections.abc import Callable

RECIPE = """name: small
parts: heads
epochs: {epochs}
crops: 1
batch: 8
crop: 64
learning_rate: 0.003
patience: {epochs}
ema: 0.5
rehearsal: {rehearsal}
precision: 32-true
"""

INTERVAL = {"factor": 1.5, "level": 0.9, "slice_factor": 2.0, "base": 5.0}
_bundled = paths.bundled


def write_models(folder: Path) -> None:
    """Write a model called 'small' with random weights, as the one that came with the program."""
    torch.manual_seed(3)
    design = NetworkConfig(
        name="small", cnn="simplecnn", transformer=None, ap="none", decoder="cnn", width=16
    )
    config = {
        "preprocessing": {"version": "robust-series-1"},
        "score_scale": {"low": 0, "high": 100, "best": 100, "target": "q-1"},
        "training": {"summary": "weights at random"},
        "interval": INTERVAL,
    }
    save_model(folder / "small", build(design).eval(), config, "# small\n")
    (folder / "default").write_text("small\n", encoding="utf-8")


def write_recipe(path: Path, *, epochs: int = 2, rehearsal: float = 0.0) -> str:
    """Write a recipe of a few steps and return its path."""
    path.write_text(RECIPE.format(epochs=epochs, rehearsal=rehearsal), encoding="utf-8")
    return str(path)


def bundled_from(models: Path) -> Callable[[str], Path]:
    """Return `paths.bundled` with the models of a folder for the bundled ones."""
    return lambda name: models if name == "models" else _bundled(name)


if __name__ == "__main__":
    from miqa_app.__main__ import main

    torch.set_num_threads(1)
    miqa_app.registry.folders.bundled = bundled_from(Path(os.environ["SMALL_WORLD"]))  # type: ignore[assignment]
    paths.own_command = lambda: [sys.executable, "-m", "tests.services.small_world"]
    # no simulation on bundled scans, which takes a minute
    miqa_app.services.finetune_judge.references = list  # type: ignore[assignment]
    if "SMALL_WORLD_GPUS" in os.environ and "WORLD_SIZE" not in os.environ:
        # as many processes on the CPU as there would be GPUs
        count = int(os.environ["SMALL_WORLD_GPUS"])
        miqa_app.services.finetune_companions.gpus = lambda device: count  # noqa: ARG005
    sys.exit(main())
