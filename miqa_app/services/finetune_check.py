"""What is wrong with rated data before anything is trained: findings in whole sentences."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from miqa_app.evaluation.evidence import load_gate
from miqa_app.registry.folders import default_model
from miqa_app.scoring.assess import SMALLEST_EDGE
from miqa_app.services.finetune_models import learnt_from

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from miqa_app.registry.folders import ModelFolder
    from miqa_app.services.finetune_data import SiteData
    from miqa_app.services.finetune_plan import Plan

Level = Literal["stop", "warn", "info"]

FEWEST_IMAGES = 20
FEWEST_VOTES = 5
"""Votes on an image below which its mean says little; BT.500-15 wants 15 valid observers for a final result."""

PANEL = 15
WIDEST = 15.0
"""Half width of an interval, points of 100, from which a score says little of its own image."""

NARROW_SPREAD, NO_SPREAD = 10.0, 2.0
"""Standard deviation of the scores, points of 100, below which there is little, and next to nothing, to learn."""

FEW_REFERENCES = 12

_FEWEST_TESTED = 2
"""References without which no difference can be drawn by reference."""

_NAMED = 3


@dataclass(frozen=True)
class Finding:
    """One thing that the data say about themselves.

    Attributes:
        level: 'stop' forbids the training, 'warn' makes its result doubtful, 'info' is good to know.
        words: one or two sentences.
    """

    level: Level
    words: str


def findings(data: SiteData) -> tuple[Finding, ...]:
    """Return what is found, what forbids the training first."""
    checks: tuple[Callable[[SiteData], Iterator[Finding]], ...] = (
        _amount,
        _leaks,
        _copies,
        _small,
        _spread,
        _votes,
        _widths,
        _references,
        _cleans,
    )
    return in_order(finding for check in checks for finding in check(data))


def split_findings(data: SiteData, plan: Plan, parent: ModelFolder) -> tuple[Finding, ...]:
    """Return what is found once it is known who learns from what.

    Args:
        data: the rated images.
        plan: the split.
        parent: the model to begin with.
    """
    return in_order([*_testable(data, plan), *_seen_before(data, plan, parent)])


def in_order(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings with what forbids the training first."""
    order = ("stop", "warn", "info")
    return tuple(sorted(found, key=lambda finding: order.index(finding.level)))


def _amount(data: SiteData) -> Iterator[Finding]:
    count = len(data.images)
    if count < FEWEST_IMAGES:
        words = f"There are {count} rated images; at least {FEWEST_IMAGES} are needed. Rate more images."
        yield Finding("stop", words)


def _leaks(data: SiteData) -> Iterator[Finding]:
    """Find what stands on both sides of the split that the table gives."""
    if not any(data.parts):
        return
    for what in ("subject", "reference"):
        sides: dict[str, set[str]] = defaultdict(set)
        for image, part in zip(data.images, data.parts, strict=True):
            sides[getattr(image, what)].add(part)
        leaking = sorted(name for name, parts in sides.items() if len(parts) > 1)
        if leaking:
            words = (
                f"The column split puts {_some(leaking, what)} into {_listed(sorted(sides[leaking[0]]))}: the test would ask for "
                f"what was learnt. Give every {what} one part, or leave the column out."
            )
            yield Finding("stop", words)


def _copies(data: SiteData) -> Iterator[Finding]:
    """Find images with the same pixels, whatever they are called."""
    same: dict[str, list[int]] = defaultdict(list)
    for place, content in enumerate(data.contents):
        same[content].append(place)
    copies = [places for places in same.values() if len(places) > 1]
    across = [places for places in copies if len({data.parts[place] for place in places}) > 1]
    inside = [places for places in copies if places not in across]
    if across:
        words = (
            f"{_pair(data, across[0])} are the same image and stand in {_listed(sorted({data.parts[p] for p in across[0]}))}"
            f"{_more(len(across))}. Remove one of them."
        )
        yield Finding("stop", words)
    if inside:
        scores = [data.images[place].mos for place in inside[0]]
        differ = (
            f" with scores of {min(scores):.0f} and {max(scores):.0f}"
            if np.ptp(scores) >= 1
            else ""
        )
        words = (
            f"{_pair(data, inside[0])} are the same image{differ}{_more(len(inside))}; copies stay on one side of every "
            "split, but they count more than once."
        )
        yield Finding("warn", words)


def _small(data: SiteData) -> Iterator[Finding]:
    small = [
        image.name
        for place, image in enumerate(data.images)
        if min(data.planes(place)[0].shape) < SMALLEST_EDGE
    ]
    if small:
        words = f"{_some(small, 'image')} is smaller than {SMALLEST_EDGE}×{SMALLEST_EDGE} pixels, which is too small to be judged. Remove the row."
        yield Finding("stop", words)


def _spread(data: SiteData) -> Iterator[Finding]:
    scores = np.array([image.mos for image in data.images])
    deviation = float(scores.std())
    told = f"The scores run from {scores.min():.0f} to {scores.max():.0f} with a standard deviation of {deviation:.1f} points"
    if deviation < NO_SPREAD:
        yield Finding("stop", f"{told}: there is nothing to tell apart. Rate better and worse images.")  # fmt: skip
    elif deviation < NARROW_SPREAD:
        yield Finding("warn", f"{told}, which is narrow: the order of the images will be hard to learn and to test.")  # fmt: skip
    else:
        yield Finding("info", f"{told}.")


