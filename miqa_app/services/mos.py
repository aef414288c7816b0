"""From votes to mean opinion scores: what `miqa mos` and the window of a study ask for."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from miqa_app.errors import BadRequest
from miqa_app.rating.mos.adjusted import differences
from miqa_app.rating.mos.methods import LEAST_OBSERVERS, opinion_scores
from miqa_app.rating.mos.panel import PanelAgreement, panel_agreement
from miqa_app.rating.mos.planning import TARGET, Plan, plan_raters
from miqa_app.rating.mos.reading import read_ratings
from miqa_app.rating.next_items_trial import ORDERS, Campaign, savings
from miqa_app.reports.result_json import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from miqa_app.rating.mos.methods import Method
    from miqa_app.rating.mos.ratings import Ratings
    from miqa_app.rating.mos.result import OpinionScores
    from miqa_app.reports.mos_plots import Place


@dataclass(frozen=True, eq=False)
class Evaluation:
    """All that the votes of a study say.

    Attributes:
        scores: mean opinion scores and observers.
        differential: the same of differences to the reference, None where no reference was scored.
        agreement: of the observers without technical fault.
        plan: how many more raters the intervals need.
    """

    scores: OpinionScores
    differential: OpinionScores | None
    agreement: PanelAgreement
    plan: Plan

    def as_json(self) -> dict[str, Any]:
        """Return plain values: method, stimuli, observers, and what else is known beside them."""
        result = self.scores.as_json()
        differential = self.differential.as_json() if self.differential else None
        result["dmos"] = differential["stimuli"] if differential else None
        result["agreement"] = self.agreement.as_json()
        result["plan"] = {
            "target": self.plan.target,
            "more_for_median": self.plan.more_for_median,
            "more_for_worst": self.plan.more_for_worst,
            "words": self.plan.words,
        }
        return result


def ratings_from(source: str | Path, scale: tuple[float, float] | None = None) -> Ratings:
    """Return the votes that a source names: the path of a CSV file.

    Args:
        source: see `read_ratings` for the columns.
        scale: lowest and highest possible score, where known.

    Raises:
        BadRequest: there is no such file, it holds no votes that make sense, or comparisons of two images.
    """
    path = Path(source)
    if not path.is_file():
        raise BadRequest(f"There is no file {path}; give a CSV with observer, stimulus and score.")
    ratings = read_ratings(path, scale)
    if all(ratings.references) and np.isin(ratings.scores, (0.0, 0.5, 1.0)).all():
        message = f"{path} holds comparisons (1 for the stimulus, 0 for the other, 0.5 for a tie), which have no mean opinion; give the name of the study instead."
        raise BadRequest(message)
    return ratings


def mos_of(
    ratings: Ratings,
    method: Method | None = None,
    *,
    faults: Mapping[str, str] | None = None,
    least_observers: int = LEAST_OBSERVERS,
    target: float = TARGET,
) -> Evaluation:
    """Return mean opinion scores, differences to scored references, agreement, and what is still missing.

    Args:
        ratings: the votes.
        method: see `opinion_scores`; None for the one that suits the number of observers.
        faults: technical faults by observer.
        least_observers: how many observers a final result needs.
        target: half width of the interval that is wanted, points.

    Raises:
        BadRequest: the votes or the method make no sense.
    """
    scores = opinion_scores(ratings, method, faults=faults, least_observers=least_observers)
    try:
        compared = differences(ratings)
        known = {name: why for name, why in (faults or {}).items() if name in compared.observers}
        differential = opinion_scores(
            compared, cast("Method", scores.method), faults=known, least_observers=least_observers
        )
    except BadRequest:
        # most studies score no reference: nothing is wrong with that
        differential = None
    return Evaluation(
        scores, differential, panel_agreement(ratings, faults or ()), plan_raters(scores, target)
    )


def next_items_table(campaigns: int = 10) -> Iterator[str]:
    """Yield the lines of a table: the share of votes that each order of items needs for the error of the random one.

    Args:
        campaigns: how many are simulated of each kind; 10 take about 15 seconds a kind.
    """
    yield f"{'hardest':>8}{'votes':>7}{'error':>7}" + "".join(f"{name:>10}" for name in ORDERS)
    for hardest in (1.0, 3.0, 5.0):
        for saving in savings(Campaign(hardest=hardest), range(campaigns)):
            shares = "".join(f"{saving.share[name]:>10.2f}" for name in ORDERS)
            yield f"{'×' + format(hardest, 'g'):>8}{saving.votes:>7}{saving.error:>7.1f}{shares}"


def write_json(evaluation: Evaluation, path: Path) -> None:
    """Write the evaluation as UTF-8 JSON, whole or not at all; the folder is made if missing."""
    text = json.dumps(evaluation.as_json(), indent=1, ensure_ascii=False, allow_nan=False)
    write_whole(path, (text + "\n").encode())


def write_plots(
    evaluation: Evaluation,
    ratings: Ratings,
    folder: Path,
    *,
    places: Mapping[str, Place] | None = None,
    breaks: Mapping[str, Sequence[tuple[str, float]]] | None = None,
) -> list[Path]:
    """Write scores.png, observers.png and, where the order of presentation is known, sessions.png.

    Args:
        evaluation: of the votes.
        ratings: the votes.
        folder: made if missing.
        places: artefact, severity and reference by stimulus.
        breaks: by observer, the session and the place in it before which a break was taken.

    Returns:
        The files.
    """
    from miqa_app.reports.mos_plots import observers_plot, scores_plot, sessions_plot
    from miqa_app.reports.plot_style import png

    figures = {
        "scores.png": scores_plot(evaluation.scores, places),
        "observers.png": observers_plot(evaluation.scores, evaluation.agreement),
        "sessions.png": sessions_plot(ratings, evaluation.agreement, breaks),
    }
    written = []
    for name, figure in figures.items():
        if figure is not None:
            write_whole(folder / name, png(figure))
            written.append(folder / name)
    return written
