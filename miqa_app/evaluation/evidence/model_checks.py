"""Candidate and active model on the same slices: score maps, harmless changes, and time a slice."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
import torch

from miqa_app.errors import BadRequest
from miqa_app.evaluation.evidence.record import (
    MapSanity,
    ModelChecks,
    Moved,
    OneModelChecks,
)
from miqa_app.evaluation.explanations import PASTED, paste
from miqa_app.evaluation.measured import score_changes
from miqa_app.evaluation.sources import Source, clean_slices
from miqa_app.networks import build
from miqa_app.paths import bundled
from miqa_app.scoring.engine import Engine
from miqa_app.statistics.correlation import auc, srocc

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from miqa_app.evaluation.explanations import Pasted
    from miqa_app.networks import QualityNetwork

    Plane = NDArray[np.float32]


@dataclass(frozen=True)
class _Seen:
    """One pasted artefact: |rank correlation| with the random map, and the AUC of pointing of both maps."""

    agreement: float
    pointing: float
    blind: float


_PAIRS = 7
"""Timed by turns, so that whatever else the machine does falls on both models alike."""


def measured_checks(
    candidate: QualityNetwork,
    active: QualityNetwork,
    planes: Sequence[Plane],
    *,
    device: str = "auto",
    seed: int = 0,
) -> Iterator[tuple[int, int] | ModelChecks]:
    """Yield (steps done, all) and last the checks of both models on the same slices, artefacts and draws.

    The maps are checked as in `evaluation.explanations`, by pointing and by one network with all weights drawn anew.
    Both networks are moved to the device and stay there. Some 40 predictions a slice.

    Args:
        candidate: network under judgement.
        active: network in use.
        planes: clean slices, (H, W) float32 in [0, 1] with an object on each; three or four are enough.
        device: see `Engine`.
        seed: of places, artefacts and random weights.

    Raises:
        BadRequest: there is no slice, or one shows no object.
    """
    if not planes:
        raise BadRequest("There is no clean slice to check the models on; give at least one.")
    engines = [Engine(network, device) for network in (candidate, active)]
    blind = [Engine(_random(candidate, seed), device)]
    same = candidate.config == active.config
    blind.append(blind[0] if same else Engine(_random(active, seed), device))
    total = len(planes) + 1
    maps: list[list[_Seen]] = [[], []]
    moved: list[list[dict[str, float]]] = [[], []]
    for number, plane in enumerate(planes):
        pasted = [
            paste(plane, kind, severity, seed + 1000 * number + place)
            for place, (kind, severity) in enumerate(PASTED.items())
        ]
        random_maps = {id(engine): [_map(engine, item) for item in pasted] for engine in blind}
        for own, engine in enumerate(engines):
            maps[own] += [
                _seen(item, _map(engine, item), other)
                for item, other in zip(pasted, random_maps[id(blind[own])], strict=True)
            ]
            # clean, and with one of the artefacts by turns
            moved[own] += [
                score_changes(engine, plane),
                score_changes(engine, pasted[number % len(pasted)].plane),
            ]
        yield number + 1, total
    times = _times(engines, planes[0])
    yield total, total
    checks = [
        OneModelChecks.model_validate(
            {
                "changes": _changes(moved[own]),
                "maps": _sanity(maps[own]),
                "milliseconds": float(np.median(times[:, own])) * 1000,
            }
        )
        for own in range(len(engines))
    ]
    rows, columns = planes[0].shape
    yield ModelChecks.model_validate(
        {
            "candidate": checks[0],
            "active": checks[1],
            "slower": float(np.median(times[:, 0] / times[:, 1])),
            "rows": rows,
            "columns": columns,
            "device": engines[0].identity.device.split()[0],
        }
    )


def bundled_planes(count: int = 4) -> list[Plane]:
    """Return slices of the bundled phantom, evenly spaced, for a rated set that holds no clean image."""
    source = Source(
        name="phantom", subject="phantom", path="clean", licence="Apache-2.0", anatomy="phantom"
    )
    found = list(clean_slices([source], bundled("resources") / "phantom"))
    places = np.linspace(0, len(found) - 1, count + 2).round().astype(int)[1:-1]
    return [found[place].plane for place in places]


def _random(network: QualityNetwork, seed: int) -> QualityNetwork:
    """Return a network of the same design with untrained weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build(network.config).eval()


def _map(engine: Engine, item: Pasted) -> Plane:
    return next(iter(engine.predict([item.plane]))).score_map


def _seen(item: Pasted, score_map: Plane, random_map: Plane) -> _Seen:
    values, other = score_map[item.inside], random_map[item.inside]
    damaged = item.damaged[item.inside]
    return _Seen(abs(srocc(values, other)), auc(-values, damaged), auc(-other, damaged))


def _sanity(seen: Sequence[_Seen]) -> MapSanity:
    return MapSanity(
        images=len(seen),
        randomised=_mean([one.agreement for one in seen]),
        pointing=_mean([one.pointing for one in seen]),
        blind=_mean([one.blind for one in seen]),
    )


def _mean(values: Sequence[float]) -> float:
    """Return the mean of what is defined; a flat map has no rank correlation."""
    known = [value for value in values if np.isfinite(value)]
    return float(np.mean(known)) if known else float("nan")


def _changes(moved: Sequence[dict[str, float]]) -> dict[str, Moved]:
    table = {name: [changes[name] for changes in moved] for name in moved[0]}
    return {
        name: Moved(
            mean=float(np.mean(values)), p95=float(np.percentile(values, 95)), images=len(values)
        )
        for name, values in table.items()
    }


def _times(engines: Sequence[Engine], plane: Plane) -> NDArray[np.float64]:
    """Return (pairs, engines) seconds a slice, after one run to warm up."""
    times = np.zeros((_PAIRS + 1, len(engines)))
    for pair in range(_PAIRS + 1):
        order = range(len(engines)) if pair % 2 else reversed(range(len(engines)))
        for place in order:
            start = perf_counter()
            list(engines[place].predict([plane]))
            times[pair, place] = perf_counter() - start
    return times[1:]
