"""Self-test of an installation: does it score and draw the bundled phantom as it did where the program was built?"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from miqa_app.errors import MiqaError
from miqa_app.paths import bundled
from miqa_app.registry.folders import bundled_default, read_folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from miqa_app.core.assessment import Assessment

SCHEMA = "miqa.self-test/1"
TOLERANCE = 0.05
"""Points of 100: as far as exact engines may lie apart."""

PICTURE_SIZE = (1366, 768)
"""Width and height of the window in its picture, logical pixels."""

_BLOCK = 8
_LEVELS = 20
_SHARE = 0.08
"""Share of blocks of 8 x 8 pixels whose mean may differ by more than 20 of 255 grey levels: letters of other fonts do
not move more, a missing heatmap or a wrong slice does."""


@dataclass(frozen=True)
class Check:
    """One thing that was compared.

    Attributes:
        words: what was found, and what was expected.
        passed: whether they agree.
    """

    words: str
    passed: bool


def place() -> Path:
    """Return the folder of what is expected."""
    return bundled("resources") / "self_test"


def model() -> Path:
    """Return the folder of the model that is tested: the one that comes with the program, whatever the site uses."""
    return bundled_default()


def check_scores(found: Mapping[str, Assessment]) -> list[Check]:
    """Compare the scores of the phantom's series with those that are expected.

    Args:
        found: assessments by the description of their series.

    Raises:
        MiqaError: what is expected cannot be read.
    """
    return [_score(name, wanted, found.get(name)) for name, wanted in sorted(_expected().items())]


def _score(name: str, wanted: float, assessment: Assessment | None) -> Check:
    if assessment is None or assessment.score is None or assessment.engine is None:
        return Check(f"'{name}' got no score; {wanted:.3f} was expected", False)
    gap = abs(assessment.score - wanted)
    engine = assessment.engine
    by = f"{engine.backend}, {engine.device}, {engine.precision}"
    words = f"'{name}' scores {assessment.score:.3f}, {wanted:.3f} expected ({by})"
    return Check(words, gap <= TOLERANCE)


def check_decoders() -> Check:
    """Look whether every way in which scanners compress DICOM images can be read."""
    from pydicom import uid
    from pydicom.pixels.decoders.base import get_decoder

    kinds = {
        "RLE": uid.RLELossless,
        "JPEG": uid.JPEGBaseline8Bit,
        "lossless JPEG": uid.JPEGLosslessSV1,
        "JPEG-LS": uid.JPEGLSLossless,
        "JPEG 2000": uid.JPEG2000Lossless,
        "HTJ2K": uid.HTJ2KLossless,
    }
    missing = [name for name, syntax in kinds.items() if not get_decoder(syntax).is_available]
    if missing:
        return Check(f"no decoder for {', '.join(missing)}", False)
    return Check(f"decoders for {', '.join(kinds)}", True)


def check_picture(picture: Path) -> Check:
    """Compare a picture of the window with what is expected.

    Raises:
        MiqaError: one of them cannot be read.
    """
    found, wanted = _blocks(picture), _pixels(place() / "window.png")
    if found.shape != wanted.shape:
        return Check(f"the window's picture has another size ({picture})", False)
    share = float((np.abs(found - wanted).max(axis=-1) > _LEVELS).mean())
    words = f"the window looks as expected but for {share:.2%} of its area ({_SHARE:.0%} allowed)"
    return Check(words, share <= _SHARE)


def write_expected(found: Mapping[str, Assessment], picture: Path, folder: Path) -> None:
    """Write scores and picture in the form in which they are expected, as `expected.json` and `window.png`.

    A developer who changes the bundled model or the look of the window copies both into resources/self_test.

    Args:
        found: assessments by the description of their series.
        picture: of the window.
        folder: where to; it exists.
    """
    from PIL import Image

    document = {
        "schema": SCHEMA,
        "model": read_folder(model()).sha256,
        "scores": {name: round(item.score or 0.0, 4) for name, item in sorted(found.items())},
    }
    text = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
    (folder / "expected.json").write_text(text, encoding="utf-8")
    Image.fromarray(_blocks(picture).round().astype(np.uint8)).save(folder / "window.png")


def _expected() -> dict[str, float]:
    path = place() / "expected.json"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        scores = {str(name): float(score) for name, score in document["scores"].items()}
        sha256 = document["model"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        message = f"{path} cannot be read ({error}); install the program again."
        raise MiqaError(message) from error
    if read_folder(model()).sha256 != sha256:
        message = (
            f"The bundled model is not the one that {path} speaks of; install the program again."
        )
        raise MiqaError(message)
    return scores


def _blocks(picture: Path) -> NDArray[np.float32]:
    """Return the mean colours of all whole blocks of a picture, (rows, columns, 3), 0-255."""
    pixels = _pixels(picture, PICTURE_SIZE)
    rows, columns = (side // _BLOCK for side in pixels.shape[:2])
    whole = pixels[: rows * _BLOCK, : columns * _BLOCK]
    means: NDArray[np.float32] = whole.reshape(rows, _BLOCK, columns, _BLOCK, 3).mean(axis=(1, 3))
    return means


def _pixels(picture: Path, size: tuple[int, int] | None = None) -> NDArray[np.float32]:
    """Return the colours of a picture, (rows, columns, 3), 0-255; with a size (columns, rows) as if it had that."""
    from PIL import Image

    try:
        with Image.open(picture) as image:
            whole = image.convert("RGB")
            # a sharp screen has more pixels than the window has units
            return np.asarray(whole.resize(size) if size else whole, np.float32)
    except (OSError, ValueError) as error:
        message = f"{picture} cannot be read ({error}); install the program again."
        raise MiqaError(message) from error
