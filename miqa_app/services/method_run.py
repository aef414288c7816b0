"""One method of a list on a rated set: whether it can run here, what it costs, and what it says of every image."""

from __future__ import annotations

import json
import math
import os
import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from miqa_app.errors import BadModel, BadRecipe, MiqaError
from miqa_app.evaluation.complexity import EDGE, Complexity, complexity
from miqa_app.evaluation.rated.loading import read_planes
from miqa_app.evaluation.rated.measures import measured_slices, needs_clean
from miqa_app.networks import build, named_config
from miqa_app.registry.folders import find_model
from miqa_app.scoring.engine import Engine, pick_device
from miqa_app.training.crossvalidation import Candidate, CrossValidation, Place
from miqa_app.training.imagenet import IMAGENET
from miqa_app.training.start import RANDOM

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from miqa_app.evaluation.folds import Fold
    from miqa_app.evaluation.rated import RatedSet
    from miqa_app.services.method_list import MethodRow
    from miqa_app.training.progress import Progress
    from miqa_app.training.rated_recipe import RatedRecipe

DONE, MISSING, FAILED, GPU = "done", "missing", "failed", "GPU"

_CPU_RATE = 2e10
"""Multiply-accumulates that a thread of a CPU does in a second, measured within a factor of two (models.md 5.1)."""

_BACKWARD = 3
"""A step of training costs about three times a prediction."""

_CPU_HOURS = 0.25
"""Longer trainings are left to a GPU unless they are asked for."""

_HEAVIEST = 1.1e10
"""Operations from which a network is not even timed on a CPU: ResNet152, VGG19, Swin-L, LoDa and LoDaPro lie above."""

_TIMED_IMAGES, _TIMED_SECONDS = 12, 3.0


@dataclass(frozen=True)
class Cost:
    """What a slice costs.

    Attributes:
        milliseconds: median time of a slice, one at a time, reading it not counted: CPU time where one thread works,
            which the rest of the machine does not lengthen, and wall time otherwise; None where it was not timed.
        wall_milliseconds: wall time in either case.
        complexity: weights and operations; None of a measure.
    """

    milliseconds: float | None = None
    wall_milliseconds: float | None = None
    complexity: Complexity | None = None


@dataclass(frozen=True, eq=False)
class Outcome:
    """What became of a method.

    Attributes:
        row: of the list.
        status: 'done', 'missing', 'failed', or 'GPU' where it was left to one.
        reason: why it is not done, or a sentence on how it was.
        scores: by name of the image, one mapping per seed; empty unless done.
        cost: of a slice.
        facts: start, device and seconds of each fold of each seed.
    """

    row: MethodRow
    status: str
    reason: str = ""
    scores: tuple[Mapping[str, float], ...] = ()
    cost: Cost = Cost()
    facts: tuple[Mapping[str, Any], ...] = ()


