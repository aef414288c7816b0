"""What the page of evidence says, in words and figures, before it becomes HTML or PDF."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from miqa_app.evaluation.evidence.criteria import p_words, plain, signed
from miqa_app.reports import evidence_plots as plots

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from miqa_app.evaluation.evidence import Evidence, LocalEvidence
    from miqa_app.evaluation.evidence.record import (
        Difference,
        Estimate,
        Measure,
        Method,
        Other,
        SetFigures,
    )

_HEADLINES = {"pass": "Passed", "fail": "Stopped", "uncertain": "Too uncertain to promote"}
_TONES = {"pass": "good", "fail": "rescan", "uncertain": "check"}
_OUTCOMES = {"passed": "good", "failed": "rescan", "uncertain": "check"}
_PARTS = {
    "heads": "heads only",
    "last": "heads and last blocks",
    "full": "all weights",
    "adapter": "heads and adapters",
}
FOREST_INCHES = 3.7


@dataclass(frozen=True)
class Cell:
    """A figure and, smaller, its interval."""

    words: str
    bounds: str = ""
    strong: bool = False


@dataclass(frozen=True)
class Line:
    """A criterion: tone ('good', 'rescan', 'check'), title, sentence, and whether it keeps the candidate back."""

    tone: str
    outcome: str
    title: str
    words: str


@dataclass(frozen=True)
class Sheet:
    """All that stands on the page.

    Attributes:
        candidate: its name.
        tone: colour and shape of the verdict.
        headline: the verdict in a word or four.
        verdict: in one or two sentences.
        facts: (name, words) about models, data, split, raters, training and gate.
        columns: heads of the table of figures.
        rows: name and cells of each row.
        lines: the criteria.
        pictures: caption and PNG of 'before and after', 'learning' and 'strata', where there is one.
        promise: sentence above the signatures.
        choices: boxes that the signing person ticks.
        notes: small print.
        made: date and time.
        program: version.
    """

    candidate: str
    tone: str
    headline: str
    verdict: str
    facts: tuple[tuple[str, str], ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    lines: tuple[Line, ...]
    pictures: Mapping[str, bytes]
    promise: str
    choices: tuple[str, ...]
    notes: str
    made: str
    program: str


def evidence_sheet(evidence: Evidence, local: LocalEvidence | None) -> Sheet:
    """Return the page.

    Args:
        evidence: what was found.
        local: predictions and the site's own names, where this copy has them.
    """
    outcome = evidence.verdict.outcome
    names = local.labels if local is not None else {}
    promoted = outcome == "pass"
    return Sheet(
        candidate=evidence.candidate.name,
        tone=_TONES[outcome],
        headline=_HEADLINES[outcome],
        verdict=_capital(_spoken(evidence.verdict.words.partition(": ")[2], names)),
        facts=tuple(_facts(evidence)),
        columns=_columns(evidence),
        rows=tuple(_rows(evidence)),
        lines=tuple(
            Line(_OUTCOMES[one.outcome], _outcome_words(one.outcome, blocking=one.blocking), _capital(one.title), _spoken(one.words, names))
            for one in evidence.verdict.criteria
        ),  # fmt: skip
        pictures=_pictures(evidence, local, names),
        promise="I have read this page. The candidate …"
        if promoted
        else "I have read this page. The gate does not allow promotion; the candidate …",
        choices=("scores beside the active model first (shadow)", "becomes the active model", "stays a candidate")
        if promoted
        else ("stays a candidate", "is removed"),
        notes=_notes(evidence),
        made=f"{evidence.made.astimezone():%Y-%m-%d %H:%M}",
        program=evidence.program,
    )  # fmt: skip


def _outcome_words(outcome: str, *, blocking: bool) -> str:
    return "listed" if outcome == "uncertain" and not blocking else outcome


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _spoken(words: str, names: Mapping[str, str]) -> str:
    """Return words with the site's own names in the place of stand-ins."""
    if not names:
        return words
    # one pass, longest first, so that neither a name nor 'kind A' in 'kind AB' is taken for a stand-in
    known = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    return re.sub(rf"\b({known})\b", lambda found: names[found[0]], words)


def _facts(evidence: Evidence) -> list[tuple[str, str]]:
    data, split, learning = evidence.data, evidence.split, evidence.learning
    held_out = evidence.held_out
    facts = [
        ("Candidate", f"{evidence.candidate.name} · {evidence.candidate.sha256[:12]}"),
        ("Active", f"{evidence.active.name} · {evidence.active.sha256[:12]}"),
    ]
    if not _same(evidence):
        facts.append(("Shipped", f"{evidence.shipped.name} · {evidence.shipped.sha256[:12]}"))
    opinions = f"opinions {data.mos_low:.0f}–{data.mos_high:.0f}, sd {data.mos_sd:.0f}"
    if data.median_ci is not None:
        opinions += f", median 95 % interval ±{data.median_ci:.1f}"
    raters = "" if data.raters is None else f", {data.raters} raters"
    facts += [
        (
            "Rated set",
            f"{data.images} images, {data.references} references, {data.subjects} subjects{raters}; {opinions}; "
            f"version {data.version[:12]}",
        ),
        (
            "Tested on",
            f"{held_out.images} images of {held_out.references} references, "
            + (
                f"each predicted in {split.folds} folds by a model that never saw it; the candidate itself learnt from all"
                if split.design == "nested"
                else "unseen by the candidate"
            ),
        ),
        (
            "Learning",
            f"recipe {learning.recipe} ({_PARTS[learning.parts]}) on {learning.train_images} images of "
            f"{learning.train_references} references; {_seeds(learning.seeds, learning.result)}, {learning.epochs} epochs, "
            f"{_duration(learning.seconds)} on {learning.device.upper() if learning.device == 'cpu' else learning.device}",
        ),
    ]
    ceiling, verdict = evidence.ceiling, evidence.verdict
    facts.append(
        (
            "Raters' ceiling",
            "unknown: no votes of single raters"
            if ceiling is None
            else f"one rater against the rest: SROCC {ceiling.mean:.3f} on average "
            f"({ceiling.srocc[0]:.2f}–{ceiling.srocc[-1]:.2f}, {len(ceiling.srocc)} raters)",
        )
    )
    facts.append(
        ("Gate", f"'{verdict.gate}', version {verdict.version} · {verdict.rules_sha256[:12]}")
    )
    return facts


