"""Methods side by side on one rated set: from what a user asks for to methods.csv and a page for a reviewer."""

from __future__ import annotations

import json
import math
import os
import platform
from collections import Counter
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from miqa_app import __version__
from miqa_app.errors import BadRequest
from miqa_app.evaluation.folds import grouped_folds
from miqa_app.evaluation.measures import FULL_REFERENCE
from miqa_app.evaluation.method_figures import compare_with, method_figures
from miqa_app.evaluation.predictions import Predictions, write_predictions
from miqa_app.evaluation.rated import read_rated_set
from miqa_app.paths import user_cache
from miqa_app.reports.methods import MethodLine, write_methods
from miqa_app.scoring.engine import pick_device
from miqa_app.services.method_list import MethodList, read_method_list
from miqa_app.services.method_run import DONE, Bench, Outcome
from miqa_app.training.crossvalidation import CrossValidation, Place
from miqa_app.training.keeping import revision
from miqa_app.training.progress import Progress
from miqa_app.training.rated_recipe import read_rated_recipe

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from miqa_app.evaluation.method_figures import MethodFigures, Versus

_FEWEST = 4
"""Images without which no figure exists."""

_OURS = {
    "methods.csv", "methods.md", "index.html", "plots", "predictions.csv", "record.json", "folds", "stages", "times", "work",
}  # fmt: skip


@dataclass(frozen=True)
class MethodsRequest:
    """What a user asks for.

    Attributes:
        data: the rated set, see `read_rated_set`.
        out: folder of the results: new, empty, or that of an earlier run, which goes on.
        methods: keys or labels of rows; all of the list when empty.
        table: name or path of the list.
        folds: how many at most; fewer where the set has fewer groups.
        by: 'reference' or 'subject', the label that is never parted.
        seeds: how often a method that begins at random is run.
        device: 'auto', 'cuda', 'mps' or 'cpu'.
        imagenet: folder of ImageNet weights, None to download them.
        also: sets that recipes learn from first, as NAME=FOLDER.
        large: train on a CPU what takes hours there.
    """

    data: str
    out: Path
    methods: tuple[str, ...] = ()
    table: str = "methods"
    folds: int = 8
    by: str = "reference"
    seeds: int = 1
    device: str = "auto"
    imagenet: Path | None = None
    also: tuple[str, ...] = ()
    large: bool = False


def compare_methods(request: MethodsRequest, report: Callable[[Progress], None]) -> Path:
    """Run every method that is not finished yet, and write methods.csv, predictions.csv, record.json and index.html.

    A method that cannot run or fails is named with its reason, and the others go on.

    Args:
        request: what to do.
        report: called with the progress: 'method' after each method, others within one.

    Returns:
        The page.

    Raises:
        BadRequest: the set, the split, the device, the folder or the choice of methods makes no sense.
        BadRecipe: the list does not check out.
    """
    table = read_method_list(request.table)
    rows = table.chosen(request.methods)
    bench = _bench(request, report)
    recipe = read_rated_recipe(table.recipe) if table.scores else None
    outcomes = []
    for number, row in enumerate(rows, 1):
        outcomes.append(bench.run(row, recipe, report))
        status = outcomes[-1].status
        report(Progress(f"{row.label}: {status}", number, len(rows), {}))
    page = _written(request, table, bench, outcomes)
    report(Progress("done", len(rows), len(rows), {}))
    return page


