"""The engines are measured once, in a quiet moment, and a scan that is opened meanwhile never waits for it."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest
from PySide6.QtCore import QObject, Signal

from miqa_app.gui import engine_start
from miqa_app.gui.engine_start import EngineStart
from miqa_app.services import engine_choice
from tests.gui.waiting import until

FAST = SimpleNamespace(words="This computer scores a slice in 0.07 s with OpenVINO.")


class QuietDesk(QObject):
    """A desk on which nothing lies until somebody says so."""

    opened = Signal(str)
    rested = Signal()
    busy = False


class Measurement:
    """Stands for seconds of measuring: each step waits until the test lets it go on."""

    def __init__(self):
        self.begun = 0
        self.closed = 0
        self.go_on = threading.Event()

    def choose_beside(self, *_):
        """Two steps, then the answer."""
        self.begun += 1
        try:
            for _ in range(2):
                yield None
                assert self.go_on.wait(30)
            return FAST
        finally:
            self.closed += 1


@pytest.fixture
def measurement(monkeypatch):
    made = Measurement()
    monkeypatch.setattr(engine_choice, "kept_choice", lambda: None)
    monkeypatch.setattr(engine_choice, "choose_beside", made.choose_beside)
    monkeypatch.setattr(engine_start, "_QUIET_MS", 20)
    yield made
    made.go_on.set()


@pytest.fixture
def start(qapp, measurement):
    desk = QuietDesk()
    made = EngineStart(desk, desk)
    made.said = []
    made.found.connect(made.said.append)
    yield made
    measurement.go_on.set()
    made.shut_down()
    qapp.processEvents()
    desk.deleteLater()


def test_what_was_measured_is_said_once(start, measurement):
    measurement.go_on.set()
    start.look()
    until(lambda: start.choice is FAST)
    assert start.said == [FAST]
    start._desk.rested.emit()
    until(lambda: not start._timer.isActive())
    assert measurement.begun == 1


def test_what_is_known_is_not_measured_and_not_said_again(start, measurement, monkeypatch):
    monkeypatch.setattr(engine_choice, "kept_choice", lambda: FAST)
    start.look()
    until(lambda: start.choice is FAST)
    assert (start.said, measurement.begun) == ([], 0)


def test_a_scan_that_is_opened_stops_it_and_it_begins_anew_when_the_desk_rests(start, measurement):
    start.look()
    until(lambda: measurement.begun == 1)
    start._desk.busy = True
    start._desk.opened.emit("a")
    measurement.go_on.set()
    until(lambda: measurement.closed == 1 and start._job is None)
    assert start.choice is None
    start._desk.busy = False
    start._desk.rested.emit()
    until(lambda: start.choice is FAST)
    assert measurement.begun == 2


def test_nothing_is_measured_while_a_scan_is_being_scored(start, measurement):
    start._desk.busy = True
    start.look()
    until(lambda: not start._timer.isActive())
    assert measurement.begun == 0


def test_a_measurement_that_fails_is_not_tried_again_and_again(start, monkeypatch):
    tried = []

    def failing():
        tried.append(1)
        yield None
        raise OSError("the disk is full")

    monkeypatch.setattr(engine_choice, "choose_beside", failing)
    start.look()
    until(lambda: tried and start._job is None)
    start._desk.rested.emit()
    assert not start._timer.isActive()
    assert len(tried) == 1


def test_a_measurement_without_an_answer_is_left_at_that(start, monkeypatch):
    def silent():
        yield None

    monkeypatch.setattr(engine_choice, "choose_beside", silent)
    start.look()
    until(lambda: not start._wanted)
    assert (start.choice, start.said) == (None, [])


def test_another_model_is_measured_anew(start, measurement):
    measurement.go_on.set()
    start.look()
    until(lambda: start.choice is FAST)
    start.look()
    assert start.choice is None
    until(lambda: start.choice is FAST)
    assert measurement.begun == 2


def test_closing_stops_it(start, measurement):
    start.look()
    until(lambda: measurement.begun == 1)
    measurement.go_on.set()
    start.shut_down()
    assert measurement.closed == 1


@pytest.mark.slow
def test_the_real_measurement_of_the_bundled_model_ends_in_a_sentence(qapp, monkeypatch, tmp_path):
    # for the process that measures, and in the same place for this one
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setattr("miqa_app.paths.user_settings", lambda: tmp_path / "miqa_app")
    monkeypatch.setattr(engine_start, "_QUIET_MS", 20)
    desk = QuietDesk()
    start = EngineStart(desk, desk)
    start.look()
    until(lambda: start.choice is not None, 240)
    assert start.choice.engine in start.choice.timings
    assert start.choice.words.startswith("This computer scores a slice in")
    assert engine_choice.kept_choice() == start.choice
    start.shut_down()
    desk.deleteLater()
