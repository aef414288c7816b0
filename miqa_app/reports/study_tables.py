"""The tables of an exported study: votes that count, all votes, and what the stimuli are."""

from __future__ import annotations

import csv
import io
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from miqa_app.rating.mos.ratings import Ratings
    from miqa_app.rating.votes import Vote
    from miqa_app.reports.study_record import StudyRecord

_LONG = ("observer", "stimulus", "score", "reference", "repetition", "session", "order", "seconds")
_VOTE = (
    "presentation", "item", "role", "left", "right", "shown_at", "committed_at", "changes", "confidence", "tags",
    "display", "display_columns", "display_rows", "display_scale", "image_scale", "display_check",
    "app_version", "protocol", "revision",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
Row = dict[str, object]


def votes_csv(record: StudyRecord) -> bytes:
    """Return the votes that count, as `miqa mos` reads them: UTF-8 with a byte-order mark.

    The columns observer to reference_score are those of `rating.mos.reading`; the others say how the vote came about.
    A vote without score says that the rater could not judge.
    """
    both = record.study.protocol.asks == "both"
    rows = []
    for row, vote in zip(_long(record.ratings), record.in_table, strict=True):
        if not both:
            row.pop("reference_score")
        rows.append(row | _vote(record, vote))
    return _csv((*_LONG, *(("reference_score",) if both else ()), *_VOTE), rows)


def history_csv(record: StudyRecord) -> bytes:
    """Return all votes in the order in which they were given: training and stabilising ones and every revision."""
    pooled = {id(vote) for vote in record.pooled}
    rows = [
        {
            "observer": vote.rater,
            "session": vote.session,
            "part": vote.presentation.part,
            "counts": "yes" if id(vote) in pooled else "no",
            **{name: vote.scores.get(name, "") for name in ("test", "reference", "preference")},
            "seconds": f"{vote.seconds:.3f}",
            **_vote(record, vote),
        }
        for vote in sorted(record.votes, key=lambda vote: (vote.rater, vote.committed_at))
    ]
    columns = ("observer", "session", "part", "counts", "test", "reference", "preference", "seconds")  # fmt: skip
    return _csv((*columns, *_VOTE), rows)


def stimuli_csv(record: StudyRecord) -> bytes:
    """Return what each stimulus is and where it came from."""
    names = record.names
    facts = list(dict.fromkeys(name for s in record.study.stimuli for name in s.provenance))
    rows = [
        {"stimulus": names[info.key], **info.provenance, "sha256": info.key}
        for info in record.study.stimuli
    ]
    return _csv(("stimulus", *facts, "sha256"), rows)


def _long(ratings: Ratings) -> Iterable[Row]:
    for row in range(len(ratings)):
        yield {
            "observer": ratings.observers[row],
            "stimulus": ratings.stimuli[row],
            "score": _number(ratings.scores[row]),
            "reference": ratings.references[row],
            "repetition": int(ratings.repetitions[row]),
            "session": ratings.sessions[row],
            "order": int(ratings.orders[row]),
            "seconds": f"{ratings.seconds[row]:.3f}",
            "reference_score": _number(ratings.reference_scores[row]),
        }


def _vote(record: StudyRecord, vote: Vote) -> Row:
    shown, screen, names = vote.presentation, vote.display, record.names
    return {
        "presentation": shown.key,
        "item": shown.item,
        "role": record.items[shown.item].role,
        "left": names[shown.left],
        "right": names[shown.right],
        "shown_at": vote.shown_at,
        "committed_at": vote.committed_at,
        "changes": vote.changes,
        "confidence": "" if vote.confidence is None else vote.confidence,
        "tags": " ".join(vote.tags),
        "display": screen.name,
        "display_columns": screen.columns,
        "display_rows": screen.rows,
        "display_scale": screen.scale,
        "image_scale": screen.image_scale,
        "display_check": screen.check,
        "app_version": vote.app_version,
        "protocol": vote.protocol,
        "revision": vote.revision,
    }


def _number(value: float) -> float | str:
    return "" if math.isnan(value) else float(value)


def _csv(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns)
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _harmless(value) for name, value in row.items()})
    return text.getvalue().encode("utf-8-sig")


def _harmless(value: object) -> object:
    """Return text that no spreadsheet takes for a formula; numbers stay numbers."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
