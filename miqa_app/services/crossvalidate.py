"""Cross-validate methods on a rated set: from what a user asks for to a folder with predictions and tables."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from miqa_app.errors import BadRequest
from miqa_app.evaluation.folds import grouped_folds
from miqa_app.evaluation.method_table import method_table
from miqa_app.evaluation.predictions import Predictions, write_predictions
from miqa_app.evaluation.rated import read_rated_set
from miqa_app.evaluation.rated.loading import read_planes
from miqa_app.evaluation.rated.measures import measure_names
from miqa_app.networks import count_parameters, named_config, outline
from miqa_app.paths import user_cache
from miqa_app.reports.benchmark import Wishes, write_benchmark
from miqa_app.reports.crossvalidation import Line, write_tables
from miqa_app.scoring.engine import pick_device
from miqa_app.statistics.correlation import plcc, srocc
from miqa_app.training.crossvalidation import Candidate, CrossValidation, Place
from miqa_app.training.imagenet import IMAGENET
from miqa_app.training.keeping import revision
from miqa_app.training.progress import Progress
from miqa_app.training.rated_recipe import ConfigList, Row, read_config_list, read_rated_recipe
from miqa_app.training.start import RANDOM

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from miqa_app.evaluation.folds import Fold
    from miqa_app.evaluation.rated import RatedSet
    from miqa_app.training.crossvalidation import FoldResult
    from miqa_app.training.rated_recipe import RatedRecipe


@dataclass(frozen=True)
class Request:
    """What a user asks for.

    Attributes:
        data: the rated set, see `read_rated_set`.
        folds: how many.
        by: 'reference' or 'subject', the label that is never parted.
        recipe: name or path of the recipe.
        configs: name or path of a list of rows; the recipe alone when empty.
        out: folder in which the folder of results is made.
        seeds: how often a method that begins at random is run.
        device: 'auto', 'cuda', 'mps' or 'cpu'.
        imagenet: folder of ImageNet weights, None to download them.
        also: sets that stages of the recipe learn from, as NAME=FOLDER.
    """

    data: str
    folds: int = 8
    by: str = "reference"
    recipe: str = "ridge"
    configs: str = ""
    out: Path = Path("runs")
    seeds: int = 1
    device: str = "auto"
    imagenet: Path | None = None
    also: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class _Plan:
    """A checked request: nothing in it can be missing any more."""

    rated: RatedSet
    groups: tuple[str, ...]
    recipe: RatedRecipe
    table: ConfigList
    candidates: tuple[Candidate, ...]
    folds: Mapping[str, Sequence[Fold]]
    folder: Path
    others: Mapping[str, RatedSet] = field(default_factory=dict)


def crossvalidate(request: Request, report: Callable[[Progress], None]) -> Path:
    """Run every fold that is not finished yet, and write the results.

    These are predictions.csv, record.json, table.md, table.csv, and the folder report with a page of plots and tables.

    Args:
        request: what to do.
        report: called with the progress: 'fold' after each fold, 'features' and 'train' within one.

    Returns:
        The folder of results, `<set>-<recipe>` or `<set>-<list>-<recipe>` in `out`.

    Raises:
        BadRequest: the set, the split or the device makes no sense.
        BadRecipe: a recipe or a list does not check out, or its starting weights cannot be had.
        MiqaError: a split leaks, or a training diverged.
    """
    plan = _planned(request, report)
    place = Place(plan.folder, request.device, request.imagenet, plan.others)
    runs = CrossValidation(plan.rated, plan.groups, place)
    results: dict[Candidate, list[FoldResult]] = {}
    total = sum(len(plan.folds[_kind(candidate)]) for candidate in plan.candidates)
    done = 0
    for candidate in plan.candidates:
        for fold in plan.folds[_kind(candidate)]:
            result = runs.fold(candidate, fold, report)
            results.setdefault(candidate, []).append(result)
            done += 1
            report(Progress("fold", done, total, _fold_metrics(plan.rated, fold, result)))
    for number, _ in enumerate(_write_results(request, plan, results), 1):
        report(Progress("report", number, 0, {}))
    report(Progress("done", total, total, {}))
    return plan.folder


def _planned(request: Request, report: Callable[[Progress], None]) -> _Plan:
    """Read and check all that the request names, before anything runs; an evaluation is made into pictures first."""
    pick_device(request.device)
    if request.seeds < 1:
        raise BadRequest(f"{request.seeds} seeds make no run; choose --seeds 1 or more.")
    recipe = read_rated_recipe(request.recipe)
    table = (
        read_config_list(request.configs)
        if request.configs
        else ConfigList(
            name="recipe",
            title=f"Cross-validation of {recipe.name}",
            rows=(Row(label=f"{recipe.network} ({recipe.method})"),),
        )
    )
    candidates = tuple(
        candidate for row in table.rows for candidate in _seeded(row, recipe, request.seeds)
    )
    rated = read_rated_set(
        request.data, user_cache(), lambda done, most: report(Progress("images", done, most, {}))
    )
    groups = rated.groups(request.by)
    folds = {
        kind: grouped_folds(groups, request.folds, validation=kind == "reference")
        for kind in {_kind(candidate) for candidate in candidates}
    }
    parts = (rated.name, table.name if request.configs else "", recipe.name)
    folder = request.out / "-".join(part for part in parts if part)
    return _Plan(
        rated, groups, recipe, table, candidates, folds, folder, _others(request, candidates)
    )


def _kind(candidate: Candidate) -> str:
    """Return how the split treats validation for a candidate: only a training needs an inner part."""
    recipe = candidate.recipe
    return recipe.validation if recipe is not None and recipe.method == "train" else "fixed"


def _seeded(row: Row, recipe: RatedRecipe, seeds: int) -> list[Candidate]:
    """Return a row at every seed; once where no seed plays a part."""
    if row.measure:
        if row.measure not in measure_names():
            message = f"The row '{row.label}' names the measure '{row.measure}'; choose one of {', '.join(measure_names())}."
            raise BadRequest(message)
        return [Candidate(row.label, measure=row.measure)]
    own = row.applied(recipe)
    by_chance = own.method == "train" or own.stages or own.start in (RANDOM, IMAGENET)
    return [
        Candidate(row.label, own, seed=own.seed + count)
        for count in range(seeds if by_chance else 1)
    ]


def _others(request: Request, candidates: Sequence[Candidate]) -> dict[str, RatedSet]:
    """Return the sets of the stages, and refuse a stage whose set the command line does not give."""
    sets = {words.partition("=")[0]: read_rated_set(words, user_cache()) for words in request.also}
    for candidate in candidates:
        for stage in candidate.recipe.stages if candidate.recipe else ():
            if stage.set not in sets:
                message = f"'{candidate.label}' learns from {stage.set} first; say where it lies with --also {stage.set}=FOLDER."
                raise BadRequest(message)
    return sets


def _fold_metrics(rated: RatedSet, fold: Fold, result: FoldResult) -> dict[str, float]:
    """Return the raw correlations of a fold; no curve is fitted inside one (models.md 1.1.4)."""
    scores = [result.scores[rated.images[place].name] for place in fold.test]
    targets = [rated.images[place].mos for place in fold.test]
    values = {"srocc": srocc(scores, targets), "plcc": plcc(scores, targets)}
    return {
        "fold": float(fold.number + 1),
        "reused": float(result.reused),
        **{name: value for name, value in values.items() if np.isfinite(value)},
    }


def _write_results(
    request: Request, plan: _Plan, results: Mapping[Candidate, Sequence[FoldResult]]
) -> Iterator[str]:
    """Write everything of a finished cross-validation, and yield a sentence per step of the HTML report."""
    predictions = _predictions(plan, results)
    write_predictions(predictions, plan.folder / "predictions.csv")
    notes = _notes(plan)
    lines = [
        Line(
            row.label,
            tuple(_method(plan, candidate) for candidate in own),
            _design(own[0]),
            float(np.mean([r.facts["seconds"] for c in own for r in results[c]])),
        )
        for row in plan.table.rows
        if (own := [candidate for candidate in results if candidate.label == row.label])
    ]
    figures = method_table(predictions)
    ours = plan.table.ours or plan.table.rows[-1].label
    summary = write_tables(plan.folder, plan.table.title, lines, figures, ours, notes)
    record = {
        "request": {**asdict(request), "out": str(request.out), "imagenet": str(request.imagenet)},
        "revision": revision(),
        "set": _set_facts(plan),
        "notes": notes,
        "recipe": plan.recipe.model_dump(mode="json"),
        "table": plan.table.model_dump(mode="json"),
        "rows": summary,
        "folds": {
            _method(plan, candidate): [dict(result.facts) for result in own]
            for candidate, own in results.items()
        },
    }
    path = plan.folder / "record.json"
    partial = path.with_suffix(".part")
    partial.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    partial.replace(path)
    against = next(line.methods[0] for line in lines if line.label == ours)
    wishes = Wishes(
        title=f"{plan.table.title} on {plan.rated.name}",
        target=plan.rated.target,
        against=against,
        details={
            name: {key: str(value) for key, value in line.design.items() if value != []}
            for line in lines
            for name in line.methods
        },
        thumbnail=_thumbnails(plan.rated),
    )
    yield from write_benchmark(predictions, figures, plan.folder / "report", wishes)


def _thumbnails(rated: RatedSet) -> Callable[[str], NDArray[np.float32] | None]:
    """Return what gives the middle plane of an image by its name."""
    by_name = {image.name: image for image in rated.images}

    def thumbnail(name: str) -> NDArray[np.float32] | None:
        planes = read_planes(by_name[name].path, photograph=rated.photographs, frames=rated.frames)
        return planes[len(planes) // 2]

    return thumbnail


def _method(plan: _Plan, candidate: Candidate) -> str:
    """Return the name of a candidate among the predictions: its label, with the seed where there are several."""
    several = sum(other.label == candidate.label for other in plan.candidates) > 1
    return f"{candidate.label} (seed {candidate.seed})" if several else candidate.label


def _design(candidate: Candidate) -> dict[str, Any]:
    """Return what a table says of a row's network: encoders, AP and its number of weights in millions."""
    if candidate.recipe is None:
        return {"measure": candidate.measure}
    config = named_config(candidate.recipe.network)
    return {
        "network": config.name,
        **outline(config),
        "parameters": round(count_parameters(config) / 1e6, 2),
        "start": candidate.recipe.start,
        "stages": [stage.set for stage in candidate.recipe.stages],
        "method": candidate.recipe.method,
    }


