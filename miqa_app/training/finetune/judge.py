"""How good a network is on images it does not learn from: whole frames, as they are in use."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from scipy.stats import pearsonr, spearmanr

from miqa_app.networks import predict_tiled

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from miqa_app.networks import QualityNetwork
    from miqa_app.training.finetune.features import FeatureStore
    from miqa_app.training.finetune.parallel import Workers
    from miqa_app.training.finetune.run import FineTuneTask

TILED_FROM = 1088
"""Edge above which the engine, too, takes sliding windows."""
_SAMPLED = 128
"""Slices by which the scale of the raters is told."""


class Figures(NamedTuple):
    """How good a network is.

    Attributes:
        srocc: on the validation images, None without any.
        plcc: the same.
        rmse: in points of 100.
        rehearsal: SROCC with the parent's scores on simulated slices that are not trained on, None without any.
    """

    srocc: float | None
    plcc: float | None
    rmse: float | None
    rehearsal: float | None

    @property
    def merit(self) -> float:
        """Return one number by which epochs and seeds are compared: a point of RMSE weighs as much as 0.01 of correlation."""
        if self.srocc is None or self.plcc is None or self.rmse is None:
            return 0.0
        return (self.srocc + self.plcc) / 2 - self.rmse / 100


class Judge:
    """Scores the validation images of a task and the simulated slices that are held back."""

    def __init__(
        self,
        parent: QualityNetwork,
        task: FineTuneTask,
        workers: Workers,
        breathe: Callable[[], None],
        store: FeatureStore | None = None,
    ) -> None:
        """Take the task's images.

        Args:
            parent: with whose scores of simulated slices others agree or not.
            task: names the images.
            workers: share them.
            breathe: called between two slices.
            store: of the parent's features, where all that is judged has the parent's below its heads; else None.
        """
        self._parent, self._task = parent, task
        self._workers, self._breathe = workers, breathe
        pool = task.rehearsal
        self._held = [] if pool is None else np.flatnonzero(pool.held).tolist()
        self._store = store
        self._known: NDArray[np.float64] | None = None

    def figures(self, network: QualityNetwork) -> Figures:
        """Return how good a network is, the same in every process."""
        places, held = list(self._task.validation), self._held
        rated = [(place, 0) for place in places]
        simulated = [(place, 1) for place in held]
        scores = self._scores(network, rated + simulated)
        srocc, plcc, rmse = None, None, None
        if places:
            said = np.clip(scores[: len(places)], 0, 1)
            truth = np.array([self._task.rated.images[place].mos / 100 for place in places])
            srocc, plcc = _correlation(spearmanr, said, truth), _correlation(pearsonr, said, truth)
            rmse = float(((said - truth) ** 2).mean() ** 0.5) * 100
        return Figures(srocc, plcc, rmse, self._agreed(scores[len(places) :]))

    def agreement(self, network: QualityNetwork) -> float | None:
        """Return how far a network still orders simulated slices as the parent did: SROCC, None without any."""
        return self._agreed(self._scores(network, [(place, 1) for place in self._held]))

    def _agreed(self, scores: NDArray[np.float64]) -> float | None:
        if not self._held:
            return None
        if self._known is None:
            self._known = self._scores(self._parent, [(place, 1) for place in self._held])
        return _correlation(spearmanr, scores, self._known)

    def sample(self, network: QualityNetwork) -> tuple[list[float], list[float]]:
        """Return a network's scores and the ratings of a sample of the training images and of all validation images."""
        places = self._task.train
        frames = len(self._task.planes(places[0]))
        step = max(1, len(places) * frames // _SAMPLED)
        chosen = [*places[::step], *self._task.validation]
        said = self._scores(network, [(place, 0) for place in chosen])
        return said.tolist(), [self._task.rated.images[place].mos / 100 for place in chosen]

    def _scores(self, network: QualityNetwork, items: list[tuple[int, int]]) -> NDArray[np.float64]:
        mine = self._workers.share(items)
        found = [self._score(network, *items[place]) for place in mine]
        rows = torch.tensor(found, dtype=torch.float32)
        return self._workers.joined(rows, mine, len(items)).double().cpu().numpy()

    @torch.inference_mode()
    def _score(self, network: QualityNetwork, place: int, simulated: int) -> float:
        """Return the score of an image, 0-1: the mean over the slices of a scan."""
        pool = self._task.rehearsal
        planes = [pool.planes[place]] if simulated and pool else self._task.planes(place)
        scores = []
        for plane in planes:
            self._breathe()
            scores.append(self._one(network, plane))
        return float(np.mean(scores))

    def _one(self, network: QualityNetwork, plane: NDArray[np.float32]) -> float:
        device = self._workers.device
        if self._store is not None and max(plane.shape) <= TILED_FROM:
            fused, summary, valid = (value.to(device) for value in self._store.of(plane, device))
            with self._workers.arithmetic():
                return float(network.judge(fused.float(), summary, valid).score)
        image = torch.from_numpy(plane)[None, None].to(device)
        with self._workers.arithmetic():
            if max(plane.shape) > TILED_FROM:
                return float(predict_tiled(network, image).score)
            return float(network(image).score)


def _correlation(
    measure: Callable[..., object], said: NDArray[np.floating], truth: NDArray[np.floating]
) -> float:
    """Return a correlation, 0 where one side does not vary."""
    if len(said) < 2 or said.std() == 0 or truth.std() == 0:
        return 0.0
    return float(measure(said, truth).statistic)  # type: ignore[attr-defined]
