"""The methods paragraph of a study: what was shown, who judged it, and how scores were made, with the numbers filled in."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from miqa_app.rating.mos.adjusted import differences
from miqa_app.rating.mos.panel import panel_agreement

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from miqa_app.rating.mos.result import OpinionScores
    from miqa_app.reports.study_record import StudyRecord

_METHODS = {
    "raw": "the mean of the scores, with a 95 % interval by Student's t",
    "zscore": "the mean of z-scores by observer, stretched as 100 (z + 3) / 6, with a 95 % interval by Student's t",
    "bt500": "the mean of the scores after each observer's bias was removed and observers were screened once by the rule "
    "of ITU-R BT.500, with a 95 % interval by Student's t",
    "p913": "maximum likelihood with observer bias and inconsistency (ITU-T P.913), with the 95 % interval that follows "
    "from the inconsistencies",
    "p910": "maximum likelihood with observer bias and inconsistency (ITU-T P.910), with the 95 % interval from the "
    "residuals",
    "bradley-terry": "strengths by the model of Bradley and Terry within each content, as the percentage of being "
    "preferred to an average version, a tie counting half for either side",
}  # fmt: skip


def methods_text(record: StudyRecord, scores: OpinionScores | None) -> str:
    """Return the paragraphs as Markdown; everything in them follows from the record.

    Args:
        record: of the study.
        scores: its opinion scores, None where nobody has scored anything yet.
    """
    study = record.study
    parts = [
        _stimuli(record),
        _procedure(record),
        _observers(record),
        _scores(record, scores),
        _agreement(record),
        f"Stimuli were shown and votes recorded by miqa_app {_versions(record)}; this text was written by version "
        f"{record.app_version}. Head of the audit log at the export: {record.audit_head}.",
    ]
    provisional = scores is None or scores.provisional
    title = f"# Methods of the rating study {study.name}{' (provisional)' if provisional else ''}"
    return "\n\n".join([title, *filter(None, parts)]) + "\n"


def _stimuli(record: StudyRecord) -> str:
    study = record.study
    roles: Counter[str] = Counter(item.role for item in study.items)
    rated = {key for i in study.items if i.role == "rated" for key in (i.test, i.reference) if key}
    facts = [info.provenance for info in study.stimuli if info.key in rated]
    contents = {str(fact.get("content", "")) for fact in facts}
    scans = {str(fact.get("series", fact.get("source", ""))) for fact in facts}
    subjects = {str(fact.get("subject", "")) for fact in facts}
    made = [fact for fact in facts if fact.get("made") == "simulated"]
    text = (
        f"**Stimuli.** {_n(roles['rated'], 'item')} came from {_n(len(contents), 'place')} in {_n(len(scans), 'MR scan')} of "
        f"{_n(len(subjects), 'subject')}{_known(facts)}."
    )
    if made:
        kinds = sorted({str(fact["kind"]).replace("_", " ") for fact in made})
        grades = sorted({float(fact["severity"]) for fact in made})
        text += (
            f" Images were degraded by simulated {_list(kinds)} at severities {_list(f'{g:g}' for g in grades)} of 1 "
            f"(seed {study.seed})."
        )
    poor = sum(fact.get("kind") == "poor first scan" for fact in facts)
    if poor:
        text += f" {_n(poor, 'image')} came from scans that were repeated in the same exam."
    added = [
        _n(roles[role], *words)
        for role, words in (
            ("repeat", ("hidden repeat",)),
            (
                "reference check",
                ("reference shown against itself", "references shown against themselves"),
            ),
            ("anchor", ("illustrated anchor",)),
        )
        if roles[role]
    ]
    if added:
        text += f" {_list(added)} were added."
    return text + (
        " All versions of a place had the same grey scale and the same window, the default window of the scan."
    )


def _known(facts: Sequence[object]) -> str:
    found = []
    for name in ("anatomy", "vendor"):
        values = sorted({str(f[name]) for f in facts if isinstance(f, dict) and name in f})
        if values:
            found.append(f"{name}: {', '.join(values)}")
    return f" ({'; '.join(found)})" if found else ""


def _procedure(record: StudyRecord) -> str:
    protocol = record.study.protocol
    scale = protocol.scale
    sides = {
        ("pair", True): "The reference stood on the left.",
        ("pair", False): "The sides were drawn at random, half and half.",
    }.get((protocol.images, protocol.sides == "reference left"), "")
    origin = f"; changed from {protocol.changed_from}" if protocol.changed_from else ""
    training = sum(item.role == "training" for item in record.study.items)
    return (
        f"**Procedure.** Protocol: {protocol.title} ({protocol.id}, version {protocol.version}{origin}), after "
        f"{protocol.source}. Question: “{protocol.question}” Scale: {scale.kind}, {scale.low:g} to {scale.high:g}, "
        f"{', '.join(scale.labels)}. {sides} Zoom and window were fixed; a vote took at least "
        f"{protocol.least_seconds:g} s of viewing and was followed by {protocol.pause_seconds:g} s of grey. "
        f"{_n(training, 'training item')} came before the first session and {_n(protocol.stabilising_items, 'presentation')} "
        "at the start of each session; their votes were not pooled. The order was drawn for each observer from the "
        "study's seed and balanced over observers, without the same content twice in a row where that could be avoided."
    ).replace("  ", " ")


def _observers(record: StudyRecord) -> str:
    pooled = record.pooled
    if not pooled:
        return f"**Observers.** {_n(len(record.raters), 'observer')} took part; no vote counts yet."
    total = sum(item.counted for item in record.study.items)
    given = Counter(vote.rater for vote in pooled)
    finished = sum(count == total for count in given.values())
    unjudged = sum(not vote.judged for vote in pooled)
    changed = sum(vote.revision > 0 for vote in pooled)
    seconds = np.array([vote.seconds for vote in pooled])
    screens = Counter((v.display.name, v.display.columns, v.display.rows) for v in pooled)
    checks = Counter(vote.display.check for vote in pooled)
    checked = [f"{result} for {_n(count, 'vote')}" for result, count in sorted(checks.items())]
    shown = [f"{name} ({columns} × {rows} pixels)" for (name, columns, rows) in sorted(screens)]
    return (
        f"**Observers.** {_n(len(given), 'observer')} gave {_n(len(pooled), 'vote')} that count in "
        f"{_n(len(record.sessions), 'session')}; {finished} judged all {total} presentations. In {unjudged} the observer "
        f"could not judge, {changed} were given anew after an undo. Median viewing time {np.median(seconds):.1f} s. "
        f"Displays: {_list(shown)}; greyscale check {_list(checked)}."
    )


def _scores(record: StudyRecord, scores: OpinionScores | None) -> str:
    if scores is None:
        return "**Scores.** There are none yet."
    widths = [one.half_width for one in scores.stimuli if not math.isnan(one.half_width)]
    rejected = [one for one in scores.observers if one.rejected]
    out = "; ".join(f"{one.observer}: {one.reason}" for one in rejected)
    both = record.study.protocol.asks == "both"
    text = (
        f"**Scores.** {'Differences between test and reference of the same presentation entered. ' if both else ''}"
        f"Scores of {_n(len(scores.stimuli), 'stimulus', 'stimuli')} are {_METHODS.get(scores.method, scores.method)}. "
        f"{len(rejected)} of {_n(len(scores.observers), 'observer')} {'was' if len(rejected) == 1 else 'were'} left out"
        f"{f' ({out})' if rejected else ''}; no vote was deleted, and the scores with everybody are exported too. "
    )
    if widths:
        text += (
            f"Half width of the intervals: median {np.median(widths):.2g}, widest {max(widths):.2g}, in units of the "
            "scores. "
        )
    if scores.provisional:
        text += f"The results are provisional: {scores.valid_observers} of at least {scores.least_observers} valid observers."
    return text.strip()


def _agreement(record: StudyRecord) -> str:
    """Return agreement over the rated stimuli; nothing for comparisons, whose rows are no scores of a stimulus."""
    ratings = record.ratings
    if record.study.protocol.asks == "preference" or len(ratings.observer_names) < 2:
        return ""
    known = ~np.isnan(ratings.scores)
    if record.study.protocol.asks == "both":
        known &= ~np.isnan(ratings.reference_scores)
        if not known.any():
            return ""
        ratings = differences(ratings)
    if not known.any():
        return ""
    rated = {record.names[item.test] for item in record.study.items if item.role == "rated"}
    words = panel_agreement(ratings.rows([name in rated for name in ratings.stimuli])).words
    return f"**Agreement** over the rated stimuli. {' '.join(words)}"


def _versions(record: StudyRecord) -> str:
    return _list(sorted({vote.app_version for vote in record.votes})) or record.app_version


def _n(count: int, one: str, many: str = "") -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"


def _list(words: Iterable[str]) -> str:
    *first, last = [*words] or [""]
    return f"{', '.join(first)} and {last}" if first else last
