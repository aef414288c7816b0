"""A small training run goes from recipe to model folder, and goes on after it was stopped."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import yaml

from miqa_app.core.artefact_kinds import KEYS
from miqa_app.core.assessment import Verdict
from miqa_app.errors import BadRecipe, MiqaError
from miqa_app.evaluation import explanations, interval
from miqa_app.evaluation.quality_index import load_quality_index
from miqa_app.imaging import load
from miqa_app.networks import build
from miqa_app.registry import verify_model
from miqa_app.registry.checkpoint import load_model
from miqa_app.scoring.assess import assess
from miqa_app.scoring.engine import Engine
from miqa_app.scoring.interval import Calibration
from miqa_app.services.train import train_model
from miqa_app.training.first_weights import take_weights
from miqa_app.training.fit import Outcome, fit, freeze_index
from miqa_app.training.keeping import revision
from miqa_app.training.module import QualityModule, cosine, flattened
from miqa_app.training.progress import Progress
from miqa_app.training.recipe import Recipe

STEPS = 20  # 30 groups in batches of three groups, two epochs


class Stopped(Exception):  # noqa: N818 it stands for a kill, not for a fault
    """What ends a run from outside."""


@pytest.fixture(scope="module")
def recipe(recipe_values: dict[str, Any]) -> Recipe:
    return Recipe(**recipe_values)


@pytest.fixture(scope="module")
def trained(
    recipe: Recipe, phantom: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, list[Progress]]:
    """The model folder of one whole run, and what it reported."""
    reports: list[Progress] = []
    run = tmp_path_factory.mktemp("runs") / "tiny"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(interval, "_SHAPED_ON", 30)
        patch.setattr(interval, "_SEVERITIES", (0.0, 0.4))
        patch.setattr(explanations, "PASTED", {"zipper": 0.7})
        return train_model(recipe, phantom, run, reports.append), reports


def test_the_run_reports_every_stage_in_order(trained: tuple[Path, list[Progress]]) -> None:
    stages = list(dict.fromkeys(progress.stage for progress in trained[1]))
    assert stages == ["pool", "train", "calibrate", "evaluate", "explain", "done"]
    steps = [progress for progress in trained[1] if progress.stage == "train"]
    assert [(p.done, p.total) for p in steps] == [(10, STEPS), (20, STEPS)]
    assert set(steps[-1].metrics) >= {"validation/srocc", "train/loss"}


def test_the_folder_is_a_sound_model_that_says_what_it_learnt_from(
    trained: tuple[Path, list[Progress]], recipe: Recipe
) -> None:
    model = load_model(str(trained[0])).folder
    assert verify_model(model) == []
    training = model.config["training"]
    assert (training["steps"], training["epochs"], training["slices_seen"]) == (20, 2, 120)
    assert Recipe(**training["recipe"]) == recipe
    assert set(training["validation"]) == {"srocc", "plcc", "rmse"}
    assert model.config["interval"]["level"] == 0.9
    assert model.config["interval"]["factor"] > 0
    assert model.config["score_scale"]["target"] == "q-1"
    assert model.config["network"]["score_bias"] != 0.5  # the mean of the targets
    values = model.config["evaluation"]
    assert values["images"] == 13 * 2 + 4  # every second of eight frames: four clean ones
    assert set(values["by_kind"]) == set(KEYS)
    json.dumps(model.config)


def test_the_card_names_sources_licences_and_the_figures(
    trained: tuple[Path, list[Progress]],
) -> None:
    card = load_model(str(trained[0])).folder.card
    for words in (
        "# tiny",
        "| phantom | a | train | head | unknown | own |",
        "| phantom | b | validation |",
        "phantom_held_out",
        "It is not a mean opinion score",
        "- From random weights, seed 3: 20 steps of 6 slices (2 epochs, crops of 64 pixels)",
        "| artefact kind, macro AUC |",
    ):
        assert words in card


def test_the_model_scores_a_scan(trained: tuple[Path, list[Progress]], phantom: Path) -> None:
    loaded = load_model(str(trained[0]))
    series = next(iter(load(phantom / "clean.nii.gz")))
    calibration = Calibration(**loaded.folder.config["interval"])
    steps = assess(series, Engine(loaded.network, "cpu"), loaded.folder.identity, calibration)
    seen = 0
    while True:
        try:
            next(steps)
            seen += 1
        except StopIteration as end:
            result = end.value
            break
    assert seen == len(result.slices) > 0
    assert 0 <= result.score <= 100
    assert result.verdict is not Verdict.NOT_ASSESSED
    assert result.interval[0] <= result.score <= result.interval[1]
    assert result.model == loaded.folder.identity


def test_the_weights_have_moved_and_are_finite(
    trained: tuple[Path, list[Progress]], recipe: Recipe
) -> None:
    rows = _log(trained[0].parents[1])
    losses = [float(row["train/loss"]) for row in rows if row["train/loss"]]
    assert len(losses) == 2
    assert losses[1] < losses[0]
    state = load_model(str(trained[0])).network.state_dict()
    assert all(torch.isfinite(value.float()).all() for value in state.values())


def test_the_card_shows_the_course_of_the_run_and_how_long_it_waited(
    trained: tuple[Path, list[Progress]],
) -> None:
    folder = load_model(str(trained[0])).folder
    training = folder.config["training"]
    assert len(training["curve"]) == 2
    assert training["curve"][-1]["srocc"] == training["validation"]["srocc"]
    assert "## Can the maps be believed?" in folder.card
    assert f"| 2 | {training['curve'][1]['loss']:.3f} |" in folder.card
    assert 0 < training["wait_share"] < 1


def test_a_run_goes_on_elsewhere_from_the_averaged_weights_and_the_step_count(
    trained: tuple[Path, list[Progress]], recipe: Recipe, phantom: Path, tmp_path: Path
) -> None:
    """Stopped in its second epoch on one machine; the other has the model folder and the recipe, no checkpoint."""
    shutil.copytree(trained[0].parents[2] / "pools", tmp_path / "pools")

    def stop(progress: Progress) -> None:
        if progress.stage == "train" and progress.done == STEPS:
            raise Stopped

    with pytest.raises(Stopped):
        fit(recipe, phantom, tmp_path / "here", stop)
    kept = tmp_path / "here" / "averaged" / "tiny"
    training = load_model(str(kept)).folder.config["training"]
    assert (training["steps"], training["epochs"]) == (10, 1)
    rates: list[float] = []

    class Rates(QualityModule):
        def on_train_batch_end(self, *_args: Any) -> None:
            rates.append(self.lr_schedulers().get_last_lr()[0])  # type: ignore[union-attr]

    elsewhere = recipe.model_copy(update={"precision": "bf16-mixed"})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("miqa_app.training.fit.QualityModule", Rates)
        done = fit(elsewhere, phantom, tmp_path / "there", lambda _: None, str(kept))
    assert (done.training["steps"], done.training["epochs"]) == (STEPS, 2)
    # the second half of the cosine, not a new one
    expected = [recipe.learning_rate * cosine((10 + step) / STEPS) for step in range(1, 11)]
    assert rates == pytest.approx(expected)


def test_a_run_goes_on_only_under_its_own_recipe_and_before_its_end(
    trained: tuple[Path, list[Progress]], recipe: Recipe, phantom: Path, tmp_path: Path
) -> None:
    shutil.copytree(trained[0].parents[2] / "pools", tmp_path / "pools")
    other = recipe.model_copy(update={"learning_rate": 0.1})
    with pytest.raises(BadRecipe, match="another recipe \\(they differ in learning_rate\\)"):
        fit(other, phantom, tmp_path / "run", lambda _: None, str(trained[0]))
    with pytest.raises(BadRecipe, match="to the end of the recipe tiny"):
        fit(recipe, phantom, tmp_path / "run", lambda _: None, str(trained[0]))


def test_a_student_comes_closer_to_its_teacher(
    trained: tuple[Path, list[Progress]], recipe: Recipe, phantom: Path, tmp_path: Path
) -> None:
    shutil.copytree(trained[0].parents[2] / "pools", tmp_path / "pools")
    taught = Recipe(
        **recipe.model_dump() | {"teacher": str(trained[0]), "loss": {"teacher": 4.0}, "epochs": 3}
    )
    outcome = fit(taught, phantom, tmp_path / "run", lambda _: None)
    with (tmp_path / "run" / "log-1" / "metrics.csv").open() as file:
        parts = [float(r["train/teacher"]) for r in csv.DictReader(file) if r["train/teacher"]]
    assert parts[-1] < 0.7 * parts[0]
    assert not any("teacher" in name for name in outcome.network.state_dict())


def test_a_run_may_learn_to_say_the_same_of_harmless_copies(
    trained: tuple[Path, list[Progress]], recipe: Recipe, phantom: Path, tmp_path: Path
) -> None:
    shutil.copytree(trained[0].parents[2] / "pools", tmp_path / "pools")
    agreeing = Recipe(**recipe.model_dump() | {"loss": {"agreement": 8.0}, "epochs": 1})
    fit(agreeing, phantom, tmp_path / "run", lambda _: None)
    (row,) = [row for row in _log(tmp_path / "run") if row["train/agreement"]]
    assert 0 < float(row["train/agreement"]) < 1
    assert "train/agreement" not in _log(trained[0].parents[1])[0]


def _log(run: Path) -> list[dict[str, str]]:
    with (run / "log-1" / "metrics.csv").open() as file:
        return list(csv.DictReader(file))


def test_a_stopped_run_goes_on_from_its_last_epoch(
    trained: tuple[Path, list[Progress]], recipe: Recipe, phantom: Path, tmp_path: Path
) -> None:
    """Stopped at the end of the second epoch before it is saved, ten steps are left, not twenty."""
    shutil.copytree(trained[0].parents[2] / "pools", tmp_path / "pools")
    run = tmp_path / "run"

    def stop(progress: Progress) -> None:
        if progress.stage == "train" and progress.done == STEPS:
            raise Stopped

    with pytest.raises(Stopped):
        fit(recipe, phantom, run, stop)
    saved = torch.load(run / "last.ckpt", weights_only=False)
    assert (saved["global_step"], saved["epoch"]) == (10, 0)
    reports: list[Progress] = []
    outcome = fit(recipe, phantom, run, reports.append)
    assert [p.done for p in reports if p.stage == "train"] == [20]
    assert (outcome.training["steps"], outcome.training["epochs"]) == (20, 2)
    ended = torch.load(run / "last.ckpt", weights_only=False)
    moments = ended["optimizer_states"][0]["state"].values()
    assert {int(moment["step"]) for moment in moments} == {STEPS}
    _check_a_finished_run_keeps_its_weights(recipe, phantom, run, outcome)


def test_an_epoch_that_made_the_network_worse_is_kept_too(
    trained: tuple[Path, list[Progress]],
    recipe: Recipe,
    phantom: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Otherwise a stopped run would repeat every epoch since its best one."""
    shutil.copytree(trained[0].parents[2] / "pools", tmp_path / "pools")
    falling = iter([0.5, 0.1])
    monkeypatch.setattr(
        "miqa_app.training.module.spearmanr",
        lambda *_: SimpleNamespace(statistic=next(falling)),
    )
    fit(recipe, phantom, tmp_path / "run", lambda _: None)
    saved = torch.load(tmp_path / "run" / "last.ckpt", weights_only=False)
    assert (saved["global_step"], saved["epoch"]) == (STEPS, 1)
    assert [path.name for path in (tmp_path / "run").glob("*.ckpt")] == ["last.ckpt"]


