"""Can the score maps be believed? Three checks that a map which only looks convincing does not pass.

Each works on slices into which an artefact was pasted at a place that is known:

- randomisation (Adebayo et al., NeurIPS 2018): a network whose weights were drawn anew must draw another map;
- deletion (after Petsiuk et al., BMVC 2018): repairing the region that the map calls worst must raise the score more
  than repairing a region of the same size elsewhere on the object;
- pointing (Zhang et al., IJCV 2018): the artefact must be found where it was pasted.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from scipy.ndimage import gaussian_filter

from miqa_app.artefacts import degrade
from miqa_app.artefacts.simulate import local_damage
from miqa_app.core.foreground import object_mask
from miqa_app.core.heatmap import CELL
from miqa_app.errors import BadRequest
from miqa_app.evaluation.degradation import cells
from miqa_app.networks import build
from miqa_app.scoring.engine import Engine
from miqa_app.statistics.correlation import auc, srocc

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from miqa_app.evaluation.sources import CleanSlice
    from miqa_app.networks import QualityNetwork

PASTED = {"zipper": 0.7, "signal_loss": 0.35, "white_noise": 0.7}
"""Severity by artefact kind that is pasted; the void of the signal loss is small enough for the disc to hold its rim."""

_SCORE = ("score_head", "weight_head", "line")
_DECODER = (*_SCORE, "decoder", "whole_head", "detail_head", "fusion")
_FUSION = (*_DECODER, "align", "weighting", "injector", "extractor", "local")

STEPS: dict[str, tuple[str, ...]] = {
    "score head": _SCORE,
    "and decoder": _DECODER,
    "and fusion": _FUSION,
    "all weights": ("",),
}
"""Parts whose weights are drawn anew, from the output down, by what their names begin with; each step holds the last."""

FILLS = ("clean", "smooth")
"""What a region is repaired with: the pixels of the clean slice, or a smooth continuation of its surroundings."""

_RADIUS = 0.15
"""Radius of the pasted disc as a share of the root of the object's area."""

_PLACED_FROM = 0.75
"""Share of the artefact's greatest local damage that the centre of the disc has at least."""

_DAMAGED_FROM = 0.25
_RANDOM_REGIONS = 3


@dataclass(frozen=True, eq=False)
class Pasted:
    """A slice with an artefact in one place.

    Attributes:
        plane: (H, W) float32 in [0, 1], on the scale of the clean series.
        clean: the same slice without the artefact.
        damaged: (h, w) bool, cells of 8×8 pixels whose damage is above a quarter of the greatest.
        inside: (h, w) bool, cells that lie mostly on the object.
        across: cells across the pasted disc.
    """

    plane: NDArray[np.float32]
    clean: NDArray[np.float32]
    damaged: NDArray[np.bool_]
    inside: NDArray[np.bool_]
    across: int


@dataclass(frozen=True, eq=False)
class Row:
    """What one pasted artefact showed; scores in points of 100.

    Attributes:
        source: data set of the slice.
        slice: `CleanSlice.identity`.
        kind: artefact kind.
        correlation: by step of `STEPS`, the rank correlation over object cells with the map of a randomised network.
        gain_worst: by fill, what repairing the worst region adds to the score.
        gain_random: by fill, the same for each random region.
        hit: the lowest cell on the object is a damaged one.
        auc: how well low cells mark the damaged ones.
        chance: share of the object's cells that are damaged: how often a blind finger would hit.
        random_hit: `hit` of a network with all weights drawn anew.
        random_auc: its `auc`.
    """

    source: str
    slice: str
    kind: str
    correlation: Mapping[str, float]
    gain_worst: Mapping[str, float]
    gain_random: Mapping[str, Sequence[float]]
    hit: float
    auc: float
    chance: float
    random_hit: float
    random_auc: float


def explained(
    network: QualityNetwork, slices: Sequence[CleanSlice], *, seed: int = 0, device: str = "auto"
) -> Iterator[Row]:
    """Yield a row for each slice and pasted kind.

    Args:
        network: the trained network.
        slices: clean slices.
        seed: of places, artefacts, regions and random weights.
        device: see `Engine`.
    """
    engine = Engine(network, device)
    for number, clean in enumerate(slices):
        for place, kind in enumerate(PASTED):
            own = seed + 1000 * number + place
            item = paste(clean.plane, kind, PASTED[kind], own)
            blind = {
                step: _map(Engine(other, device), item.plane)
                for step, other in cascade(network, own)
            }
            yield _row(clean, kind, item, engine, blind, np.random.default_rng(own))


