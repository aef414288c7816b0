"""Fit the scope check of a model: training subjects give its measure, subjects that were left out give its threshold."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from miqa_app.evaluation.scope_samples import Samples, collect
from miqa_app.scoring.scope import ScopeModel, fitted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from miqa_app.evaluation.sources import Source
    from miqa_app.scoring.prediction import PlaneEngine

LEVEL = 0.95
"""Share of the slices of unseen sources that shall lie inside; a series, which takes the median, is refused less often."""

_SEED = 3


def fit_scope(
    train_sources: Sequence[Source],
    validation_sources: Sequence[Source],
    data: Path,
    engine: PlaneEngine,
) -> Iterator[tuple[int, int] | ScopeModel]:
    """Yield (pictures done, pictures) and last the scope check of the engine's network.

    Nothing but these sources and made-up pictures is looked at.

    Args:
        train_sources: what the network learnt from; at least two of them, so that each can be left out in turn.
        validation_sources: other subjects.
        data: folder of the scans.
        engine: holds the network, in the precision in which it will be used.

    Raises:
        BadRecipe: a scan is missing.
    """
    for step in collect(train_sources, validation_sources, data, engine, _SEED):
        if isinstance(step, Samples):
            yield from_samples(step)
        else:
            yield step


def from_samples(samples: Samples, level: float = LEVEL) -> ScopeModel:
    """Return the check for these samples.

    Every training source is left out in turn and measured by a check fitted without it, because a new scanner or body
    region is as foreign to the check as that source was; the validation subjects are measured by the final check. The
    threshold is the quantile of all these ratios in which every source, and the validation set, weighs the same.
    """
    train = samples.part == "train"
    sources = np.unique(samples.group[train])
    model = _fit(samples, train)
    ratios: dict[str, NDArray[np.float64]] = {}
    for source in sources if len(sources) > 1 else ():
        rest = _fit(samples, train & (samples.group != source))
        ratios[str(source)] = rest.ratios(samples.features[train & (samples.group == source)])
    validation = samples.part == "validation"
    if validation.any():
        ratios["validation"] = model.ratios(samples.features[validation])
    threshold = balanced_quantile(list(ratios.values()), level)
    unseen = {name: float((values > threshold).mean()) for name, values in ratios.items()}
    return replace(model, threshold=threshold, level=level, unseen=unseen)


def balanced_quantile(groups: Sequence[NDArray[np.float64]], level: float) -> float:
    """Return the smallest value that at least `level` of the weight does not exceed, every group weighing the same."""
    values = np.concatenate(groups)
    weights = np.concatenate([np.full(len(group), 1 / len(group)) for group in groups])
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order]) / weights.sum()
    place = min(int(np.searchsorted(reached, level - 1e-9)), len(values) - 1)
    return float(values[order][place])


def _fit(samples: Samples, scans: NDArray[np.bool_]) -> ScopeModel:
    made = samples.part == "made up"
    families = [
        samples.features[made & (samples.group == family)]
        for family in np.unique(samples.group[made])
    ]
    return fitted(samples.features[scans], families)
