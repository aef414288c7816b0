"""Which strata got worse than under the active model, surely or perhaps, and which have too few images to say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from miqa_app.evaluation.evidence.record import Estimate, Stratum


@dataclass(frozen=True)
class Worsened:
    """Strata sorted out.

    Attributes:
        failed: worse by more than the margin, the interval wholly on the worse side of 0.
        failed_words: one clause each, with numbers.
        doubtful: worse by more than the margin, but the interval reaches 0.
        few: too few images or references to judge.
    """

    failed: tuple[Stratum, ...]
    failed_words: tuple[str, ...]
    doubtful: tuple[Stratum, ...]
    few: tuple[Stratum, ...]

    @property
    def open(self) -> tuple[Stratum, ...]:
        """Return all about which nothing certain can be said."""
        return (*self.doubtful, *self.few)


def worsened(
    strata: Sequence[Stratum], images: int, references: int, srocc: float, rmse: float
) -> Worsened:
    """Return the strata sorted out, those that are worse by most first.

    Args:
        strata: of the evidence.
        images: fewest images of a stratum that is judged.
        references: fewest references.
        srocc: by how much SROCC may fall, above 0.
        rmse: by how many points RMSE may rise, above 0.
    """
    few = [one for one in strata if one.images < images or one.references < references]
    failed: list[tuple[float, Stratum, str]] = []
    doubtful: list[tuple[float, Stratum]] = []
    for one in (one for one in strata if one not in few):
        found = [
            (sign * gap.value / margin, _surely(gap, sign), _clause(name, gap, digits))
            for name, gap, sign, margin, digits in (
                ("SROCC", one.srocc, -1, srocc, 2),
                ("RMSE", one.rmse, 1, rmse, 1),
            )
            if gap.value is not None and sign * gap.value > margin
        ]
        certain = [(excess, words) for excess, surely, words in found if surely]
        if certain:
            clauses = ", ".join(words for _, words in certain)
            failed.append((max(certain)[0], one, f"{one.name}, {clauses}"))
        elif found:
            doubtful.append((max(found)[0], one))
    failed.sort(key=lambda entry: -entry[0])
    doubtful.sort(key=lambda entry: -entry[0])
    return Worsened(
        tuple(one for _, one, _ in failed),
        tuple(words for _, _, words in failed),
        tuple(one for _, one in doubtful),
        tuple(few),
    )


def grouped(names: Iterable[str]) -> str:
    """Return names such as 'kind: blur' with each group said once: 'kind: blur, motion; anatomy: knee'."""
    groups: dict[str, list[str]] = {}
    for name in names:
        group, _, label = name.partition(": ")
        groups.setdefault(group, []).append(label)
    return "; ".join(f"{group}: {', '.join(labels)}" for group, labels in groups.items())


def _surely(gap: Estimate, sign: int) -> bool:
    """Return whether the interval lies wholly on the side of `sign`."""
    near = gap.low if sign > 0 else gap.high
    return near is not None and sign * near > 0


def _clause(name: str, gap: Estimate, digits: int) -> str:
    value, low, high = (
        "–" if number is None else f"{number:+.{digits}f}".replace("-", "−")
        for number in (gap.value, gap.low, gap.high)
    )
    return f"{name} {value} ({low} to {high})"
