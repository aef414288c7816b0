"""How well a panel agrees: with itself, in repeats, and along its sessions."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from miqa_app.rating.mos.adjusted import without_bias
from miqa_app.statistics.agreement import (
    Coefficient,
    IntraclassCorrelations,
    intraclass_correlations,
    kendall_w,
    krippendorff_alpha,
)
from miqa_app.statistics.reliability import (
    AgainstTheRest,
    Drift,
    Repeatability,
    against_the_rest,
    drift,
    repeatability,
    sos_coefficient,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from miqa_app.rating.mos.ratings import Ratings

LITERATURE_RADIOLOGISTS = 31
LITERATURE_SROCC = 0.57
"""Mean Spearman correlation of each of 31 radiologists with the mean score of the others, on distorted MR images:
Obuchowicz, Oszust and Piorkowski, BMC Medical Imaging 2020, 20, 109 (0.5706; interns 0.6868)."""


_SIGNIFICANT = 0.05
"""Of all observers together (Bonferroni), or every second panel of 15 would seem to hold one who drifts."""


@dataclass(frozen=True)
class PanelAgreement:
    """Agreement of the observers; repeated votes count as their mean except in `repeats`.

    Attributes:
        stimuli: how many stimuli have a score.
        icc: intraclass correlations of the stimuli that every observer scored.
        alpha: Krippendorff's alpha with the interval metric, of the stimuli with at least two scores.
        alpha_ordinal: the same with the ordinal metric.
        kendall: Kendall's W of the stimuli that every observer scored.
        against_rest: by observer.
        repeats: first and second score of the same observer on the same stimulus.
        drifts: by observer, where the order of presentation is known.
        sos: coefficient a, NaN where the scale is not known.
    """

    stimuli: int
    icc: IntraclassCorrelations
    alpha: Coefficient
    alpha_ordinal: Coefficient
    kendall: Coefficient
    against_rest: Mapping[str, AgainstTheRest]
    repeats: Repeatability
    drifts: Mapping[str, Drift]
    sos: float

    @property
    def mean_srocc(self) -> float:
        """Return the mean Spearman correlation of one observer with the mean of the others, NaN if unknown."""
        known = [one.srocc for one in self.against_rest.values() if not math.isnan(one.srocc)]
        return float(np.mean(known)) if known else math.nan

    @property
    def words(self) -> tuple[str, ...]:
        """Return what was found as short sentences."""
        one, several = self.icc.single, self.icc.average
        found = []
        if one.raters < 2:
            found.append(
                "Agreement (ICC, Kendall's W) needs a second observer; there is one so far."
            )
        elif math.isnan(one.value):
            found.append(
                f"ICC and Kendall's W need two stimuli that all {one.raters} observers scored; there are {one.subjects}."
            )
        else:
            found += [
                f"ICC(2,1) {_with_ends(one)}, ICC(2,k) {_with_ends(several)}, Kendall's W {self.kendall.value:.2f} on "
                f"{one.subjects} of {self.stimuli} stimuli, those that all {one.raters} observers scored.",
            ]
        if not math.isnan(self.alpha.value):
            found.append(
                f"Krippendorff's alpha {self.alpha.value:.2f} (interval) on {self.alpha.subjects} stimuli with two or more "
                "scores."
            )
        if not math.isnan(self.mean_srocc):
            found.append(
                f"One observer against the mean of the others: SROCC {self.mean_srocc:.2f} on average "
                f"({LITERATURE_RADIOLOGISTS} radiologists in the literature: {LITERATURE_SROCC:.2f})."
            )
        if self.repeats.pairs:
            found.append(
                f"{self.repeats.pairs} repeat{'s' if self.repeats.pairs > 1 else ''}: {self.repeats.difference:.1f} points apart on average, within-observer "
                f"standard deviation {self.repeats.within_sd:.1f}."
            )
        drifting = [
            f"'{name}' ({line.change:+.1f} points)"
            for name, line in self.drifts.items()
            if line.p * len(self.drifts) < _SIGNIFICANT
        ]
        if drifting:
            found.append(f"Scores drift within the session of {', '.join(drifting)}.")
        return tuple(found)

    def as_json(self) -> dict[str, Any]:
        """Return all figures as plain values; what nobody knows is null."""
        whole = asdict(self)
        whole["literature"] = {
            "radiologists": LITERATURE_RADIOLOGISTS,
            "mean_srocc": LITERATURE_SROCC,
        }
        whole["mean_srocc"] = self.mean_srocc
        plain: dict[str, Any] = _plain(whole)
        return plain


def panel_agreement(ratings: Ratings, left_out: Iterable[str] = ()) -> PanelAgreement:
    """Return how well the observers agree.

    Args:
        ratings: the votes.
        left_out: observers who do not count, those with technical faults; observers rejected by rule do count, or
            agreement would be judged on those who agree.
    """
    used = ratings.without(set(left_out))
    table = used.table()
    scores = table.flat
    names = table.observers
    return PanelAgreement(
        stimuli=int((~np.isnan(scores)).any(1).sum()),
        icc=intraclass_correlations(scores),
        alpha=krippendorff_alpha(scores),
        alpha_ordinal=krippendorff_alpha(scores, "ordinal"),
        kendall=kendall_w(scores),
        against_rest=dict(zip(names, against_the_rest(scores), strict=True)),
        repeats=_repeats(used),
        drifts=_drifts(used),
        sos=sos_coefficient(scores, *used.scale) if used.scale else math.nan,
    )


def residuals(ratings: Ratings) -> np.ndarray:
    """Return (N,) score minus the mean of its stimulus minus the observer's bias, points; NaN without score."""
    table = ratings.table()
    scores, bias = without_bias(table.scores)
    counts = (~np.isnan(scores)).sum((1, 2))
    mean = np.nansum(scores, (1, 2)) / np.maximum(counts, 1)
    row = {name: place for place, name in enumerate(table.stimuli)}
    column = {name: place for place, name in enumerate(table.observers)}
    expected = (
        mean[[row[name] for name in ratings.stimuli]]
        + bias[[column[name] for name in ratings.observers]]
    )
    return np.asarray(ratings.scores - expected)


def _repeats(ratings: Ratings) -> Repeatability:
    """Return repeatability over all observers: the two votes of lowest repetition on each stimulus."""
    votes: dict[tuple[str, str], list[tuple[int, float]]] = {}
    for observer, stimulus, number, score in zip(
        ratings.observers,
        ratings.stimuli,
        ratings.repetitions.tolist(),
        ratings.scores.tolist(),
        strict=True,
    ):
        if not math.isnan(score):
            votes.setdefault((observer, stimulus), []).append((number, score))
    pairs = [
        [score for _, score in sorted(given)[:2]] for given in votes.values() if len(given) > 1
    ]
    return repeatability([pair[0] for pair in pairs], [pair[1] for pair in pairs])


def _drifts(ratings: Ratings) -> dict[str, Drift]:
    if np.isnan(ratings.orders).all():
        return {}
    rest = residuals(ratings)
    found = {}
    for name in ratings.observer_names:
        own = np.array([observer == name for observer in ratings.observers])
        sessions = [session for session, mine in zip(ratings.sessions, own, strict=True) if mine]
        line = drift(rest[own], ratings.orders[own], sessions)
        if not math.isnan(line.slope):
            found[name] = line
    return found


def _with_ends(one: Coefficient) -> str:
    return f"{one.value:.2f} [{one.low:.2f}, {one.high:.2f}]"


def _plain(value: Any) -> Any:
    """Return a copy in which numbers that nobody knows are None."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
