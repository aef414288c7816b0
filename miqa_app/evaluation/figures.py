"""The figures of a model on a frozen evaluation: pooled, by group, by artefact kind, and beside reference-free measures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from miqa_app.core.artefact_kinds import KEYS
from miqa_app.evaluation.degradation import LOCAL_KINDS
from miqa_app.evaluation.predictions import Predictions
from miqa_app.evaluation.reference_free import MEASURES
from miqa_app.statistics.correlation import auc, plcc, srocc

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from miqa_app.evaluation.held_out import EvaluationRecipe
    from miqa_app.evaluation.measured import Row

ACCEPTABLE = 70.0
"""The acceptable line of every evaluation."""

GROUPS = ("source", "anatomy", "sequence", "vendor")


def figures(rows: Sequence[Row], recipe: EvaluationRecipe) -> dict[str, Any]:
    """Return all figures as plain numbers; the headline is the lowest over the sources.

    A source whose scores are all the same has no rank correlation and counts as 0.
    """
    groups = {name: _by_group(rows, name) for name in GROUPS}
    by_kind = {kind: _by_kind(rows, kind) for kind in KEYS}
    clean = [row for row in rows if not row.kinds]
    combined = [row for row in rows if row.kind == "combined"]
    without_air = [row.without_air for row in clean if row.without_air is not None]
    coarse = [row.coarse for row in clean if row.coarse is not None]
    return {
        "evaluation": recipe.name,
        "quality_index": recipe.quality_index,
        "images": len(rows),
        "clean_images": len(clean),
        "lowest_source_srocc": min(_or_zero(e["srocc"]) for e in groups["source"].values()),
        "lowest_source_plcc": min(_or_zero(e["plcc"]) for e in groups["source"].values()),
        "pooled": _correlations(rows),
        **{f"by_{name}": entries for name, entries in groups.items()},
        "by_kind": by_kind,
        "combined": _correlations(combined) if combined else None,
        "worst_kind_srocc": min(_or_zero(entry["srocc"]) for entry in by_kind.values()),
        "worst_kind_plcc": min(_or_zero(entry["plcc"]) for entry in by_kind.values()),
        "kind_macro_auc": _mean([entry["auc"] for entry in by_kind.values()]),
        "pairs_ranked_right": _pairs(rows),
        "map_auc_local_kinds": _mean([row.map_auc for row in rows if row.kind in LOCAL_KINDS]),
        "clean_mean": _mean([row.score for row in clean]),
        "clean_below_acceptable": _below(clean),
        "clean_without_air_mean": _mean(without_air),
        "clean_without_air_below_acceptable": _mean(_below_line(s) for s in without_air),
        "clean_coarse_mean": _mean(coarse),
        "clean_coarse_below_acceptable": _mean(_below_line(s) for s in coarse),
        "coverage": _mean([float(row.covered) for row in rows]),
        "mean_half_width": _mean([row.half for row in rows]),
        "changes": _changes(rows),
        "baselines": {measure.key: _baseline(rows, measure.key) for measure in MEASURES},
    }


def as_predictions(rows: Sequence[Row], name: str) -> Predictions:
    """Return targets, the model's scores and the reference-free measures, better side up, as a table of methods.

    A measure that is not defined on every image is left out.
    """
    methods = {name: np.array([row.score for row in rows])}
    for measure in MEASURES:
        values = np.array([_oriented(row, measure.key) for row in rows])
        if np.isfinite(values).all():
            methods[measure.key] = values
    return Predictions(
        images=tuple(
            f"{n}: {row.slice} {row.kind or 'clean'} {row.severity:g}" for n, row in enumerate(rows)
        ),
        references=tuple(row.slice for row in rows),
        targets=np.array([row.q for row in rows]),
        methods=methods,
        groups={"kind": tuple(row.kind or "clean" for row in rows)}
        | {group: tuple(row.groups[group] for row in rows) for group in GROUPS},
    )


def _by_group(rows: Sequence[Row], name: str) -> dict[str, dict[str, Any]]:
    labels = dict.fromkeys(row.groups[name] for row in rows)
    return {label: _correlations([r for r in rows if r.groups[name] == label]) for label in labels}


def _correlations(rows: Sequence[Row]) -> dict[str, Any]:
    score, q = [row.score for row in rows], [row.q for row in rows]
    clean = [row for row in rows if not row.kinds]
    return {
        "images": len(rows),
        "clean_images": len(clean),
        "srocc": srocc(score, q),
        "plcc": plcc(score, q),
        "clean_mean": _mean([row.score for row in clean]),
        "clean_below_acceptable": _below(clean),
        "coverage": _mean([float(row.covered) for row in rows]),
    }


def _by_kind(rows: Sequence[Row], kind: str) -> dict[str, float]:
    own = [row for row in rows if row.kind == kind]
    score, q = [row.score for row in own], [row.q for row in own]
    present = [kind in row.kinds for row in rows]
    return {
        "images": len(own),
        "srocc": srocc(score, q),
        "plcc": plcc(score, q),
        "srocc_severity": srocc([-value for value in score], [row.severity for row in own]),
        "pairs_ranked_right": _pairs(own),
        "auc": auc([row.probabilities[kind] for row in rows], present),
        "coverage": _mean([float(row.covered) for row in own]),
        "mean_half_width": _mean([row.half for row in own]),
    }


def _pairs(rows: Sequence[Row]) -> float:
    """Return the share of pairs of one slice and kind in which the higher severity got the lower score."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        if len(row.kinds) == 1:
            groups.setdefault((row.slice, row.kind), []).append(row)
    right = [
        a.score > b.score
        for group in groups.values()
        for a in group
        for b in group
        if a.severity < b.severity
    ]
    return _mean([float(value) for value in right])


def _below(clean: Sequence[Row]) -> float:
    """Return the share of clean slices below the acceptable line."""
    return _mean(_below_line(row.score) for row in clean)


def _below_line(score: float) -> float:
    return float(score < ACCEPTABLE)


def _changes(rows: Sequence[Row]) -> dict[str, dict[str, float]]:
    """Return mean, 95th percentile and number of the score changes by name."""
    tried = [row.changes for row in rows if row.changes]
    names = tried[0] if tried else {}
    values = {name: [changes[name] for changes in tried] for name in names}
    return {
        name: {
            "mean": _mean(moved),
            "p95": float(np.percentile(moved, 95)),
            "images": len(moved),
        }
        for name, moved in values.items()
    }


def _oriented(row: Row, key: str) -> float:
    """Return a measure turned so that larger is better."""
    lower = {measure.key: measure.lower_is_better for measure in MEASURES}[key]
    return -row.measures[key] if lower else row.measures[key]


def _baseline(rows: Sequence[Row], key: str) -> float:
    """Return the SROCC of a measure, better side up, against Q, over the rows where it is defined."""
    values = [(_oriented(row, key), row.q) for row in rows if np.isfinite(row.measures[key])]
    return srocc(*zip(*values, strict=True)) if values else float("nan")


def _or_zero(value: float) -> float:
    return value if np.isfinite(value) else 0.0


def _mean(values: Iterable[float]) -> float:
    finite = [value for value in values if np.isfinite(value)]
    return float(np.mean(finite)) if finite else float("nan")