def _bench(request: MethodsRequest, report: Callable[[Progress], None]) -> Bench:
    """Read and check all that the request names, before anything runs; an evaluation is made into pictures first."""
    pick_device(request.device)
    if request.seeds < 1:
        raise BadRequest(f"{request.seeds} seeds make no run; choose --seeds 1 or more.")
    _check_folder(request.out)
    rated = read_rated_set(
        request.data, user_cache(), lambda done, most: report(Progress("images", done, most, {}))
    )
    if len(rated) < _FEWEST:
        message = f"{rated.name} holds {len(rated)} images; at least {_FEWEST} are needed to judge a method."
        raise BadRequest(message)
    groups = rated.groups(request.by)
    count = min(request.folds, len(set(groups)))
    folds = {"fixed": grouped_folds(groups, count)}
    # one more group chooses the epoch, which takes three groups at least
    folds["reference"] = grouped_folds(groups, count, validation=True) if count > 2 else folds["fixed"]  # fmt: skip
    others = {
        words.partition("=")[0]: read_rated_set(words, user_cache()) for words in request.also
    }
    place = Place(request.out, request.device, request.imagenet, others)
    runs = CrossValidation(rated, groups, place)
    return Bench(rated, place, runs, folds, request.seeds, request.large)


def _check_folder(folder: Path) -> None:
    """Refuse a place that holds anything but an earlier run.

    Raises:
        BadRequest: it is a file or holds other files.
    """
    if folder.exists() and not folder.is_dir():
        raise BadRequest(f"{folder} is not a folder; name a new or an empty one.")
    others = sorted({item.name for item in folder.iterdir()} - _OURS) if folder.exists() else []
    others = [name for name in others if not name.endswith(".part")]
    if others:
        message = f"{folder} holds other files ({others[0]}); name a new or an empty folder."
        raise BadRequest(message)


def _written(
    request: MethodsRequest, table: MethodList, bench: Bench, outcomes: Sequence[Outcome]
) -> Path:
    """Write everything, and return the page."""
    predictions = _predictions(bench, request, outcomes)
    figures: dict[str, MethodFigures] = {}
    versus: dict[str, Versus] = {}
    against = ""
    if predictions is not None:
        write_predictions(predictions, request.out / "predictions.csv")
        figures = {name: method_figures(predictions, name) for name in predictions.methods}
        against = _against(table, outcomes)
        versus = compare_with(predictions, figures, _name(against, 0)) if against else {}
    lines = [_line(outcome, figures, versus) for outcome in outcomes]
    facts = _facts(request, table, bench, outcomes, against)
    request.out.mkdir(parents=True, exist_ok=True)
    _record(request, table, bench, outcomes, facts)
    title = f"{table.title} on {bench.rated.name}"
    return write_methods(request.out, title, bench.rated.target, lines, against, facts)


def _name(label: str, seed: int) -> str:
    """Return the name of a run among the predictions: the label, with its number after the first."""
    return label if seed == 0 else f"{label} (run {seed + 1})"


def _predictions(
    bench: Bench, request: MethodsRequest, outcomes: Sequence[Outcome]
) -> Predictions | None:
    """Return the pooled predictions of all methods that were judged, None where there are none."""
    images = bench.rated.images
    methods = {
        _name(outcome.row.label, seed): np.array([scores[image.name] for image in images])
        for outcome in outcomes
        for seed, scores in enumerate(outcome.scores)
    }
    if not methods:
        return None
    fold_of = {place: fold.number + 1 for fold in bench.folds["fixed"] for place in fold.test}
    given = [image.ci for image in images if image.ci is not None]
    return Predictions(
        images=tuple(image.name for image in images),
        references=bench.rated.groups(request.by),
        targets=np.array([image.mos for image in images]),
        methods=methods,
        groups={
            "fold": tuple(str(fold_of[place]) for place in range(len(images))),
            "kind": tuple(image.kind or "not given" for image in images),
        },
        intervals=np.array(given) if len(given) == len(images) else None,
    )


def _against(table: MethodList, outcomes: Sequence[Outcome]) -> str:
    """Return the label that the others are compared with: the first wished for that was judged, '' for none."""
    judged = {outcome.row.label for outcome in outcomes if outcome.scores}
    return next((label for label in table.compared_with if label in judged), "")


