"""Pictures of a rating study."""

from __future__ import annotations

import numpy as np

from miqa_app.rating.mos.methods import opinion_scores
from miqa_app.rating.mos.panel import panel_agreement
from miqa_app.rating.mos.ratings import Ratings
from miqa_app.rating.observers import simulated_panel, simulated_ratings
from miqa_app.reports.mos_plots import observers_plot, scores_plot, sessions_plot, told_apart
from miqa_app.reports.plot_style import png

TRUTH = np.linspace(80, 20, 24)
PANEL = simulated_panel(6, 1)
RATINGS = simulated_ratings(TRUTH, PANEL, 2, repeats=3)
PLACES = {
    f"stimulus-{n + 1:03d}": (("motion", "blur")[n % 2], (n // 6 + 1) / 4, f"reference {n % 3}")
    for n in range(23)
}


def words(figure) -> str:
    texts = [text.get_text() for axis in figure.axes for text in axis.texts]
    titles = [axis.get_title("left") for axis in figure.axes]
    labels = [label.get_text() for axis in figure.axes for label in axis.get_yticklabels()]
    return " | ".join([figure.get_suptitle(), *texts, *titles, *labels])


def test_scores_stand_by_artefact_and_severity_with_their_intervals():
    scores = opinion_scores(RATINGS, "bt500")
    figure = scores_plot(scores, PLACES)
    drawn = [axis for axis in figure.axes if axis.axison]
    assert [axis.get_title("left") for axis in drawn] == ["blur", "motion", "other"]
    assert "provisional: 6 of 15 observers" in figure.get_suptitle()
    mos = {one.stimulus: one.mos for one in scores.stimuli}
    heights = np.concatenate([line.get_ydata() for line in drawn[0].get_lines()])
    expected = [mos[name] for name, place in PLACES.items() if place[0] == "blur"]
    assert all(np.isclose(heights, value).any() for value in expected)
    assert png(figure).startswith(b"\x89PNG")


def test_without_places_scores_stand_in_their_order():
    figure = scores_plot(opinion_scores(RATINGS, "raw"))
    heights = figure.axes[0].get_lines()[0].get_ydata()
    assert len(heights) == 24
    assert (np.diff(heights) >= 0).all()
    assert len(figure.axes[0].get_xticklabels()) == 24


def test_a_study_of_many_stimuli_is_drawn_without_names():
    many = simulated_ratings(np.linspace(10, 90, 80), PANEL, 3)
    assert scores_plot(opinion_scores(many, "raw")).axes[0].get_xticklabels() == []


def test_observers_who_are_left_out_are_marked_and_the_literature_is_shown():
    scores = opinion_scores(RATINGS, "p910", faults={"observer-03": "wrong display"})
    figure = observers_plot(scores, panel_agreement(RATINGS, {"observer-03"}))
    assert "observer-03 ×" in words(figure)
    assert "left out (1)" in words(figure)
    assert "31 radiologists, 0.57" in words(figure)
    assert len(figure.axes) == 3
    assert len(observers_plot(opinion_scores(RATINGS, "raw"), panel_agreement(RATINGS)).axes) == 1


def test_sessions_show_residuals_breaks_and_new_sessions():
    half = RATINGS.orders >= 14
    ratings = Ratings(
        RATINGS.observers,
        RATINGS.stimuli,
        RATINGS.scores,
        repetitions=RATINGS.repetitions,
        sessions=tuple("2" if late else "1" for late in half),
        orders=np.where(half, RATINGS.orders - 14, RATINGS.orders),
        seconds=RATINGS.seconds,
    )
    figure = sessions_plot(ratings, panel_agreement(ratings), {"observer-01": [("2", 5.0)]})
    assert len(figure.axes) == 12
    upright = sorted(
        float(line.get_xdata()[0])
        for line in figure.axes[0].get_lines()
        if len(set(line.get_xdata())) == 1 and len(line.get_xdata()) == 2
    )
    assert upright == [13.5, 18.5]
    assert "observer-01 · drift" in words(figure)


def test_without_known_order_there_is_no_time_line():
    plain = Ratings(RATINGS.observers, RATINGS.stimuli, RATINGS.scores, repetitions=RATINGS.repetitions)  # fmt: skip
    assert sessions_plot(plain, panel_agreement(plain)) is None


def test_sessions_without_viewing_times_have_one_column():
    plain = Ratings(RATINGS.observers, RATINGS.stimuli, RATINGS.scores, repetitions=RATINGS.repetitions, orders=RATINGS.orders)  # fmt: skip
    assert len(sessions_plot(plain, panel_agreement(plain)).axes) == 6


def middles(axis) -> dict[str, float]:
    """Return where each tick stands by its words."""
    return {
        label.get_text(): place
        for label, place in zip(axis.get_xticklabels(), axis.get_xticks(), strict=True)
    }


def test_every_score_stands_in_the_band_of_its_severity_and_the_band_is_centred_on_its_tick():
    scores = opinion_scores(RATINGS, "raw")
    places = PLACES | {"stimulus-024": ("as acquired", 0.0, "reference 2")}
    figure = scores_plot(scores, places)
    heights = {one.stimulus: one.mos for one in scores.stimuli}
    for axis in (axis for axis in figure.axes if axis.axison):
        kind, ticks = axis.get_title("left"), middles(axis)
        low, high = axis.get_xlim()
        lone = {name for name in places if places[name][0] == kind}
        drawn = [
            (float(x), float(y))
            for line in axis.get_lines()
            for x, y in zip(np.atleast_1d(line.get_xdata()), np.atleast_1d(line.get_ydata()), strict=True)
        ]  # fmt: skip
        for name in lone:
            severity = places[name][1]
            tick = ticks[f"{severity:g}" if severity else "unchanged"]
            assert low < tick < high
            found = [x for x, y in drawn if np.isclose(y, heights[name])]
            assert any(abs(x - tick) < 0.4 for x in found), (kind, name)
        if kind == "as acquired":
            assert ticks["unchanged"] == (low + high) / 2
            assert {x for x, _ in drawn} == {ticks["unchanged"]}


def test_names_on_the_axis_can_be_told_apart():
    names = [f"scan-1-slice-{n}-white_noise-{s}" for n in (14, 36) for s in (0.2, 0.5)]
    assert told_apart(names) == (names, "")
    site = [f"hospital-of-the-long-name-{name}" for name in names]
    begin = "hospital-of-the-long-name-scan-1-slice-"
    assert told_apart(site) == ([name.removeprefix(begin) for name in site], begin)
    long = [f"{end}{'x' * 60}{end}" for end in "abc"]
    assert len(set(told_apart(long)[0])) == 3
    assert max(map(len, told_apart(long)[0])) < 40
    alike = [f"{'y' * 40}{n}{'y' * 40}" for n in range(3)]
    assert told_apart(alike) == (alike, "")
    grown = ["a" * 35, "a" * 35 + "-b"]
    assert len(set(told_apart(grown)[0])) == 2
    assert len(told_apart(["z" * 60])[0][0]) < 40
