"""A small real model with real evidence, as a site would have made it."""

from __future__ import annotations

import atexit
import json
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from miqa_app.evaluation.evidence import (
    CanaryFacts,
    CurvePoint,
    DataFacts,
    Evidence,
    EvidenceInputs,
    LearningFacts,
    Model,
    ModelChecks,
    SplitFacts,
    evidence,
)
from miqa_app.evaluation.predictions import Predictions
from miqa_app.networks import MIQANet, NetworkConfig, build
from miqa_app.registry.acceptance import evidence_file
from miqa_app.registry.canary import keep_canary, read_canary, store_canary
from miqa_app.registry.checkpoint import save_model
from miqa_app.registry.durable import write_whole
from miqa_app.registry.exchange import export_archive
from miqa_app.registry.folders import ModelFolder, default_model, read_folder
from miqa_app.registry.share import shareable_card, shareable_config

MERIT = {"srocc": 0.8, "plcc": 0.81, "rmse": 9.5}

CONFIG: dict[str, Any] = {
    "preprocessing": {
        "version": "robust-series-1",
        "range": [0, 1],
        "low": "0.5th percentile of the series",
        "high": "99.5th percentile of its object",
    },
    "score_scale": {"low": 0, "high": 100, "best": 100, "target": "q-1"},
    "interval": {"factor": 1.2, "level": 0.9, "per_kind": {"motion": 4.0}},
    "training": {
        "summary": "",
        "parent": {"name": "lite", "sha256": "a" * 64},
        "recipe": {"name": "adapter", "parts": "adapter", "epochs": 8, "loss": {"mse": 4.0}},
        "finetune": {
            "seeds": [
                {"seed": 1, "epochs": 4, "validation": MERIT, "curve": [{"epoch": 1, "loss": 0.5}]}
            ],
            "kept": "average of 3 seeds",
            "seconds": 120.5,
            "device": "cpu",
        },
        "rated": {"images": 160, "references": 16, "subjects": 16, "raters": 9},
    },
}


NAME = "lite-knees-20260810"


def prepared(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a site of its own below a folder, with the candidate `NAME`, and return its folder of models."""
    monkeypatch.setenv("XDG_DATA_HOME", str(place / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(place / "settings"))
    monkeypatch.delenv("MIQA_STORE", raising=False)
    shutil.copytree(_built(), place / "data" / "miqa_app")
    return place / "data" / "miqa_app" / "models"


def exported() -> bytes:
    """Return the candidate of a site that `prepared` made as an archive that this site signed."""
    return (_built() / "exported.miqa").read_bytes()


@cache
def _built() -> Path:
    """Make the candidate, the site's key and an archive once for all tests of a run."""
    home = Path(tempfile.mkdtemp(prefix="miqa-test-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(home))
        site = home / "miqa_app"
        export_archive(candidate(site / "models", NAME), site / "exported.miqa")
    return site


def rebound(folder: Path) -> ModelFolder:
    """Bind evidence and canary of a changed folder to its content, as if they had been made for it."""
    model = read_folder(folder)
    document = json.loads(evidence_file(folder).read_text())
    document["candidate"] = {"name": model.name, "sha256": model.sha256}
    write_whole(evidence_file(folder), json.dumps(document).encode())
    canary = read_canary(folder)
    assert canary is not None
    keep_canary(canary.model_copy(update={"model": model.sha256}), folder)
    return model


def tiny_network(seed: int) -> MIQANet:
    """A CNN of 16 channels with random weights."""
    torch.manual_seed(seed)
    config = NetworkConfig(
        name="tiny", cnn="simplecnn", transformer=None, ap="none", decoder="cnn", width=16
    )
    return build(config).eval()


def candidate(models: Path, name: str, seed: int = 5) -> ModelFolder:
    """Save a model with canary and passing evidence against the active one."""
    network = tiny_network(seed)
    config = shareable_config({**CONFIG, "network": network.config.model_dump()})
    save_model(models / name, network, config, shareable_card(config))
    folder = read_folder(models / name)
    store_canary(folder.path)
    give_evidence(folder)
    return folder


def give_evidence(folder: ModelFolder, **changes: Any) -> Evidence:
    """Write evidence on a model against the active one; by default the gate passes it."""
    found = evidence_on(folder, default_model(), **changes)
    write_whole(evidence_file(folder.path), found.model_dump_json(indent=1).encode())
    return found


def evidence_on(
    folder: ModelFolder, active: ModelFolder, *, noise: float = 4.0, references: int = 16
) -> Evidence:
    """Return real evidence on made-up predictions: the candidate's noise against 14 points of the active model."""
    rng = np.random.default_rng(11)
    count = references * 10
    targets = rng.uniform(5, 95, count)
    names = tuple(f"ref{number // 10:02d}" for number in range(count))
    parent = targets + rng.normal(0, 14, count)
    methods = {
        "candidate": targets + rng.normal(0, noise, count),
        "active": parent,
        "shipped": parent,
    }
    images = tuple(f"{name}-{number}" for number, name in enumerate(names))
    held_out = Predictions(images, names, targets, methods)
    same = targets + rng.normal(0, 8, count)
    rehearsal = Predictions(
        images, names, targets, {"candidate": same + 0.01, "active": same, "shipped": same}
    )
    models = [Model(name=one.name, sha256=one.sha256) for one in (folder, active, active)]
    return evidence(
        EvidenceInputs(
            *models,
            held_out,
            rehearsal,
            data=DataFacts(
                version="b" * 64, images=count, references=references, subjects=references, raters=9,
                votes_per_image=9, mos_low=5, mos_high=95, mos_sd=25, median_ci=6,
            ),
            split=SplitFacts(
                design="nested", folds=4, leaking_references=0, leaking_subjects=0, leaking_duplicates=0
            ),
            learning=LearningFacts(
                recipe="adapter", parts="adapter", seeds=3, result="average", epochs=12, seconds=100.0,
                device="cpu", train_images=count, train_references=references,
                curve=(CurvePoint(seed=1, epoch=0, srocc=0.7, rmse=14),),
            ),
            checks=_checks(),
            canary=CanaryFacts(inputs=6, largest_change=0.0),
        )
    )  # fmt: skip


def _checks() -> ModelChecks:
    changes = (
        "flip left to right",
        "flip top to bottom",
        "gain −10 %",
        "gain +10 %",
        "shift by 2 pixels",
    )
    moved = {"mean": 1.0, "p95": 2.0, "images": 4}
    maps = {"images": 4, "randomised": 0.1, "pointing": 0.9, "blind": 0.5}
    one = {"changes": dict.fromkeys(changes, moved), "maps": maps, "milliseconds": 50.0}
    return ModelChecks.model_validate(
        {
            "candidate": one,
            "active": one,
            "slower": 1.0,
            "rows": 256,
            "columns": 256,
            "device": "cpu",
        }
    )
