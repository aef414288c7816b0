"""The methods by which votes become mean opinion scores; `opinion_scores` is the way in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from scipy.stats import t as t_distribution

from miqa_app.errors import BadRequest
from miqa_app.rating.mos.adjusted import without_bias, z_scores
from miqa_app.rating.mos.ratings import Table
from miqa_app.rating.mos.result import ObserverScore, OpinionScores, StimulusScore
from miqa_app.rating.mos.screening import screen_bt500, screen_p913
from miqa_app.rating.mos.subject_model import fit_subject_model

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from miqa_app.rating.mos.ratings import Ratings, Repetitions

Method = Literal["raw", "zscore", "bt500", "p913", "p910"]
METHODS: tuple[Method, ...] = get_args(Method)

LEAST_OBSERVERS = 15
"""ITU-R BT.500-14/15, 2.5: at least 15 observers."""

_Z95 = 1.96
_FEWEST_FOR_MODEL = 3
"""Votes from which on an observer's inconsistency can be told from nothing at all."""

_MOST_WEIGHT = 0.5


@dataclass(frozen=True, eq=False)
class _Fit:
    """What a method makes of a table.

    Attributes:
        mos: (J,).
        error: (J,) standard error.
        reach: (J,) half width of the 95 % interval in standard errors.
        count: (J,) votes.
        bias: (I,), None where the method has none.
        inconsistency: (I,), None where the method has none.
        rejected: reasons by observer.
        notes: sentences for the reader.
    """

    mos: NDArray[np.float64]
    error: NDArray[np.float64]
    reach: NDArray[np.float64]
    count: NDArray[np.int64]
    bias: NDArray[np.float64] | None = None
    inconsistency: NDArray[np.float64] | None = None
    rejected: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def opinion_scores(
    ratings: Ratings,
    method: Method | None = None,
    *,
    faults: Mapping[str, str] | None = None,
    least_observers: int = LEAST_OBSERVERS,
    repetitions: Repetitions = "mean",
) -> OpinionScores:
    """Return the mean opinion scores of votes on single stimuli or on tests beside their reference.

    - raw: mean with the t-based 95 % interval (BT.500 puts 1.96 in place of t).
    - zscore: mean of z-scores by observer, as 100 (z + 3) / 6, with the t-based interval (RAD-IQMRI).
    - bt500: each observer's bias is removed, BT.500's rule rejects observers once, and the mean of the rest is taken
      with the t-based interval. MOS and bias are those of P913124Model (BiasremvSubjrejMosModel) in sureal 0.9.0,
      apart from the standard deviation in the rule, see `screen_bt500`.
    - p913: maximum likelihood with observer bias and inconsistency, interval from the inconsistencies;
      SubjectMLEModelProjectionSolver in sureal 0.9.0.
    - p910: the same MOS, interval from the spread of the residuals on each stimulus; P910AnnexEModel in sureal 0.9.0.

    Without a name, p910 is taken from 15 observers on and bt500 below, or where p910 comes to follow one observer.
    Measured on simulated panels (bias sd 6, inconsistency 6–14, lapses 2 %; 112 stimuli; error of the MOS in points of
    100, raw / bt500 / p910): 13 observers 3.2 / 3.3 / 3.0, 15 with two who click at random 5.3 / 3.8 / 3.0, 30
    observers 2.2 / 2.2 / 2.0; but 8 observers 4.0 / 4.0 / 4.9 and 3 observers 6.2 / 6.2 / 8.9, because the likelihood
    then follows one of them. The 95 % intervals of p910 hold the truth in 62, 81, 93 and 94 % with 3, 8, 13 and 30
    observers, those of p913 in 0, 55, 92 and 93 %, those of bt500 in 94 to 96 % throughout.

    Args:
        ratings: the votes.
        method: one of `METHODS`, None for the one that suits the number of observers.
        faults: what went wrong by observer; these scores are left out and kept, see `OpinionScores`.
        least_observers: how many observers a final result needs.
        repetitions: whether repeated votes of an observer on a stimulus count as one (they share the observer's view of
            the stimulus, so an interval that counts them apart is too narrow) or each by itself, as sureal does.

    Raises:
        BadRequest: there is no such method, no score, or an observer with a fault who has no vote.
    """
    if method is not None and method not in METHODS:
        raise BadRequest(f"There is no method '{method}'; choose one of {', '.join(METHODS)}.")
    faults = dict(faults or {})
    unknown = sorted(set(faults) - set(ratings.observers))
    if unknown:
        raise BadRequest(f"Observer '{unknown[0]}' has no votes; check the name of the fault.")
    table = ratings.table(repetitions)
    if not table.counts.any():
        raise BadRequest("There is no score among the votes, so there is nothing to average.")
    sound = np.array([name not in faults for name in table.observers])
    if not table.columns(sound).counts.any():
        raise BadRequest("No score is left without technical faults, so there is nothing to average.")  # fmt: skip
    used = table.columns(sound)
    many = int(used.counts.any(0).sum()) >= LEAST_OBSERVERS
    chosen: Method = method or ("p910" if many else "bt500")
    fit = _fitted(used, chosen, reject=True)
    if method is None and fit.notes:
        chosen = "bt500"
        fit = _fitted(used, chosen, reject=True)
    everybody = _fitted(table, chosen, reject=False)
    return OpinionScores(
        method=chosen,
        stimuli=_stimuli(table, fit),
        observers=_observers(table, fit, faults),
        without_rejection=_stimuli(table, everybody),
        least_observers=least_observers,
        notes=(*ratings.notes, *fit.notes, *_warnings(used, chosen, fit.rejected)),
    )


