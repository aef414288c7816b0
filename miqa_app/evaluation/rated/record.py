"""The common form of all rated sets: one record per image, one score from 0 to 100 with 100 best."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from miqa_app.errors import BadRequest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True)
class Scale:
    """The scale on which a set was published, and how it becomes 0-100 with 100 best.

    Attributes:
        low: lowest value of the published scale.
        high: highest value.
        falling: True where a higher published value means a worse image (a difference score, an artefact grade).
    """

    low: float
    high: float
    falling: bool = False

    def points(self, value: float) -> float:
        """Return the score of a published value: linear, 0-100, 100 best; outside the scale it is cut off."""
        share = (value - self.low) / (self.high - self.low)
        share = 1 - share if self.falling else share
        return 100 * min(1.0, max(0.0, share))

    def half_width(self, value: float) -> float:
        """Return a half width in published units as points of 100."""
        return 100 * value / (self.high - self.low)

    @property
    def words(self) -> str:
        """Return the scale in words, for results."""
        turned = ", turned so that 100 is best" if self.falling else ""
        return f"{self.low:g}-{self.high:g}{turned}"


@dataclass(frozen=True)
class RatedImage:
    """One image, or one volume, with one score.

    Attributes:
        name: unique within its set.
        path: a picture (PNG, BMP, JPEG, TIFF) or a scan (DICOM file or folder, NIfTI, NRRD, MetaImage).
        mos: score 0-100, 100 best.
        raw: the value as published.
        reference: the clean image, scene or scan from which it comes; images of one reference share their content.
        subject: the person or object imaged; several references may share one.
        ci: half width of the 95 % interval of the score in points of 100, None where none was published.
        kind: distortion or artefact kind in the words of the set, '' where none is given.
        clean: the undistorted image, None where the set has none.
    """

    name: str
    path: Path
    mos: float
    raw: float
    reference: str
    subject: str
    ci: float | None = None
    kind: str = ""
    clean: Path | None = None


@dataclass(frozen=True, eq=False)
class RatedSet:
    """A rated set.

    Attributes:
        name: such as 'rad-iqmri'.
        images: its images; their files exist.
        scale: the published scale.
        target: what the score is, in a few words; a synthetic set says here that nobody rated it.
        photographs: True for pictures whose values count as they are, in colour for networks; scans are scaled by their
            own percentiles.
        frames: at most this many slices of a volume are used, evenly spaced.
        peak: stored value, as a share of the full scale of a picture, that full-reference measures take for the peak
            signal; artefacts brighter than that are cut off for them, and not for a network.
    """

    name: str
    images: tuple[RatedImage, ...]
    scale: Scale
    target: str = "mean opinion score"
    photographs: bool = False
    frames: int = 9
    peak: float = 1.0

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.images)

    def groups(self, by: str) -> tuple[str, ...]:
        """Return the label of each image that must not stand on both sides of a split.

        Raises:
            BadRequest: `by` is neither 'reference' nor 'subject'; a split by image or slice leaks content.
        """
        if by not in ("reference", "subject"):
            message = (
                f"A split by '{by}' would put images of the same content into training and test; "
                "choose --by reference or --by subject."
            )
            raise BadRequest(message)
        return tuple(getattr(image, by) for image in self.images)


def checked(
    name: str, table: Path, images: Sequence[RatedImage], scale: Scale, **facts: object
) -> RatedSet:
    """Return the set after the checks that all readers share.

    Args:
        name: of the set.
        table: the file that lists the images, for messages.
        images: what was read.
        scale: the published scale.
        facts: other fields of `RatedSet`.

    Raises:
        BadRequest: there is no image, a name occurs twice, a file is missing, or a score is no finite number.
    """
    if not images:
        raise BadRequest(f"{table} names no images; check that it is the table of {name}.")
    seen: set[str] = set()
    for image in images:
        if image.name in seen:
            raise BadRequest(f"{table}: the image {image.name} is named twice; remove one row.")
        seen.add(image.name)
        if not math.isfinite(image.raw):
            raise BadRequest(f"{table}: the score of {image.name} is {image.raw}; give a number.")
        if not image.path.exists():
            message = (
                f"{table} names {image.path}, which is not there; unpack {name} completely "
                "or remove its row."
            )
            raise BadRequest(message)
    return RatedSet(name, tuple(images), scale, **facts)  # type: ignore[arg-type]