@dataclass(eq=False)
class Bench:
    """Runs methods on one set.

    Attributes:
        rated: the set.
        place: where folds and weights are kept, on which device, and what other sets there are.
        runs: the folds that are kept.
        folds: by how a split treats validation, see `training.rated_recipe`.
        seeds: runs of each method that begins at random.
        large: train on a CPU what takes hours there.
    """

    rated: RatedSet
    place: Place
    runs: CrossValidation
    folds: Mapping[str, Sequence[Fold]]
    seeds: int = 1
    large: bool = False

    def run(
        self, row: MethodRow, recipe: RatedRecipe | None, report: Callable[[Progress], None]
    ) -> Outcome:
        """Return what became of a method; whatever goes wrong is a sentence and never an end.

        Args:
            row: of the list.
            recipe: that of the list, None for a list that is not run.
            report: called with the progress within a fold.
        """
        if row.missing:
            return Outcome(row, MISSING, row.missing)
        try:
            own = None if row.measure or recipe is None else row.applied(recipe)
            network = own.network if own else row.network
            cost = self._cost(row, network)
        except Exception as error:  # noqa: BLE001 one method must not end the others; its sentence is kept
            return Outcome(row, FAILED, _sentence(error))
        if recipe is None:
            return Outcome(row, DONE, cost=cost)
        status, reason = self._hindrance(row, own, cost)
        if status:
            return Outcome(row, status, reason, cost=cost)
        try:
            return self._scored(row, own, cost, report)
        except (BadRecipe, BadModel) as error:
            return Outcome(row, MISSING, _sentence(error), cost=cost)
        except Exception as error:  # noqa: BLE001 as above: torch, its libraries and the disk raise what they like
            return Outcome(row, FAILED, _sentence(error), cost=cost)

    def _scored(
        self,
        row: MethodRow,
        own: RatedRecipe | None,
        cost: Cost,
        report: Callable[[Progress], None],
    ) -> Outcome:
        scores, facts = [], []
        for candidate in self._candidates(row, own):
            kind = own.validation if own is not None and own.method == "train" else "fixed"
            results = [self.runs.fold(candidate, fold, report) for fold in self.folds[kind]]
            merged = {n: value for result in results for n, value in result.scores.items()}
            refuse_what_is_no_number(merged)
            scores.append(merged)
            facts += [dict(result.facts) for result in results]
        return Outcome(row, DONE, "", tuple(scores), cost, tuple(facts))

    def _candidates(self, row: MethodRow, own: RatedRecipe | None) -> list[Candidate]:
        """Return the row at every seed; once where no seed plays a part."""
        if own is None:
            return [Candidate(row.label, measure=row.measure or "")]
        chance = own.method == "train" or own.stages or own.start in (RANDOM, IMAGENET)
        seeds = range(own.seed, own.seed + (self.seeds if chance else 1))
        return [Candidate(row.label, own, seed=seed) for seed in seeds]

    def _hindrance(self, row: MethodRow, own: RatedRecipe | None, cost: Cost) -> tuple[str, str]:
        """Return the status and reason of a method that cannot run here, '' and '' otherwise."""
        if own is None:
            if needs_clean(row.measure or "") and any(i.clean is None for i in self.rated.images):
                return MISSING, f"the set {self.rated.name} has no clean images to compare with"
            return "", ""
        unknown = [stage.set for stage in own.stages if stage.set not in self.place.others]
        if unknown:
            return MISSING, (
                f"it learns from {unknown[0]} first; say where that lies with --also {unknown[0]}=FOLDER"
            )
        if own.start not in (RANDOM, IMAGENET):
            try:
                find_model(own.start)
            except MiqaError as error:
                return MISSING, _sentence(error)
        hours = self._cpu_hours(own, cost)
        if hours > _CPU_HOURS and not self.large and pick_device(self.place.device).type == "cpu":
            words = f"{hours:.0f} hours" if hours >= 1.5 else f"{60 * hours:.0f} minutes"
            return GPU, (
                f"training it takes about {words} on one thread of a CPU; run it on a GPU, or with --large"
            )
        return "", ""

    def _cpu_hours(self, own: RatedRecipe, cost: Cost) -> float:
        """Return about how long the training takes on a thread of a CPU, from its operations."""
        if cost.complexity is None:
            return 0.0
        crops = sum(
            stage.epochs * stage.crops * len(self.place.others[stage.set]) * stage.crop**2
            for stage in own.stages
        )
        if own.method == "train":
            plan, folds = own.schedule, len(next(iter(self.folds.values())))
            crops += plan.epochs * plan.crops * len(self.rated) * plan.crop**2 * folds
        operations = _BACKWARD * cost.complexity.macs * crops / EDGE**2 * self.seeds
        return operations / _CPU_RATE / 3600

    def _cost(self, row: MethodRow, network: str | None) -> Cost:
        """Return what a slice costs, measured once and kept beside the folds."""
        name = row.measure or str(network)
        device = "cpu" if row.measure else pick_device(self.place.device).type
        threads = torch.get_num_threads()
        path = self.place.out / "times" / f"{name}-{device}-{threads}.json"
        counted = None if row.measure else complexity(named_config(name))
        kept = _kept(path)
        # a thread that waits for others on a busy machine does not make its method slower
        shown = "cpu" if device == "cpu" and threads == 1 else "wall"
        if kept is not None:
            return Cost(kept[shown], kept["wall"], counted)
        if counted is not None and counted.macs > _HEAVIEST and device == "cpu" and not self.large:
            return Cost(complexity=counted)
        wall, cpu = self._measure_time(row) if row.measure else self._network_time(name)
        found = {"wall": wall, "cpu": cpu}
        _keep(path, found)
        return Cost(found[shown], wall, counted)

    def _measure_time(self, row: MethodRow) -> tuple[float | None, float | None]:
        images = self._timed()
        if needs_clean(row.measure or "") and any(image.clean is None for image in images):
            return None, None
        calls: list[Callable[[], object]] = []
        for image in images:
            measure, slices = measured_slices(self.rated, image, row.measure or "")
            given = slices[len(slices) // 2]
            calls.append(lambda measure=measure, given=given: measure(given))  # type: ignore[misc]
        return _timed(calls)

    def _network_time(self, name: str) -> tuple[float, float]:
        """Return the time of a slice with random weights, which is that with any."""
        engine = Engine(build(named_config(name)), self.place.device)
        calls: list[Callable[[], object]] = []
        for image in self._timed():
            planes = read_planes(
                image.path, photograph=self.rated.photographs, frames=self.rated.frames
            )
            plane = planes[len(planes) // 2]
            calls.append(lambda plane=plane: list(engine.predict([plane])))  # type: ignore[misc]
        return _timed(calls)

    def _timed(self) -> list[Any]:
        """Return a few images, evenly spaced over the set."""
        images = self.rated.images
        step = max(1, len(images) // _TIMED_IMAGES)
        return list(images[::step][:_TIMED_IMAGES])


def refuse_what_is_no_number(scores: Mapping[str, float]) -> None:
    """Raise MiqaError where a score is no finite number, as those of a training that diverged."""
    wrong = next((name for name, value in scores.items() if not math.isfinite(value)), None)
    if wrong is not None:
        raise MiqaError(f"Its score of {wrong} is {scores[wrong]}, not a finite number.")


def _timed(calls: Sequence[Callable[[], object]]) -> tuple[float, float]:
    """Return the medians of wall and CPU time in milliseconds, after one call that is not counted."""
    calls[0]()
    wall, cpu, begun = [], [], time.perf_counter()
    while True:
        for call in calls:
            before, before_cpu = time.perf_counter(), time.process_time()
            call()
            wall.append(time.perf_counter() - before)
            cpu.append(time.process_time() - before_cpu)
        if len(wall) >= 2 * len(calls) or time.perf_counter() - begun > _TIMED_SECONDS:
            return 1000 * statistics.median(wall), 1000 * statistics.median(cpu)


def _kept(path: Path) -> dict[str, Any] | None:
    """Return times that were measured before, None where there are none that can be read."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return {"wall": values["wall"], "cpu": values["cpu"]}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _keep(path: Path, values: Mapping[str, float | None]) -> None:
    """Write the times, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    partial.write_text(json.dumps(dict(values)) + "\n", encoding="utf-8")
    partial.replace(path)


def _sentence(error: Exception) -> str:
    """Return what went wrong in one line, with the kind of error where it is none of ours."""
    words = " ".join(str(error).split()) or type(error).__name__
    if not isinstance(error, MiqaError):
        words = f"{type(error).__name__}: {words}"
    return words[:300]