def _warnings(table: Table, method: Method, rejected: Mapping[str, str]) -> list[str]:
    """Return what a reader should know of the votes, and what the method makes of it."""
    found = []
    groups = table.groups()
    if groups > 1:
        found.append(
            f"The votes fall into {groups} groups without a common observer or stimulus; their scores are not on one "
            "scale."
        )
    correlations, outside = screen_p913(table.flat)
    for name, value, is_out in zip(table.observers, correlations, outside, strict=True):
        if is_out:
            number = f"{value:.2f}".replace("-", "−")
            found.append(
                f"Observer '{name}': Pearson correlation with the mean of all {number}; ITU-T P.913, 11.4, would reject "
                f"the scores. {_use_of(name, method, rejected)}"
            )
    return found


def _use_of(observer: str, method: Method, rejected: Mapping[str, str]) -> str:
    """Return what becomes of the scores of an observer who does not judge as the others do."""
    if observer in rejected:
        return "They are left out here."
    if method in ("p910", "p913"):
        return f"They count little here: {method} weighs observers by their inconsistency."
    return "They count in full here; --method p913 weighs observers by their inconsistency."


def _fitted(table: Table, method: Method, *, reject: bool) -> _Fit:
    """Run a method on the observers who gave scores."""
    voted = table.counts.sum(0) > 0
    fit = _METHODS[method](table.columns(voted), reject)

    def spread(values: NDArray[np.float64] | None) -> NDArray[np.float64] | None:
        if values is None:
            return None
        whole = np.full(len(voted), np.nan)
        whole[voted] = values
        return whole

    return _Fit(
        fit.mos,
        fit.error,
        fit.reach,
        fit.count,
        spread(fit.bias),
        spread(fit.inconsistency),
        fit.rejected,
        fit.notes,
    )


def _raw(table: Table, reject: bool) -> _Fit:
    del reject
    return _mean(table.scores)


def _zscore(table: Table, reject: bool) -> _Fit:
    del reject
    scores = z_scores(table.scores)
    flat = (~np.isnan(scores)).sum((0, 2)) == 0
    reason = "rejected by rule: all scores are the same, or there is only one, so z-scores do not exist"  # fmt: skip
    lost = {name: reason for name, is_flat in zip(table.observers, flat, strict=True) if is_flat}
    return _mean(scores, rejected=lost)


def _bt500(table: Table, reject: bool) -> _Fit:
    scores, bias = without_bias(table.scores)
    screening = screen_bt500(scores)
    lost = {
        name: screening.reason(place)
        for place, name in enumerate(table.observers)
        if reject and screening.rejected[place]
    }
    kept = np.array([name not in lost for name in table.observers])
    return _mean(scores[:, kept], bias=bias, rejected=lost)