def _columns(evidence: Evidence) -> tuple[str, ...]:
    if _same(evidence):
        return ("", "candidate", "active = shipped", "candidate − active")
    return ("", "candidate", "active", "candidate − active", "shipped", "candidate − shipped")


def _same(evidence: Evidence) -> bool:
    return evidence.active.sha256 == evidence.shipped.sha256


def _rows(evidence: Evidence) -> list[tuple[str, tuple[Cell, ...]]]:
    others: tuple[Other, ...] = ("active",) if _same(evidence) else ("active", "shipped")
    figures = evidence.held_out
    rows = [
        (name, _cells(figures, measure, digits, others))
        for name, measure, digits in _MEASURES
    ]  # fmt: skip
    rows.append(("P.1401, p", tuple(_p_cells(figures, others))))
    if evidence.rehearsal is not None:
        rows.append(("SROCC, simulated", _cells(evidence.rehearsal, "srocc", 3, others)))
    methods: tuple[Method, ...] = ("candidate", *others)
    slopes = [evidence.calibration[name].slope for name in methods]
    cells = [Cell(signed(one.value, 2).lstrip("+"), _bounds(one, 2)) for one in slopes]
    row = [cells[0]]
    for cell in cells[1:]:
        row += [cell, Cell("")]
    rows.append(("Slope of opinion", tuple(row)))
    return rows


_MEASURES: tuple[tuple[str, Measure, int], ...] = (
    ("SROCC", "srocc", 3),
    ("PLCC", "plcc", 3),
    ("RMSE, points", "rmse", 1),
    ("MAE, points", "mae", 1),
    ("RMSE, mapped", "rmse_mapped", 1),
)


def _cells(
    figures: SetFigures, measure: Measure, digits: int, others: tuple[Other, ...]
) -> tuple[Cell, ...]:
    cells = [_estimate(getattr(figures.methods["candidate"], measure), digits, strong=True)]
    for name in others:
        cells.append(_estimate(getattr(figures.methods[name], measure), digits))
        cells.append(_gap(figures.difference(measure, name), digits))
    return tuple(cells)


def _p_cells(figures: SetFigures, others: tuple[Other, ...]) -> Iterator[Cell]:
    """Yield the cells of the test on the RMSE after mapping, which belong to the differences."""
    tests = {test.against: test.p for test in figures.rmse_tests}
    yield Cell("")
    for name in others:
        p = tests[name]
        yield Cell("")
        yield Cell("–" if p is None else p_words(p))


def _estimate(estimate: Estimate, digits: int, *, strong: bool = False) -> Cell:
    return Cell(plain(estimate.value, digits), _bounds(estimate, digits), strong)


def _gap(gap: Difference, digits: int) -> Cell:
    bounds = (
        ""
        if gap.low is None or gap.high is None
        else f"{signed(gap.low, digits)} to {signed(gap.high, digits)}"
    )
    return Cell(signed(gap.value, digits), bounds)


def _bounds(estimate: Estimate, digits: int) -> str:
    if estimate.low is None or estimate.high is None:
        return ""
    return f"{plain(estimate.low, digits)} to {plain(estimate.high, digits)}"


def _seeds(count: int, result: str) -> str:
    if count == 1:
        return "1 seed"
    return f"{count} seeds, {'averaged' if result == 'average' else 'the best of them'}"


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def _pictures(
    evidence: Evidence, local: LocalEvidence | None, names: Mapping[str, str]
) -> dict[str, bytes]:
    labels = [
        f"{_spoken(one.label.replace('_', ' '), names)} ({one.images})"
        for one in plots.shown_strata(evidence)
    ]
    drawn = {
        "before and after": plots.before_and_after(evidence, local),
        "learning": plots.learning_curves(evidence),
        "strata": plots.forest(evidence, labels, FOREST_INCHES),
    }
    return {name: picture for name, picture in drawn.items() if picture is not None}


def _notes(evidence: Evidence) -> str:
    words = (
        "Scores and opinions run from 0 to 100, 100 is best. Intervals are 95 % (strata 99 %), 2000 draws of whole references. "
        "'Mapped' is after the 4-parameter logistic of P.1401 fitted on the set, in strata too. The P.1401 test takes images as independent, which images of one reference are not; the intervals do without that."
    )
    hidden = len(evidence.strata) - len(plots.shown_strata(evidence))
    if hidden:
        words += f" {hidden} smaller strata are not drawn; evidence.json holds all."
    return words + " Advisory only: a person decides. Not a certified medical device."
