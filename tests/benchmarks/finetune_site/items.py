"""Degraded images of the site's references: drawn, made, and written with the ratings as a table and 16-bit pictures."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import SimpleITK

from miqa_app.core.artefact_kinds import KEYS
from miqa_app.evaluation.degradation import Applied, make_sample
from miqa_app.evaluation.quality_index import load_quality_index
from tests.benchmarks.finetune_site.raters import opinions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from tests.benchmarks.finetune_site.material import Reference
    from tests.benchmarks.finetune_site.raters import Site

sitk: Any = SimpleITK  # carries no types of its own
_PAIRED = 0.12
"""Share of the degraded images that carry two artefacts."""


@dataclass(frozen=True)
class Item:
    """One image to rate: its reference by place, the artefacts with their severities, and its seed."""

    reference: int
    artefacts: tuple[tuple[str, float], ...]
    seed: int

    @property
    def kind(self) -> str:
        """Return the kinds in words."""
        return "+".join(kind for kind, _ in self.artefacts) or "clean"


@dataclass(frozen=True, eq=False)
class Made:
    """An image of the site.

    Attributes:
        item: what it is.
        plane: (H, W) float32 in [0, 1].
        q: simulated quality index, 0-100.
    """

    item: Item
    plane: NDArray[np.float32]
    q: float


def draw(count: int, references: int, seed: int) -> list[Item]:
    """Return `count` items, spread evenly over the references; every reference has one clean image among them.

    Kinds come in shuffled rounds of all kinds, so that each is drawn equally often; severities fill the range evenly.
    """
    rng = np.random.default_rng(seed)
    degraded = count - references
    kinds = np.concatenate([rng.permutation(len(KEYS)) for _ in range(-(-2 * degraded // 13))])
    levels = 0.06 + 0.94 * (rng.permutation(degraded) + rng.random(degraded)) / degraded
    found, place = [Item(number, (), 0) for number in range(references)], 0
    for number in range(degraded):
        names = [KEYS[kinds[place]]]
        place += 1
        if rng.random() < _PAIRED and KEYS[kinds[place]] != names[0]:
            names.append(KEYS[kinds[place]])
            place += 1
        # of two artefacts each is milder, else all pairs would be useless images
        level = float(levels[number]) * (1 if len(names) == 1 else 0.7)
        artefacts = tuple((name, level) for name in names)
        found.append(Item(number % references, artefacts, int(rng.integers(2**31))))
    return found


def make(items: Sequence[Item], references: Sequence[Reference]) -> Iterator[Made]:
    """Yield the images."""
    index = load_quality_index()
    for item in items:
        applied = [
            Applied(kind, level, item.seed, coils=1 + 3 * (item.seed % 2))
            for kind, level in item.artefacts
        ]
        sample = make_sample(references[item.reference].plane, applied)
        yield Made(item, sample.plane, index.q(sample.metrics, sample.energies))


COLUMNS = (
    "image", "mos", "ci", "votes", "reference", "subject", "kind", "clean", "anatomy", "vendor", "sequence", "q",
)  # fmt: skip


def write(
    folder: Path, items: Sequence[Item], references: Sequence[Reference], site: Site, part: int
) -> list[dict[str, str]]:
    """Write pictures and their ratings once, and return the rows; what is there already is kept.

    Args:
        folder: of this part; made if missing. Paths in the rows begin with its name.
        items: what to show.
        references: their clean slices.
        site: who rates.
        part: number of the part, for the scatter of its votes.
    """
    kept = folder / "rows.json"
    about = json.loads(json.dumps([[item.__dict__ for item in items], site.__dict__]))
    if kept.exists():
        stored = json.loads(kept.read_text(encoding="utf-8"))
        if stored["about"] == about:
            return list(stored["rows"])
    (folder / "images").mkdir(parents=True, exist_ok=True)
    made: list[tuple[Item, float]] = []
    for number, image in enumerate(make(items, references)):
        _picture(image.plane, folder / _name(number))
        made.append((image.item, image.q))
    latent = np.array([site.latent(q, [kind for kind, _ in item.artefacts]) for item, q in made])
    means, widths = opinions(site.votes(latent, part))
    clean = {
        item.reference: _name(number) for number, (item, _) in enumerate(made) if not item.artefacts
    }
    rows = []
    for number, (item, q) in enumerate(made):
        own = references[item.reference]
        values = (
            f"{folder.name}/{_name(number)}", f"{means[number]:.3f}", f"{widths[number]:.3f}",
            str(site.raters), own.name, own.examination, item.kind,
            f"{folder.name}/{clean[item.reference]}", own.anatomy, own.vendor, own.sequence, f"{q:.4f}",
        )  # fmt: skip
        rows.append(dict(zip(COLUMNS, values, strict=True)))
    kept.write_text(json.dumps({"about": about, "rows": rows}), encoding="utf-8")
    return rows


def _name(number: int) -> str:
    return f"images/{number:04d}.png"


def _picture(plane: NDArray[np.float32], path: Path) -> None:
    stored = np.rint(np.clip(plane, 0, 1) * 65535).astype(np.uint16)
    sitk.WriteImage(sitk.GetImageFromArray(stored), str(path))
