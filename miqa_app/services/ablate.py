"""Train every variant of an ablation and put their figures into one table."""

from __future__ import annotations

import csv
import json
import os
from typing import TYPE_CHECKING

import torch

from miqa_app.training.ablation import figures_on_crops, read_ablation
from miqa_app.training.fit import fit, validation_crops
from miqa_app.training.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

HEADINGS = {
    "srocc": "SROCC",
    "plcc": "PLCC",
    "order": "order within a reference",
    "kind_auc": "artefact kind, macro AUC",
    "map_auc": "score map against damage, AUC",
}


def ablate(
    path: Path, data: Path, out: Path, report: Callable[[Progress], None]
) -> dict[str, dict[str, float]]:
    """Return the figures of every variant on the validation subjects, and write them to ablation.csv and .md in `out`.

    A variant whose figures lie in `out` from an earlier start is not trained again.

    Args:
        path: list of variants, see `training.ablation.read_ablation`.
        data: folder of the scans.
        out: folder for the runs and the table.
        report: called with the progress; the stage begins with the variant's name.

    Raises:
        BadRecipe: the list does not check out, or a scan is missing.
    """
    table: dict[str, dict[str, float]] = {}
    for name, recipe in read_ablation(path).items():
        run = out / recipe.name
        kept = run / f"figures-{recipe.seed}-{recipe.epochs}-{recipe.groups}.json"
        if not kept.exists():

            def tell(step: Progress, name: str = name) -> None:
                report(Progress(f"{name}: {step.stage}", step.done, step.total, step.metrics))

            network = fit(recipe, data, run, tell).network.cpu()
            torch.set_num_threads(os.cpu_count() or 1)
            figures = figures_on_crops(network, validation_crops(recipe, data, run, tell))
            kept.write_text(json.dumps(figures), encoding="utf-8")
        table[name] = json.loads(kept.read_text(encoding="utf-8"))
    (out / "ablation.md").write_text(as_markdown(table) + "\n", encoding="utf-8")
    with (out / "ablation.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["variant", *HEADINGS])
        writer.writerows(
            [name, *(values[key] for key in HEADINGS)] for name, values in table.items()
        )
    return table


def as_markdown(table: Mapping[str, Mapping[str, float]]) -> str:
    """Return the figures as one Markdown table, a row per variant."""
    lines = [
        "| variant | " + " | ".join(HEADINGS.values()) + " |",
        "|" + "---|" * (len(HEADINGS) + 1),
    ]
    for name, values in table.items():
        lines.append(f"| {name} | " + " | ".join(f"{values[key]:.3f}" for key in HEADINGS) + " |")
    return "\n".join(lines)
