"""Fine-tune a network on rated images: several seeds, and one network from them."""

from __future__ import annotations

import copy
import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from miqa_app.errors import BadRequest
from miqa_app.training.finetune.bank import CropBank, FrameBank
from miqa_app.training.finetune.choice import chosen_network
from miqa_app.training.finetune.features import FeatureStore
from miqa_app.training.finetune.judge import Judge
from miqa_app.training.finetune.keeping import write_json
from miqa_app.training.finetune.learner import SeedRun, Tools
from miqa_app.training.finetune.pace import Pace
from miqa_app.training.finetune.parallel import Workers
from miqa_app.training.finetune.plan import steps_per_epoch
from miqa_app.training.finetune.priority import Courtesy
from miqa_app.training.finetune.scale import (
    fitted_line,
    least_squares_line,
    rescaled_network,
)
from miqa_app.training.finetune.step import Stepper
from miqa_app.training.finetune.telling import Telling, rounded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from miqa_app.evaluation.rated.loading import Planes
    from miqa_app.evaluation.rated.record import RatedSet
    from miqa_app.networks import QualityNetwork
    from miqa_app.training.finetune.bank import Bank
    from miqa_app.training.finetune.control import Control
    from miqa_app.training.finetune.learner import Learnt
    from miqa_app.training.finetune.recipe import FineTuneRecipe
    from miqa_app.training.finetune.rehearsal import RehearsalPool
    from miqa_app.training.finetune.scale import Line


@dataclass(frozen=True, eq=False)
class FineTuneTask:
    """What to learn from.

    Attributes:
        rated: the set.
        planes: its planes.
        train: places of the images to learn from.
        validation: places of the images that choose the epoch and the seeds; empty for the last epoch.
        rehearsal: simulated slices, so that the rest is not forgotten; None for none.
    """

    rated: RatedSet
    planes: Planes
    train: Sequence[int]
    validation: Sequence[int]
    rehearsal: RehearsalPool | None = None


@dataclass(frozen=True, eq=False)
class Tuned:
    """What came out.

    Attributes:
        network: plain (adapters merged), in evaluation mode, fp32, on the CPU.
        facts: for the record, plain JSON: recipe, seeds, epochs, steps, seconds, device, what was kept and why, curves.
    """

    network: QualityNetwork
    facts: dict[str, Any]


def fine_tune(
    network: QualityNetwork,
    recipe: FineTuneRecipe,
    task: FineTuneTask,
    run: Path,
    device: str,
    *,
    control: Control,
    report: Callable[[Mapping[str, Any]], None],
    features: FeatureStore | None = None,
) -> Tuned:
    """Return a fine-tuned copy of a network; a run that was stopped goes on from its last epoch in `run`.

    Args:
        network: the parent, which stays as it is.
        recipe: how to learn.
        task: what from.
        run: folder of the checkpoints; the caller removes it when the result is safe.
        device: 'auto', 'cuda', 'mps' or 'cpu'.
        control: commands to pause and to cancel.
        report: called with events: note, step, epoch, paused, resumed.
        features: of the same parent, to be shared by several calls; matters to recipes that train heads alone.

    Raises:
        Cancelled: by command; `run` stays and can be gone on with.
        BadRequest: the device is not there, or `run` belongs to another task.
        MiqaError: the training diverged, or one item alone does not fit into memory.
    """
    workers = Workers(device, recipe.precision)
    tell, courtesy = report if workers.leads else _silent, Courtesy()
    pace = Pace(control, courtesy, workers, tell)
    telling = Telling(tell, recipe, workers.device, lambda: pace.paused)
    _claim(run, _identity(network, recipe, task), workers)
    parent = copy.deepcopy(network).eval().requires_grad_(False).to(workers.device)
    store = None
    if recipe.parts == "heads":
        store = features or FeatureStore(parent)
    judge = Judge(parent, task, workers, pace.breathe, store)
    before = judge.figures(parent)
    telling.parent(before)
    line = fitted_line(*judge.sample(parent))
    start = rescaled_network(parent, line)
    if store is None:
        bank: Bank = CropBank(start, recipe, task, workers)
    else:
        bank = FrameBank(start, recipe, task, workers, store)
    stepper = Stepper(bank, recipe, workers, pace, telling.note)
    tools = Tools(recipe, bank, judge, stepper, pace, workers, telling.stepped)
    telling.begin(steps_per_epoch(bank, recipe))
    seeds = [_seed(start, seed, run, tools, telling) for seed in range(recipe.seeds)]
    chosen = chosen_network(start, seeds, judge)
    last = least_squares_line(*judge.sample(chosen.network))
    result = rescaled_network(chosen.network, last)
    facts = {
        "recipe": recipe.model_dump(mode="json"),
        "images": {"train": len(task.train), "validation": len(task.validation)},
        "rehearsal": task.rehearsal.words if task.rehearsal and bank.simulated_groups else "none",
        "parent_validation": rounded(before),
        "validation": rounded(judge.figures(result)),
        "scale": {"before": _line_facts(line), "after": _line_facts(last)},
        "kept": chosen.name,
        "blend": chosen.blend,
        "kept_words": chosen.words,
        "seeds": [_seed_facts(number, seed) for number, seed in enumerate(seeds, start=1)],
        "steps": sum(seed.steps for seed in seeds),
        "seconds": round(sum(seed.seconds for seed in seeds), 1),
        "seconds_given_way": round(courtesy.waited, 1),
        "trained_parameters": seeds[0].trained,
        "batch_in_memory": stepper.part,
        "precision": workers.precision,
        "device": workers.words,
        "processes": workers.world,
        "notes": telling.notes,
    }
    return Tuned(result.cpu(), facts)


