"""The degraded images of a frozen evaluation as a rated set, so that any method can be put beside the networks on them.

Its subjects served no training of a bundled model. The score is the simulated quality index Q; nobody rated it. Q is
made of full-reference measures among others, so those come out better here than they would against people.
"""

from __future__ import annotations

import hashlib
import shutil
from typing import TYPE_CHECKING

from miqa_app.core.artefact_kinds import KEYS
from miqa_app.errors import BadRecipe
from miqa_app.evaluation.held_out import items
from miqa_app.evaluation.quality_index import load_quality_index
from miqa_app.evaluation.rated.synthetic import ABOUT, write_picture, write_set

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from miqa_app.evaluation.held_out import EvaluationRecipe
    from miqa_app.evaluation.rated.synthetic import Row

EVALUATIONS = ("held-out-1", "held-out-2")
"""Names of the frozen evaluations that can be had as a rated set."""

KEPT = 3
"""Sets of an evaluation that stay in the cache, about 60 MB each: a few folders of scans may be in use in turn."""

PEAK = 0.5
"""Where the peak of a clean slice lies in the pictures: artefacts may be twice as bright before they are cut off."""


def write_unseen(
    recipe: EvaluationRecipe, data: Path, folder: Path, tell: Callable[[int, int], None]
) -> None:
    """Write the degraded images of an evaluation and their clean slices; every run writes the same set.

    A clean slice is one reference. Grey values are on the scale of the clean slice, as full-reference measures need it;
    a network scales each picture by itself, as in use. What additive noise brings below zero is cut off, as in any picture.

    Args:
        recipe: the frozen evaluation.
        data: folder of the scans.
        folder: where to; it must not exist, or be an earlier synthetic set, which is replaced.
        tell: called with the images made so far and their number at most.

    Raises:
        BadRecipe: a scan that the evaluation names is missing.
        MiqaError: the folder holds something else.
    """
    write_set(
        folder,
        recipe.name,
        lambda place: _rows(recipe, data, place, tell),
        lambda rows: _readme(recipe, rows),
        PEAK,
    )


def folder_of(recipe: EvaluationRecipe, data: Path, cache: Path) -> Path:
    """Return where the set of these scans is kept: another folder as soon as a scan of the evaluation changed.

    Raises:
        BadRecipe: a scan that the evaluation names is missing.
    """
    facts = [recipe.model_dump_json()]
    for source in recipe.sources:
        place = data / source.path
        if not place.exists():
            message = f"The evaluation {recipe.name} names {source.path}, which is not in {data}; name the folder that holds it."
            raise BadRecipe(message)
        files = sorted(place.rglob("*")) if place.is_dir() else [place]
        facts += [f"{file.relative_to(data)} {file.stat().st_size} {file.stat().st_mtime_ns}" for file in files if file.is_file()]  # fmt: skip
    key = hashlib.sha256("\n".join(facts).encode()).hexdigest()[:12]
    return cache / f"{recipe.name}-{key}"


def forget_old(recipe: EvaluationRecipe, cache: Path) -> None:
    """Remove all but the newest `KEPT` sets of an evaluation: those of scans that have changed since are never asked for."""
    sets = [found for found in cache.glob(f"{recipe.name}-*") if (found / ABOUT).exists()]
    newest = sorted(sets, key=lambda found: (found / ABOUT).stat().st_mtime_ns, reverse=True)
    for old in newest[KEPT:]:
        shutil.rmtree(old, ignore_errors=True)


def _rows(
    recipe: EvaluationRecipe, data: Path, folder: Path, tell: Callable[[int, int], None]
) -> list[Row]:
    """Write the pictures, and return their rows."""
    index = load_quality_index()
    alone = recipe.slices_per_source * len(KEYS) * len(recipe.severities)
    most = len(recipe.sources) * (alone + recipe.combinations)
    rows: list[Row] = []
    references: dict[str, str] = {}
    for item in items(recipe, data, brightest=1 / PEAK):
        if not item.kinds:
            continue
        clean = item.clean
        if clean.identity not in references:
            name = f"{len(references) + 1:03d}_{clean.source.subject}_{clean.frame}"
            references[clean.identity] = name
            write_picture(PEAK * clean.plane, folder / "references" / f"{name}.png")
        path = f"images/{len(rows) + 1:04d}.png"
        write_picture(PEAK * item.sample.plane, folder / path)
        rows.append(
            {
                "image": path,
                "mos": f"{index.q(item.sample.metrics, item.sample.energies):.3f}",
                "reference": references[clean.identity],
                "subject": clean.source.subject,
                "kind": item.kinds[0] if len(item.kinds) == 1 else "combined",
            }
        )
        tell(len(rows), most)
    return rows


def _readme(recipe: EvaluationRecipe, rows: Sequence[Row]) -> str:
    subjects = sorted({row["subject"] for row in rows})
    references = len({row["reference"] for row in rows})
    sources = "\n".join(f"- {source.name}, {source.path}: {source.licence}" for source in recipe.sources)  # fmt: skip
    return (
        f"The degraded images of the evaluation {recipe.name} of miqa_app. SYNTHETIC, NOT RATED.\n\n"
        f"{len(rows)} images of {references} clean slices of {len(subjects)} subjects ({', '.join(subjects)}), which no\n"
        "bundled model learnt from. The column mos of mos.csv holds the simulated quality index of miqa_app\n"
        f"({recipe.quality_index}), not the opinion of anybody. The clean slices come from\n{sources}\n"
    )