def cascade(network: QualityNetwork, seed: int) -> Iterator[tuple[str, QualityNetwork]]:
    """Yield the steps of `STEPS`, each with a copy of the network in which its parts have untrained start values.

    The copy is one and the same object, changed from step to step; the trained network stays as it is.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        fresh = build(network.config).state_dict()
    result = copy.deepcopy(network).cpu().eval()
    for step, parts in STEPS.items():
        result.cpu().load_state_dict(
            {name: value for name, value in fresh.items() if name.startswith(parts)}, strict=False
        )
        yield step, result


def paste(clean: NDArray[np.float32], kind: str, severity: float, seed: int) -> Pasted:
    """Return a slice with an artefact in a random disc on the object, where that artefact does something.

    Args:
        clean: (H, W) float32 in [0, 1].
        kind: artefact kind.
        severity: 0–1, above 0.
        seed: of the artefact and of its place.

    Raises:
        BadRequest: unknown kind, severity outside 0–1, or a slice without an object.
    """
    mask = object_mask(clean)
    if not mask.any():
        message = "There is no object on this slice to paste an artefact on."
        raise BadRequest(message)
    whole = np.clip(degrade(clean, kind, severity, seed, mask=mask).image, 0, 1)
    difference = np.asarray(whole, dtype=np.float32) - clean
    effect = np.where(mask, local_damage(difference), 0)
    spots = np.argwhere(effect >= _PLACED_FROM * effect.max())
    row, column = spots[int(np.random.default_rng(seed).integers(len(spots)))]
    radius = _RADIUS * float(np.sqrt(mask.sum()))
    rows, columns = np.indices(clean.shape)
    distance = np.hypot(rows - row, columns - column)
    disc = np.clip((radius - distance) / 4 + 0.5, 0, 1).astype(np.float32)
    local = disc * difference
    # the damage is smoothed in Fourier space, which carries it round from one edge of the slice to the other
    near = distance < radius + 2 * CELL
    damage = cells(np.where(near, local_damage(local), 0))
    return Pasted(
        plane=np.asarray(clean + local, dtype=np.float32),
        clean=clean,
        damaged=damage > _DAMAGED_FROM * damage.max(),
        inside=cells(mask.astype(np.float32)) > 0.5,
        across=max(1, round(2 * radius / CELL)),
    )


def repaired(item: Pasted, corner: tuple[int, int], fill: str) -> NDArray[np.float32]:
    """Return the plane with a square of `across` cells replaced.

    Args:
        item: the slice.
        corner: upper left cell of the square.
        fill: one of `FILLS`; 'smooth' is the Gaussian mean of the pixels around the square.
    """
    edge = item.across * CELL
    top, left = corner[0] * CELL, corner[1] * CELL
    square = np.s_[top : top + edge, left : left + edge]
    result = item.plane.copy()
    if fill == "clean":
        result[square] = item.clean[square]
        return result
    known = np.ones_like(result)
    known[square] = 0
    width = edge / 3
    weight = gaussian_filter(known, width)[square]
    result[square] = gaussian_filter(result * known, width)[square] / np.maximum(weight, 1e-6)
    return result


def regions(inside: NDArray[np.bool_], across: int) -> NDArray[np.intp]:
    """Return (n, 2) upper left cells of the squares that lie on the object: three quarters of their cells at least.

    Where the object is too thin for that, those that hold as much of it as any.
    """
    across = min(across, *inside.shape)
    windows = np.lib.stride_tricks.sliding_window_view(inside, (across, across))
    share = windows.mean((2, 3))
    return np.argwhere(share >= min(0.75, share.max()))


def worst_region(
    score_map: NDArray[np.float32], corners: NDArray[np.intp], across: int
) -> tuple[int, int]:
    """Return the corner of the square with the lowest mean score."""
    means = [score_map[r : r + across, c : c + across].mean() for r, c in corners]
    row, column = corners[int(np.argmin(means))]
    return int(row), int(column)


def _row(
    clean: CleanSlice,
    kind: str,
    item: Pasted,
    engine: Engine,
    blind: Mapping[str, NDArray[np.float32]],
    rng: np.random.Generator,
) -> Row:
    before = next(iter(engine.predict([item.plane])))
    trained = before.score_map[item.inside]
    corners = regions(item.inside, item.across)
    worst = worst_region(before.score_map, corners, item.across)
    drawn = [tuple(map(int, corners[k])) for k in rng.integers(len(corners), size=_RANDOM_REGIONS)]
    gain_worst, gain_random = {}, {}
    for fill in FILLS:
        planes = [repaired(item, (row, column), fill) for row, column in (worst, *drawn)]
        gains = [result.score - before.score for result in engine.predict(planes)]
        gain_worst[fill], gain_random[fill] = gains[0], gains[1:]
    hit, area = _pointed(before.score_map, item)
    random_hit, random_area = _pointed(blind["all weights"], item)
    return Row(
        source=clean.source.name,
        slice=clean.identity,
        kind=kind,
        correlation={step: srocc(trained, other[item.inside]) for step, other in blind.items()},
        gain_worst=gain_worst,
        gain_random=gain_random,
        hit=hit,
        auc=area,
        chance=float(item.damaged[item.inside].mean()),
        random_hit=random_hit,
        random_auc=random_area,
    )


def _map(engine: Engine, plane: NDArray[np.float32]) -> NDArray[np.float32]:
    return next(iter(engine.predict([plane]))).score_map


def _pointed(score_map: NDArray[np.float32], item: Pasted) -> tuple[float, float]:
    """Return whether the lowest cell on the object is damaged, and the AUC over the object's cells."""
    values, truth = score_map[item.inside], item.damaged[item.inside]
    return float(truth[int(np.argmin(values))]), auc(-values, truth)


