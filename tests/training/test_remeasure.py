"""A model is measured anew: a stopped measurement goes on, and never takes what was measured of something else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from miqa_app.errors import BadRequest
from miqa_app.evaluation import explanations, interval
from miqa_app.networks import build
from miqa_app.registry.checkpoint import load_model, save_model
from miqa_app.services.measure import remeasure
from miqa_app.services.measured_parts import Parts
from miqa_app.training.keeping import model_config
from miqa_app.training.recipe import Recipe

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Stopped(Exception):  # noqa: N818 it stands for a kill, not for a fault
    """What ends a measurement from outside."""


@pytest.fixture
def unmeasured(recipe_values: dict[str, Any], tmp_path: Path) -> Path:
    """A model as a mean of two has it: weights and a recipe, no figures."""
    recipe = Recipe(**recipe_values)
    done = {
        "steps": 2,
        "epochs": 1,
        "minutes": 0.1,
        "slices_seen": 12,
        "device": "CPU",
        "validation": {},
        "revision": "r",
    }
    folder = tmp_path / "given" / "tiny"
    save_model(folder, build("lite"), model_config(recipe, done), "not measured\n")
    return folder


def measured(
    model: Path, data: Path, out: Path, stop_at: str = "", engine: str = "torch"
) -> tuple[Path, list[str]]:
    stages: list[str] = []

    def report(stage: str, done: int, total: int) -> None:
        if stage == stop_at:
            raise Stopped
        stages.append(stage)

    try:
        folder = remeasure(str(model), data, out, engine, report)
    except Stopped:
        folder = out
    return folder, list(dict.fromkeys(stages))


def test_a_stopped_measurement_goes_on_behind_the_last_part_done(
    unmeasured: Path, phantom: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interval, "_SHAPED_ON", 30)
    monkeypatch.setattr(interval, "_SEVERITIES", (0.4,))
    monkeypatch.setattr(explanations, "PASTED", {"zipper": 0.7})
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    out = tmp_path / "measured"
    _, before = measured(unmeasured, phantom, out, stop_at="explain")
    assert before == ["calibrate", "evaluate"]
    assert not (out / "tiny").exists()
    folder, after = measured(unmeasured, phantom, out)
    assert after[0] == "explain"
    assert not {"calibrate", "evaluate"} & set(after)
    model = load_model(str(folder)).folder
    assert model.config["files"] == load_model(str(unmeasured)).folder.config["files"]
    assert model.config["interval"]["factor"] > 0
    assert model.config["evaluation"]["images"] > 0
    assert "Figures on subjects and sources not seen" in model.card
    assert [path.name for path in out.iterdir()] == ["tiny"]


def test_the_fast_engine_measures_nothing(unmeasured: Path, phantom: Path, tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="not with fast"):
        measured(unmeasured, phantom, tmp_path / "measured", engine="fast")
    assert not (tmp_path / "measured").exists()


def other_weights(unmeasured: Path, data: Path) -> tuple[Any, Recipe, Path]:
    return build("lite"), recipe_of(unmeasured), data


def other_recipe(unmeasured: Path, data: Path) -> tuple[Any, Recipe, Path]:
    changed = recipe_of(unmeasured).model_copy(update={"evaluation": "held-out-1"})
    return load_model(str(unmeasured)).network, changed, data


def other_place(unmeasured: Path, data: Path) -> tuple[Any, Recipe, Path]:
    return load_model(str(unmeasured)).network, recipe_of(unmeasured), data / "clean"


def recipe_of(model: Path) -> Recipe:
    return Recipe(**json.loads((model / "config.json").read_text())["training"]["recipe"])


@pytest.mark.parametrize("change", [other_weights, other_recipe, other_place])
def test_a_part_of_something_else_is_measured_anew(
    unmeasured: Path,
    tmp_path: Path,
    change: Callable[[Path, Path], tuple[Any, Recipe, Path]],
) -> None:
    network, recipe = load_model(str(unmeasured)).network, recipe_of(unmeasured)
    kept = Parts(tmp_path / "parts", network, recipe, tmp_path)
    assert kept.of("interval", lambda: {"factor": 1.0}) == {"factor": 1.0}
    again = Parts(tmp_path / "parts", network, recipe, tmp_path)
    assert again.of("interval", lambda: {"factor": 2.0}) == {"factor": 1.0}
    other = Parts(tmp_path / "parts", *change(unmeasured, tmp_path))
    assert other.of("interval", lambda: {"factor": 2.0}) == {"factor": 2.0}
