"""The figures of a model on a frozen evaluation: pooled, by source, by kind, and beside reference-free measures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from miqa_app.core.artefact_kinds import KEYS
from miqa_app.evaluation.baselines import Niqe, gradient_entropy
from miqa_app.evaluation.degradation import LOCAL_KINDS
from miqa_app.evaluation.held_out import EvaluationRecipe, Item, items
from miqa_app.evaluation.quality_index import load_quality_index
from miqa_app.statistics.correlation import auc, plcc, srocc

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from miqa_app.scoring.engine import Engine, PlanePrediction

ACCEPTABLE = 70.0
"""The acceptable line of every evaluation."""

_DAMAGED_FROM = 0.25


@dataclass(frozen=True, eq=False)
class Row:
    """One image of the evaluation after scoring."""

    source: str
    slice: str
    kind: str
    severity: float
    q: float
    score: float
    probabilities: dict[str, float]
    map_auc: float
    niqe: float
    gradient_entropy: float


def measured(
    recipe: EvaluationRecipe, data: Path, engine: Engine, niqe: Niqe | None
) -> Iterator[Row]:
    """Yield a row per image of the evaluation."""
    index = load_quality_index()
    for item in items(recipe, data):
        prediction = next(iter(engine.predict([item.sample.plane])))
        yield Row(
            source=item.source,
            slice=item.slice,
            kind=item.kind,
            severity=item.severity,
            q=index.q(item.sample.metrics, item.sample.energies),
            score=prediction.score,
            probabilities=prediction.artefacts,
            map_auc=_map_auc(item, prediction),
            niqe=niqe(item.sample.plane) if niqe else float("nan"),
            gradient_entropy=gradient_entropy(item.sample.plane),
        )


def figures(rows: Sequence[Row], recipe: EvaluationRecipe) -> dict[str, Any]:
    """Return all figures as plain numbers; the headline is the lowest over the sources.

    A source whose scores are all the same has no rank correlation and counts as 0.
    """
    by_source = {
        source: _correlations([r for r in rows if r.source == source]) for source in _names(rows)
    }
    clean = [row for row in rows if not row.kind]
    return {
        "evaluation": recipe.name,
        "quality_index": recipe.quality_index,
        "images": len(rows),
        "clean_images": len(clean),
        "lowest_source_srocc": min(
            entry["srocc"] if np.isfinite(entry["srocc"]) else 0.0 for entry in by_source.values()
        ),
        "pooled": _correlations(rows),
        "by_source": by_source,
        "by_kind": {kind: _by_kind(rows, kind) for kind in KEYS},
        "kind_macro_auc": float(np.nanmean([_kind_auc(rows, kind) for kind in KEYS])),
        "pairs_ranked_right": _pairs(rows),
        "map_auc_local_kinds": _mean([row.map_auc for row in rows if row.kind in LOCAL_KINDS]),
        "clean_mean": _mean([row.score for row in clean]),
        "clean_below_acceptable": _mean([float(row.score < ACCEPTABLE) for row in clean]),
        "baselines": {
            "niqe_mri_srocc": _baseline(rows, "niqe"),
            "gradient_entropy_srocc": _baseline(rows, "gradient_entropy"),
        },
    }


def as_table(values: dict[str, Any]) -> str:
    """Return the figures as Markdown."""
    lines = [
        f"Evaluation {values['evaluation']}, {values['images']} images ({values['clean_images']} clean), Q version {values['quality_index']}",
        "",
        "| figure | value |",
        "|---|---|",
        f"| SROCC, lowest source | {values['lowest_source_srocc']:.3f} |",
        f"| SROCC / PLCC, pooled | {values['pooled']['srocc']:.3f} / {values['pooled']['plcc']:.3f} |",
        f"| artefact kind, macro AUC | {values['kind_macro_auc']:.3f} |",
        f"| same slice and kind, higher severity ranked lower | {values['pairs_ranked_right']:.3f} |",
        f"| score map against damage, AUC (local kinds) | {values['map_auc_local_kinds']:.3f} |",
        f"| clean slices: mean score / share below 70 | {values['clean_mean']:.1f} / {values['clean_below_acceptable']:.3f} |",
        f"| NIQE refitted on MRI, SROCC | {values['baselines']['niqe_mri_srocc']:.3f} |",
        f"| gradient entropy, SROCC | {values['baselines']['gradient_entropy_srocc']:.3f} |",
        "",
        "| source | images | SROCC | PLCC | clean mean |",
        "|---|---|---|---|---|",
        *(
            f"| {name} | {e['images']} | {e['srocc']:.3f} | {e['plcc']:.3f} | {e['clean_mean']:.1f} |"
            for name, e in values["by_source"].items()
        ),
        "",
        "| artefact kind | SROCC against Q | SROCC against severity | AUC of the kind |",
        "|---|---|---|---|",
        *(
            f"| {kind} | {e['srocc']:.3f} | {e['srocc_severity']:.3f} | {e['auc']:.3f} |"
            for kind, e in values["by_kind"].items()
        ),
    ]
    return "\n".join(lines)


def _names(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(row.source for row in rows))


def _correlations(rows: Sequence[Row]) -> dict[str, Any]:
    score, q = [row.score for row in rows], [row.q for row in rows]
    clean = [row.score for row in rows if not row.kind]
    return {
        "images": len(rows),
        "srocc": srocc(score, q),
        "plcc": plcc(score, q),
        "clean_mean": _mean(clean),
    }


def _by_kind(rows: Sequence[Row], kind: str) -> dict[str, float]:
    own = [row for row in rows if row.kind == kind]
    score = [row.score for row in own]
    return {
        "srocc": srocc(score, [row.q for row in own]),
        "srocc_severity": srocc([-value for value in score], [row.severity for row in own]),
        "auc": _kind_auc(rows, kind),
    }


def _kind_auc(rows: Sequence[Row], kind: str) -> float:
    return auc([row.probabilities[kind] for row in rows], [row.kind == kind for row in rows])


def _pairs(rows: Sequence[Row]) -> float:
    """Return the share of pairs of one slice and kind in which the higher severity got the lower score."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        if row.kind:
            groups.setdefault((row.slice, row.kind), []).append(row)
    right = [
        a.score > b.score
        for group in groups.values()
        for a in group
        for b in group
        if a.severity < b.severity
    ]
    return _mean([float(value) for value in right])


def _map_auc(item: Item, prediction: PlanePrediction) -> float:
    """Return how well low cells of the score map mark the damage on the object; NaN without damage."""
    damage, inside = item.sample.damage, item.sample.inside
    if not item.kind or damage.max() <= 0:
        return float("nan")
    damaged = damage > _DAMAGED_FROM * damage.max()
    return auc(-prediction.score_map[inside], damaged[inside])


def _baseline(rows: Sequence[Row], name: str) -> float:
    """Return the SROCC of minus a measure (lower is better) against Q, over the rows where it is defined."""
    pairs = [(-getattr(row, name), row.q) for row in rows if np.isfinite(getattr(row, name))]
    return srocc(*zip(*pairs, strict=True)) if pairs else float("nan")


def _mean(values: Sequence[float]) -> float:
    finite = [value for value in values if np.isfinite(value)]
    return float(np.mean(finite)) if finite else float("nan")
