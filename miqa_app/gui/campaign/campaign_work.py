"""What the overview has done on the other thread: looking studies up, reading how far they are, results, export."""

from __future__ import annotations

import getpass
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from pathlib import Path

    from miqa_app.rating.study import Study
    from miqa_app.services.study_status import StudyStatus


@dataclass(frozen=True)
class Campaigns:
    """The studies of a store.

    Attributes:
        studies: the newest first.
        raters: how many have joined, by study key.
    """

    studies: tuple[Study, ...]
    raters: Mapping[str, int]


@dataclass(frozen=True)
class Standing:
    """How far one study is.

    Attributes:
        study: which.
        status: its numbers.
        last: UTC time in ISO 8601 at which the last session of each rater began, by pseudonym.
    """

    study: Study
    status: StudyStatus
    last: Mapping[str, str]


@dataclass(frozen=True)
class Results:
    """What the votes say so far.

    Attributes:
        study: key of the study.
        provisional: fewer observers than the protocol asks for.
        observers: on whom it rests.
        least: observers that a final result needs.
        pictures: accessible name and PNG of each plot.
        notes: sentences that a reader should see.
    """

    study: str
    provisional: bool
    observers: int
    least: int
    pictures: tuple[tuple[str, bytes], ...]
    notes: tuple[str, ...]


def campaigns(url: str | None) -> Generator[None, None, Campaigns]:
    """Return the studies of a store."""
    yield
    from miqa_app.store import Archive

    with Archive(url) as archive:
        studies = archive.studies()
        return Campaigns(studies, {one.key: len(archive.raters(one.key)) for one in studies})


def standing(url: str | None, study: Study) -> Generator[None, None, Standing]:
    """Return how far a study is."""
    yield
    from miqa_app.services.study_status import status
    from miqa_app.store import Archive

    with Archive(url) as archive:
        found = status(archive, study)
        last = {one.pseudonym: one.began for one in archive.sessions(study.key)}
    return Standing(study, found, last)


def results(url: str | None, study: Study) -> Generator[None, None, Results]:
    """Return what the votes say so far; that somebody looked goes into the audit log.

    Raises:
        BadRequest: there is no score yet.
    """
    yield
    from miqa_app.rating.mos.panel import panel_agreement
    from miqa_app.rating.pooled import ratings_of, scores_of, stimulus_names
    from miqa_app.reports.mos_plots import observers_plot, scores_plot, sessions_plot
    from miqa_app.reports.plot_style import png
    from miqa_app.store import Archive

    with Archive(url) as archive:
        ratings = ratings_of(study, archive.votes(study.key))
        scores = scores_of(study, ratings)
        archive.add_audit(_operator(), "results shown", {"study": study.key, "votes": len(ratings)})
    yield
    names = stimulus_names(study)
    places = {
        names[info.key]: (
            str(info.provenance.get("kind", "as acquired")),
            float(info.provenance.get("severity", 0.0)),
            str(info.provenance.get("content", "")),
        )
        for info in study.stimuli
    }
    pictures = [("Mean opinion scores with 95 % intervals", png(scores_plot(scores, places)))]
    notes = list(scores.notes)
    if study.protocol.asks != "preference":  # agreement on single votes for one of two says little
        yield
        agreement = panel_agreement(ratings)
        pictures.append(("Observers", png(observers_plot(scores, agreement))))
        yield
        timeline = sessions_plot(ratings, agreement)
        if timeline is not None:
            pictures.append(("Sessions", png(timeline)))
        notes += agreement.words
    return Results(
        study.key, scores.provisional, scores.valid_observers, scores.least_observers,
        tuple(pictures), tuple(dict.fromkeys(notes)),
    )  # fmt: skip


def exported(
    url: str | None, study: Study, folder: Path
) -> Generator[tuple[int, int], None, list[Path]]:
    """Write a study into a folder, whole or not at all, and return the files.

    Raises:
        BadRequest: the folder is in use or cannot be written.
    """
    from miqa_app.services.study_export import export
    from miqa_app.store import Archive

    with Archive(url) as archive:
        return (yield from export(archive, study, folder))


def _operator() -> str:
    """Return who the operating system says is working."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"
