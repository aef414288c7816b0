"""One fine-tuning from its request to the candidate: trainings, tests, comparison, evidence."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from miqa_app.services.finetune_candidate import (
    finished,
    keep_local,
    place_of,
    put_in_place,
    save_candidate,
)
from miqa_app.services.finetune_models import TRIAL_SEEDS
from miqa_app.services.finetune_run import Run
from miqa_app.services.finetune_steps import Teller

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from miqa_app.networks import QualityNetwork
    from miqa_app.registry.checkpoint import LoadedModel
    from miqa_app.scoring.engine import Engine
    from miqa_app.services.finetune_candidate import FineTuned
    from miqa_app.services.finetune_judge import Said, Simulated
    from miqa_app.services.finetune_prepare import Prepared
    from miqa_app.services.finetune_request import FineTuneRequest
    from miqa_app.services.finetune_steps import Breath, Event
    from miqa_app.training.finetune.features import FeatureStore
    from miqa_app.training.finetune.rehearsal import RehearsalPool
    from miqa_app.training.finetune.run import Tuned


class FineTuning:
    """One run from its request to the candidate."""

    def __init__(
        self,
        request: FineTuneRequest,
        ready: Prepared,
        say: Callable[[Any], None],
        breath: Breath,
    ) -> None:
        self._request, self._ready = request, ready
        self._data, self._plan, self._recipe = ready.data, ready.plan, ready.recipe
        self._run: Run = ready.run
        self._tell, self._breath = say, breath
        self._keeps = False
        self._rehearsal: RehearsalPool | None = None
        self._features: FeatureStore | None = None
        self._device = ready.device

    def done(self) -> FineTuned:
        """Train what is not trained yet, judge, write, and return the candidate."""
        if (already := self._finished()) is not None:
            return already
        if not self._ready.resumed:
            self._run.begin(self._ready.request(self._request))
        self._breath.listen(self._run.control)
        self._keeps = True
        self._say(
            {
                "event": "run",
                "name": self._run.name,
                "folder": str(self._run.folder),
                "control": str(self._run.control),
                "resumed": self._ready.resumed,
            }
        )
        self._plan.refuse_leak()
        parent = self._loaded(str(self._ready.parent.path))
        simulated = self._simulated()
        trials = self._trials(parent, simulated)
        tuned = self._tuned(len(self._plan.folds), parent)
        return self._judged(parent, tuned, simulated, trials)

    def follow(self) -> None:
        """Take part in every training that the leader does."""
        parent = self._loaded(str(self._ready.parent.path))
        name, numbers = self._agreed(None)
        self._run = Run(self._run.folder.with_name(name))
        for number in numbers:
            self._tuned(number, parent)

    def _agreed(self, value: Any) -> Any:
        """Return the leader's value in every process of torchrun."""
        from miqa_app.training.finetune.parallel import Workers, processes

        if processes() == 1:
            return value
        return Workers(self._device, "32-true").agreed(value)

    def _say(self, event: Event) -> None:
        """Tell an event, and keep it for whoever opens the window later."""
        if self._keeps and event["event"] != "step":
            with self._run.progress.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(event, ensure_ascii=False) + "\n")
        self._tell(event)

    def _finished(self) -> FineTuned | None:
        """Return the candidate of a run that was killed after the candidate had been put in its place."""
        from miqa_app.evaluation.evidence import read_evidence

        folder = place_of(self._run)
        if not (self._ready.resumed and folder.exists()):
            return None
        made = read_evidence(folder / "evidence" / "evidence.json")
        self._run.remove()
        return finished(folder, made.verdict.outcome, made.verdict.words)

    def _loaded(self, name: str) -> LoadedModel:
        from miqa_app.registry.checkpoint import load_model

        return load_model(name)

    # ------------------------------------------------------------ training

    def _trials(
        self, parent: LoadedModel, simulated: Sequence[Simulated]
    ) -> dict[int, tuple[list[Said], list[float]]]:
        """Return what each trial model said of the images that it was tested on, training those that are missing."""
        from miqa_app.services.finetune_judge import Said

        count = len(self._plan.folds)
        todo = [n for n in range(count) if self._run.result(f"trial-{n + 1}") is None]
        self._agreed((self._run.name, [*todo, count]))
        for number in todo:
            tuned = self._tuned(number, parent)
            heard, scores = self._heard(tuned.network, parent, number, simulated)
            content = {"said": [asdict(one) for one in heard], "simulated": scores}
            self._run.keep(f"trial-{number + 1}", content)
            shutil.rmtree(self._run.training(number, count + 1), ignore_errors=True)
        found = {}
        for number in range(count):
            stored = self._run.result(f"trial-{number + 1}") or {}
            found[number] = ([Said.of(one) for one in stored["said"]], list(stored["simulated"]))
        return found

    def _tuned(self, number: int, parent: LoadedModel) -> Tuned:
        """Return a network trained on the part of one training, its weights rounded as they are stored."""
        from miqa_app.registry.checkpoint import half_precision_network
        from miqa_app.training.finetune.control import Control
        from miqa_app.training.finetune.features import FeatureStore
        from miqa_app.training.finetune.run import FineTuneTask, fine_tune

        fold, trainings = self._plan.trainings[number], len(self._plan.trainings)
        last = number == trainings - 1
        words = "The candidate" if last else f"Trial model {number + 1} of {trainings - 1}"
        self._say({"event": "training", "number": number + 1, "of": trainings, "words": words})
        fold.refuse_leak(self._plan.groups)
        recipe = self._recipe
        if not last:
            recipe = recipe.model_copy(update={"seeds": TRIAL_SEEDS})
        pool = self._pool(words) if recipe.rehearsal else None
        if pool is not None:
            pool = pool.restricted(self._data.rated, fold.train)
        if self._features is None:
            self._features = FeatureStore(parent.network)
        self._say({"event": "stage", "words": f"{words}: learning from {len(fold.train)} images"})
        task = FineTuneTask(self._data.rated, self._data.planes, fold.train, fold.validation, pool)
        tuned = fine_tune(
            parent.network,
            recipe,
            task,
            self._run.training(number, trainings),
            self._device,
            control=self._breath.control or Control(self._run.control),
            report=lambda event: self._say({**event, "training": number + 1}),
            features=self._features,
        )
        half_precision_network(tuned.network)
        return tuned

    def _pool(self, words: str) -> RehearsalPool:
        """Return simulated images of all that any training learns from; each takes its own part of them."""
        from miqa_app.training.finetune.rehearsal import make_rehearsal, rehearsal_size

        if self._rehearsal is None:
            self._say({"event": "stage", "words": f"{words}: simulating images to rehearse on"})
            tell = Teller(self._say, self._breath, 1)

            def report(done: int, total: int) -> None:
                self._breath.take()
                tell.at(done, total)

            places = sorted({place for fold in self._plan.trainings for place in fold.train})
            size = rehearsal_size(len(places))
            self._rehearsal = make_rehearsal(self._data.rated, places, size, 0, report=report)
        return self._rehearsal

    # ------------------------------------------------------------- judging

    def _simulated(self) -> list[Simulated]:
        from miqa_app.services.finetune_judge import (
            read_simulated,
            simulated_images,
            write_simulated,
        )

        path = self._run.folder / "simulated.npz"
        found = read_simulated(path)
        if found is None:
            self._say({"event": "stage", "words": "Simulating images that test what is forgotten"})
            found = simulated_images(self._data, self._plan, Teller(self._say, self._breath, 0))
            write_simulated(found, path)
        return found

    def _heard(
        self,
        network: QualityNetwork,
        parent: LoadedModel,
        number: int,
        simulated: Sequence[Simulated],
    ) -> tuple[list[Said], list[float]]:
        """Return what the network of a training says of the images it is tested on."""
        from miqa_app.scoring.engine import Engine

        fold = self._plan.trainings[number]
        own = [one for one in simulated if one.training == number]
        self._say({"event": "stage", "words": "Testing on images that it never saw"})
        engine = Engine(network, self._device)
        return self._judgement(engine, parent, fold.test, own)

    def _judgement(
        self,
        engine: Engine,
        parent: LoadedModel,
        places: Sequence[int],
        simulated: Sequence[Simulated],
    ) -> tuple[list[Said], list[float]]:
        from miqa_app.scoring.scope import ScopeModel
        from miqa_app.services.finetune_judge import said, scores
        from miqa_app.services.score import interval_of

        tell = Teller(self._say, self._breath, len(places) + len(simulated))
        scope = ScopeModel.from_config(parent.folder.config)
        heard = said(engine, self._data, places, interval_of(parent.folder), scope, tell)
        return heard, scores(engine, simulated, tell)

    def _judged(
        self,
        parent: LoadedModel,
        tuned: Tuned,
        simulated: Sequence[Simulated],
        trials: dict[int, tuple[list[Said], list[float]]],
    ) -> FineTuned:
        """Compare the candidate with the models in use and shipped, and put it in its place with the evidence."""
        from miqa_app.evaluation.evidence import ACTIVE, CANDIDATE, SHIPPED
        from miqa_app.registry.folders import default_model, shipped_model
        from miqa_app.services.finetune_evidence import Heard, Trial, written_evidence

        last = len(self._plan.folds)
        heard = {**trials, last: self._heard(tuned.network, parent, last, simulated)}
        by_place = {
            place: one
            for number, (rated, _) in heard.items()
            for place, one in zip(self._plan.trainings[number].test, rated, strict=True)
        }
        answers = {number: iter(scores) for number, (_, scores) in heard.items()}
        candidate = Heard(
            [by_place[place] for place in self._plan.tested],
            [next(answers[one.training]) for one in simulated],
        )
        folders = {ACTIVE: default_model(), SHIPPED: shipped_model()}
        networks: dict[str, LoadedModel] = {}
        others: dict[str, Heard] = {}
        for name, folder in folders.items():
            if folder.sha256 not in networks:
                networks[folder.sha256] = self._loaded(str(folder.path))
                others[folder.sha256] = self._compared(networks[folder.sha256], name, simulated)
        save_candidate(self._ready, parent.folder, tuned, candidate.rated)
        trial = Trial(
            self._run.model,
            self._data,
            self._plan,
            self._recipe,
            tuned.facts,
            simulated,
            {CANDIDATE: candidate, **{name: others[one.sha256] for name, one in folders.items()}},
            self._device,
        )
        made, page = written_evidence(
            trial, tuned.network, networks[folders[ACTIVE].sha256].network, self._say, self._breath
        )
        keep_local(self._ready)
        placed = put_in_place(self._run)
        self._run.remove()
        return finished(placed, made.verdict.outcome, made.verdict.words)

    def _compared(self, model: LoadedModel, name: str, simulated: Sequence[Simulated]) -> Any:
        from miqa_app.scoring.engine import Engine
        from miqa_app.services.finetune_evidence import Heard

        self._say({"event": "stage", "words": f"Asking the {name} model, {model.folder.name}"})
        engine = Engine(model.network, self._device)
        return Heard(*self._judgement(engine, model, self._plan.tested, simulated))