def _line(
    outcome: Outcome, figures: Mapping[str, MethodFigures], versus: Mapping[str, Versus]
) -> MethodLine:
    row, cost = outcome.row, outcome.cost
    own = [figures[_name(row.label, seed)] for seed in range(len(outcome.scores))]
    line = MethodLine(
        row.label,
        row.type,
        outcome.status,
        outcome.reason,
        _provider(outcome),
        milliseconds=cost.milliseconds,
        wall_milliseconds=cost.wall_milliseconds,
        weights=cost.complexity.weights if cost.complexity else None,
        macs=cost.complexity.macs if cost.complexity else None,
    )
    if not own:
        return line
    sroccs = [one.srocc for one in own]
    return replace(
        line,
        figures=own[0],
        srocc=float(np.mean(sroccs)),
        plcc=float(np.mean([one.plcc for one in own])),
        krocc=float(np.mean([one.krocc for one in own])),
        rmse=float(np.mean([one.rmse for one in own])),
        seeds=len(own),
        srocc_deviation=float(np.std(sroccs, ddof=1)) if len(own) > 1 else math.nan,
        versus=versus.get(row.label),
        seconds=float(np.mean([fact["seconds"] for fact in outcome.facts])),
    )


def _provider(outcome: Outcome) -> str:
    """Return who computes a method: a library, this program, or the weights a network began with."""
    if outcome.row.measure:
        measure = FULL_REFERENCE.get(outcome.row.measure)
        return f"{measure.provider}; {measure.source}" if measure else "own"
    starts = sorted({str(fact["start"]) for fact in outcome.facts if "start" in fact})
    return "; ".join(starts[:2])


def _facts(
    request: MethodsRequest,
    table: MethodList,
    bench: Bench,
    outcomes: Sequence[Outcome],
    against: str,
) -> list[tuple[str, str]]:
    """Return what a reviewer asks first: which data, which split, which seeds, which machine, what is not there."""
    rated = bench.rated
    counts = Counter(outcome.status for outcome in outcomes)
    subjects, references = (
        len({getattr(image, name) for image in rated.images}) for name in ("subject", "reference")
    )
    folds = len(bench.folds["fixed"])
    others = ", ".join(f"{name} ({len(other)} images)" for name, other in bench.place.others.items())  # fmt: skip
    return [
        ("Set", f"{rated.name}: {len(rated)} images, {references} references, {subjects} subjects"),
        ("Target", f"{rated.target}; published scale {rated.scale.words}"),
        ("Also learnt from", others or "no other set"),
        ("Split", f"{folds} folds by {request.by}; every score of a method that learns is of a fold it did not see"),
        ("Seeds", f"{request.seeds} per method that begins at random"),
        ("Methods", ", ".join(f"{number} {status}" for status, number in sorted(counts.items()))),
        ("Compared with", against or "nothing"),
        ("Failed", ", ".join(one.row.label for one in outcomes if one.status == "failed") or "none"),
        ("Device", f"{_machine(bench)}"),
        ("List", f"{table.name}: {table.title}"),
        ("miqa_app", f"{__version__}, revision {revision()}"),
    ]  # fmt: skip


def _machine(bench: Bench) -> str:
    device = pick_device(bench.place.device)
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{device.type}, {torch.get_num_threads()} threads of {os.cpu_count()} cores, {platform.machine()}"


def _plain(value: Any) -> Any:
    """Return a value of the request as JSON has it: folders as text."""
    return str(value) if isinstance(value, Path) else value


def _record(
    request: MethodsRequest,
    table: MethodList,
    bench: Bench,
    outcomes: Sequence[Outcome],
    facts: Sequence[tuple[str, str]],
) -> None:
    """Write record.json: everything needed to do it again, whole or not at all."""
    content = {
        "request": {name: _plain(value) for name, value in asdict(request).items()},
        "facts": dict(facts),
        "list": table.model_dump(mode="json"),
        "methods": {
            outcome.row.label: {
                "status": outcome.status,
                "reason": outcome.reason,
                "folds": [dict(fact) for fact in outcome.facts],
            }
            for outcome in outcomes
        },
        "finished": sum(outcome.status == DONE for outcome in outcomes),
        "references": sorted({image.reference for image in bench.rated.images}),
    }
    path = request.out / "record.json"
    partial = path.with_suffix(".part")
    partial.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    partial.replace(path)
