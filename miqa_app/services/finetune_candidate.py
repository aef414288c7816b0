"""The candidate on disk: put together in the folder of its run, and moved to the other models in one step."""

from __future__ import annotations

import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from miqa_app.errors import MiqaError
from miqa_app.paths import user_data
from miqa_app.services.finetune_models import LEARNT, learnt_from
from miqa_app.services.finetune_run import write_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miqa_app.registry.folders import ModelFolder
    from miqa_app.scoring.interval import Calibration
    from miqa_app.services.finetune_judge import Said
    from miqa_app.services.finetune_prepare import Prepared
    from miqa_app.services.finetune_run import Run
    from miqa_app.training.finetune.run import Tuned


@dataclass(frozen=True)
class FineTuned:
    """A finished fine-tuning.

    Attributes:
        name: of the candidate.
        folder: its model folder.
        evidence: the page to read.
        verdict: of the gate: 'pass', 'fail' or 'uncertain'.
        words: of the gate, one or two sentences.
    """

    name: str
    folder: Path
    evidence: Path
    verdict: str
    words: str

    def as_json(self) -> dict[str, str]:
        """Return plain values."""
        return {
            "candidate": self.name,
            "folder": str(self.folder),
            "evidence": str(self.evidence),
            "verdict": self.verdict,
            "words": self.words,
        }


def finished(folder: Path, verdict: str, words: str) -> FineTuned:
    """Return what is said of a candidate that stands in its place."""
    return FineTuned(folder.name, folder, folder / "evidence" / "evidence.html", verdict, words)


def save_candidate(
    ready: Prepared, parent: ModelFolder, tuned: Tuned, heard: Sequence[Said]
) -> None:
    """Write the candidate's model folder into the folder of the run.

    Network, preprocessing, scale and scope check are the parent's; the interval is fitted to the ratings of the tested
    images, which no network that judged them had seen.

    Args:
        ready: the request.
        parent: the model it began with.
        tuned: its weights and how it learnt.
        heard: what was said of the tested images.
    """
    from miqa_app.registry.checkpoint import save_model
    from miqa_app.registry.share import shareable_card, shareable_config
    from miqa_app.scoring.interval import Calibration
    from miqa_app.services.finetune_judge import recalibrated

    targets = [ready.data.images[place].mos for place in ready.plan.tested]
    interval = recalibrated(Calibration(**parent.config["interval"]), targets, heard)
    config = shareable_config(_config(ready, parent, tuned, interval))
    if ready.run.model.exists():
        shutil.rmtree(ready.run.model)
    save_model(ready.run.model, tuned.network, config, shareable_card(config))


def _config(
    ready: Prepared, parent: ModelFolder, tuned: Tuned, interval: Calibration
) -> dict[str, Any]:
    """Return config.json before what must stay in the house is taken out."""
    from miqa_app.services.finetune_evidence import data_facts

    data, before, candidate, tested = (
        ready.data,
        parent.config,
        ready.plan.candidate,
        ready.plan.tested,
    )
    counts = {"images", "references", "subjects", "raters", "votes_per_image"}
    return {
        **{name: before[name] for name in ("network", "preprocessing", "scope") if name in before},
        "score_scale": {**before["score_scale"], "target": "mos"},
        "interval": asdict(interval),
        "training": {
            "summary": "",
            "parent": {"name": parent.name, "sha256": parent.sha256},
            "recipe": ready.recipe.model_dump(mode="json"),
            "finetune": {
                **tuned.facts,
                "folds": len(ready.plan.folds),
                "train_images": len(candidate.train),
                "train_references": data.count("reference", candidate.train),
                "validation_images": len(candidate.validation),
                "test_images": len(tested),
                "test_references": data.count("reference", tested),
            },
            "rated": data_facts(data).model_dump(include=counts, exclude_none=True),
        },
    }


def keep_local(ready: Prepared) -> None:
    """Keep beside the evidence what stays in the house: request, split, events, and the pixels that were learnt from."""
    run, data, candidate = ready.run, ready.data, ready.plan.candidate
    local = run.model / "evidence" / "local"
    local.mkdir(parents=True, exist_ok=True)
    learnt = set(learnt_from(ready.parent) or ())
    for place in (*candidate.train, *candidate.validation):
        learnt |= data.marks(place)
    write_json(local / LEARNT, {"images": sorted(learnt)})
    names = [image.name for image in data.images]
    write_json(local / "request.json", {**run.request(), "names": names})
    shutil.copy2(run.progress, local / run.progress.name)


def place_of(run: Run) -> Path:
    """Return where the candidate of a run will stand."""
    return user_data() / "models" / run.name


def put_in_place(run: Run) -> Path:
    """Move the finished candidate to the other models in one step, and return its folder.

    Raises:
        MiqaError: the system refuses.
    """
    folder = place_of(run)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        os.rename(run.model, folder)
    except OSError as error:
        message = f"The candidate cannot be moved to {folder}: {error.strerror or error}; make room, then 'miqa finetune --resume {run.name}'."
        raise MiqaError(message) from error
    return folder
