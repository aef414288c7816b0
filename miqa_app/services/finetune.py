"""Fine-tune a model on a site's own ratings: from a study or a table to a candidate with its evidence.

The model in use stays as it is. Everything happens in a folder of the run; the candidate appears among the models whole,
with its evidence, or not at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from miqa_app.services.finetune_candidate import FineTuned
from miqa_app.services.finetune_prepare import DataForbid, prepared
from miqa_app.services.finetune_request import DryRun, FineTuneRequest
from miqa_app.services.finetune_run import sweep
from miqa_app.services.finetune_steps import told

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from miqa_app.services.finetune_steps import Breath, Event

__all__ = ["DryRun", "FineTuneRequest", "FineTuned", "check", "finetune"]


def check(request: FineTuneRequest) -> Generator[Event, None, DryRun]:
    """Yield the progress, and return what can be said before the first epoch; nothing is kept.

    Raises:
        BadModel: the model is missing or damaged.
        BadRecipe: the recipe is missing or does not check out.
        BadRequest: the source or the device is missing or odd.
    """

    def work(say: Callable[[Any], None], breath: Breath) -> DryRun:
        sweep()
        try:
            ready = prepared(request, say, breath)
        except DataForbid as forbidden:
            return forbidden.dry_run
        if not ready.resumed:
            ready.run.remove()
        return ready.dry_run

    return (yield from told(work))


def finetune(request: FineTuneRequest) -> Generator[Event, None, FineTuned | None]:
    """Yield the events of a fine-tuning, and return the candidate.

    A run that was stopped, by whatever, goes on from its last epoch when the same is asked for again. Under torchrun
    every process calls this; only the first one yields events and returns the candidate, the others return None.

    Events are dictionaries with the key 'event': 'stage' (words), 'dry-run' (see `DryRun.as_json`), 'run' (name, folder,
    control, resumed), 'training' (number, of, words), 'step' (done, total, seconds_left), 'epoch' (see
    `training.finetune.run`), 'note' (text), 'paused', 'resumed'.

    Raises:
        BadModel: a model is missing or damaged.
        BadRecipe: the recipe is missing or does not check out.
        BadRequest: the source or the device makes no sense, or the data forbid the training.
        Cancelled: on command; the run can be gone on with.
        MiqaError: the training diverged, or the disk is full.
    """

    def work(say: Callable[[Any], None], breath: Breath) -> FineTuned | None:
        from miqa_app.training.finetune.parallel import is_leader

        if not is_leader():
            _follow(request, breath)
            return None
        sweep()
        try:
            ready = prepared(request, say, breath)
        except DataForbid as forbidden:
            say({"event": "dry-run", **forbidden.dry_run.as_json()})
            raise
        say({"event": "dry-run", **ready.dry_run.as_json()})
        from miqa_app.services.finetune_work import FineTuning

        with ready.run.locked():
            return FineTuning(request, ready, say, breath).done()

    return (yield from told(work))


def _follow(request: FineTuneRequest, breath: Breath) -> None:
    """Train along with the process that leads; it alone judges and writes."""
    from miqa_app.services.finetune_work import FineTuning

    ready = prepared(request, _silent, breath)
    try:
        FineTuning(request, ready, _silent, breath).follow()
    finally:
        if not ready.resumed:
            ready.run.remove()


def _silent(event: object) -> None:
    """Say nothing."""