def _predictions(plan: _Plan, results: Mapping[Candidate, Sequence[FoldResult]]) -> Predictions:
    """Return the pooled out-of-fold predictions."""
    images = plan.rated.images
    fold_of = {
        place: str(fold.number + 1)
        for fold in next(iter(plan.folds.values()))
        for place in fold.test
    }
    methods = {}
    for candidate, own in results.items():
        scores = {name: score for result in own for name, score in result.scores.items()}
        methods[_method(plan, candidate)] = np.array([scores[image.name] for image in images])
    groups = {
        "fold": tuple(fold_of[place] for place in range(len(images))),
        "kind": tuple(image.kind or "not given" for image in images),
        "subject": tuple(image.subject for image in images),
    }
    given = [image.ci for image in images if image.ci is not None]
    return Predictions(
        images=tuple(image.name for image in images),
        references=plan.groups,
        targets=np.array([image.mos for image in images]),
        methods=methods,
        groups=groups,
        intervals=np.array(given) if len(given) == len(images) else None,
    )


def _set_facts(plan: _Plan) -> dict[str, Any]:
    images = plan.rated.images
    return {
        "name": plan.rated.name,
        "target": plan.rated.target,
        "scale": plan.rated.scale.words,
        "images": len(images),
        "references": len({image.reference for image in images}),
        "subjects": len({image.subject for image in images}),
    }


def _notes(plan: _Plan) -> list[str]:
    """Return what a reader of the table must know."""
    facts = _set_facts(plan)
    number = len(next(iter(plan.folds.values())))
    notes = [
        f"{facts['name']}: {facts['images']} images, {facts['references']} references, {facts['subjects']} subjects; "
        f"target: {facts['target']}, published scale {facts['scale']}.",
        f"{number} folds; every image is scored by a method that learnt from other folds only. Pooled figures are over "
        "all out-of-fold predictions; figures per fold are raw, without a fitted curve.",
    ]
    shared = _shared_subject(plan)
    if shared:
        notes.append(
            f"Some subjects have several references, and folds part these (as {shared}): the content of a test image may "
            "resemble that of a training image. --by subject keeps them together."
        )
    if plan.recipe.remark:
        notes.append(plan.recipe.remark)
    return notes


def _shared_subject(plan: _Plan) -> str:
    """Return a subject that stands on both sides of some split, '' where there is none."""
    subjects = [image.subject for image in plan.rated.images]
    for fold in next(iter(plan.folds.values())):
        both = {subjects[place] for place in fold.train} & {subjects[place] for place in fold.test}
        if both:
            return min(both)
    return ""
