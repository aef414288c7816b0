"""Train every variant of an ablation and put their figures into one table."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import numpy as np
import yaml

from miqa_app.registry.durable import write_whole
from miqa_app.training.ablation import figures_on_crops, read_ablation
from miqa_app.training.fit import averaged_model, fit, validation_crops
from miqa_app.training.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from miqa_app.training.recipe import Recipe

HEADINGS = {
    "srocc": "SROCC",
    "plcc": "PLCC",
    "order": "order within a reference",
    "kind_auc": "artefact kind, macro AUC",
    "map_auc": "score map against damage, AUC",
}


Table = dict[str, list[dict[str, float]]]
"""The figures of every variant, one for each seed that is done."""


def ablate(path: Path, data: Path, out: Path, report: Callable[[Progress], None]) -> Table:
    """Return the figures of every variant on the validation subjects, and write them to ablation.csv and .md in `out`.

    All variants are trained with the first seed, then all with the next; the files are written anew after each. A run
    whose figures lie in `out` from an earlier start is not trained again. Beside the table, methods.yaml lists the trained
    networks for `miqa benchmark methods --list`, which judges them on other images, with intervals and times.

    Args:
        path: list of variants, see `training.ablation.read_ablation`.
        data: folder of the scans.
        out: folder for the runs and the table.
        report: called with the progress; the stage begins with the variant's name and the seed.

    Raises:
        BadRecipe: the list does not check out, or a scan is missing.
    """
    variants = read_ablation(path)
    table: Table = {name: [] for name in variants}
    trained: list[tuple[str, Recipe]] = []
    for of_one_seed in zip(*variants.values(), strict=True):
        for name, recipe in zip(variants, of_one_seed, strict=True):
            table[name].append(_figures(name, recipe, data, out, report))
            trained.append((name, recipe))
            _write(table, out)
            _write_list(trained, out)
    return table


def _figures(
    name: str, recipe: Recipe, data: Path, out: Path, report: Callable[[Progress], None]
) -> dict[str, float]:
    run = out / recipe.name
    kept = run / f"figures-{recipe.epochs}-{recipe.groups}.json"
    if not kept.exists():

        def tell(step: Progress) -> None:
            stage = f"{name}, seed {recipe.seed}: {step.stage}"
            report(Progress(stage, step.done, step.total, step.metrics))

        network = fit(recipe, data, run, tell).network.cpu()
        figures = figures_on_crops(network, validation_crops(recipe, data, run, tell))
        write_whole(kept, json.dumps({"seed": recipe.seed, **figures}).encode())
    return json.loads(kept.read_bytes())  # type: ignore[no-any-return]


def _write(table: Table, out: Path) -> None:
    write_whole(out / "ablation.md", f"{as_markdown(table)}\n".encode())
    rows = [{"variant": name, **row} for name, rows in table.items() for row in rows]
    with (out / "ablation.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["variant", "seed", *HEADINGS])
        writer.writeheader()
        writer.writerows(rows)


def _write_list(trained: list[tuple[str, Recipe]], out: Path) -> None:
    """Write the networks that are trained so far as a list of methods, each scoring as it is."""
    several = len({recipe.seed for _, recipe in trained}) > 1
    rows = [
        {
            "label": f"{name}, seed {recipe.seed}" if several else name,
            "type": "ours",
            "network": recipe.network,
            "start": str(averaged_model(out.resolve() / recipe.name, recipe)),
        }
        for name, recipe in trained
    ]
    content = {
        "name": "ablation",
        "title": "Variants of a training",
        "recipe": "frozen",
        "against": [rows[0]["label"]],
        "rows": rows,
    }
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
    write_whole(out / "methods.yaml", text.encode())


def as_markdown(table: Table) -> str:
    """Return the means over the seeds as one Markdown table, a row per variant.

    With two seeds or more, a variant's mean difference from the first one, seed by seed, stands beside it with the
    standard deviation of that difference: what is within it is chance.
    """
    first = next(iter(table.values()))
    lines = [
        "| variant | seeds | " + " | ".join(HEADINGS.values()) + " |",
        "|" + "---|" * (len(HEADINGS) + 2),
    ]
    for name, rows in table.items():
        if rows:
            cells = [_cell(rows, first, key) for key in HEADINGS]
            lines.append(f"| {name} | {len(rows)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(rows: list[dict[str, float]], first: list[dict[str, float]], key: str) -> str:
    values = [row[key] for row in rows]
    words = f"{np.mean(values):.3f}"
    if rows is first or len(rows) == 1:
        return words
    # while a seed is under way the first variant has one run more
    apart = [value - row[key] for value, row in zip(values, first, strict=False)]
    return f"{words} ({np.mean(apart):+.3f} ± {np.std(apart, ddof=1):.3f})"
