"""Score scans: the one way from paths to assessments, for the window, the command line and scripts."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

from miqa_app.core.series import Problem, Series
from miqa_app.errors import BadModel, MiqaError
from miqa_app.imaging import read
from miqa_app.imaging.events import Completed
from miqa_app.registry.folders import default_model, find_identical, find_model
from miqa_app.registry.state import RegistryState, read_state, registry_bytes

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Sequence
    from pathlib import Path

    from miqa_app.core.assessment import Assessment, ModelIdentity, SlicePrediction, Thresholds
    from miqa_app.registry.folders import ModelFolder
    from miqa_app.scoring.interval import Calibration
    from miqa_app.scoring.prediction import PlaneEngine
    from miqa_app.scoring.scope import ScopeModel


@dataclass(frozen=True, eq=False)
class _Ready:
    """A model on its device, with all that a judgement needs."""

    engine: PlaneEngine
    identity: ModelIdentity
    calibration: Calibration
    scope: ScopeModel | None


class Scorer:
    """One model on one device; cheap to make, the network is loaded when the first series is scored.

    Without a name it follows the site: a promotion, a rollback or new thresholds count from the next series on; so does
    an engine that has become the better one.
    """

    def __init__(
        self,
        model: str | None = None,
        device: str = "auto",
        threads: int = 0,
        engine: str = "auto",
    ) -> None:
        """Remember what to use.

        Args:
            model: name or path; the site's active model by default.
            device: 'auto', 'cuda', 'mps' or 'cpu'.
            threads: CPU threads; by default one core is left for the window and the reader. The number
                changes scores by rounding only (below 0.001 points).
            engine: one of `engine_choice.ENGINES`.
        """
        self._model, self._device, self._threads = model, device, threads
        self._engine = engine
        self._tried: set[str] = set()
        self._lock = Lock()
        self._loaded: _Ready | None = None
        self._shadow: _Ready | None = None
        self._site, self._stamp = RegistryState(), b""

    def assess(self, series: Series) -> Generator[SlicePrediction, None, Assessment]:
        """Yield each slice's prediction and return the assessment of a complete series.

        Raises:
            BadModel: the model cannot be loaded, or the active one is not what was promoted.
            BadRequest: the device is not there.
        """
        with self._lock:
            site = self._read_site()
            if self._loaded is None or self._has_better(self._loaded):
                self._loaded = self._load(self._model)
            ready = self._loaded
        return (yield from _judged(series, ready, site.thresholds_of(ready.identity.sha256)))

    def shadow(self, series: Series) -> Generator[SlicePrediction, None, Assessment | None]:
        """Yield and return what the shadow model says of a series; None at once where none is set.

        For those who keep records, after the active model's result is out: nobody who decides gets to see it. The
        thresholds are the shadow model's own, so that its verdict is the one it would give if it were active.

        Raises:
            BadModel: the shadow model cannot be loaded, or is not the one that was set.
        """
        with self._lock:
            held = self._read_site().shadow
            if held is None:
                return None
            if self._shadow is None or self._shadow.identity.sha256 != held.sha256:
                folder = find_identical(held.name, held.sha256)
                self._shadow = self._load(str(folder.path.absolute()))
            ready, site = self._shadow, self._site
        return (yield from _judged(series, ready, site.thresholds_of(held.sha256)))

    def _read_site(self) -> RegistryState:
        """Return the registry of now; where the active model is another one, let go of the loaded one."""
        stamp = registry_bytes()
        if stamp != self._stamp:
            before, self._site = self._site, self._site_now()
            self._stamp = stamp
            if self._model is None and before.active != self._site.active:
                self._loaded = None
            if self._site.shadow is None:
                self._shadow = None
        return self._site

    def _site_now(self) -> RegistryState:
        try:
            return read_state()
        except BadModel:
            if self._model is None:
                raise
            return (
                RegistryState()
            )  # a named model scores without the registry, and its verdicts as uncalibrated

    def needs_torch(self) -> bool:
        """Return whether scoring the next series imports torch.

        Raises:
            BadModel: there is no such model.
            BadRequest: the engine or the device is not there.
        """
        from miqa_app.services.engine_open import needs_torch

        folder = find_model(self._model) if self._model else default_model()
        return needs_torch(self._engine, folder.sha256, self._device)

    def _load(self, name: str | None) -> _Ready:
        from miqa_app.scoring.scope import ScopeModel
        from miqa_app.services.engine_open import open_engine

        folder = find_model(name) if name else default_model()
        return _Ready(
            open_engine(self._engine, folder, self._device, self._threads),
            folder.identity,
            interval_of(folder),
            ScopeModel.from_config(folder.config),
        )

    def _has_better(self, ready: _Ready) -> bool:
        """Return whether torch scores on the CPU although the model's graph has come meanwhile and is the faster one."""
        from miqa_app.services.engine_choice import wanted_engine

        engine, sha256 = ready.engine.identity, ready.identity.sha256
        if self._engine != "auto" or (engine.backend, engine.device) != ("torch", "cpu"):
            return False
        if sha256 in self._tried or wanted_engine("auto", sha256, self._device) != "openvino":
            return False
        self._tried.add(
            sha256
        )  # a graph that turns out damaged is not opened again for every series
        return True


