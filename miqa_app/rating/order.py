"""In which order, and on which sides, a rater sees the items: drawn from the study's seed and the rater's pseudonym.

The main part runs through four blocks. Raters whose pseudonyms end in a number (rater-1, rater-2, ...) are
counterbalanced: within every four of them (1-4, 5-8, ...) each item comes once in each block and, where sides are
random, twice on each side; the order of the blocks is a Williams square, in which each block follows every other once
(Williams, Australian Journal of Scientific Research 1949). All other raters get a draw of their own. Within the blocks
the order is random, with two rules: the same content never comes twice in a row where that can be avoided, and a repeat
comes at least a quarter of the way after its first showing, on exchanged sides where sides are random.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from miqa_app.rating.seeded import number, shuffled
from miqa_app.rating.votes import Part, Presentation

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from miqa_app.rating.study import Item, Study

_WILLIAMS = ((0, 1, 3, 2), (1, 2, 0, 3), (2, 3, 1, 0), (3, 0, 2, 1))
_BLOCKS = len(_WILLIAMS)


def training(study: Study, rater: str) -> tuple[Presentation, ...]:
    """Return the practice round: the training items in the order in which the study holds them.

    Args:
        study: the study.
        rater: pseudonym; decides the sides only, so that everybody learns the scale in the same way.
    """
    items = _of_role(study, "training")
    sides = _shuffled_sides(items, study.seed, "training", rater)
    return _shown(study, "training", "training", items, sides)


def stabilising(study: Study, rater: str, session: int) -> tuple[Presentation, ...]:
    """Return what opens a session and does not count (ITU-R BT.500-13 Annex 1, 2.7).

    Training items, of which every session takes the next ones in turn; rated items where the study has no training.

    Args:
        study: the study.
        rater: pseudonym.
        session: number of the rater's session, from 1.
    """
    items = _of_role(study, "training")
    if items:
        first = (session - 1) * study.protocol.stabilising_items % len(items)
        items = items[first:] + items[:first]
    else:
        items = shuffled(_of_role(study, "rated"), study.seed, "stabilising", rater, session)
    items = items[: study.protocol.stabilising_items]
    sides = _shuffled_sides(items, study.seed, "stabilising", rater, session)
    return _shown(study, "stabilising", f"stabilising-{session}", items, sides)


def main(study: Study, rater: str) -> tuple[Presentation, ...]:
    """Return every counted item once, in the order and on the sides of this rater.

    Args:
        study: the study.
        rater: pseudonym.
    """
    items = [item for item in study.items if item.counted]
    contents = _contents(study, items)
    place = _place(rater)
    blocks = _blocks(study, items, contents, place)
    ordered = _arranged(shuffled(items, study.seed, "main", rater), blocks, contents)
    return _shown(study, "main", "main", ordered, _balanced_sides(study, items, place))


def by_worth(
    study: Study, left: Sequence[Presentation], worth: Sequence[str]
) -> tuple[Presentation, ...]:
    """Return what is left for a rater with the most telling items first, under the same two rules as `main`.

    Args:
        study: the study.
        left: presentations without a vote, of `main`.
        worth: item keys, the one whose vote is worth most first; holds every item that is left.
    """
    shown = {presentation.item: presentation for presentation in left}
    items = [item for item in study.items if item.key in shown]
    ranks: dict[str, float] = {key: rank for rank, key in enumerate(worth)}
    for item in items:
        if item.repeats in shown:
            # early enough for the repeat to keep its distance
            ranks[item.repeats] = min(ranks[item.repeats], len(items) / 2)
    ordered = _arranged(items, ranks, _contents(study, items))
    return tuple(shown[item.key] for item in ordered)


@dataclass(frozen=True)
class _Place:
    """Where a rater stands in the counterbalancing: which set of four, and which of the four."""

    of_four: int
    row: int


def _place(rater: str) -> _Place:
    """Return the place that the number at the end of a pseudonym gives, else one of the rater's own."""
    digits = re.search(r"(\d{1,9})$", rater)
    if digits:
        return _Place(*divmod(int(digits[1]) - 1, _BLOCKS))
    return _Place(*divmod(number("place", rater), _BLOCKS))


def _of_role(study: Study, role: str) -> list[Item]:
    return [item for item in study.items if item.role == role]


