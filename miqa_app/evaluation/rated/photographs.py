"""Rated photographs: LIVE release 2, TID2013, KADID-10k and KonIQ-10k in the layouts of their publishers.

None of them is downloaded; each reader takes the folder into which the set was unpacked.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.io import loadmat
from scipy.io.matlab import MatReadError

from miqa_app.errors import BadRequest
from miqa_app.evaluation.rated.record import RatedImage, RatedSet, Scale, checked
from miqa_app.evaluation.rated.tables import by_name, folder, number, read_table

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

LIVE_PARTS = (("jp2k", 227), ("jpeg", 233), ("wn", 174), ("gblur", 174), ("fastfading", 174))
"""Folders of LIVE in the order of its arrays, with the number of their images img1.bmp, img2.bmp, …"""

TID_KINDS = (
    "additive Gaussian noise", "noise in colour components", "spatially correlated noise", "masked noise",
    "high frequency noise", "impulse noise", "quantisation noise", "Gaussian blur", "denoising", "JPEG", "JPEG 2000",
    "JPEG transmission errors", "JPEG 2000 transmission errors", "non-eccentricity pattern noise",
    "block-wise distortions", "mean shift", "contrast change", "colour saturation", "multiplicative Gaussian noise",
    "comfort noise", "lossy compression of noisy images", "colour quantisation with dither", "chromatic aberrations",
    "sparse sampling and reconstruction",
)  # fmt: skip
KADID_KINDS = (
    "Gaussian blur", "lens blur", "motion blur", "colour diffusion", "colour shift", "colour quantisation",
    "colour saturation 1", "colour saturation 2", "JPEG 2000", "JPEG", "white noise", "white noise in colour component",
    "impulse noise", "multiplicative noise", "denoising", "brightening", "darkening", "mean shift", "jitter",
    "non-eccentricity patch", "pixelation", "quantisation", "colour block", "high sharpening", "contrast change",
)  # fmt: skip


def read_live(root: Path) -> RatedSet:
    """Return LIVE release 2: 779 distorted images of 29 references (Sheikh et al., IEEE TIP 2006).

    Layout: `jp2k`, `jpeg`, `wn`, `gblur`, `fastfading` with img1.bmp and so on, `refimgs`, `dmos_realigned.mat`
    (dmos_new, orgs) and `refnames_all.mat` (refnames_all), arrays of 982 in the order of those folders. Published is the
    realigned difference score, 0 best to 100; a few values lie just outside and are cut off. Entries that `orgs`
    marks as undistorted copies are left out, as their own authors do.

    Raises:
        BadRequest: a file is missing or odd.
    """
    folder(root, "LIVE release 2")
    scores = _matlab(root / "dmos_realigned.mat", ("dmos_new", "orgs"))
    names = _matlab(root / "refnames_all.mat", ("refnames_all",))["refnames_all"]
    files = [(part, f"img{index + 1}.bmp") for part, count in LIVE_PARTS for index in range(count)]
    if any(len(array) != len(files) for array in (*scores.values(), names)):
        message = f"{root} is not LIVE release 2: its arrays must have {len(files)} entries; unpack it again."
        raise BadRequest(message)
    scale = Scale(0, 100, falling=True)
    images = [
        _image(root / part / name, root, float(value), scale, str(np.ravel(reference)[0]), part, root / "refimgs")
        for (part, name), value, original, reference in zip(
            files, scores["dmos_new"], scores["orgs"], names, strict=True
        )
        if not original
    ]  # fmt: skip
    target = "difference mean opinion score, realigned"
    return checked(
        "live", root / "dmos_realigned.mat", images, scale, target=target, photographs=True
    )


def _matlab(path: Path, fields: tuple[str, ...]) -> dict[str, NDArray[Any]]:
    """Return flat arrays of a MATLAB file."""
    if not path.exists():
        message = f"{path} is missing; LIVE release 2 comes with it, so check the folder."
        raise BadRequest(message)
    try:
        content = loadmat(path)
    except (OSError, ValueError, NotImplementedError, TypeError, MatReadError) as error:
        message = f"{path} is not a MATLAB file that can be read: {error}; copy it again."
        raise BadRequest(message) from error
    missing = [name for name in fields if name not in content]
    if missing:
        raise BadRequest(f"{path} holds no '{missing[0]}'; it is not the file of LIVE release 2.")
    return {name: np.ravel(content[name]) for name in fields}


def _image(
    path: Path, root: Path, raw: float, scale: Scale, reference: str, kind: str, clean: Path
) -> RatedImage:
    """Return the record of a photograph; its reference is a file in the folder `clean`, found in any capitals."""
    stem = reference.rsplit(".", 1)[0].lower()
    name = path.relative_to(root).as_posix()
    place = clean / reference
    return RatedImage(
        name,
        path,
        scale.points(raw),
        raw,
        stem,
        stem,
        None,
        kind,
        place if place.exists() else None,
    )


def read_tid2013(root: Path) -> RatedSet:
    """Return TID2013: 3000 images, 25 references × 24 distortions × 5 levels (Ponomarenko et al. 2015).

    Layout: `mos_with_names.txt` with a score and a file name per line, `distorted_images`, `reference_images`; their
    names mix capitals and small letters. The score is a mean opinion score from 0 to 9 and *higher is better*: it is
    stretched, never turned.

    Raises:
        BadRequest: a file is missing or odd.
    """
    table = folder(root, "TID2013") / "mos_with_names.txt"
    files = by_name(root / "distorted_images", "TID2013")
    references = (
        by_name(root / "reference_images", "TID2013")
        if (root / "reference_images").is_dir()
        else {}
    )
    scale = Scale(0, 9)
    images = []
    for words in _lines(table):
        row = {"image": words[-1], "mos": words[0]}
        raw = number(table, row, "mos", scale.low, scale.high)
        stem = words[-1].lower().rsplit(".", 1)[0]
        path = files.get(words[-1].lower(), root / "distorted_images" / words[-1])
        kind = _kind(table, words[-1], TID_KINDS)
        clean = references.get(f"{stem[:3]}.bmp")
        images.append(
            RatedImage(stem, path, scale.points(raw), raw, stem[:3], stem[:3], None, kind, clean)
        )
    return checked("tid2013", table, images, scale, photographs=True)


def _lines(table: Path) -> list[list[str]]:
    """Return the words of the lines of a text table."""
    try:
        text = table.read_text(encoding="utf-8")
    except FileNotFoundError:
        message = f"{table} is missing; TID2013 comes with it, so check the folder."
        raise BadRequest(message) from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadRequest(f"{table} cannot be read: {error}; copy it again.") from error
    lines = [line.split() for line in text.splitlines() if line.strip()]
    odd = [line for line in lines if len(line) != 2]
    if odd:
        message = f"{table}: '{' '.join(odd[0])}' is not a score and a file name; copy it again."
        raise BadRequest(message)
    return lines


def _kind(table: Path, name: str, kinds: tuple[str, ...]) -> str:
    """Return the distortion of a file named iRR_KK_L, where KK counts from 1."""
    parts = name.rsplit(".", 1)[0].split("_")
    if len(parts) != 3 or not parts[1].isdigit() or not 1 <= int(parts[1]) <= len(kinds):
        message = f"{table} names {name}, which is not of the form I01_01_1; check the table."
        raise BadRequest(message)
    return kinds[int(parts[1]) - 1]


def read_kadid10k(root: Path) -> RatedSet:
    """Return KADID-10k: 10 125 images, 81 references × 25 distortions × 5 levels (Lin et al., QoMEX 2019).

    Layout: `dmos.csv` (dist_img, ref_img, dmos, var) and `images`. In spite of its name the column dmos grows with the
    quality, 1 worst to 5 best. Whether `var` is a variance or a deviation is not stated, so no interval is taken.

    Raises:
        BadRequest: a file is missing or odd.
    """
    table = folder(root, "KADID-10k") / "dmos.csv"
    scale = Scale(1, 5)
    images = []
    for row in read_table(table, ("dist_img", "ref_img", "dmos"), "KADID-10k"):
        raw = number(table, row, "dmos", scale.low, scale.high)
        kind = _kind(table, row["dist_img"], KADID_KINDS)
        path = root / "images" / row["dist_img"]
        images.append(_image(path, root, raw, scale, row["ref_img"], kind, root / "images"))
    return checked("kadid10k", table, images, scale, photographs=True)


def read_koniq10k(root: Path) -> RatedSet:
    """Return KonIQ-10k: 10 073 photographs as they are, without references (Hosu et al., IEEE TIP 2020).

    Layout: `koniq10k_scores_and_distributions.csv` (image_name, c_total, MOS, SD, …) and `1024x768`, or `512x384` where
    only that one is there. MOS runs from 1 to 5, 5 best; the interval is 1.96 · SD / √c_total. Each image is a scene of
    its own and thus its own reference.

    Raises:
        BadRequest: a file is missing or odd.
    """
    table = folder(root, "KonIQ-10k") / "koniq10k_scores_and_distributions.csv"
    place = next((p for p in (root / "1024x768", root / "512x384") if p.is_dir()), None)
    if place is None:
        message = f"{root} holds neither 1024x768 nor 512x384; unpack the images of KonIQ-10k."
        raise BadRequest(message)
    scale = Scale(1, 5)
    images = []
    for row in read_table(table, ("image_name", "c_total", "mos", "sd"), "KonIQ-10k"):
        raw = number(table, row, "mos", scale.low, scale.high)
        raters = number(table, row, "c_total", 1, 1e6)
        deviation = number(table, row, "sd", 0, scale.high - scale.low)
        ci = scale.half_width(1.96 * deviation / math.sqrt(raters))
        name = row["image_name"]
        images.append(RatedImage(name, place / name, scale.points(raw), raw, name, name, ci))
    return checked("koniq10k", table, images, scale, photographs=True)
