"""Which side of a presentation held what: told where the protocol names the sides, and untangled in the scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from miqa_app.rating.study import Study
    from miqa_app.rating.votes import Presentation


def names_of_sides(study: Study, shown: Presentation | None) -> tuple[str, str]:
    """Return 'reference' and 'test', left first, where the protocol names the sides, else empty words."""
    if shown is None or not study.protocol.names_sides:
        return "", ""
    return ("test", "reference") if _test_is_left(study, shown) else ("reference", "test")


def by_content(study: Study, shown: Presentation, scores: Mapping[str, float]) -> dict[str, float]:
    """Return scores by what was scored instead of by where it was.

    Args:
        study: gives the protocol and the item.
        shown: the presentation that was scored.
        scores: by slot, see `rating.draft.slots`; none where the rater could not judge.

    Returns:
        'test', 'test' and 'reference', or 'preference', 0 (the reference) to 1 (the test stimulus).
    """
    protocol = study.protocol
    if not scores or protocol.asks == "test":
        return {"test": scores["score"]} if scores else {}
    test_is_left = _test_is_left(study, shown)
    if protocol.asks == "both":
        test, reference = ("left", "right") if test_is_left else ("right", "left")
        return {"test": scores[test], "reference": scores[reference]}
    scale = protocol.scale
    for_left = (scores["preference"] - scale.low) / (scale.high - scale.low)
    return {"preference": for_left if test_is_left else 1 - for_left}


def _test_is_left(study: Study, shown: Presentation) -> bool:
    return shown.left != study.item(shown.item).reference