def _check_a_finished_run_keeps_its_weights(
    recipe: Recipe, phantom: Path, run: Path, outcome: Outcome
) -> None:
    """A run stopped after its last epoch, while calibrating, must come back with the averaged weights."""
    again = fit(recipe, phantom, run, lambda _: None)
    assert again.training["steps"] == STEPS
    expected = outcome.network.state_dict()
    for name, value in again.network.state_dict().items():
        assert torch.equal(value.cpu(), expected[name].cpu()), name


def test_a_run_that_diverges_says_so_and_what_to_do(
    trained: tuple[Path, list[Progress]], recipe: Recipe, phantom: Path, tmp_path: Path
) -> None:
    """It starts from the weights of the first run, with a learning rate that no network survives."""
    shutil.copytree(trained[0].parents[2] / "pools", tmp_path / "pools")
    changes = {"warm_start": str(trained[0]), "learning_rate": 1e30, "epochs": 1}
    with pytest.raises(MiqaError, match=r"^The training of tiny diverged; lower the learning rate"):
        fit(recipe.model_copy(update=changes), phantom, tmp_path / "run", lambda _: None)


def test_the_mapping_of_q_can_be_frozen_from_the_training_pool(
    trained: tuple[Path, list[Progress]], recipe: Recipe, phantom: Path, tmp_path: Path
) -> None:
    run = trained[0].parents[1]
    text = freeze_index(recipe, phantom, run, lambda _: None)
    (tmp_path / "q.json").write_text(text)
    index = load_quality_index(tmp_path / "q.json")
    assert index.version == "q-1"
    assert set(index.energy_quantiles) == set(KEYS)
    assert text == freeze_index(recipe, phantom, run, lambda _: None)


