"""Train the branches of LAR-IQA on rated sets: from what a user names to a model folder from which trainings start."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from miqa_app.errors import BadRequest
from miqa_app.evaluation.rated import read_rated_set
from miqa_app.networks import named_config
from miqa_app.paths import user_cache
from miqa_app.registry.checkpoint import save_model
from miqa_app.registry.folders import UNTRAINED
from miqa_app.scoring.engine import pick_device
from miqa_app.training.branches.card import card_text
from miqa_app.training.branches.keep import Bench, train_branches
from miqa_app.training.branches.recipe import read_branch_recipe
from miqa_app.training.keeping import PREPROCESSING, revision
from miqa_app.training.progress import Progress
from miqa_app.training.start import starting_network

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from miqa_app.evaluation.rated import RatedSet
    from miqa_app.networks.lariqa import LarIqa
    from miqa_app.training.branches.recipe import BranchRecipe

_TABLES = (".csv", ".tsv")


@dataclass(frozen=True)
class BranchRequest:
    """What a user asks for.

    Attributes:
        recipe: name or path of the recipe.
        data: where the sets of the recipe lie: NAME=FOLDER, NAME=TABLE.csv, or look-alike.
        out: folder in which that of this run is made.
        device: 'auto', 'cuda', 'mps' or 'cpu'.
        imagenet: folder of ImageNet weights, None to download them.
    """

    recipe: str
    data: tuple[str, ...]
    out: Path = Path("runs")
    device: str = "auto"
    imagenet: Path | None = None


def pretrain(request: BranchRequest, report: Callable[[Progress], None]) -> Path:
    """Train both branches, each on its sets, and write the model folder; run it again to go on after a stop.

    Args:
        request: what to do.
        report: called with the progress; its stage is the branch.

    Returns:
        The model folder, `model/<recipe>` in the folder of the run.

    Raises:
        BadRequest: a set is missing, unknown or too small, or the device is not there.
        BadRecipe: the recipe does not check out, or its starting weights cannot be had.
        MiqaError: a training diverged.
    """
    device = str(pick_device(request.device))
    recipe = read_branch_recipe(request.recipe)
    sets = _sets(recipe, request.data)
    run = request.out / recipe.name
    network, start = starting_network(
        named_config(recipe.network), recipe.start, recipe.seed, request.imagenet
    )
    bench = Bench(run / "branches", sets, request.device, request.imagenet)
    facts = train_branches(cast("LarIqa", network), start, recipe, bench, report)
    training: dict[str, Any] = {
        "summary": f"two encoders that learnt from rated sets ({', '.join(recipe.sets)}); a start for a training, no judge",
        "score": UNTRAINED,
        "recipe": recipe.model_dump(mode="json"),
        "start": start.words,
        "branches": facts,
        "device": device,
        "revision": revision(),
    }
    config = {
        "preprocessing": PREPROCESSING,
        "score_scale": {"low": 0, "high": 100, "best": 100, "target": "none, never trained"},
        "training": training,
    }
    folder = run / "model" / recipe.name
    save_model(folder, network.cpu(), config, card_text(recipe, training))
    report(Progress("done", 1, 1, {}))
    return folder


def _sets(recipe: BranchRecipe, given: tuple[str, ...]) -> Mapping[str, RatedSet]:
    """Return the sets of the recipe by name, and refuse one that is missing or not wanted."""
    names = [words.partition("=")[0] for words in given]
    double = next((name for name in names if names.count(name) > 1), None)
    if double is not None:
        raise BadRequest(f"The set {double} is given twice; name each once.")
    odd = next((name for name in names if name not in recipe.sets), None)
    if odd is not None:
        message = (
            f"The recipe {recipe.name} has no set {odd}; its sets are {', '.join(recipe.sets)}."
        )
        raise BadRequest(message)
    missing = next((name for name in recipe.sets if name not in names), None)
    if missing is not None:
        message = f"The recipe {recipe.name} learns from {missing}; say where it lies with --data {missing}=FOLDER."
        raise BadRequest(message)
    return {name: _set(recipe, name, words) for name, words in zip(names, given, strict=True)}


def _set(recipe: BranchRecipe, name: str, words: str) -> RatedSet:
    """Return a set that a user names; a table may stand for a set of any name."""
    place = words.partition("=")[2]
    if not place.lower().endswith(_TABLES):
        return read_rated_set(words, user_cache())
    rated = read_rated_set(place, user_cache())
    return replace(rated, name=name, photographs=recipe.photographs)
