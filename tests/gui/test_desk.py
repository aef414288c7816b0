"""The desk: events become entries, failures become sentences, cancel and close leave no half state."""

import threading

import pytest

from miqa_app.core.assessment import Verdict
from miqa_app.core.series import Problem
from miqa_app.errors import BadModel
from miqa_app.gui.desk import Desk
from miqa_app.gui.entries import State
from tests.gui.conftest import make_assessment, make_series

events = pytest.importorskip("miqa_app.imaging.events")


class FixedScorer:
    """Judges every series the same way, slice by slice, from a hand-built assessment."""

    def __init__(self, gate=None, error=None):
        self.gate, self.error = gate, error

    def assess(self, series):
        result = make_assessment(series)
        for prediction in result.slices:
            if self.gate is not None:
                assert self.gate.wait(5)
            if self.error is not None:
                raise self.error
            yield prediction
        return result


def reader_of(*found):
    """Return a reader that opens, fills and completes these series, and tells these problems."""

    def read(paths):
        yield events.Scanned(1, 1)
        for item in found:
            if isinstance(item, Problem):
                yield item
                continue
            item.ready[:] = False
            yield events.Opened(item)
            for frame in range(item.frames):
                item.ready[frame] = True
                yield events.FrameReady(item.key, frame)
            yield events.Completed(item)

    return read


@pytest.fixture
def desk_of(qapp):
    desks = []

    def make(read, scorer):
        desk = Desk(read, scorer)
        desks.append(desk)
        return desk

    yield make
    for desk in desks:
        assert desk.shut_down()
        desk.deleteLater()


def test_a_series_is_read_scored_and_judged(qtbot, desk_of):
    desk = desk_of(reader_of(make_series()), FixedScorer())
    with qtbot.waitSignal(desk.rested):
        desk.open(["x"])
    entry = desk.entries["a"]
    assert entry.state is State.DONE
    assert entry.assessment.verdict is Verdict.RESCAN
    assert sorted(entry.predictions) == list(range(6))
    assert entry.thumbnail is not None


def test_what_cannot_be_read_is_listed_and_the_rest_still_opens(qtbot, desk_of):
    desk = desk_of(reader_of(Problem("bad.dcm", "truncated"), make_series()), FixedScorer())
    with qtbot.waitSignals([desk.problem_found, desk.rested]):
        desk.open(["x"])
    assert [p.reason for p in desk.problems] == ["truncated"]
    assert "a" in desk.entries


def test_failed_scoring_is_one_sentence_and_the_images_stay(qtbot, desk_of):
    desk = desk_of(
        reader_of(make_series()), FixedScorer(error=BadModel("The model folder is damaged."))
    )
    with qtbot.waitSignal(desk.rested):
        desk.open(["x"])
    entry = desk.entries["a"]
    assert entry.state is State.FAILED
    assert entry.failure == "The model folder is damaged."
    assert "Traceback" in entry.log
    assert entry.series.complete


def test_cancel_keeps_what_is_there_and_score_again_finishes_it(qtbot, desk_of):
    gate = threading.Event()
    desk = desk_of(reader_of(make_series()), FixedScorer(gate))
    desk.open(["x"])
    qtbot.waitUntil(lambda: "a" in desk.entries and desk.entries["a"].state is State.SCORING)
    with qtbot.waitSignal(desk.rested):
        desk.cancel()
        gate.set()
    assert desk.entries["a"].state is State.STOPPED
    with qtbot.waitSignal(desk.rested):
        desk.score("a")
    assert desk.entries["a"].state is State.DONE


def test_close_all_in_the_middle_leaves_nothing_and_late_events_are_dropped(qtbot, desk_of):
    gate = threading.Event()
    desk = desk_of(reader_of(make_series()), FixedScorer(gate))
    desk.open(["x"])
    qtbot.waitUntil(lambda: "a" in desk.entries and desk.entries["a"].state is State.SCORING)
    with qtbot.waitSignal(desk.rested):
        desk.close_all()
        gate.set()
    assert not desk.entries


def test_opening_the_same_scan_twice_keeps_one(qtbot, desk_of):
    desk = desk_of(reader_of(make_series()), FixedScorer())
    for _ in range(2):
        with qtbot.waitSignal(desk.rested):
            desk.open(["x"])
    assert list(desk.entries) == ["a"]
    assert desk.entries["a"].state is State.DONE


def test_thousands_of_frames_do_not_flood_the_event_loop(qtbot, desk_of):
    desk = desk_of(reader_of(make_series((4000, 4, 4), geometry=None)), FixedScorer())
    told = []
    desk.pixels_came.connect(told.append)
    desk.changed.connect(told.append)
    with qtbot.waitSignal(desk.rested, timeout=20000):
        desk.open(["x"])
    assert len(told) < 400
