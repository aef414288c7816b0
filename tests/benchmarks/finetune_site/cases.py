"""What the site hands to the product: tables of ratings, honest ones and spoilt ones."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from tests.benchmarks.finetune_site.items import COLUMNS, draw, write
from tests.benchmarks.finetune_site.material import references, spread
from tests.benchmarks.finetune_site.raters import Site, opinions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Row = dict[str, str]
Spoilt = Literal["", "shuffled", "broken"]

MIRRORED = Site(motion=0.5, noise=1.5)
"""A site that judges the other way round, lenient on motion and strict on noise: what helps both was not learnt from ratings."""

BROKEN = "blur"
"""The kind of artefact whose training ratings are entered upside down in the case 'broken'."""

_REFERENCES = {112: 14, 300: 36, 1000: 109}
"""Rated images and the clean slices that they come from: about eight images of each."""

TEST_SEED = 90
_UNSEEN = {"test": (5, TEST_SEED), "rehearsal": (4, 91)}
"""Images of each reference, and the seed."""


@dataclass(frozen=True)
class Case:
    """One table to learn from.

    Attributes:
        images: rated images to learn from: 112, 300 or 1000.
        spoilt: '' for honest ratings; 'shuffled' gives every training image the rating of another one; 'broken' turns the
            training ratings of one kind of artefact upside down.
        mirrored: the raters are those of `MIRRORED`.
    """

    images: int
    spoilt: Spoilt = ""
    mirrored: bool = False

    @property
    def name(self) -> str:
        """Return a name for files and tables."""
        site = "mirrored" if self.mirrored else "site"
        return f"{site}-{self.images}" + (f"-{self.spoilt}" if self.spoilt else "")

    def rated(self, rows: Sequence[Row], part: int) -> list[Row]:
        """Return rows of the benchmark's site with the opinions of this case's raters."""
        return rerated(rows, MIRRORED, part) if self.mirrored else list(rows)


def unseen(part: Literal["test", "rehearsal"], data: Path, out: Path) -> list[Row]:
    """Return the rows of the test or the rehearsal set, written below `out` once."""
    found = references(part, data)
    each, seed = _UNSEEN[part]
    items = draw(each * len(found), len(found), seed)
    return write(out / part, items, found, Site(), seed)


def table(case: Case, data: Path, out: Path) -> Path:
    """Write the table of a case, with the test part beside the training part, and return its path.

    Test rows keep their honest ratings, as a gate that compares with people must.
    """
    found = spread(references("train", data), _REFERENCES[case.images])
    items = draw(case.images, len(found), case.images)
    rows = case.rated(
        write(out / f"train{case.images}", items, found, Site(), case.images), case.images
    )
    train = [{**row, "split": "train"} for row in spoilt(rows, case.spoilt)]
    test = case.rated(unseen("test", data, out), TEST_SEED)
    # parts are made within the training rows by the product itself, which needs its column to name only train and test
    rows = train + [{**row, "split": "test"} for row in test]
    path = out / f"{case.name}.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        columns = [name for name in COLUMNS if name != "q"]
        writer = csv.DictWriter(stream, [*columns, "split"], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return path


def rerated(rows: Sequence[Row], site: Site, part: int) -> list[Row]:
    """Return rows with the opinions that the raters of another site have of the same images."""
    kinds = [() if row["kind"] == "clean" else tuple(row["kind"].split("+")) for row in rows]
    latent = np.array(
        [site.latent(float(row["q"]), own) for row, own in zip(rows, kinds, strict=True)]
    )
    means, widths = opinions(site.votes(latent, part))
    return [
        {**row, "mos": f"{mean:.3f}", "ci": f"{width:.3f}"}
        for row, mean, width in zip(rows, means, widths, strict=True)
    ]


def spoilt(rows: Sequence[Row], how: Spoilt) -> list[Row]:
    """Return rows with their ratings as they are, shuffled, or turned for one kind of artefact."""
    if how == "shuffled":
        order = np.random.default_rng(5).permutation(len(rows))
        return [
            {**row, "mos": rows[other]["mos"], "ci": rows[other]["ci"]}
            for row, other in zip(rows, order, strict=True)
        ]
    if how == "broken":
        site = Site()
        turned = site.low + site.high
        return [
            {**row, "mos": f"{turned - float(row['mos']):.3f}"}
            if BROKEN in row["kind"].split("+")
            else row
            for row in rows
        ]
    return list(rows)
