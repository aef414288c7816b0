"""Rated scans: RAD-IQMRI, MR-ART, the ABIDE ratings, and a site's own table.

None of them is downloaded, and none may be passed on with this program.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from miqa_app.errors import BadRequest
from miqa_app.evaluation.rated.record import RatedImage, RatedSet, Scale, checked
from miqa_app.evaluation.rated.synthetic import ABOUT
from miqa_app.evaluation.rated.tables import folder, number, read_table

if TYPE_CHECKING:
    from pathlib import Path

RAD_REFERENCES, RAD_PER_REFERENCE = 8, 14
POINTS = Scale(0, 100)
_NIFTI = (".nii.gz", ".nii")


def read_rad_iqmri(root: Path) -> RatedSet:
    """Return RAD-IQMRI: 112 images, 8 references × 14, rated by 13 radiologists (Ma et al., Neurocomputing 2024).

    The set is given out by its authors to those who sign its agreement, and its layout is not public. What is known: 8
    references, 112 distorted images, ghosting, edge ghosting, white and coloured noise at two energies, a mean opinion
    score 0-100 with 100 best. What is *assumed* here, and has to be brought about by whoever holds a copy:

    ```
    FOLDER/
      mos.csv       columns image, mos, reference; optional subject, ci, kind; one row per distorted image, 112 in all
      images/       the pictures that the column image names, relative to FOLDER (PNG, BMP, TIFF or DICOM)
      references/   optional: the clean pictures, named like the column reference with any ending
    ```

    Where no subject is given each reference counts as its own. A folder that `write_lookalike` wrote has the same layout
    and says in `set.json` that nobody rated it.

    Raises:
        BadRequest: a file is missing or odd, or the images are not 8 × 14.
    """
    table = folder(root, "RAD-IQMRI") / "mos.csv"
    about = _about(root)
    images = _rows(table, "RAD-IQMRI", root)
    counts = Counter(image.reference for image in images)
    if len(counts) != RAD_REFERENCES or set(counts.values()) != {RAD_PER_REFERENCE}:
        message = (
            f"{table} names {len(images)} images of {len(counts)} references; RAD-IQMRI has "
            f"{RAD_PER_REFERENCE} of each of {RAD_REFERENCES}, so complete the table or give it as a plain CSV."
        )
        raise BadRequest(message)
    return checked(about.pop("name", "rad-iqmri"), table, images, POINTS, **about)


def read_synthetic(root: Path) -> RatedSet:
    """Return a set that `write_set` wrote, of any size.

    Raises:
        BadRequest: the table or a picture is missing or odd.
    """
    table, about = root / "mos.csv", _about(root)
    images = _rows(table, about["name"], root)
    return checked(about.pop("name"), table, images, POINTS, **about)


def _about(root: Path) -> dict[str, Any]:
    """Return what `set.json` says as fields of a set, nothing where there is none."""
    path = root / ABOUT
    if not path.exists():
        return {}
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        words = {key: str(values[key]) for key in ("name", "target")}
        return {**words, "peak": float(values.get("peak", 1.0))}
    except (OSError, ValueError, KeyError, TypeError) as error:
        message = (
            f"{path} does not say 'name' and 'target' of the set: {error!r}; repair or remove it."
        )
        raise BadRequest(message) from error


def read_csv(table: Path) -> RatedSet:
    """Return the images of a table with the columns image, mos, reference, subject and, optional, ci and kind.

    Paths are relative to the table's folder. mos runs from 0 to 100, 100 best; ci is the half width of its 95 %
    interval in the same points. The column clean may name the undistorted image.

    Raises:
        BadRequest: the table or an image is missing or odd.
    """
    name = table.stem.lower()
    images = _rows(table, "a plain table", table.parent, ("subject",))
    return checked(name, table, images, POINTS)


def _rows(table: Path, of: str, root: Path, also: tuple[str, ...] = ()) -> list[RatedImage]:
    """Return the images of a table on the scale 0-100."""
    needed = ("image", "mos", "reference", *also)
    return [
        _row(table, root, row, needed)
        for row in read_table(table, needed, of)
    ]  # fmt: skip


def _row(table: Path, root: Path, row: dict[str, str], needed: tuple[str, ...]) -> RatedImage:
    empty = [name for name in needed if not row[name]]
    if empty:
        message = f"{table}: {row['image'] or 'a row'} has an empty '{empty[0]}'; fill the cell."
        raise BadRequest(message)
    mos = number(table, row, "mos", POINTS.low, POINTS.high)
    ci = number(table, row, "ci", 0, 100) if row.get("ci") else None
    reference = row["reference"]
    clean = root / row["clean"] if row.get("clean") else _beside(root / "references", reference)
    return RatedImage(
        row["image"],
        root / row["image"],
        mos,
        mos,
        reference,
        row.get("subject") or reference,
        ci,
        row.get("kind", ""),
        clean,
    )


def _beside(place: Path, name: str) -> Path | None:
    """Return the file of a name with any ending, None where there is none."""
    found = sorted(place.glob(f"{name}.*")) if place.is_dir() else []
    return found[0] if found else None


def read_mr_art(root: Path) -> RatedSet:
    """Return MR-ART: T1 volumes of 148 adults lying still and moving twice (Nárai et al., Scientific Data 2022).

    Layout (BIDS, OpenNeuro ds004173): `sub-*/anat/sub-*_acq-{standard,headmotion1,headmotion2}_T1w.nii.gz` and
    `derivatives/scores.tsv`, or `scores.tsv` beside the subjects (bids_name, score). The score is the radiologists'
    grade of the artefact: 1 good, 2 medium, 3 bad; it is turned. The three scans of a person are one reference. Score rows
    of scans that the site does not hold are left out.

    Raises:
        BadRequest: the table is missing or odd, or no scan is there.
    """
    folder(root, "MR-ART")
    places = (root / "derivatives" / "scores.tsv", root / "scores.tsv")
    table = next((place for place in places if place.exists()), places[0])
    scale = Scale(1, 3, falling=True)
    images, rows = [], read_table(table, ("bids_name", "score"), "MR-ART")
    for row in rows:
        name = row["bids_name"]
        subject, _, rest = name.partition("_")
        path = _nifti(root / subject / "anat", name)
        if path is None:
            continue
        raw = number(table, row, "score", scale.low, scale.high)
        kind = rest.removeprefix("acq-").removesuffix("_T1w")
        images.append(RatedImage(name, path, scale.points(raw), raw, subject, subject, None, kind))
    _some(images, table, root, "sub-…/anat/sub-…_acq-standard_T1w.nii.gz")
    target = f"radiologists' artefact grade, {len(images)} of {len(rows)} scans are here"
    return checked("mr-art", table, images, scale, target=target)


def read_abide(root: Path) -> RatedSet:
    """Return the T1 volumes of ABIDE I that a site holds, with the ratings of mriqc-learn (Esteban et al., PLoS ONE 2017).

    Layout: a table `*abide*.tsv` (subject_id, site, rater_1, rater_2, rater_3) and the scans as
    `sub-00ID/anat/sub-00ID_T1w.nii.gz`, or below a folder whose name ends in 00ID as `mprage.nii.gz` or `anat.nii.gz`,
    where 00ID is the subject with seven digits. A rating is -1 exclude, 0 doubtful, 1 accept; the score is the mean of those
    who rated ('n/a' did not), stretched to 0-100. Rows whose scan is not there or that nobody rated are left out.

    Raises:
        BadRequest: the table is missing or odd, or no scan is there.
    """
    tables = sorted(folder(root, "ABIDE").glob("*abide*.tsv"))
    table = tables[0] if tables else root / "mriqc_learn_abide.tsv"
    raters = ("rater_1", "rater_2", "rater_3")
    scale = Scale(-1, 1)
    images, rows = [], read_table(table, ("subject_id", "site", *raters), "ABIDE")
    scans = _abide_scans(root)
    for row in rows:
        subject = row["subject_id"].zfill(7)
        given = [number(table, row, name, -1, 1) for name in raters if row[name] not in ("n/a", "")]
        if given and subject in scans:
            raw = sum(given) / len(given)
            name, site = f"sub-{subject}", row["site"]
            images.append(
                RatedImage(name, scans[subject], scale.points(raw), raw, name, name, None, site)
            )
    _some(images, table, root, "sub-0050002/anat/sub-0050002_T1w.nii.gz")
    target = f"mean of up to three raters, {len(images)} of {len(rows)} scans are here"
    return checked("abide", table, images, scale, target=target)


def _abide_scans(root: Path) -> dict[str, Path]:
    """Return the scans below a folder by the seven digits of their subject."""
    found: dict[str, Path] = {}
    for place in sorted(path for path in root.iterdir() if path.is_dir()):
        subject = place.name[-7:]
        names = (f"{place.name}*_T1w", "mprage", "anat")
        scans = [s for name in names for end in _NIFTI for s in sorted(place.rglob(name + end))]
        if subject.isdigit() and scans:
            found.setdefault(subject, scans[0])
    return found


def _nifti(place: Path, name: str) -> Path | None:
    return next((place / (name + end) for end in _NIFTI if (place / (name + end)).exists()), None)


def _some(images: list[RatedImage], table: Path, root: Path, example: str) -> None:
    if not images:
        message = (
            f"None of the scans that {table} names is in {root}; they are looked for as {example}."
        )
        raise BadRequest(message)
