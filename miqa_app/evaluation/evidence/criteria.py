"""The criteria of the gate, one function each: findings and limits in, an outcome and a sentence with numbers out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from miqa_app.evaluation.evidence.strata_rule import grouped, worsened

if TYPE_CHECKING:
    from collections.abc import Callable

    from miqa_app.evaluation.evidence.limits import Limits
    from miqa_app.evaluation.evidence.record import Difference, Estimate, Findings

_MOST_CLAUSES = 5
"""Strata told with their numbers; the picture and `Ruling.strata` hold all."""

Outcome = Literal["passed", "failed", "uncertain"]


@dataclass(frozen=True)
class Ruling:
    """Outcome of a criterion in words; `strata` names what failed or is uncertain."""

    outcome: Outcome
    words: str
    strata: tuple[str, ...] = ()


def split(findings: Findings, limits: Limits) -> Ruling:
    """Fail where a reference, subject or image stands on both sides."""
    facts = findings.split
    parts = [
        f"{count} {name if count != 1 else name[:-1]}"
        for count, name in (
            (facts.leaking_references, "references"),
            (facts.leaking_subjects, "subjects"),
            (facts.leaking_duplicates, "images"),
        )
        if count
    ]
    if parts:
        return Ruling("failed", f"On both sides of the split: {', '.join(parts)}.")
    design = (
        "Every image was predicted by a model that never saw its reference or subject "
        f"({facts.folds} folds)."
        if facts.design == "nested"
        else "No reference, subject or image of the test part was learnt from."
    )
    if facts.seen_by_active:
        design += (
            f" The active model has learnt from {facts.seen_by_active} of the test references, "
            "which flatters it."
        )
    return Ruling("passed", design)


def data(findings: Findings, limits: Limits) -> Ruling:
    """Fail with too few held-out images or references."""
    own, least = findings.held_out, limits.data
    enough = own.images >= least.images and own.references >= least.references
    return Ruling(
        "passed" if enough else "failed",
        f"{own.images} held-out images of {own.references} references "
        f"(at least {least.images} of {least.references}).",
    )


def raters(findings: Findings, limits: Limits) -> Ruling:
    """Fail with too few raters, or votes where a table names no raters; uncertain where it has neither."""
    known, votes, least = findings.data.raters, findings.data.votes_per_image, limits.raters.least
    if known is None and votes is None:
        return Ruling("uncertain", "The rated set does not say how many raters gave its opinions.")
    if known is None:
        # nobody rates an image twice in a table of means
        known = int(votes or 0)
        words = f"{known} vote{'s' * (known != 1)} for the middle image (at least {least} raters)"
    else:
        words = f"{known} rater{'s' * (known != 1)} (at least {least})"
    if findings.data.median_ci is not None:
        words += f", median 95 % interval of an opinion ±{findings.data.median_ci:.1f} points"
    return Ruling("passed" if known >= least else "failed", words + ".")


def better(findings: Findings, limits: Limits) -> Ruling:
    """Pass where the lower end of the gain in SROCC lies above the limit; fail where there is no gain."""
    figures = findings.held_out
    gap = figures.difference("srocc")
    own, active = (figures.methods[name].srocc.value for name in ("candidate", "active"))
    if own is None:
        return Ruling("failed", "The candidate gives all held-out images the same score.")
    if gap.value is None or active is None:
        return Ruling("uncertain", f"SROCC {plain(own, 3)}; the active model's is not defined.")
    words = f"SROCC {plain(own, 3)}, active {plain(active, 3)}: {spanned(gap, 3)}."
    if gap.low is not None and gap.low > limits.better.gain:
        return Ruling("passed", words)
    worse = gap.value <= limits.better.gain
    return Ruling("failed" if worse else "uncertain", words)


def error(findings: Findings, limits: Limits) -> Ruling:
    """Pass where RMSE after mapping is surely no more than the margin worse; fail where it is surely worse than that."""
    figures, margin = findings.held_out, limits.error.margin
    own, active = (figures.methods[name].rmse_mapped.value for name in ("candidate", "active"))
    gap = figures.difference("rmse_mapped")
    words = (
        f"RMSE after mapping {plain(own, 1)}, active {plain(active, 1)}: {spanned(gap, 1)} points"
    )
    test = next((one for one in figures.rmse_tests if one.against == "active"), None)
    words += "." if test is None or test.p is None else f"; P.1401 p {p_words(test.p)}."
    if gap.low is None or gap.high is None:
        return Ruling("uncertain", words)
    outcome: Outcome = (
        "passed" if gap.high <= margin else "failed" if gap.low > margin else "uncertain"
    )
    return Ruling(outcome, words)


def strata(findings: Findings, limits: Limits) -> Ruling:
    """Fail by name where a stratum is worse; list what is worse without being certain, or has too few images."""
    rule = limits.strata
    sorted_out = worsened(findings.strata, rule.images, rule.references, rule.srocc, rule.rmse)
    if not findings.strata:
        return Ruling("uncertain", "No groups are known; all images count as one stratum.")
    names = tuple(one.name for one in sorted_out.failed or sorted_out.open)
    if sorted_out.failed:
        clauses = sorted_out.failed_words
        more = f"; and {len(clauses) - _MOST_CLAUSES} more" if len(clauses) > _MOST_CLAUSES else ""
        words = f"Worse (99 % intervals): {'; '.join(clauses[:_MOST_CLAUSES])}{more}."
        return Ruling("failed", words, names)
    count = len(findings.strata)
    judged = count - len(sorted_out.few)
    words = f"None of {judged} strata is surely worse than the active model."
    if sorted_out.doubtful:
        doubtful = grouped(one.name for one in sorted_out.doubtful)
        words += f" Worse by more than the margin, but not certainly: {doubtful}."
    if sorted_out.few:
        few = grouped(f"{one.name} ({one.images})" for one in sorted_out.few)
        words += f" Too few images or references: {few}."
    return Ruling("uncertain" if sorted_out.open else "passed", words, names)


def forgetting(findings: Findings, limits: Limits) -> Ruling:
    """Fail where SROCC on simulated images has fallen too far; uncertain where it may have."""
    figures, rule = findings.rehearsal, limits.forgetting
    if figures is None:
        return Ruling("uncertain", "There is no set of simulated images to test it on.")
    gaps = [figures.difference("srocc", other) for other in ("active", "shipped")]
    words = f"SROCC on {figures.images} simulated images of {figures.references} references: {spanned(gaps[0], 3)} against the active model"
    if findings.active.sha256 != findings.shipped.sha256:
        words += f", {spanned(gaps[1], 3)} against the shipped one"
    fallen = [
        gap.value is None or gap.value < -limit
        for gap, limit in zip(gaps, (rule.active, rule.shipped), strict=True)
    ]
    words += f" (may fall by {rule.active:g})."
    if any(fallen):
        return Ruling("failed", words)
    low = gaps[0].low
    return Ruling("uncertain" if low is None or low < -rule.surely else "passed", words)


def calibration(findings: Findings, limits: Limits) -> Ruling:
    """Pass where slope and mean error lie within their ranges; fail where an interval lies wholly outside."""
    own, rule = findings.calibration["candidate"], limits.calibration
    if own.slope.value is None or own.error.value is None:
        return Ruling("failed", "The candidate gives all held-out images the same score.")
    offset = own.offset.value or 0.0
    words = (
        f"Opinion = {plain(own.slope.value, 2)} · score {'−' if offset < 0 else '+'} {abs(offset):.1f} (slope within {rule.slope[0]:g}–"
        f"{rule.slope[1]:g}); mean error {signed(own.error.value, 1)} points (within ±{rule.error:g})."
    )
    return Ruling(
        _worst(_within(own.slope, *rule.slope), _within(own.error, -rule.error, rule.error)), words
    )


def maps(findings: Findings, limits: Limits) -> Ruling:
    """Fail where maps look like those of random weights, or point worse than the active model's."""
    if findings.checks is None:
        return Ruling("uncertain", "The score maps were not checked.")
    own, active = findings.checks.candidate.maps, findings.checks.active.maps
    if own.randomised is None or own.pointing is None or active.pointing is None:
        return Ruling("failed", "The candidate's score maps are flat.")
    words = (
        f"Pointing at pasted artefacts: AUC {own.pointing:.2f}, active {active.pointing:.2f}; "
        f"agreement with random weights {own.randomised:.2f} (at most {limits.maps.randomised:g})."
    )
    sound = (
        own.pointing >= active.pointing - limits.maps.pointing
        and own.randomised <= limits.maps.randomised
    )
    return Ruling("passed" if sound else "failed", words)


