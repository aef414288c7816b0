"""Groups of two images as the training meets them, with what does not change while it trains computed once.

`CropBank` cuts crops, which repeat after some epochs so that the parent is asked about each once. `FrameBank` serves
recipes that train heads alone: whole frames as in use, of which the fused maps are computed once; minutes become seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch

from miqa_app.evaluation.rated.record import RatedImage, RatedSet, Scale
from miqa_app.networks.pooling import valid_cells
from miqa_app.training.finetune.features import Features, stacked, to_size
from miqa_app.training.finetune.loss import parent_word, precisions
from miqa_app.training.rated_data import RatedCrops

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from miqa_app.networks import Prediction, QualityNetwork
    from miqa_app.training.finetune.features import FeatureStore
    from miqa_app.training.finetune.parallel import Workers
    from miqa_app.training.finetune.recipe import FineTuneRecipe
    from miqa_app.training.finetune.rehearsal import RehearsalPool
    from miqa_app.training.finetune.run import FineTuneTask

    Entry = dict[str, Tensor]

CYCLE = 4
"""Epochs after which what is seen of rated images repeats, where memory allows; of simulated ones there is one crop each."""
_BUDGET = 1 << 30
"""Bytes of crops that are kept."""


@dataclass(frozen=True)
class Key:
    """Names a group of two: rated or simulated, its number, and the turn of the cycle."""

    simulated: bool
    group: int
    turn: int


class Bank(Protocol):
    """What a step asks for.

    Attributes:
        rated_groups: groups of rated images per epoch.
        simulated_groups: groups of simulated slices, 0 without a pool.
        cycle: turns after which what is seen repeats.
    """

    rated_groups: int
    simulated_groups: int
    cycle: int

    def missing(self, keys: Sequence[Key]) -> list[Key]:
        """Return the keys that were not asked for before."""

    def fill(self, keys: Sequence[Key]) -> None:
        """Prepare some groups and ask the parent."""

    def batch(self, keys: Sequence[Key]) -> Entry:
        """Return filled groups as one batch on the CPU, members side by side."""

    def said(self, network: QualityNetwork, batch: Entry) -> Prediction:
        """Return a network's word on a batch or a part of it, on this process's device."""


class _Groups:
    """What both banks share: the groups, their targets and their weights."""

    def __init__(
        self, parent: QualityNetwork, recipe: FineTuneRecipe, task: FineTuneTask, workers: Workers
    ) -> None:
        """Take the groups of a task; the same for every seed. `parent` already has the raters' scale."""
        self._parent, self._workers, self._task = parent, workers, task
        self._rated = RatedCrops(
            task.rated, task.planes, task.train, recipe.crop, 0, crops=recipe.crops
        )
        weights = precisions(task.rated, task.train, weighted=recipe.interval_weights)
        self._weights = torch.from_numpy(weights.astype(np.float32))
        self._simulated = (
            _simulated_crops(task.rehearsal, recipe.crop) if recipe.rehearsal else None
        )
        self.rated_groups = len(self._rated)
        self.simulated_groups = len(self._simulated) if self._simulated else 0
        self._kept: dict[Key, Entry] = {}

    def missing(self, keys: Sequence[Key]) -> list[Key]:
        """Return the keys that were not asked for before."""
        return [key for key in keys if key not in self._kept]

    def _source(self, key: Key) -> RatedCrops:
        source = self._simulated if key.simulated else self._rated
        assert source is not None  # keys come from the numbers of groups
        return source

    def _facts(self, key: Key, places: Sequence[int], paired: bool, said: Tensor) -> Entry:
        """Return target, weight and sort of a group, of which the parent said `said`."""
        simulated = torch.full((2,), key.simulated)
        if key.simulated:
            return {"q": said, "weight": torch.ones(2), "paired": simulated, "simulated": simulated}
        target = torch.tensor([self._task.rated.images[place].mos / 100 for place in places])
        weight = self._weights[list(places)]
        pair = torch.tensor([paired, paired])
        return {"q": target, "weight": weight, "paired": pair, "simulated": simulated}


