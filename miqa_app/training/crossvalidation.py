"""Cross-validation on a rated set: every image is scored by a method that never saw its reference.

A finished fold is one small file whose name holds a hash of all that it depends on: the images and scores of the set, the
split, the recipe, the network's design, its starting weights and the seed. It is written whole or not at all, so that a
run that was stopped goes on where it was, and a fold of another recipe is never taken for one of this.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors.torch import load_file, save_file

from miqa_app.errors import BadRequest
from miqa_app.evaluation.rated.loading import Planes
from miqa_app.evaluation.rated.measures import measured_image
from miqa_app.networks import build, named_config
from miqa_app.registry.folders import find_model
from miqa_app.scoring.engine import Engine
from miqa_app.training.branches.seen import refuse_seen
from miqa_app.training.imagenet import IMAGENET
from miqa_app.training.progress import Progress
from miqa_app.training.rated_fit import RatedTask, fit_rated
from miqa_app.training.ridge import fit_ridge, pooled_features
from miqa_app.training.start import RANDOM, Start, start_identity, starting_network

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from miqa_app.evaluation.folds import Fold
    from miqa_app.evaluation.rated.record import RatedSet
    from miqa_app.networks import Design, QualityNetwork
    from miqa_app.training.rated_recipe import RatedRecipe, Stage

PROTOCOL = "crossvalidate-3"
"""Changes with everything in the code that changes predictions; part of the hash of a fold."""

_STAGE_SEED = 7919
"""Added to the seed of the recipe per stage."""


@dataclass(frozen=True)
class Candidate:
    """One row of a table at one seed: a recipe, or a measure that needs no training."""

    label: str
    recipe: RatedRecipe | None = None
    measure: str = ""
    seed: int = 0


@dataclass(frozen=True)
class FoldResult:
    """Predictions of one fold.

    Attributes:
        scores: by name of the image.
        facts: starting weights, steps, penalty, seconds, device.
        reused: True where the fold was finished before.
    """

    scores: Mapping[str, float]
    facts: Mapping[str, Any]
    reused: bool = False


@dataclass(frozen=True)
class Place:
    """Where a cross-validation works.

    Attributes:
        out: folder of results.
        device: 'auto', 'cuda', 'mps' or 'cpu'.
        imagenet: folder of ImageNet weights, None to let timm download them.
        others: the sets that stages of recipes name.
    """

    out: Path
    device: str = "auto"
    imagenet: Path | None = None
    others: Mapping[str, RatedSet] = field(default_factory=dict)


class CrossValidation:
    """Runs folds on one rated set and keeps what is finished."""

    def __init__(self, rated: RatedSet, groups: Sequence[str], place: Place) -> None:
        """Hash the set; `groups` are the labels that must not be parted."""
        self._set, self._groups, self._place = rated, tuple(groups), place
        self._planes = Planes(rated)
        self._identity = set_identity(rated)
        self._features: dict[str, NDArray[np.float64]] = {}
        self._others: dict[str, str] = {}

    def fold(
        self, candidate: Candidate, fold: Fold, report: Callable[[Progress], None]
    ) -> FoldResult:
        """Return the predictions of the test part of a fold, from the store where it is finished.

        Raises:
            MiqaError: a group stands on both sides of the split; or whatever the training finds wrong.
        """
        fold.refuse_leak(self._groups)
        key = self._key(candidate, fold)
        path = self._file(candidate, fold, key)
        kept = _read(path, [self._set.images[place].name for place in fold.test])
        if kept is not None:
            return kept
        begun = time.monotonic()
        scores, facts = self._scores(candidate, fold, key, report)
        names = [self._set.images[place].name for place in fold.test]
        result = FoldResult(
            dict(zip(names, (float(score) for score in scores), strict=True)),
            {**facts, "seconds": round(time.monotonic() - begun, 1)},
        )
        _write(path, {"key": key, "scores": dict(result.scores), "facts": dict(result.facts)})
        shutil.rmtree(self._place.out / "work" / key, ignore_errors=True)
        return result

    def _file(self, candidate: Candidate, fold: Fold, key: str) -> Path:
        name = re.sub(r"[^a-z0-9]+", "-", candidate.label.lower()).strip("-") or "row"
        return self._place.out / "folds" / f"{name}-s{candidate.seed}-f{fold.number + 1}-{key}.json"

    def _key(self, candidate: Candidate, fold: Fold) -> str:
        """Return the hash of all that the predictions of a fold depend on."""
        content: dict[str, Any] = {
            "protocol": PROTOCOL,
            "set": self._identity,
            "split": [fold.train, fold.validation, fold.test],
            "measure": candidate.measure,
            "seed": candidate.seed,
        }
        if candidate.recipe is not None:
            own = candidate.recipe.model_dump(mode="json", include={"method", "schedule"})
            content |= {"recipe": own, **self._before(candidate.recipe, candidate.seed)}
        return _hash(content)

    def _before(self, recipe: RatedRecipe, seed: int) -> dict[str, Any]:
        """Return what identifies the weights with which a network meets the set: design, start, stages and seed."""
        config = named_config(recipe.network)
        return {
            "protocol": PROTOCOL,
            "network": config.model_dump(mode="json"),
            "start": start_identity(config, recipe.start, self._place.imagenet),
            "stages": [
                [stage.model_dump(mode="json"), self._identity_of(stage)] for stage in recipe.stages
            ],
            "seed": seed,
        }

    def _identity_of(self, stage: Stage) -> str:
        """Return the hash of the set of a stage, computed once."""
        if stage.set not in self._others:
            self._others[stage.set] = set_identity(self._other(stage))
        return self._others[stage.set]

    def _scores(
        self, candidate: Candidate, fold: Fold, key: str, report: Callable[[Progress], None]
    ) -> tuple[Sequence[float], dict[str, Any]]:
        if candidate.recipe is None:
            images = [self._set.images[place] for place in fold.test]
            values = [measured_image(self._set, image, candidate.measure) for image in images]
            return values, {"start": "no training"}
        recipe = candidate.recipe
        if recipe.method == "ridge":
            return self._ridge(recipe, candidate.seed, fold, report)
        network, start = self._network(recipe, candidate.seed, fold, report)
        facts: dict[str, Any] = {"start": start.words}
        if recipe.method == "train":
            task = RatedTask(
                self._set, self._planes, fold.train, fold.validation, candidate.seed + fold.number
            )
            run = self._place.out / "work" / key
            facts |= fit_rated(
                network, start.learnt, recipe.schedule, task, run, self._place.device, report
            )
        engine = Engine(network, self._place.device)
        scores = [self._predicted(engine, place) for place in fold.test]
        return scores, {**facts, "device": engine.identity.device}

    def _predicted(self, engine: Engine, place: int) -> float:
        """Return the score of an image, 0-100: full frame, the mean over the slices of a scan."""
        return float(np.mean([plane.score for plane in engine.predict(self._planes(place))]))

    def _ridge(
        self, recipe: RatedRecipe, seed: int, fold: Fold, report: Callable[[Progress], None]
    ) -> tuple[Sequence[float], dict[str, Any]]:
        key = _hash(self._before(recipe, seed))
        network, start = self._network(recipe, seed, None, report)
        if key not in self._features:
            done = iter(range(1, len(self._set) + 1))
            self._features[key] = pooled_features(
                network,
                self._planes,
                range(len(self._set)),
                self._place.device,
                lambda: report(Progress("features", next(done), len(self._set), {})),
            )
        features = self._features[key]
        train, test = list(fold.train + fold.validation), list(fold.test)
        targets = np.array([self._set.images[place].mos for place in train])
        model = fit_ridge(features[train], targets, [self._groups[place] for place in train])
        scores = np.clip(model(features[test]), 0, 100)
        return scores.tolist(), {"start": start.words, "penalty": model.penalty}

    def _network(
        self,
        recipe: RatedRecipe,
        seed: int,
        fold: Fold | None,
        report: Callable[[Progress], None],
    ) -> tuple[QualityNetwork, Start]:
        """Return the network as it meets the training part of a fold: from its start, through its stages."""
        config = named_config(recipe.network)
        if recipe.start not in (RANDOM, IMAGENET):
            refuse_seen(find_model(recipe.start).config["training"], self._set)
        if fold is not None and not recipe.stages:
            config = self._biased(config, fold)
        if not recipe.stages:
            return starting_network(config, recipe.start, seed, self._place.imagenet)
        path = self._place.out / "stages" / f"{_hash(self._before(recipe, seed))}.safetensors"
        about = path.with_suffix(".json")
        if not about.exists():
            network, start = starting_network(config, recipe.start, seed, self._place.imagenet)
            start = self._staged(network, start, recipe, seed, path, report)
            _write(about, {"words": start.words, "learnt": list(start.learnt)})
        network = build(config)
        network.load_state_dict(load_file(path))
        told = json.loads(about.read_text(encoding="utf-8"))
        return network, Start(told["words"], tuple(told["learnt"]))

    def _biased(self, config: Design, fold: Fold) -> Design:
        """Return the design with the mean score of the training part as the first score of a network from scratch."""
        mean = float(np.mean([self._set.images[place].mos for place in fold.train])) / 100
        return config.model_copy(update={"score_bias": mean})

    def _staged(
        self,
        network: QualityNetwork,
        start: Start,
        recipe: RatedRecipe,
        seed: int,
        path: Path,
        report: Callable[[Progress], None],
    ) -> Start:
        """Train the network through the stages of a recipe and keep its weights; return what it now knows."""
        for number, stage in enumerate(recipe.stages, 1):
            rated = self._other(stage)
            task = RatedTask(
                rated, Planes(rated), range(len(rated)), (), seed + _STAGE_SEED * number
            )
            run = path.with_suffix("") / str(number)
            fit_rated(network, start.learnt, stage, task, run, self._place.device, report)
            start = Start(
                f"{start.words}, then {stage.set} ({len(rated)} images)", network.encoders
            )
        partial = path.with_name(f".{path.name}.{os.getpid()}.part")
        save_file({k: v.cpu().contiguous() for k, v in network.state_dict().items()}, partial)
        partial.replace(path)
        shutil.rmtree(path.with_suffix(""), ignore_errors=True)
        return start

    def _other(self, stage: Stage) -> RatedSet:
        """Return the set of a stage.

        Raises:
            BadRequest: the command line does not say where it lies.
        """
        if stage.set not in self._place.others:
            message = f"The recipe learns from {stage.set} first; say where it lies with --also {stage.set}=FOLDER."
            raise BadRequest(message)
        return self._place.others[stage.set]


def set_identity(rated: RatedSet) -> str:
    """Return a hash of the scores, references and file contents of a set."""
    digest = hashlib.sha256(f"{rated.name} {rated.photographs} {rated.frames}".encode())
    for image in rated.images:
        facts = (image.name, image.mos, image.reference, image.subject)
        digest.update(repr(facts).encode())
        files = sorted(image.path.rglob("*")) if image.path.is_dir() else [image.path]
        for file in (file for file in files if file.is_file()):
            with file.open("rb") as stream:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()


def _hash(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def _read(path: Path, names: Sequence[str]) -> FoldResult | None:
    """Return a finished fold, None where it is missing or was damaged from outside."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        scores = {name: float(content["scores"][name]) for name in names}
        return FoldResult(scores, dict(content["facts"]), reused=True)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    partial.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    partial.replace(path)
