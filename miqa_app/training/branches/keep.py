"""Branches that are finished: trained once for what they depend on, and taken up again after a stop."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from safetensors.torch import load_file, save_file

from miqa_app.training.branches.data import tasks_of
from miqa_app.training.branches.fit import fit_branch
from miqa_app.training.branches.recipe import BRANCHES
from miqa_app.training.branches.seen import content_of
from miqa_app.training.crossvalidation import set_identity
from miqa_app.training.rated_loop import Run
from miqa_app.training.start import start_identity

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from miqa_app.evaluation.rated.record import RatedSet
    from miqa_app.networks.lariqa import LarIqa
    from miqa_app.training.branches.recipe import BranchName, BranchRecipe
    from miqa_app.training.progress import Progress
    from miqa_app.training.start import Start

PROTOCOL = "branches-2"
"""Changes with everything in the code that changes the encoders; part of the name of a finished branch."""

_SEED = 7919
"""Added to the seed of the recipe per branch."""


@dataclass(frozen=True, eq=False)
class Bench:
    """Where branches are trained.

    Attributes:
        folder: keeps finished branches and the checkpoints of those that are not.
        sets: by the names of the recipe.
        device: 'auto', 'cuda', 'mps' or 'cpu'.
        imagenet: folder of ImageNet weights, None to let timm download them.
    """

    folder: Path
    sets: Mapping[str, RatedSet]
    device: str = "auto"
    imagenet: Path | None = None


def train_branches(
    network: LarIqa,
    start: Start,
    recipe: BranchRecipe,
    bench: Bench,
    report: Callable[[Progress], None],
) -> dict[BranchName, dict[str, Any]]:
    """Train both encoders in place, each alone, and return what `fit_branch` says of each.

    A branch that was finished before is taken as it is; both can be trained in any order, with the same result.

    Args:
        network: with its starting weights; its heads stay as they are.
        start: what these are.
        recipe: what to do.
        bench: where, and with which sets.
        report: called after every epoch; the stage of the progress is the name of the branch.

    Raises:
        BadRequest: a set is too small, or the device is not there.
        MiqaError: a training diverged.
    """
    identities = {name: set_identity(rated) for name, rated in bench.sets.items()}
    facts: dict[BranchName, dict[str, Any]] = {}
    for number, branch in enumerate(BRANCHES, 1):
        plan = recipe.branch(branch)
        key = _key(network, recipe, branch, identities, bench.imagenet)
        weights = bench.folder / f"{branch}-{key}.safetensors"
        about = weights.with_suffix(".json")
        encoder = network.whole if branch == "whole" else network.detail
        if about.exists():
            encoder.load_state_dict(load_file(weights))
            facts[branch] = json.loads(about.read_text(encoding="utf-8"))
            continue
        tasks = tasks_of(
            [(name, bench.sets[name]) for name in plan.sets], recipe.held_back, recipe.seed
        )
        run = Run(bench.folder / "work" / key, bench.device, report, branch)
        seed = recipe.seed + _SEED * number
        found = fit_branch(network, branch, plan, tasks, seed, run, learnt=branch in start.learnt)
        for told in found["sets"]:
            told["content"] = content_of(bench.sets[told["name"]])
        state = {name: value.cpu().contiguous() for name, value in encoder.state_dict().items()}
        _replace(weights, lambda path, state=state: save_file(state, path))  # type: ignore[misc]
        words = json.dumps(found, indent=1, ensure_ascii=False) + "\n"
        _replace(about, lambda path, words=words: path.write_text(words, encoding="utf-8"))  # type: ignore[misc]
        shutil.rmtree(run.folder, ignore_errors=True)
        facts[branch] = found
    return facts


def _key(
    network: LarIqa,
    recipe: BranchRecipe,
    branch: BranchName,
    identities: Mapping[str, str],
    imagenet: Path | None,
) -> str:
    """Return a hash of all that the encoder of a branch depends on."""
    plan = recipe.branch(branch)
    content = {
        "protocol": PROTOCOL,
        "branch": branch,
        "network": network.config.model_dump(mode="json"),
        "start": start_identity(network.config, recipe.start, imagenet),
        "plan": plan.model_dump(mode="json"),
        "sets": [identities[name] for name in plan.sets],
        "held_back": recipe.held_back,
        "seed": recipe.seed,
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:20]


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    write(partial)
    partial.replace(path)