class CropBank(_Groups):
    """Crops, see `Bank`."""

    def __init__(
        self, parent: QualityNetwork, recipe: FineTuneRecipe, task: FineTuneTask, workers: Workers
    ) -> None:
        """Cut crops of the task."""
        super().__init__(parent, recipe, task, workers)
        # two crops a group, two bytes a pixel
        left = _BUDGET * workers.world // (4 * recipe.crop**2) - self.simulated_groups
        self.cycle = max(1, min(CYCLE, left // self.rated_groups))

    @torch.no_grad()
    def fill(self, keys: Sequence[Key]) -> None:
        """Cut the crops of some groups and ask the parent."""
        cut = [self._cut(key) for key in keys]
        images = torch.cat([crop["image"] for crop in cut]).to(self._workers.device)
        mask = torch.cat([crop["valid"] for crop in cut]).to(self._workers.device)
        grid = self._parent.grid
        valid = valid_cells(mask, grid, (images.shape[-2] // grid, images.shape[-1] // grid))
        with self._workers.arithmetic():
            said = self._parent.predict_padded(images.float(), valid)
        values = {"valid": valid, "image": images.half(), **parent_word(said)}
        for number, (key, crop) in enumerate(zip(keys, cut, strict=True)):
            rows = slice(2 * number, 2 * number + 2)
            entry = {name: value[rows].cpu().clone() for name, value in values.items()}
            places, paired = crop["place"].tolist(), bool(crop["paired"][0])
            facts = self._facts(key, places, paired, said.score[rows].float().cpu())
            self._kept[key] = {**entry, **facts}

    def batch(self, keys: Sequence[Key]) -> Entry:
        """Return filled groups as one batch on the CPU, members side by side."""
        entries = [self._kept[key] for key in keys]
        return {name: torch.cat([entry[name] for entry in entries]) for name in entries[0]}

    def said(self, network: QualityNetwork, batch: Entry) -> Prediction:
        """Return a network's word on a batch or a part of it, on this process's device."""
        device = self._workers.device
        with self._workers.arithmetic():
            return network.predict_padded(
                batch["image"].to(device).float(), batch["valid"].to(device)
            )

    def _cut(self, key: Key) -> Entry:
        crops = self._source(key)
        crops.epoch = key.turn
        return crops[key.group]


class FrameBank(_Groups):
    """Whole frames by their features, see `Bank`."""

    def __init__(
        self,
        parent: QualityNetwork,
        recipe: FineTuneRecipe,
        task: FineTuneTask,
        workers: Workers,
        store: FeatureStore,
    ) -> None:
        """Take the frames of the task from a store of the parent's features."""
        super().__init__(parent, recipe, task, workers)
        self._store = store
        self.cycle = CYCLE

    @torch.no_grad()
    def fill(self, keys: Sequence[Key]) -> None:
        """Ask the parent about the frames of some groups."""
        for key in keys:
            places, paired, _ = self._members(key)
            said = self._judged(self._parent, self._features(key))
            word = {name: value.cpu() for name, value in parent_word(said).items()}
            facts = self._facts(key, places, paired, said.score.float().cpu())
            self._kept[key] = {**word, **facts}

    def batch(self, keys: Sequence[Key]) -> Entry:
        """Return filled groups as one batch on the CPU, members side by side."""
        features = stacked([self._features(key) for key in keys])
        height, width = features.valid.shape[-2:]
        entries = [self._kept[key] for key in keys]
        whole = {
            name: torch.cat([
                to_size(entry[name], height, width) if name == "map" else entry[name]
                for entry in entries
            ])
            for name in entries[0]
        }  # fmt: skip
        return {**whole, **features._asdict()}

    def said(self, network: QualityNetwork, batch: Entry) -> Prediction:
        """Return a network's word on a batch or a part of it, on this process's device."""
        return self._judged(network, Features(batch["fused"], batch["summary"], batch["valid"]))

    def _judged(self, network: QualityNetwork, features: Features) -> Prediction:
        fused, summary, valid = (value.to(self._workers.device) for value in features)
        with self._workers.arithmetic():
            return network.judge(fused.float(), summary, valid)

    def _members(self, key: Key) -> tuple[tuple[int, int], bool, float]:
        """Return the places of a group, whether they are of one reference, and the relative depth of their slices."""
        rng = np.random.default_rng([key.group, key.turn])
        first, second, paired = self._source(key).members(key.group, key.turn, rng)
        return (first, second), paired, float(rng.random())

    def _features(self, key: Key) -> Features:
        places, _, depth = self._members(key)
        device = self._workers.device
        return stacked([self._store.of(self._frame(key, place, depth), device) for place in places])

    def _frame(self, key: Key, place: int, depth: float) -> NDArray[np.float32]:
        pool = self._task.rehearsal
        planes = [pool.planes[place]] if key.simulated and pool else self._task.planes(place)
        return planes[min(int(depth * len(planes)), len(planes) - 1)]


def _simulated_crops(pool: RehearsalPool | None, crop: int) -> RatedCrops | None:
    """Return crops of the part of a pool that is trained on, None where there is none."""
    places = [] if pool is None else np.flatnonzero(~pool.held).tolist()
    if pool is None or not places:
        return None
    # what should be said of them is what the parent says, so they come without a score
    images = [
        RatedImage(str(place), Path(), 0.0, 0.0, str(place // 2), "")
        for place in range(len(pool.planes))
    ]
    simulated = RatedSet("simulated", tuple(images), Scale(0, 100))
    planes: Any = lambda place: [pool.planes[place]]  # noqa: E731 as short as a reader of planes can be
    return RatedCrops(simulated, planes, places, crop, 1)
