"""The rated images of a site, as fine-tuning needs them: scores, what is known beside them, and what they share."""

from __future__ import annotations

import csv
import hashlib
import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from miqa_app.errors import BadRequest
from miqa_app.evaluation.rated.loading import Planes
from miqa_app.evaluation.rated.scans import read_csv
from miqa_app.evaluation.rated.tables import number, read_table
from miqa_app.rating.mos.adjusted import differences
from miqa_app.rating.mos.reading import read_ratings
from miqa_app.services.study_export import DATASET, export

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from miqa_app.evaluation.rated.record import RatedImage, RatedSet
    from miqa_app.rating.study import Study
    from miqa_app.store import Archive

PARTS = ("train", "validation", "test")
GROUPS = ("anatomy", "sequence", "vendor", "field")
"""Optional columns that say what an image shows, beside its kind of artefact."""

_TABLES = (".csv", ".tsv")
_UNKNOWN = ("", "unknown", "n/a")


@dataclass(frozen=True, eq=False)
class SiteData:
    """Rated images with all that fine-tuning and its evidence ask about them; tuples hold one entry per image.

    Attributes:
        rated: the images, scores 0-100.
        planes: their pixels, kept in memory as far as it goes.
        contents: SHA-256 of the pixels as the network sees them.
        cleans: SHA-256 of the file of the undistorted image, '' where there is none.
        votes: how many people judged the image, None where nobody says.
        parts: 'train', 'validation' or 'test' where the table gives a split, else ''.
        groups: labels by 'kind', 'anatomy', 'sequence', 'vendor' and 'field', '' where unknown.
        opinions: (N, K) scores of each of K raters in the units of the study, NaN where there is none; None where single
            votes are not at hand.
        table: the file that was read.
        study: key of the study, '' for a table.
    """

    rated: RatedSet
    planes: Planes
    contents: tuple[str, ...]
    cleans: tuple[str, ...]
    votes: tuple[int | None, ...]
    parts: tuple[str, ...]
    groups: Mapping[str, tuple[str, ...]]
    opinions: NDArray[np.float64] | None
    table: Path
    study: str = ""
    components: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Find which images must stay together."""
        object.__setattr__(self, "components", self._together())

    @property
    def images(self) -> tuple[RatedImage, ...]:
        """Return the images of the set."""
        return self.rated.images

    @property
    def version(self) -> str:
        """Return the identity of the data: a hash over pixels, scores, intervals, references, subjects and split."""
        digest = hashlib.sha256()
        for image, content, clean, part in sorted(
            zip(self.images, self.contents, self.cleans, self.parts, strict=True),
            key=lambda row: row[0].name,
        ):
            facts = (image.name, content, image.mos, image.ci, image.reference, image.subject)
            digest.update(repr((*facts, clean, part)).encode())
        return digest.hexdigest()

    def marks(self, place: int) -> set[str]:
        """Return what an image is known by elsewhere: its pixels, and the file of the image it was made from."""
        return {self.contents[place], self.cleans[place]} - {""}

    def count(self, what: str, places: Iterable[int] | None = None) -> int:
        """Return how many different references ('reference') or subjects ('subject') the images have."""
        chosen = range(len(self.images)) if places is None else places
        return len({getattr(self.images[place], what) for place in chosen})

    def _together(self) -> tuple[str, ...]:
        """Return a label of each image that is the same for images which share a reference, a subject or pixels.

        Images of one subject may have several references and images of one reference several subjects, so that only
        the connected components of both may be parted. The label is the first reference, in the order of names.
        """
        count = len(self.images)
        keys = [
            [
                ("reference", image.reference),
                ("subject", image.subject),
                ("pixels", content),
                *([("clean", clean)] if clean else []),
            ]
            for image, content, clean in zip(self.images, self.contents, self.cleans, strict=True)
        ]
        known = {key: row for row, key in enumerate(dict.fromkeys(k for own in keys for k in own))}
        pairs = np.array([(row, count + known[key]) for row, own in enumerate(keys) for key in own])
        size = count + len(known)
        graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(size, size))
        labels = connected_components(graph, directed=False)[1][:count]
        names: dict[int, str] = {}
        for label, image in sorted(
            zip(labels.tolist(), self.images, strict=True), key=lambda pair: pair[1].reference
        ):
            names.setdefault(label, image.reference)
        return tuple(names[label] for label in labels.tolist())


def is_table(source: str) -> bool:
    """Return whether a source is the path of a table rather than the name of a study."""
    return source.lower().endswith(_TABLES)


def exported(
    archive: Archive, study: Study, folder: Path
) -> Generator[tuple[int, int], None, Path]:
    """Write the rated images of a study into a new folder, yielding (images done, all); return the table.

    Raises:
        BadRequest: the study has no scores, or the folder cannot be written.
    """
    if not any(vote.judged for vote in archive.votes(study.key)):
        message = f"The study {study.name} has no scores yet; let somebody rate it first."
        raise BadRequest(message)
    yield from export(archive, study, folder)
    return folder / DATASET / "mos.csv"


def read_site(
    table: Path,
    report: Callable[[int, int], None],
    *,
    name: str = "",
    study: str = "",
) -> SiteData:
    """Return the images of a table, every one opened once.

    The columns are image, mos, reference, subject and, optional, ci, kind, clean, votes, split (train, validation or
    test), anatomy, sequence, vendor, field; see `read_csv` for the first six.

    Args:
        table: a CSV or TSV file; paths in it are relative to its folder.
        report: called with (images read, all).
        name: of the set; the table's own by default.
        study: key of the study of which the table is an export.

    Raises:
        BadRequest: the table, a cell or an image is missing or odd.
        UnreadableFile: a scan cannot be read.
    """
    rated = read_csv(table)
    if name:
        rated = replace(rated, name=name)
    rows = read_table(table, ("image",), "a plain table")
    planes = Planes(rated)
    contents = []
    for place in range(len(rated)):
        contents.append(_content(planes, place))
        report(place + 1, len(rated))
    known = _stimuli(table) if study else {}
    about = [{**known.get(_stimulus(row), {}), **row} for row in rows]
    return SiteData(
        rated=rated,
        planes=planes,
        contents=tuple(contents),
        cleans=_cleans(rated.images),
        votes=tuple(_votes(table, row) for row in rows),
        parts=_parts(table, rows),
        groups={
            "kind": tuple(image.kind for image in rated.images),
            **{
                group: tuple(_label(row.get(group, "")) for row in about)
                for group in GROUPS
                if any(_label(row.get(group, "")) for row in about)
            },
        },
        opinions=_opinions(table, rows) if study else None,
        table=table,
        study=study,
    )


def _content(planes: Planes, place: int) -> str:
    """Return a hash of the pixels of an image, whatever file format holds them."""
    digest = hashlib.sha256()
    for plane in planes(place):
        digest.update(repr(plane.shape).encode())
        digest.update(plane.astype(np.float16).tobytes())
    return digest.hexdigest()


def _cleans(images: Sequence[RatedImage]) -> tuple[str, ...]:
    """Return a hash of the file of each undistorted image, '' where there is none or it is a folder."""
    found: dict[Path, str] = {}
    for path in {image.clean for image in images if image.clean is not None}:
        if path.is_file():
            with path.open("rb") as stream:
                found[path] = hashlib.file_digest(stream, "sha256").hexdigest()
    return tuple(found.get(image.clean, "") if image.clean else "" for image in images)


def _votes(table: Path, row: Mapping[str, str]) -> int | None:
    text = row.get("votes", "")
    return round(number(table, dict(row), "votes", 1, 1e6)) if text else None


def _parts(table: Path, rows: Sequence[Mapping[str, str]]) -> tuple[str, ...]:
    """Return the part of each image, all '' where the table gives no split.

    Raises:
        BadRequest: a cell says something else, or the split is given for some images only.
    """
    parts = tuple(row.get("split", "").lower() for row in rows)
    if not any(parts):
        return parts
    for row, part in zip(rows, parts, strict=True):
        if part not in PARTS:
            message = f"{table}: the split of {row['image']} is '{part}'; write train, validation or test for every image, or leave the column out."
            raise BadRequest(message)
    return parts


def _stimuli(table: Path) -> dict[str, dict[str, str]]:
    """Return what an exported study knows of its stimuli, by name."""
    path = table.parent.parent / "stimuli.csv"
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return {row["stimulus"]: row for row in csv.DictReader(stream)}


def _opinions(table: Path, rows: Sequence[Mapping[str, str]]) -> NDArray[np.float64] | None:
    """Return what each rater of an exported study said of each image, None for comparisons, which say nothing of one."""
    ratings = read_ratings(table.parent.parent / "votes.csv")
    if np.isfinite(ratings.reference_scores).any():
        ratings = differences(ratings)
    elif all(ratings.references) and np.isin(ratings.scores, (0.0, 0.5, 1.0)).all():
        return None
    places = {_stimulus(row): place for place, row in enumerate(rows)}
    raters = {name: column for column, name in enumerate(sorted(set(ratings.observers)))}
    total, count = np.zeros((2, len(rows), len(raters)))
    for name, rater, score in zip(ratings.stimuli, ratings.observers, ratings.scores, strict=True):
        if name in places and math.isfinite(score):
            total[places[name], raters[rater]] += score
            count[places[name], raters[rater]] += 1
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _stimulus(row: Mapping[str, str]) -> str:
    """Return the name of the stimulus of a row of an exported study."""
    return Path(row["image"]).name.removesuffix(".png").removesuffix(".nii.gz")


def _label(text: str) -> str:
    return "" if text.lower() in _UNKNOWN else text
