"""What is known of a fine-tuning that goes on, folded from the events of its process."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

ENDS = ("done", "cancelled", "error")
_USUAL_SEEDS = 3


@dataclass(frozen=True)
class Point:
    """One epoch of one seed; None where a figure does not exist, such as the loss before the first epoch."""

    epoch: int
    loss: float | None
    srocc: float | None
    plcc: float | None
    rmse: float | None


@dataclass
class Training:
    """One of the trainings of a run: a trial model, or the candidate.

    Attributes:
        number: 1 and up.
        of: how many there are; the last one is the candidate's.
        words: what it is called.
        begun: seconds of the clock of `Progress.take`.
        before: the model as it began, on the same validation images.
        seeds: its curves by number of the seed.
        wanted_seeds: how many seeds it will have; 0 before that is known.
        epochs: of each seed at most.
    """

    number: int
    of: int
    words: str
    begun: float
    before: Point | None = None
    seeds: dict[int, list[Point]] = field(default_factory=dict)
    wanted_seeds: int = 0
    epochs: int = 0

    @property
    def candidate(self) -> bool:
        """Return whether it is the candidate's own."""
        return self.number == self.of

    @property
    def cost(self) -> int:
        """Return how long it takes compared with others: a trial model is trained once, the candidate several times."""
        return (self.wanted_seeds or _USUAL_SEEDS) if self.candidate else 1


class Progress:
    """A fine-tuning as its events tell it.

    Attributes:
        run: name of the run and of the candidate, '' until it is known.
        stage: what is being done, in words.
        dry_run: what was found in the data, see `DryRun.as_json`.
        trainings: begun so far.
        notes: sentences that the training told, each once.
        done: steps of this stage.
        total: steps of this stage, 0 where nobody knows.
        seed: the one being trained.
        epoch: the last one that is done.
        memory_mb: MiB that the training takes, None before the first epoch.
        memory_free_mb: MiB that are left.
        paused: it waits for a command.
        end: the last event, one of `ENDS`, None while it goes on.
    """

    def __init__(self, now: float) -> None:
        """Begin at a time in seconds of any steady clock."""
        self.run, self.stage = "", ""
        self.dry_run: Mapping[str, Any] | None = None
        self.trainings: list[Training] = []
        self.notes: list[str] = []
        self.done = self.total = self.seed = self.epoch = 0
        self.memory_mb: int | None = None
        self.memory_free_mb: int | None = None
        self.paused = False
        self.end: Mapping[str, Any] | None = None
        self._begun = self._told = now
        self._left: float | None = None
        self._share = 0.0
        self._held: float | None = None

    @property
    def training(self) -> Training | None:
        """Return the training at work, None before the first."""
        return self.trainings[-1] if self.trainings else None

    @property
    def candidate(self) -> str:
        """Return the candidate's name, '' until there is one."""
        return str(self.end["candidate"]) if self.end and self.end["event"] == "done" else ""

    def take(self, event: Mapping[str, Any], now: float) -> None:
        """Learn from an event.

        Args:
            event: see `services.finetune.finetune` and `FineTuneProcess.events`.
            now: seconds of the same clock.
        """
        kind = event["event"]
        if kind in ENDS:
            self.end, self.paused = event, False
        elif (known := getattr(self, f"_{kind.replace('-', '_')}", None)) is not None:
            known(event, now)

    def seconds_left(self, now: float) -> float | None:
        """Return how long it may still take in all, None before anything is known; a pause takes no time."""
        if self._left is None:
            return None
        waited = 0.0 if self._held is None else now - self._held
        return max(0.0, self._left - (now - self._told - waited))

    def share(self, now: float) -> float:
        """Return how much is done, 0–1; it never goes back."""
        left = self.seconds_left(now)
        if self.end is not None:
            return 1.0 if self.end["event"] == "done" else self._share
        if left is not None:
            gone = now - self._begun - (0.0 if self._held is None else now - self._held)
            self._share = max(self._share, min(0.99, gone / max(gone + left, 1e-9)))
        return self._share

    def hold(self, on: bool, now: float) -> None:
        """Note that the training was told to wait, or to go on."""
        if on and self._held is None:
            self._held = now
        elif not on and self._held is not None:
            waited = now - self._held
            self._begun += waited
            self._told += waited
            if self.training is not None:
                self.training.begun += waited
            self._held = None
        self.paused = on

    # ---------------------------------------------------------------- events

    def _stage(self, event: Mapping[str, Any], now: float) -> None:
        self.stage = str(event["words"])
        self.done = self.total = 0

    def _run(self, event: Mapping[str, Any], now: float) -> None:
        self.run = str(event["name"])

    def _dry_run(self, event: Mapping[str, Any], now: float) -> None:
        self.dry_run = event
        if event["seconds_estimated"] is not None:
            self._left, self._told = float(event["seconds_estimated"]), now

    def _training(self, event: Mapping[str, Any], now: float) -> None:
        self.trainings.append(Training(event["number"], event["of"], str(event["words"]), now))
        self.seed = self.epoch = 0

    def _note(self, event: Mapping[str, Any], now: float) -> None:
        if event["text"] not in self.notes:
            self.notes.append(str(event["text"]))

    def _paused(self, event: Mapping[str, Any], now: float) -> None:
        self.hold(True, now)

    def _resumed(self, event: Mapping[str, Any], now: float) -> None:
        self.hold(False, now)

    def _step(self, event: Mapping[str, Any], now: float) -> None:
        self.done, self.total = event["done"], event["total"]
        if "training" in event:
            self._estimate(event.get("seconds_left"), now)

    def _epoch(self, event: Mapping[str, Any], now: float) -> None:
        training = self.training
        if training is None:
            return
        training.wanted_seeds, training.epochs = event["seeds"], event["epochs"]
        point = Point(event["epoch"], *(event.get(name) for name in ("loss", "srocc", "plcc", "rmse")))  # fmt: skip
        if event["epoch"] == 0:
            training.before = point
        else:
            curve = training.seeds.setdefault(event["seed"], [])
            # a run that goes on tells its earlier epochs again
            if not curve or curve[-1].epoch < point.epoch:
                curve.append(point)
            self.seed, self.epoch = event["seed"], event["epoch"]
        self.memory_mb = event.get("memory_mb", self.memory_mb)
        self.memory_free_mb = event.get("memory_free_mb", self.memory_free_mb)
        self._estimate(event.get("seconds_left"), now)

    def _estimate(self, left: float | None, now: float) -> None:
        """Take the pace of this training for those that come after it."""
        training = self.training
        if left is None or training is None:
            return
        whole = now - training.begun + left
        later = 0 if training.candidate else training.of - 1 - training.number + _USUAL_SEEDS
        self._left, self._told = left + whole / training.cost * later, now
