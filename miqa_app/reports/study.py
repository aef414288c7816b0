"""What a report says, in plain words and pictures, before it becomes HTML or PDF."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from miqa_app import __version__
from miqa_app.core.artefact_kinds import BY_KEY
from miqa_app.core.assessment import Verdict
from miqa_app.imaging.deidentify import hashed
from miqa_app.reports import figures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miqa_app.core.assessment import Assessment
    from miqa_app.core.series import Problem, Series
    from miqa_app.reports.result_json import Entry

ADVISORY = (
    "Advisory only: a person decides. This program is not a certified medical device. "
    "The score is a simulated quality index learnt from artificial degradation, not a mean opinion score."
)
"""Stands on every report."""

_LIKELIEST = 3


@dataclass(frozen=True)
class Page:
    """One series of a report.

    Attributes:
        title: what the scanner calls the series.
        verdict: in words, with 'uncalibrated' beside it until the site has rated.
        tone: 'advised', 'good', 'check', 'rescan' or 'none': colour and shape of the verdict.
        score: '74 of 100 (90 % interval 66–82; 100 = best)', or ''.
        cause: suspected artefact with advice, or the reason why it was not assessed.
        kinds: the likeliest artefact kinds with their probability in per cent.
        facts: acquisition facts.
        notes: notes and warnings.
        pictures: PNG bytes with a caption each.
    """

    title: str
    verdict: str
    tone: str
    score: str
    cause: str
    kinds: tuple[tuple[str, int], ...]
    facts: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    pictures: tuple[tuple[str, bytes], ...]


@dataclass(frozen=True)
class StudyReport:
    """All that one report says.

    Attributes:
        title: what the study is called where identities were asked for.
        identity: patient and study identity; empty unless asked for.
        pages: one per series.
        problems: (file, reason) of what could not be read.
        model: name, hash and training of the model, and what it ran on.
        written: date and time of the report.
        version: of the program.
        advisory: the standing notice.
    """

    title: str
    identity: tuple[tuple[str, str], ...]
    pages: tuple[Page, ...]
    problems: tuple[tuple[str, str], ...]
    model: tuple[tuple[str, str], ...]
    written: str = field(default_factory=lambda: f"{datetime.now().astimezone():%Y-%m-%d %H:%M %Z}")
    version: str = __version__
    advisory: str = ADVISORY


def by_study(entries: Sequence[Entry]) -> dict[str, list[Entry]]:
    """Return the entries by study: StudyInstanceUID, or the file for formats that know no study."""
    studies: dict[str, list[Entry]] = {}
    for series, assessment in entries:
        studies.setdefault(series.study_uid or series.source, []).append((series, assessment))
    return studies


def file_stem(study: str) -> str:
    """Return a file name without extension for a study that does not give its identity away."""
    return f"report_{hashed(study)[:10]}"


def study_report(
    entries: Sequence[Entry], problems: Sequence[Problem], *, identify: bool = False
) -> StudyReport:
    """Return what the report of one study says.

    Args:
        entries: the series of one study with their assessments.
        problems: what could not be read.
        identify: include the patient's identity.
    """
    first = entries[0][0]
    # people write names into study descriptions
    title = first.study_description if identify else ""
    return StudyReport(
        title=title or "MR image quality",
        identity=tuple(first.identity.items()) if identify else (),
        pages=tuple(_page(series, assessment, identify=identify) for series, assessment in entries),
        problems=problem_rows(problems, identify=identify),
        model=_model(entries),
    )


def problem_rows(problems: Sequence[Problem], *, identify: bool) -> tuple[tuple[str, str], ...]:
    """Return (file, reason) of what could not be read, with whole paths where identities were asked for."""
    return tuple(
        (problem.source if identify else Path(problem.source).name, problem.reason)
        for problem in problems
    )


def _page(series: Series, assessment: Assessment, *, identify: bool) -> Page:
    title = series.description or Path(series.source).name
    words = assessment.verdict.words
    if assessment.scored and not assessment.thresholds.calibrated:
        words += " · uncalibrated"
    likeliest = sorted(assessment.artefacts.items(), key=lambda pair: -pair[1])[:_LIKELIEST]
    return Page(
        title=title,
        verdict=words,
        tone=tone(assessment),
        score=_score_words(assessment),
        cause=_cause(assessment),
        kinds=tuple((BY_KEY[key].name, round(100 * value)) for key, value in likeliest),
        facts=(("Images", _size_words(series)), *_facts(series, identify=identify)),
        notes=(*assessment.notes, *series.warnings),
        pictures=tuple(_pictures(series, assessment)),
    )


def _facts(series: Series, *, identify: bool) -> list[tuple[str, str]]:
    """Return the acquisition facts; dates help to find out who a patient is, so they need `identify`."""
    hidden = {"Matrix"} if identify else {"Matrix", "Acquisition date"}
    return [(name, value) for name, value in series.facts.items() if name not in hidden]


def tone(assessment: Assessment) -> str:
    """Return the name of the colour and shape of a verdict; accept is 'good' only where a site has calibrated it."""
    if assessment.verdict is Verdict.ACCEPT:
        return "good" if assessment.thresholds.calibrated else "advised"
    return {Verdict.CHECK: "check", Verdict.RESCAN: "rescan"}.get(assessment.verdict, "none")


def _score_words(assessment: Assessment) -> str:
    if assessment.score is None or assessment.interval is None:
        return ""
    low, high = assessment.interval
    doubt = f"{assessment.doubt_sentence} " if assessment.doubt else ""
    return f"{assessment.score:.0f} of 100 (90 % interval {low:.0f}–{high:.0f}; 100 = best). {doubt}Mean of the lowest quarter of the slices, at least three, weighted by object area."


def _cause(assessment: Assessment) -> str:
    if not assessment.scored:
        return assessment.reason[:1].upper() + assessment.reason[1:]
    if not assessment.suspected:
        return "No artefact stands out."
    kind = BY_KEY[assessment.suspected]
    return f"Suspected: {kind.name.lower()}. {kind.advice}"


def _size_words(series: Series) -> str:
    rows, columns = series.shape
    times = f", {series.time_points} time points" if series.time_points > 1 else ""
    count = "1 slice" if series.slices == 1 else f"{series.slices} slices"
    return f"{count}, {rows} rows × {columns} columns{times}"


def _pictures(series: Series, assessment: Assessment) -> list[tuple[str, bytes]]:
    if not assessment.scored:
        return []
    pictures = [
        (
            "Worst slices: as acquired above, with the score map below. Bright marks where quality is low.",
            figures.worst_slices(series, assessment),
        ),
        (
            "Score of each slice; triangles mark the worst.",
            figures.score_per_slice(series, assessment),
        ),
    ]
    if assessment.curve:
        pictures.append(("Score of each time point.", figures.score_per_time(assessment)))
    return pictures


def _model(entries: Sequence[Entry]) -> tuple[tuple[str, str], ...]:
    for _, assessment in entries:
        if assessment.model is not None and assessment.engine is not None:
            engine = assessment.engine
            return (
                ("Model", assessment.model.name),
                ("SHA-256", assessment.model.sha256),
                ("Learnt from", assessment.model.training),
                ("Ran on", f"{engine.backend}, {engine.device}, {engine.precision}"),
            )
    return (("Model", "none was needed: no series was scored"),)
