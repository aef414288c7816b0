"""From what somebody asks for to a plan that can be carried out: data, findings, split, recipe, time."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from miqa_app.errors import BadModel, BadRequest, MiqaError
from miqa_app.registry.folders import find_model, read_folder, shipped_model
from miqa_app.services.finetune_check import Finding, findings, in_order, split_findings
from miqa_app.services.finetune_data import exported, is_table, read_site
from miqa_app.services.finetune_models import estimated_seconds
from miqa_app.services.finetune_plan import planned
from miqa_app.services.finetune_request import DryRun
from miqa_app.services.finetune_run import find_run, new_run, unfinished_runs
from miqa_app.services.finetune_steps import Teller
from miqa_app.training.finetune.recipe import FineTuneRecipe, choose_recipe, read_finetune_recipe

if TYPE_CHECKING:
    from collections.abc import Callable

    from miqa_app.registry.folders import ModelFolder
    from miqa_app.services.finetune_data import SiteData
    from miqa_app.services.finetune_plan import Plan
    from miqa_app.services.finetune_request import FineTuneRequest
    from miqa_app.services.finetune_run import Run
    from miqa_app.services.finetune_steps import Breath, Event


class DataForbid(BadRequest):
    """The data forbid the training.

    Attributes:
        dry_run: all that was found.
    """

    def __init__(self, dry_run: DryRun) -> None:
        """Say what stops it."""
        stops = [one.words for one in dry_run.findings if one.level == "stop"]
        super().__init__(" ".join(stops))
        self.dry_run = dry_run


@dataclass(frozen=True, eq=False)
class Prepared:
    """A request that has been checked.

    Attributes:
        run: its folder, which holds the name; it has begun only where a run goes on.
        data: the rated images.
        plan: the split.
        recipe: how to learn.
        parent: the model to begin with.
        dry_run: what was found.
        device: 'auto', 'cuda', 'mps' or 'cpu'.
        resumed: True where a run that was stopped goes on.
    """

    run: Run
    data: SiteData
    plan: Plan
    recipe: FineTuneRecipe
    parent: ModelFolder
    dry_run: DryRun
    device: str
    resumed: bool = False

    def request(self, source: FineTuneRequest) -> dict[str, Any]:
        """Return all that the run depends on, for its record."""
        return {
            "name": self.run.name,
            "created": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
            "source": _absolute(source.source),
            "study": self.data.study,
            "store": source.store,
            "model": {
                "name": self.parent.name,
                "sha256": self.parent.sha256,
                "path": str(self.parent.path),
            },
            "device": self.device,
            "recipe": self.recipe.model_dump(mode="json"),
            "data": {"version": self.data.version, "images": list(self.data.contents)},
            "split": self.plan.as_json(),
            "dry_run": self.dry_run.as_json(),
        }


def prepared(request: FineTuneRequest, say: Callable[[Event], None], breath: Breath) -> Prepared:
    """Read and check all that a request names.

    The same request on the same data goes on with the run that was stopped, as does one that names a run.

    Raises:
        BadModel: the model is missing, damaged or was never measured.
        BadRecipe: the recipe is missing or does not check out.
        BadRequest: the source is missing or odd, or the data are no longer those with which the run began.
        DataForbid: a finding forbids the training.
        Cancelled: on command.
    """
    if request.resume:
        return _resumed(find_run(request.resume), say, breath)
    if not request.source:
        raise BadRequest("Name a study, or the path of a table that ends in .csv.")
    parent = find_model(request.model) if request.model else shipped_model()
    if "interval" not in parent.config:
        message = f"The model {parent.name} was never measured, so its candidate could not say how sure it is; run 'miqa models measure' on it first."
        raise BadModel(message)
    recipe = read_finetune_recipe(request.recipe) if request.recipe else None
    label = Path(request.source).stem if is_table(request.source) else request.source
    run = new_run(parent.name, label)
    try:
        with run.locked():
            data = _read(request, run, say, breath)
            fresh = _checked(run, data, parent, recipe, request, say)
    except BaseException:
        run.remove()
        raise
    stopped = _stopped_before(fresh, request)
    if stopped is None:
        return fresh
    run.remove()
    return _resumed(stopped, say, breath)


def _read(
    request: FineTuneRequest, run: Run, say: Callable[[Event], None], breath: Breath
) -> SiteData:
    """Return the rated images, those of a study after they were written into the folder of the run."""
    say({"event": "stage", "words": "Reading the ratings"})
    if is_table(request.source):
        return _images(Path(request.source), say, breath)
    if Path(request.source).is_file():
        message = f"{request.source} is no table of ratings; give a file that ends in .csv or .tsv, or the name of a study."
        raise BadRequest(message)
    from miqa_app.store import Archive

    with Archive(request.store, create=False) as archive:
        study = archive.study(request.source)
        tell = Teller(say, breath, 1)
        steps = exported(archive, study, run.data)
        while True:
            try:
                breath.take()
                tell.at(*next(steps))
            except StopIteration as end:
                table: Path = end.value
                break
    return _images(table, say, breath, name=study.name, study=study.key)


def _images(
    table: Path,
    say: Callable[[Event], None],
    breath: Breath,
    *,
    name: str = "",
    study: str = "",
) -> SiteData:
    tell = Teller(say, breath, 0)

    def report(done: int, total: int) -> None:
        breath.take()
        tell.at(done, total)

    return read_site(table, report, name=name, study=study)


def _checked(
    run: Run,
    data: SiteData,
    parent: ModelFolder,
    recipe: FineTuneRecipe | None,
    request: FineTuneRequest,
    say: Callable[[Event], None],
) -> Prepared:
    """Return the request with its findings, split, recipe and time."""
    from miqa_app.scoring.engine import pick_device

    device = pick_device(request.device).type
    found = list(findings(data))
    plan = None
    if not any(finding.level == "stop" for finding in found):
        try:
            plan = planned(data)
        except MiqaError as error:
            found.insert(0, Finding("stop", str(error)))
    if plan is not None:
        found += split_findings(data, plan, parent)
    if plan is None or any(finding.level == "stop" for finding in found):
        raise DataForbid(DryRun(in_order(found), *_counts(data), "", "", "", float("nan")))
    if recipe is None:
        train = plan.candidate.train
        recipe, why = choose_recipe(
            len(train), data.count("reference", train), cuda=device == "cuda"
        )
    else:
        why = f"Recipe '{recipe.name}', as you wish."
    say({"event": "stage", "words": "Measuring the speed of this computer"})
    seconds = estimated_seconds(data, plan, recipe, parent, request.device)
    told = DryRun(in_order(found), *_counts(data), plan.words(data), recipe.name, why, seconds)
    return Prepared(run, data, plan, recipe, parent, told, request.device)


def _counts(data: SiteData) -> tuple[int, int, int]:
    return len(data.images), data.count("reference"), data.count("subject")


def _stopped_before(fresh: Prepared, request: FineTuneRequest) -> Run | None:
    """Return the run of the same request on the same data that was stopped, None where there is none."""
    wanted = fresh.request(request)
    for run in unfinished_runs():
        try:
            stored = run.request()
        except BadRequest:
            continue
        same = ("source", "study", "recipe", "split")
        if (
            all(stored[name] == wanted[name] for name in same)
            and stored["data"]["version"] == wanted["data"]["version"]
            and stored["model"]["sha256"] == wanted["model"]["sha256"]
        ):
            return run
    return None


def _resumed(run: Run, say: Callable[[Event], None], breath: Breath) -> Prepared:
    """Return the request of a run that was stopped, if its data and its model are still the same.

    Raises:
        BadModel: the model is gone or has changed.
        BadRequest: the data have changed.
    """
    from miqa_app.registry.folders import find_identical
    from miqa_app.services.finetune_plan import Plan

    stored = run.request()
    say({"event": "stage", "words": f"Going on with {run.name}"})
    path = Path(stored["model"]["path"])
    parent = (
        read_folder(path)
        if path.is_dir()
        else find_identical(stored["model"]["name"], stored["model"]["sha256"])
    )
    if parent.sha256 != stored["model"]["sha256"]:
        message = f"The model {parent.name} has changed since the training {run.name} began; start it anew."
        raise BadRequest(message)
    if stored["study"]:
        data = _images(
            run.data / "dataset" / "mos.csv",
            say,
            breath,
            name=stored["source"],
            study=stored["study"],
        )
    else:
        data = _images(Path(stored["source"]), say, breath)
    if data.version != stored["data"]["version"]:
        message = f"{stored['source']} or its images have changed since the training {run.name} began; start a new one without --resume."
        raise BadRequest(message)
    plan = Plan.from_json(stored["split"])
    recipe = FineTuneRecipe(**stored["recipe"])
    found = stored["dry_run"]
    told = DryRun(
        tuple(Finding(**finding) for finding in found["findings"]),
        *_counts(data),
        found["split"],
        found["recipe"],
        found["words"],
        found["seconds_estimated"],
    )
    return Prepared(run, data, plan, recipe, parent, told, stored["device"], resumed=True)


def _absolute(source: str) -> str:
    return str(Path(source).absolute()) if is_table(source) else source
