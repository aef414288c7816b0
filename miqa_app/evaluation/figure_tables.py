"""The figures of an evaluation as Markdown tables, for model cards and the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from miqa_app.evaluation.figures import GROUPS
from miqa_app.evaluation.reference_free import MEASURES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_GOALS = {
    "base": (0.93, 0.85, 0.97, 0.95, 0.90, 1.0, 0.05),
    "lite": (0.90, 0.80, 0.95, 0.92, 0.85, 1.5, 0.07),
}
"""What the two bundled models are to reach, in the order of `_headlines`."""


def as_table(values: Mapping[str, Any], network: str = "") -> str:
    """Return the figures of `figures` as Markdown; with the goals beside them for the bundled networks."""
    first = (
        f"Evaluation {values['evaluation']}, {values['images']} images ({values['clean_images']} clean), "
        f"Q version {values['quality_index']}"
    )
    parts = [
        [first],
        _headlines(values, network),
        *(_group_table(values, name) for name in GROUPS),
        _kind_table(values),
        _change_table(values),
        _measure_table(values),
    ]
    return "\n\n".join("\n".join(lines) for lines in parts if lines)


def _headlines(values: Mapping[str, Any], network: str) -> list[str]:
    pooled = values["pooled"]
    worst_change = max(
        (entry["mean"] for entry in values["changes"].values()), default=float("nan")
    )
    cells = [
        (
            "SROCC / PLCC, pooled",
            f"{pooled['srocc']:.3f} / {pooled['plcc']:.3f}",
            "≥ {:.2f} / {:.2f}",
        ),
        (
            "SROCC / PLCC, worst artefact kind",
            f"{values['worst_kind_srocc']:.3f} / {values['worst_kind_plcc']:.3f}",
            "≥ {:.2f} / {:.2f}",
        ),
        (
            "same slice and kind, higher severity ranked lower",
            f"{values['pairs_ranked_right']:.3f}",
            "≥ {:.2f}",
        ),
        ("artefact kind, macro AUC", f"{values['kind_macro_auc']:.3f}", "≥ {:.2f}"),
        (
            "score map against damage, AUC (local kinds)",
            f"{values['map_auc_local_kinds']:.3f}",
            "≥ {:.2f}",
        ),
        (
            "largest mean change of the score under flips, gain, shift",
            f"{worst_change:.2f}",
            "≤ {:g}",
        ),
        ("clean slices below 70", f"{values['clean_below_acceptable']:.3f}", "≤ {:.2f}"),
    ]
    goals = _GOALS.get(network)
    rows = [
        [name, value, wish.format(goals[place], goals[place]) if goals else ""]
        for place, (name, value, wish) in enumerate(cells)
    ]
    rows += [
        [
            "SROCC / PLCC, lowest source",
            f"{values['lowest_source_srocc']:.3f} / {values['lowest_source_plcc']:.3f}",
            "",
        ],
        ["clean slices, mean score", f"{values['clean_mean']:.1f}", ""],
        *_as_delivered(values),
        [
            "90 % interval of a lone slice: holds the target / mean half width",
            f"{values['coverage']:.3f} / {values['mean_half_width']:.1f}",
            "0.85–0.95" if goals else "",
        ],
    ]
    if values["combined"]:
        combined = values["combined"]
        rows.append(
            [
                "SROCC / PLCC, two and three artefacts",
                f"{combined['srocc']:.3f} / {combined['plcc']:.3f}",
                "",
            ]
        )
    if not goals:
        return _table(["figure", "value"], [row[:2] for row in rows])
    return _table(["figure", "value", "goal"], rows)


_AS_DELIVERED = {
    "clean_without_air": "the same slices with their air set to zero",
    "clean_coarse": "the same slices with a coarse matrix (104 pixels)",
}
"""What scanners may do to a clean slice, by the key of its figures."""


def _as_delivered(values: Mapping[str, Any]) -> list[list[str]]:
    """Return a row for each thing that scanners may do to a clean slice; figures of older models lack some."""
    return [
        [
            f"{words}: mean score / share below 70",
            f"{values[f'{key}_mean']:.1f} / {values[f'{key}_below_acceptable']:.3f}",
            "",
        ]
        for key, words in _AS_DELIVERED.items()
        if np.isfinite(values.get(f"{key}_mean", np.nan))
    ]


def _group_table(values: Mapping[str, Any], name: str) -> list[str]:
    rows = [
        [
            label,
            f"{entry['images']}",
            f"{entry['srocc']:.3f}",
            f"{entry['plcc']:.3f}",
            f"{entry['clean_mean']:.1f}",
            f"{entry['clean_below_acceptable']:.3f}",
            f"{entry['coverage']:.3f}",
        ]
        for label, entry in values[f"by_{name}"].items()
    ]
    head = [name, "images", "SROCC", "PLCC", "clean mean", "clean below 70", "interval holds Q"]
    return _table(head, rows)


def _kind_table(values: Mapping[str, Any]) -> list[str]:
    keys = ("srocc", "plcc", "srocc_severity", "pairs_ranked_right", "auc", "coverage")
    rows = [
        [kind, f"{entry['images']}", *(f"{entry[key]:.3f}" for key in keys)]
        for kind, entry in values["by_kind"].items()
    ]
    head = ["artefact kind", "images", "SROCC against Q", "PLCC", "SROCC against severity"]
    return _table([*head, "severities in order", "AUC of the kind", "interval holds Q"], rows)


def _change_table(values: Mapping[str, Any]) -> list[str]:
    rows = [
        [name, f"{entry['mean']:.2f}", f"{entry['p95']:.2f}", f"{entry['images']}"]
        for name, entry in values["changes"].items()
    ]
    return (
        _table(["harmless change", "mean, points", "95th percentile", "images"], rows)
        if rows
        else []
    )


def _measure_table(values: Mapping[str, Any]) -> list[str]:
    rows = [[measure.name, f"{values['baselines'][measure.key]:.3f}"] for measure in MEASURES]
    return _table(["reference-free measure on the same images", "SROCC against Q"], rows)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return [f"| {' | '.join(cells)} |" for cells in lines]