def _seed(start: QualityNetwork, seed: int, run: Path, tools: Tools, telling: Telling) -> Learnt:
    """Return what a seed gave, training it as far as it is not done."""
    learner = SeedRun(start, seed, run / f"seed-{seed + 1}", tools)
    telling.seed_begins(seed, learner.result)
    while not learner.ended:
        telling.epoch(seed, learner.epoch())
    telling.seed_ends(seed)
    return learner.result


def _claim(run: Path, identity: str, workers: Workers) -> None:
    """Refuse a run folder that belongs to another task; mark a new one.

    Raises:
        BadRequest: it does.
    """
    path, known = run / "task.json", None
    if workers.leads:
        try:
            known = json.loads(path.read_text(encoding="utf-8"))["task"]
        except (OSError, ValueError, KeyError, TypeError):
            write_json(path, {"task": identity})
    if workers.agreed(known) not in (None, identity):
        message = (
            f"{run} holds a run with another recipe, model or set of ratings, which cannot go on with this one; "
            "choose another folder or delete it."
        )
        raise BadRequest(message)


def _identity(network: QualityNetwork, recipe: FineTuneRecipe, task: FineTuneTask) -> str:
    """Return a hash of all that the weights of a run depend on, but the pixels of the images."""
    digest = hashlib.sha256(recipe.model_dump_json().encode())
    parts = (("train", task.train), ("validation", task.validation))
    for part, places in parts:
        for place in places:
            image = task.rated.images[place]
            facts = (part, image.name, image.mos, image.ci, image.reference)
            digest.update(repr(facts).encode())
    if task.rehearsal is not None:
        digest.update(b"".join(plane.tobytes() for plane in task.rehearsal.planes))
    for name, value in network.state_dict().items():
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _seed_facts(number: int, seed: Learnt) -> dict[str, Any]:
    return {
        "seed": number,
        "epochs": len(seed.curve),
        "best_epoch": seed.best_epoch,
        "steps": seed.steps,
        "seconds": round(seed.seconds, 1),
        "validation": rounded(seed.figures),
        "curve": seed.curve,
    }


def _line_facts(line: Line) -> dict[str, float]:
    return {"gain": round(line.gain, 4), "offset": round(100 * line.offset, 2)}


def _silent(_: Mapping[str, Any]) -> None:
    """Leave the talking to the leader."""
