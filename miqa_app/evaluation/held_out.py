"""The frozen evaluation: held-out sources, fixed severities, and the figures of a model on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from miqa_app.core.artefact_kinds import KEYS
from miqa_app.errors import BadRecipe
from miqa_app.evaluation.degradation import Applied, make_sample
from miqa_app.evaluation.sources import Source, clean_slices
from miqa_app.paths import bundled

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from miqa_app.evaluation.degradation import Sample
    from miqa_app.evaluation.sources import CleanSlice


class EvaluationRecipe(BaseModel):
    """A frozen evaluation.

    Attributes:
        name: its name, on every table.
        quality_index: version of Q.
        severities: the fixed severities of every kind.
        slices_per_source: clean slices degraded per source, evenly spaced.
        clean_share: share of clean slices among all images.
        seed: of all draws.
        coils: receive coils of the kinds that know them.
        combinations: images per source with two or three artefacts at once.
        sources: held-out sources.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    quality_index: str
    severities: list[float]
    slices_per_source: int
    clean_share: float
    seed: int
    coils: int = 1
    combinations: int = 0
    sources: list[Source]


@dataclass(frozen=True, eq=False)
class Item:
    """One image of the evaluation.

    Attributes:
        sample: the image and its targets.
        clean: the slice it was made from.
        kinds: artefacts applied; none for a clean image.
        severity: of the first artefact, 0 for a clean image.
    """

    sample: Sample
    clean: CleanSlice
    kinds: tuple[str, ...]
    severity: float


def load_evaluation(name: str) -> EvaluationRecipe:
    """Return the frozen evaluation of a name.

    Raises:
        BadRecipe: there is none, or it is damaged.
    """
    path = bundled("resources") / "evaluation" / f"{name}.yaml"
    try:
        return EvaluationRecipe(**yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, ValidationError, yaml.YAMLError, TypeError) as error:
        message = f"The evaluation '{name}' cannot be read from {path}: {error}."
        raise BadRecipe(message) from error


def items(recipe: EvaluationRecipe, data: Path, brightest: float | None = None) -> Iterator[Item]:
    """Yield the images of the evaluation, source by source, degraded ones first.

    Every chosen slice is degraded by every kind at every severity with one seed per slice and kind, so that severities
    of one slice and kind can be ranked; patterns are object-only for every second slice.

    Args:
        recipe: the frozen evaluation.
        data: folder of the scans.
        brightest: where degraded images on the scale of the clean slice are cut off; None to scale each by its own
            percentiles, as a network sees them.
    """
    for source in recipe.sources:
        slices = list(clean_slices([source], data))
        chosen = _spread(slices, recipe.slices_per_source)
        for number, clean in enumerate(chosen):
            yield from _degraded(recipe, clean, number, brightest)
        yield from _combined(recipe, chosen, brightest)
        yield from _clean(recipe, slices)


def _degraded(
    recipe: EvaluationRecipe, clean: CleanSlice, number: int, brightest: float | None
) -> Iterator[Item]:
    for place, kind in enumerate(KEYS):
        seed = recipe.seed + 1000 * number + place
        for severity in recipe.severities:
            only = place < 4 and number % 2 == 0
            applied = Applied(kind, severity, seed, object_only=only, coils=recipe.coils)
            sample = make_sample(clean.plane, [applied], brightest)
            yield Item(sample, clean, (kind,), severity)


def _combined(
    recipe: EvaluationRecipe, slices: list[CleanSlice], brightest: float | None
) -> Iterator[Item]:
    """Yield images with two and three artefacts by turns, kinds and severities drawn from the seed."""
    for number in range(recipe.combinations):
        rng = np.random.default_rng([recipe.seed, number])
        kinds = rng.choice(KEYS, size=2 + number % 2, replace=False)
        applied = [
            Applied(
                str(kind),
                float(rng.choice(recipe.severities)),
                int(rng.integers(2**31)),
                coils=recipe.coils,
            )
            for kind in kinds
        ]
        clean = slices[number % len(slices)]
        names = tuple(item.kind for item in applied)
        sample = make_sample(clean.plane, applied, brightest)
        yield Item(sample, clean, names, applied[0].severity)


def _clean(recipe: EvaluationRecipe, slices: list[CleanSlice]) -> Iterator[Item]:
    single = min(recipe.slices_per_source, len(slices)) * len(KEYS) * len(recipe.severities)
    wanted = round((single + recipe.combinations) * recipe.clean_share / (1 - recipe.clean_share))
    for clean in _spread(slices, wanted):
        yield Item(make_sample(clean.plane, []), clean, (), 0.0)


def _spread(slices: list[CleanSlice], count: int) -> list[CleanSlice]:
    """Return at most `count` slices, evenly spaced; all of them where there are fewer."""
    if len(slices) <= count:
        return slices
    return [slices[int(place)] for place in np.linspace(0, len(slices) - 1, count).round()]