def robustness(findings: Findings, limits: Limits) -> Ruling:
    """Fail where a change that leaves the quality alone moves the score more than the active model's."""
    if findings.checks is None:
        return Ruling("uncertain", "Harmless changes were not tried.")
    own, active = findings.checks.candidate.changes, findings.checks.active.changes
    rises = {name: moved.mean - active[name].mean for name, moved in own.items() if name in active}
    wrong = [name for name, rise in rises.items() if rise > limits.robustness.rise]
    named = wrong or [max(rises, key=lambda name: rises[name])]
    words = "; ".join(
        f"{name} moves the score by {own[name].mean:.1f} points, active {active[name].mean:.1f}"
        for name in named
    )
    return Ruling("failed" if wrong else "passed", f"{'' if wrong else 'Most: '}{words}.")


def scope(findings: Findings, limits: Limits) -> Ruling:
    """Fail where the candidate calls many more of the site's own images unknown than the active model does."""
    facts = findings.scope
    if facts is None or not facts.images:
        return Ruling("uncertain", "The scope check was not run on the held-out images.")
    words = f"Held-out images called unknown: {facts.candidate_outside} of {facts.images}, active {facts.active_outside}."
    rise = (facts.candidate_outside - facts.active_outside) / facts.images
    return Ruling("passed" if rise <= limits.scope.rise else "failed", words)