def explanation_figures(rows: Sequence[Row]) -> dict[str, Any]:
    """Return the figures of rows as plain numbers; correlations −1…1, gains in points of 100.

    Raises:
        BadRequest: there are no rows.
    """
    if not rows:
        message = (
            "There is no slice to check the explanations on; give a folder with scans of patients."
        )
        raise BadRequest(message)
    return {
        "slices": len({row.slice for row in rows}),
        "images": len(rows),
        "randomisation": {step: _agreement(rows, step) for step in STEPS},
        "deletion": {fill: _deletion(rows, fill) for fill in FILLS},
        "pointing": {
            "all": _pointing(rows),
            **{kind: _pointing([row for row in rows if row.kind == kind]) for kind in PASTED},
        },
    }


def _agreement(rows: Sequence[Row], step: str) -> dict[str, float]:
    values = [row.correlation[step] for row in rows]
    return {"mean": _mean(values), "mean_absolute": _mean([abs(value) for value in values])}


def _deletion(rows: Sequence[Row], fill: str) -> dict[str, float]:
    pairs = [(row.gain_worst[fill], gain) for row in rows for gain in row.gain_random[fill]]
    return {
        "share_worst_gains_more": _mean([float(worst > other) for worst, other in pairs]),
        "gain_worst": _mean([worst for worst, _ in pairs]),
        "gain_random": _mean([other for _, other in pairs]),
    }


def _pointing(rows: Sequence[Row]) -> dict[str, float]:
    names = ("hit", "chance", "random_hit", "auc", "random_auc")
    return {name: _mean([getattr(row, name) for row in rows]) for name in names}


def _mean(values: Sequence[float]) -> float:
    finite = [value for value in values if np.isfinite(value)]
    return float(np.mean(finite)) if finite else float("nan")


def as_table(values: Mapping[str, Any]) -> str:
    """Return the figures as Markdown."""
    lines = [
        f"Score maps on {values['images']} images: {values['slices']} slices, each with {len(PASTED)} pasted artefacts",
        "",
        "| weights drawn anew | rank correlation of the maps | its absolute value |",
        "|---|---|---|",
        *(
            f"| {step} | {entry['mean']:.3f} | {entry['mean_absolute']:.3f} |"
            for step, entry in values["randomisation"].items()
        ),
        "",
        "| region repaired with | worst gains more than random | gain, worst | gain, random |",
        "|---|---|---|---|",
        *(
            f"| {fill} | {entry['share_worst_gains_more']:.3f} | {entry['gain_worst']:.2f} | {entry['gain_random']:.2f} |"
            for fill, entry in values["deletion"].items()
        ),
        "",
        "| pasted | lowest cell hits | by chance | random weights | AUC | random weights |",
        "|---|---|---|---|---|---|",
        *(
            f"| {kind} | {e['hit']:.3f} | {e['chance']:.3f} | {e['random_hit']:.3f} | {e['auc']:.3f} | {e['random_auc']:.3f} |"
            for kind, e in values["pointing"].items()
        ),
    ]
    return "\n".join(lines)