def _contents(study: Study, items: Sequence[Item]) -> dict[str, str]:
    """Return what each item shows a version of, by item key: what must not come twice in a row."""
    known = {stimulus.key: stimulus.provenance for stimulus in study.stimuli}
    return {
        item.key: str(known.get(shown, {}).get("content", shown))
        for item in items
        for shown in [item.reference or item.test]
    }


def _blocks(
    study: Study, items: Sequence[Item], contents: Mapping[str, str], place: _Place
) -> dict[str, int]:
    """Return by item key the place of its block on the rater's way, 0-3; contents are spread evenly over blocks."""
    first = [item for item in items if not item.repeats]
    drawn = shuffled(first, study.seed, "blocks", place.of_four)
    rank = {content: nth for nth, content in enumerate({contents[i.key]: 0 for i in drawn})}
    drawn.sort(key=lambda item: rank[contents[item.key]])
    row = _WILLIAMS[place.row]
    found = {item.key: row.index(dealt % _BLOCKS) for dealt, item in enumerate(drawn)}
    for item in items:
        if item.repeats:
            # whichever of the two blocks comes first takes the first showing
            half = found[item.repeats] % (_BLOCKS // 2)
            found[item.repeats], found[item.key] = half, half + _BLOCKS // 2
    return found


def _arranged(
    items: Sequence[Item], blocks: Mapping[str, float], contents: Mapping[str, str]
) -> list[Item]:
    """Return the items block by block, each time the first of those that break the fewest rules.

    An item whose first showing is not among them was shown long ago and may come at any time.
    """
    rest = list(items)
    to_come = {item.key for item in items}
    least = len(rest) // _BLOCKS
    shown: dict[str, int] = {}
    result: list[Item] = []
    while rest:
        last = contents[result[-1].key] if result else ""
        block = min(blocks[item.key] for item in rest)
        due = _majority(contents[item.key] for item in rest)
        due_here = _majority(contents[item.key] for item in rest if blocks[item.key] == block)

        def cost(
            item: Item, last: str = last, due: str = due, due_here: str = due_here
        ) -> tuple[int, bool, float, bool]:
            content = contents[item.key]
            neighbours = 2 * (content == last) + (due not in ("", content))
            early = item.repeats in to_come and (
                item.repeats not in shown or len(result) - shown[item.repeats] < least
            )
            return neighbours, early, blocks[item.key], due_here not in ("", content)

        chosen = min(rest, key=cost)
        shown[chosen.key] = len(result)
        rest.remove(chosen)
        result.append(chosen)
    return result


def _majority(contents: Iterable[str]) -> str:
    """Return the content of more than half of what is left, or ''; it must come now, or it will follow itself later."""
    counts = Counter(contents)
    content, count = counts.most_common(1)[0]
    return content if 2 * count > counts.total() else ""


def _balanced_sides(study: Study, items: Sequence[Item], place: _Place) -> dict[str, bool]:
    """Return by item key whether the reference is on the left: half of the items, turned round for every other rater."""
    again = [item for item in items if item.repeats]
    twice = {item.repeats for item in again}
    # an item and its repeat balance one another, so they must not take part in the balance of the others
    single = [item for item in items if not item.repeats and item.key not in twice]
    both = [item for item in items if item.key in twice]
    sides = _shuffled_sides(single, study.seed, "sides", place.of_four)
    sides |= _shuffled_sides(both, study.seed, "sides of the repeated", place.of_four)
    turned = {key: left != bool(place.row % 2) for key, left in sides.items()}
    return turned | {item.key: not turned[item.repeats] for item in again}


def _shuffled_sides(items: Sequence[Item], *facts: object) -> dict[str, bool]:
    """Return by item key whether the reference is on the left; true for half of them."""
    order = shuffled(items, "sides", *facts)
    return {item.key: dealt % 2 == 0 for dealt, item in enumerate(order)}


def _shown(
    study: Study, part: Part, name: str, items: Sequence[Item], sides: Mapping[str, bool]
) -> tuple[Presentation, ...]:
    fixed = study.protocol.sides == "reference left"
    found = []
    for index, item in enumerate(items):
        left, right = item.reference, item.test
        if not left:
            left, right = right, ""
        elif not (fixed or sides[item.key]):
            left, right = right, left
        found.append(Presentation(f"{name}-{index}", part, index, item.key, left, right))
    return tuple(found)
