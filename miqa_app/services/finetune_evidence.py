"""The evidence on a candidate, from what all networks said of images that they never saw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np

from miqa_app.evaluation.evidence import (
    ACTIVE,
    CANDIDATE,
    SHIPPED,
    CanaryFacts,
    CurvePoint,
    DataFacts,
    EvidenceInputs,
    LearningFacts,
    Model,
    ScopeFacts,
    evidence,
    local_evidence,
    rater_ceiling,
    split_facts,
)
from miqa_app.evaluation.rated.loading import read_planes
from miqa_app.registry.canary import check_canary, store_canary
from miqa_app.registry.folders import default_model, read_folder, shipped_model
from miqa_app.reports.evidence import write_evidence
from miqa_app.scoring.engine import pick_device
from miqa_app.services.finetune_judge import held_out_predictions, rehearsal_predictions
from miqa_app.services.finetune_models import learnt_from

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from miqa_app.evaluation.evidence import Evidence, ModelChecks
    from miqa_app.networks import QualityNetwork
    from miqa_app.registry.folders import ModelFolder
    from miqa_app.services.finetune_data import SiteData
    from miqa_app.services.finetune_judge import Said, Simulated
    from miqa_app.services.finetune_plan import Plan
    from miqa_app.services.finetune_steps import Breath, Event
    from miqa_app.training.finetune.recipe import FineTuneRecipe

_CHECKED_SLICES = 3


@dataclass(frozen=True, eq=False)
class Heard:
    """What one of the three models said.

    Attributes:
        rated: of the tested images, in the order of `Plan.tested`.
        simulated: scores of the simulated images.
    """

    rated: Sequence[Said]
    simulated: Sequence[float]


@dataclass(frozen=True, eq=False)
class Trial:
    """All that the evidence is made of.

    Attributes:
        folder: the candidate's model folder.
        data: the rated images.
        plan: the split.
        recipe: how the candidate learnt.
        facts: of its training, see `Tuned.facts`.
        simulated: the simulated images.
        heard: by CANDIDATE, ACTIVE and SHIPPED.
        device: 'auto', 'cuda', 'mps' or 'cpu'.
    """

    folder: Path
    data: SiteData
    plan: Plan
    recipe: FineTuneRecipe
    facts: Mapping[str, Any]
    simulated: Sequence[Simulated]
    heard: Mapping[str, Heard]
    device: str


def written_evidence(
    trial: Trial,
    candidate: QualityNetwork,
    active: QualityNetwork,
    say: Callable[[Event], None],
    breath: Breath,
) -> tuple[Evidence, Path]:
    """Write canary set and evidence beside the candidate; return the evidence and its page.

    Args:
        trial: see there.
        candidate: network of the candidate as it is stored.
        active: network in use.
        say: is told the progress.
        breath: where the work may be stopped.
    """
    say({"event": "stage", "words": "Checking maps, robustness and speed"})
    canary = store_canary(trial.folder)
    breath.take()
    check = check_canary(trial.folder)
    breath.take()
    checks = _checks(trial, candidate, active, say, breath)
    say({"event": "stage", "words": "Writing the evidence"})
    breath.take()
    models = {
        CANDIDATE: read_folder(trial.folder),
        ACTIVE: default_model(),
        SHIPPED: shipped_model(),
    }
    data, plan = trial.data, trial.plan
    methods = {name: [one.score for one in heard.rated] for name, heard in trial.heard.items()}
    simulated = {name: heard.simulated for name, heard in trial.heard.items()}
    inputs = EvidenceInputs(
        candidate=_model(models[CANDIDATE]),
        active=_model(models[ACTIVE]),
        shipped=_model(models[SHIPPED]),
        held_out=held_out_predictions(data, plan.tested, methods),
        rehearsal=rehearsal_predictions(trial.simulated, simulated) if trial.simulated else None,
        data=data_facts(data),
        split=_split(data, plan, models[ACTIVE]),
        learning=_learning(trial),
        checks=checks,
        canary=CanaryFacts(inputs=len(canary.outputs), largest_change=check.largest),
        ceiling=None if data.opinions is None else rater_ceiling(data.opinions[list(plan.tested)]),
        scope=_scope(trial),
    )
    made = evidence(inputs)
    breath.take()
    files = write_evidence(made, local_evidence(inputs), trial.folder / "evidence")
    return made, files.html


def _model(folder: ModelFolder) -> Model:
    return Model(name=folder.name, sha256=folder.sha256)


def data_facts(data: SiteData) -> DataFacts:
    """Return the rated set in numbers."""
    scores = np.array([image.mos for image in data.images])
    widths = [image.ci for image in data.images if image.ci is not None]
    votes = [count for count in data.votes if count is not None]
    return DataFacts(
        version=data.version,
        images=len(scores),
        references=data.count("reference"),
        subjects=data.count("subject"),
        raters=None if data.opinions is None else data.opinions.shape[1],
        votes_per_image=float(np.median(votes)) if votes else None,
        mos_low=float(scores.min()),
        mos_high=float(scores.max()),
        mos_sd=float(scores.std(ddof=1)),
        median_ci=float(np.median(widths)) if widths else None,
    )


def _split(data: SiteData, plan: Plan, active: ModelFolder) -> Any:
    known = learnt_from(active) or set()
    return split_facts(
        plan.folds or (plan.candidate,),
        [image.reference for image in data.images],
        [image.subject for image in data.images],
        data.contents,
        seen_by_active=[
            image.reference for place, image in enumerate(data.images) if data.marks(place) & known
        ],
    )


def _learning(trial: Trial) -> LearningFacts:
    facts, train = trial.facts, trial.plan.candidate.train
    curve = tuple(
        CurvePoint(
            seed=number,
            epoch=point["epoch"],
            loss=point.get("loss"),
            srocc=point.get("srocc"),
            rmse=point.get("rmse"),
        )
        for number, seed in enumerate(facts["seeds"], 1)
        for point in seed["curve"]
    )
    return LearningFacts(
        recipe=trial.recipe.name,
        parts=trial.recipe.parts,
        seeds=len(facts["seeds"]),
        result="average" if str(facts["kept"]).startswith("average") else "best",
        epochs=sum(seed["epochs"] for seed in facts["seeds"]),
        seconds=facts["seconds"],
        device=cast("Literal['cpu', 'cuda', 'mps']", pick_device(trial.device).type),
        train_images=len(train),
        train_references=trial.data.count("reference", train),
        curve=curve,
    )


def _scope(trial: Trial) -> ScopeFacts | None:
    outside = {
        name: [one.outside for one in trial.heard[name].rated] for name in (CANDIDATE, ACTIVE)
    }
    if any(None in answers for answers in outside.values()):
        return None
    return ScopeFacts(
        images=len(outside[CANDIDATE]),
        candidate_outside=sum(map(bool, outside[CANDIDATE])),
        active_outside=sum(map(bool, outside[ACTIVE])),
    )


def _checks(
    trial: Trial,
    candidate: QualityNetwork,
    active: QualityNetwork,
    say: Callable[[Event], None],
    breath: Breath,
) -> ModelChecks | None:
    from miqa_app.evaluation.evidence.model_checks import bundled_planes, measured_checks
    from miqa_app.services.finetune_steps import Teller

    planes = _clean_planes(trial) or bundled_planes(_CHECKED_SLICES)
    tell = Teller(say, breath, 1)
    for step in measured_checks(candidate, active, planes, device=trial.device):
        if not isinstance(step, tuple):
            return step
        breath.take()
        tell.at(*step)
    return None


def _clean_planes(trial: Trial) -> list[NDArray[np.float32]]:
    """Return the middle planes of a few clean images of tested references."""
    paths: dict[str, Path] = {}
    for place in trial.plan.tested:
        image = trial.data.images[place]
        if image.clean is not None and image.clean.exists():
            paths.setdefault(image.reference, image.clean)
    chosen = list(paths.values())
    chosen = chosen[:: max(1, len(chosen) // _CHECKED_SLICES)][:_CHECKED_SLICES]
    return [
        read_planes(path, photograph=trial.data.rated.photographs, frames=1)[0] for path in chosen
    ]