def _mean(
    scores: NDArray[np.float64],
    bias: NDArray[np.float64] | None = None,
    rejected: Mapping[str, str] | None = None,
) -> _Fit:
    """Return mean, S / √n and t by stimulus; `scores` are of the observers that are kept."""
    known = ~np.isnan(scores)
    count = known.sum((1, 2))
    mean = np.where(count > 0, np.nansum(scores, (1, 2)) / np.maximum(count, 1), np.nan)
    squares = np.where(known, (scores - mean[:, None, None]) ** 2, 0.0).sum((1, 2))
    deviation = np.where(count > 1, np.sqrt(squares / np.maximum(count - 1, 1)), np.nan)
    return _Fit(
        mos=mean,
        error=deviation / np.sqrt(np.maximum(count, 1)),
        reach=np.asarray(t_distribution.isf(0.025, np.maximum(count - 1, 1))),
        count=count,
        bias=bias,
        rejected=rejected or {},
    )


def _p913(table: Table, reject: bool) -> _Fit:
    del reject
    return _model(table, by_stimulus=False)


def _p910(table: Table, reject: bool) -> _Fit:
    del reject
    return _model(table, by_stimulus=True)


def _model(table: Table, *, by_stimulus: bool) -> _Fit:
    """Fit the subject model on the observers whose inconsistency can be estimated."""
    votes = table.counts.sum(0)
    enough = votes >= _FEWEST_FOR_MODEL
    if not enough.any():
        raise BadRequest(
            f"No observer gave {_FEWEST_FOR_MODEL} scores, too few for the methods p910 and p913; choose bt500 or raw."
        )
    judged = table.counts[:, enough].sum(1) > 0
    model = fit_subject_model(table.scores[judged][:, enough])
    count = table.counts[:, enough].sum(1)

    def placed(values: NDArray[np.float64], where: NDArray[np.bool_]) -> NDArray[np.float64]:
        whole = np.full(len(where), np.nan)
        whole[where] = values
        return whole

    error = placed(model.error_by_stimulus if by_stimulus else model.error_by_observers, judged)
    if by_stimulus:
        # one residual has no spread
        error = np.where(count > 1, error, np.nan)
    names = [name for name, stays in zip(table.observers, enough, strict=True) if stays]
    leader = int(model.weight.argmax())
    notes: tuple[str, ...] = ()
    if len(names) > 2 and model.weight[leader] > _MOST_WEIGHT:
        notes = (
            f"The model follows observer '{names[leader]}' with {100 * model.weight[leader]:.0f} % of the weight, which "
            "happens with few observers; do not use these scores, choose bt500 or raw.",
        )
    return _Fit(
        mos=placed(model.quality, judged),
        error=error,
        reach=np.full(len(judged), _Z95),
        count=count,
        bias=placed(model.bias, enough),
        inconsistency=placed(model.inconsistency, enough),
        rejected={
            name: f"rejected by rule: {count} scores are too few to tell inconsistency, {_FEWEST_FOR_MODEL} are needed"  # fmt: skip
            for name, count in zip(table.observers, votes.tolist(), strict=True)
            if count < _FEWEST_FOR_MODEL
        },
        notes=notes,
    )


_METHODS: Mapping[Method, Callable[[Table, bool], _Fit]] = {
    "raw": _raw,
    "zscore": _zscore,
    "bt500": _bt500,
    "p913": _p913,
    "p910": _p910,
}


def _stimuli(table: Table, fit: _Fit) -> tuple[StimulusScore, ...]:
    low, high = fit.mos - fit.reach * fit.error, fit.mos + fit.reach * fit.error
    return tuple(
        StimulusScore(
            name,
            float(fit.mos[row]),
            float(fit.error[row]),
            float(low[row]),
            float(high[row]),
            int(fit.count[row]),
        )
        for row, name in enumerate(table.stimuli)
    )


def _observers(table: Table, fit: _Fit, faults: Mapping[str, str]) -> tuple[ObserverScore, ...]:
    """Return one entry for each observer, those with faults included."""
    kept = [name for name in table.observers if name not in faults]
    column = {name: place for place, name in enumerate(kept)}

    def of(values: NDArray[np.float64] | None, name: str) -> float | None:
        if values is None or name not in column or np.isnan(values[column[name]]):
            return None
        return float(values[column[name]])

    found = []
    for name, votes in zip(table.observers, table.counts.sum(0).tolist(), strict=True):
        reason = f"technical fault: {faults[name]}" if name in faults else fit.rejected.get(name, "")  # fmt: skip
        if not reason and not votes:
            reason = "rejected by rule: no score was given"
        found.append(
            ObserverScore(
                name, of(fit.bias, name), of(fit.inconsistency, name), bool(reason), reason
            )  # fmt: skip
        )
    return tuple(found)