def latency(findings: Findings, limits: Limits) -> Ruling:
    """Fail where a slice takes much longer than with the active model."""
    facts = findings.checks
    if facts is None:
        return Ruling("uncertain", "Times were not measured.")
    words = (
        f"{facts.candidate.milliseconds:.0f} ms a slice of {facts.rows} × {facts.columns} on {facts.device}: "
        f"{facts.slower:.2f} times the active model (at most {limits.latency.slower:g})."
    )
    return Ruling("passed" if facts.slower <= limits.latency.slower else "failed", words)


def canary(findings: Findings, limits: Limits) -> Ruling:
    """Fail where canary outputs were not stored, or do not repeat."""
    facts, rule = findings.canary, limits.canary
    if facts is None or facts.inputs < rule.inputs:
        stored = 0 if facts is None else facts.inputs
        return Ruling("failed", f"{stored} canary images are stored, {rule.inputs} are needed.")
    words = f"{facts.inputs} images stored; a second run differs by {facts.largest_change:.3f} points at most."
    return Ruling("passed" if facts.largest_change <= rule.change else "failed", words)


CRITERIA: dict[str, tuple[str, Callable[[Findings, Limits], Ruling]]] = {
    "split": ("leak-free split", split),
    "data": ("held-out data", data),
    "raters": ("raters", raters),
    "better": ("better ranking", better),
    "error": ("size of errors", error),
    "strata": ("strata", strata),
    "forgetting": ("forgetting", forgetting),
    "calibration": ("scale 0–100", calibration),
    "maps": ("score maps", maps),
    "robustness": ("harmless changes", robustness),
    "scope": ("scope", scope),
    "latency": ("latency", latency),
    "canary": ("canary set", canary),
}
"""Title and rule of each criterion, in the order of the page."""


def plain(value: float | None, digits: int) -> str:
    """Return '0.031' or '−0.031', an en dash where there is no number."""
    return "–" if value is None else f"{value:.{digits}f}".replace("-", "−")


def signed(value: float | None, digits: int) -> str:
    """Return '+0.031' or '−0.031', an en dash where there is no number."""
    if value is None:
        return "–"
    words = f"{value:+.{digits}f}"
    return f"{0:.{digits}f}" if float(words) == 0 else words.replace("-", "−")


def spanned(gap: Difference | Estimate, digits: int) -> str:
    """Return a difference with its interval: '+0.031 (+0.010 to +0.052)'."""
    if gap.low is None or gap.high is None:
        return f"{signed(gap.value, digits)} (no interval)"
    return f"{signed(gap.value, digits)} ({signed(gap.low, digits)} to {signed(gap.high, digits)})"


def p_words(p: float) -> str:
    """Return a p-value as people write it."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _within(estimate: Estimate, low: float, high: float) -> Outcome:
    """Return 'failed' only where the whole interval lies outside."""
    if estimate.value is not None and low <= estimate.value <= high:
        return "passed"
    reaches = estimate.low is not None and estimate.high is not None
    touches = reaches and estimate.low <= high and estimate.high >= low  # type: ignore[operator]
    return "uncertain" if touches else "failed"


def _worst(*outcomes: Outcome) -> Outcome:
    order: tuple[Outcome, ...] = ("failed", "uncertain", "passed")
    return min(outcomes, key=order.index)