def _judged(
    series: Series, ready: _Ready, thresholds: Thresholds
) -> Generator[SlicePrediction, None, Assessment]:
    """Do as `scoring.assess.assess`; a training on this machine waits while a slice is computed."""
    from miqa_app.scoring.assess import assess as judge
    from miqa_app.training.finetune.priority import inference_first

    steps = judge(series, ready.engine, ready.identity, ready.calibration, thresholds, ready.scope)
    while True:
        # not held while the caller has the word: it may never come back
        with inference_first():
            try:
                step = next(steps)
            except StopIteration as end:
                result: Assessment = end.value
                return result
        yield step


def interval_of(folder: ModelFolder) -> Calibration:
    """Return how wide the intervals of a model are.

    Raises:
        BadModel: it was never measured.
    """
    from miqa_app.scoring.interval import Calibration

    if "interval" not in folder.config:
        message = f"The model {folder.path} was never measured, so it cannot say how sure it is; run 'miqa models measure' on it first."
        raise BadModel(message)
    return Calibration(**folder.config["interval"])


@dataclass(frozen=True, eq=False)
class Scored:
    """One series has been judged."""

    series: Series
    assessment: Assessment


def score(
    paths: Iterable[str | Path], scorer: Scorer
) -> Generator[object, None, tuple[list[Scored], list[Problem]]]:
    """Yield reading events, slice predictions and finished series; return all results and problems.

    Args:
        paths: files, folders, zips, several at once.
        scorer: holds the model.
    """
    results: list[Scored] = []
    problems: list[Problem] = []
    for event in read(paths):
        yield event
        if isinstance(event, Problem):
            problems.append(event)
        elif isinstance(event, Completed):
            scored = Scored(event.series, (yield from scorer.assess(event.series)))
            results.append(scored)
            yield scored
    return results, problems


def assess(
    series: Series | Sequence[Series], model: str | None = None, device: str = "auto"
) -> Assessment:
    """Return the assessment of one series, for scripts.

    Args:
        series: a series, or a list that holds exactly one, as `load` returns it.
        model: name or path; the site's active model by default.
        device: 'auto', 'cuda', 'mps' or 'cpu'.

    Raises:
        MiqaError: there is not exactly one series, or the model cannot be loaded.
    """
    if not isinstance(series, Series):
        if len(series) != 1:
            message = f"assess takes one series, not {len(series)}; call it for each."
            raise MiqaError(message)
        series = series[0]
    steps = Scorer(model, device).assess(series)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: Assessment = end.value
            return result