def test_an_installed_program_has_no_revision(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("miqa_app.training.keeping.bundled", lambda _: tmp_path)
    assert revision() == ""


@pytest.mark.slow
def test_a_killed_process_leaves_a_run_that_goes_on(
    recipe: Recipe, phantom: Path, tmp_path: Path
) -> None:
    """SIGKILL in the middle of an epoch, as a power cut would end it."""
    longer = recipe.model_copy(update={"epochs": 40})
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(longer.model_dump(mode="json")))
    run = tmp_path / "run"
    script = (
        "import sys; from pathlib import Path\n"
        "from miqa_app.training.fit import fit; from miqa_app.training.recipe import read_recipe\n"
        "if __name__ == '__main__':\n"
        "    recipe, data, run = map(Path, sys.argv[1:])\n"
        "    fit(read_recipe(recipe), data, run, lambda _: None)\n"
    )
    (tmp_path / "train.py").write_text(script)
    places = [str(tmp_path / "recipe.yaml"), str(phantom), str(run)]
    process = subprocess.Popen([sys.executable, str(tmp_path / "train.py"), *places])
    try:
        deadline = time.monotonic() + 120
        while not (run / "last.ckpt").exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        time.sleep(1.0)
    finally:
        process.kill()
        process.wait()
    done = torch.load(run / "last.ckpt", weights_only=False)["global_step"]
    assert done >= 10
    reports: list[Progress] = []
    short = longer.model_copy(update={"epochs": done // 10 + 1})
    outcome = fit(short, phantom, run, reports.append)
    assert outcome.training["steps"] == done + 10
    assert all(p.done > done for p in reports if p.stage == "train")


def test_the_last_epochs_see_larger_crops(
    recipe: Recipe, phantom: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    step = QualityModule.training_step

    def watched(self: QualityModule, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        seen.append(batch["image"].shape[-1])
        return step(self, batch)

    monkeypatch.setattr(QualityModule, "training_step", watched)
    growing = recipe.model_copy(update={"last_epochs": 1, "last_crop": 96})
    fit(growing, phantom, tmp_path / "tiny", lambda _: None)
    assert seen == [64] * 10 + [96] * 10


@pytest.mark.slow
def test_two_processes_share_one_run(
    recipe_values: dict[str, Any], phantom: Path, tmp_path: Path
) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump({**recipe_values, "batch": 8, "devices": 2}))
    command = [sys.executable, "-m", "miqa_app", "train", str(path)]
    places = ["--data", str(phantom), "--out", str(tmp_path / "runs"), "--json-lines"]
    done = subprocess.run(
        [*command, *places], capture_output=True, text=True, timeout=280, check=False
    )
    assert done.returncode == 0, done.stderr
    *lines, folder = done.stdout.splitlines()
    steps = [json.loads(line)["done"] for line in lines if '"train"' in line]
    assert steps == sorted(set(steps)), "the helper process reports too"
    training = load_model(folder).folder.config["training"]
    assert training["slices_seen"] == 8 * training["steps"]


def test_the_learning_rate_warms_up_and_follows_one_cosine() -> None:
    assert cosine(0) == pytest.approx(0.02)
    assert cosine(0.05) == pytest.approx(1)
    assert cosine(0.525) == pytest.approx(0.5)
    assert cosine(1) == pytest.approx(0)
    assert cosine(1.2) == pytest.approx(0)
    values = [cosine(step / 200) for step in range(201)]
    peak = values.index(max(values))
    assert values[:peak] == sorted(values[:peak])
    assert values[peak:] == sorted(values[peak:], reverse=True)


def test_groups_are_laid_out_with_their_members_side_by_side() -> None:
    flat = flattened({"q": torch.tensor([[1.0, 2], [3, 4]]), "image": torch.zeros(2, 2, 1, 8, 8)})
    assert flat["q"].tolist() == [1, 2, 3, 4]
    assert flat["image"].shape == (4, 1, 8, 8)


def test_a_deeper_network_begins_with_the_features_of_a_shallower_one() -> None:
    shallow, deep = build("lite").eval(), build("base").eval()
    share = take_weights(deep, shallow)
    assert 0 < share < 0.2
    image = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        before, after = shallow.cnn(image), deep.cnn(image)
    for old, new in zip(before, after, strict=False):
        torch.testing.assert_close(new, old, atol=1e-4, rtol=0)


def test_a_network_of_the_same_design_takes_every_weight() -> None:
    source, target = build("lite"), build("lite")
    assert take_weights(target, source) == 1
    assert all(
        torch.equal(value, target.state_dict()[name]) for name, value in source.state_dict().items()
    )