def _votes(data: SiteData) -> Iterator[Finding]:
    known = [votes for votes in data.votes if votes is not None]
    if not known:
        return
    few = [
        image.name
        for image, votes in zip(data.images, data.votes, strict=True)
        if votes is not None and votes < FEWEST_VOTES
    ]
    if few:
        words = f"{len(few)} of {len(known)} images have fewer than {FEWEST_VOTES} votes ({_some(few)}): their scores may be chance. Let more people rate them."
        yield Finding("warn", words)
    elif np.median(known) < PANEL:
        words = f"Most images have {int(np.median(known))} votes; ITU-R BT.500 asks for {PANEL} observers before a result is final."
        yield Finding("info", words)


def _widths(data: SiteData) -> Iterator[Finding]:
    widths = np.array([image.ci for image in data.images if image.ci is not None])
    count, deviation = len(data.images), float(np.std([image.mos for image in data.images]))
    if not len(widths):
        words = "There are no intervals of the scores (column ci), so every image counts the same."
        yield Finding("info", words)
        return
    if float(np.median(widths)) > max(deviation, NO_SPREAD):
        words = (
            f"The intervals of the scores are ±{np.median(widths):.0f} points, wider than the scores themselves spread "
            f"(standard deviation {deviation:.0f}): the order of the images is mostly chance. Collect more votes."
        )
        yield Finding("warn", words)
    elif wide := int((widths > WIDEST).sum()):
        words = f"{wide} of {count} scores are uncertain by more than ±{WIDEST:.0f} points; they count less in the training."
        yield Finding("warn" if wide > count / 4 else "info", words)
    if len(widths) < count:
        words = f"{count - len(widths)} of {count} images have no interval; they count as one of average width."
        yield Finding("info", words)


def _references(data: SiteData) -> Iterator[Finding]:
    groups, references = len(set(data.components)), data.count("reference")
    if groups < 3:
        words = (
            f"The images come from {groups} {'group' if groups == 1 else 'groups'} that share no subject and no reference; "
            "at least 3 are needed to learn from, to choose the epoch and to test on. Rate images of more people."
        )
        yield Finding("stop", words)
    elif references < FEW_REFERENCES or groups < FEW_REFERENCES / 2:
        words = (
            f"There are only {references} references of {data.count('subject')} subjects: the evidence will often be too "
            "uncertain to promote the candidate. More references help more than more images of each."
        )
        yield Finding("warn", words)
    largest, most = Counter(data.components).most_common(1)[0]
    if groups >= 3 and most > len(data.images) / 2:
        words = f"{most} of {len(data.images)} images hang together through shared subjects or references (around {largest}) and cannot be parted; the split is uneven."
        yield Finding("warn", words)


def _cleans(data: SiteData) -> Iterator[Finding]:
    without = sorted(
        {i.reference for i in data.images}
        - {i.reference for i in data.images if i.clean is not None and i.clean.exists()}
    )
    if without:
        words = (
            f"{len(without)} of {data.count('reference')} references come without their undistorted image (column clean): "
            "simulated images that keep the rest from being forgotten are made from the others and from bundled scans."
        )
        yield Finding("info", words)


def _testable(data: SiteData, plan: Plan) -> Iterator[Finding]:
    """Find whether the test is large enough for the evidence to say anything."""
    images, references = len(plan.tested), data.count("reference", plan.tested)
    least = load_gate().data
    if references < _FEWEST_TESTED:
        words = f"The test has images of {references} reference only; give it at least {_FEWEST_TESTED}, better {least.references}."
        yield Finding("stop", words)
    elif images < least.images or references < least.references:
        words = (
            f"{images} images of {references} references are tested; to be promoted, a candidate must show its worth on at "
            f"least {least.images} images of {least.references} references. This one can be trained and looked at."
        )
        yield Finding("warn", words)


def _seen_before(data: SiteData, plan: Plan, parent: ModelFolder) -> Iterator[Finding]:
    """Find what parent and active model have learnt from before."""
    tested, known = plan.tested, learnt_from(parent)
    if known is None:
        words = f"It is not known from which images the model {parent.name} learnt, so the test may flatter its candidate; the model that came with the program has no such doubt."
        yield Finding("warn", words)
    elif both := sum(bool(data.marks(place) & known) for place in tested):
        words = (
            f"The model {parent.name} has learnt from {both} of the {len(tested)} images that would test its candidate, or from their references. Begin "
            "with the model that came with the program (leave --model out): it learns from all ratings at once."
        )
        yield Finding("stop", words)
    active = default_model()
    seen = learnt_from(active) or set()
    flattered = sum(bool(data.marks(place) & seen) for place in tested)
    if flattered and active.sha256 != parent.sha256:
        words = f"The model in use, {active.name}, has learnt from {flattered} of the {len(tested)} images of the test, or from their references, which flatters it in the comparison."
        yield Finding("info", words)


def _some(names: Sequence[str], what: str = "") -> str:
    """Return the first names, and how many more there are."""
    shown = ", ".join(names[:_NAMED])
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{what} {shown}{more}".strip()


def _pair(data: SiteData, places: Sequence[int]) -> str:
    return " and ".join(data.images[place].name for place in places[:2])


def _more(count: int) -> str:
    return f" (and {count - 1} more such)" if count > 1 else ""


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
