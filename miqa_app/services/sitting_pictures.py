"""Reading the pixels that a sitting shows, for any thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from miqa_app.rating.stimulus import unpacked

if TYPE_CHECKING:
    from collections.abc import Generator

    from miqa_app.rating.stimulus import Stimulus
    from miqa_app.rating.study import Study
    from miqa_app.rating.votes import Presentation
    from miqa_app.store import Archive


@dataclass(frozen=True, eq=False)
class Pictures:
    """The pixels of one presentation.

    Attributes:
        place: in the session, from 0.
        left: on the left, or the only one.
        right: on the right, or None.
    """

    place: int
    left: Stimulus
    right: Stimulus | None


@dataclass(frozen=True)
class Example:
    """An illustrated anchor.

    Attributes:
        word: what it stands for on the scale.
        picture: its pixels.
    """

    word: str
    picture: Stimulus


def read(
    archive: Archive, presentation: Presentation | None, place: int
) -> Generator[None, None, Pictures | None]:
    """Return the work of reading the pixels of a presentation; identical images are read once.

    Args:
        archive: holds the pixels.
        presentation: what is shown, or None where nothing is.
        place: of the presentation in the session.
    """
    yield
    if presentation is None:
        return None
    left = unpacked(archive.content(presentation.left))
    yield
    if not presentation.right:
        return Pictures(place, left, None)
    same = presentation.left == presentation.right
    right = left if same else unpacked(archive.content(presentation.right))
    return Pictures(place, left, right)


def examples(archive: Archive, study: Study) -> Generator[None, None, tuple[Example, ...]]:
    """Return the work of reading the illustrated anchors, best first; there may be none."""
    words = study.protocol.scale.labels
    anchors = [item for item in study.items if item.role == "anchor"]
    anchors.sort(key=lambda item: _severity(study, item.test))
    ends = [anchors[0], anchors[-1]] if len(anchors) > 1 else []
    found = []
    for item, word in zip(ends, (words[0], words[-1]), strict=False):
        yield
        found.append(Example(word, unpacked(archive.content(item.test))))
    return tuple(found)


def _severity(study: Study, key: str) -> float:
    found = study.stimulus(key).provenance.get("severity", 0.0)
    return float(found)
