"""Score scans: the one way from paths to assessments, for the window, the command line and scripts."""

from __future__ import annotations

import os
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

from miqa_app.core.series import Problem, Series
from miqa_app.errors import BadModel, MiqaError
from miqa_app.imaging import read
from miqa_app.imaging.events import Completed

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Sequence
    from pathlib import Path

    from miqa_app.core.assessment import Assessment, ModelIdentity, SlicePrediction
    from miqa_app.registry.checkpoint import LoadedModel
    from miqa_app.scoring.engine import Engine
    from miqa_app.scoring.interval import Calibration
    from miqa_app.scoring.scope import ScopeModel


class Scorer:
    """One model on one device; cheap to make, the network is loaded when the first series is scored."""

    def __init__(self, model: str | None = None, device: str = "auto", threads: int = 0) -> None:
        """Remember what to use.

        Args:
            model: name or path; the site's active model by default.
            device: 'auto', 'cuda', 'mps' or 'cpu'.
            threads: CPU threads; by default one core is left for the window and the reader. The number
                changes scores by rounding only (below 0.001 points).
        """
        self._model, self._device, self._threads = model, device, threads
        self._lock = Lock()
        self._loaded: tuple[Engine, ModelIdentity, Calibration, ScopeModel | None] | None = None

    def assess(self, series: Series) -> Generator[SlicePrediction, None, Assessment]:
        """Yield each slice's prediction and return the assessment of a complete series.

        Raises:
            BadModel: the model cannot be loaded.
            BadRequest: the device is not there.
        """
        from miqa_app.scoring.assess import assess as judge

        engine, identity, calibration, scope = self._ready()
        return (yield from judge(series, engine, identity, calibration, scope=scope))

    def _ready(self) -> tuple[Engine, ModelIdentity, Calibration, ScopeModel | None]:
        with self._lock:
            if self._loaded is None:
                import torch

                from miqa_app.registry.checkpoint import load_model
                from miqa_app.scoring.engine import Engine
                from miqa_app.scoring.scope import ScopeModel

                torch.set_num_threads(self._threads or max(1, (os.cpu_count() or 2) - 1))
                model = load_model(self._model)
                self._loaded = (
                    Engine(model.network, self._device),
                    model.folder.identity,
                    interval_of(model),
                    ScopeModel.from_config(model.folder.config),
                )
            return self._loaded


def interval_of(model: LoadedModel) -> Calibration:
    """Return how wide the intervals of a model are.

    Raises:
        BadModel: it was never measured.
    """
    from miqa_app.scoring.interval import Calibration

    if "interval" not in model.folder.config:
        message = f"The model {model.folder.path} was never measured, so it cannot say how sure it is; run 'miqa models measure' on it first."
        raise BadModel(message)
    return Calibration(**model.folder.config["interval"])


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
