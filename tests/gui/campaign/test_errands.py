"""What a window sends away comes back once, in order, and never to a window that has closed."""

import threading

import pytest
from PySide6.QtCore import QObject

from miqa_app.errors import BadRequest
from miqa_app.gui.campaign.errands import Errands
from tests.gui.campaign.steps import until


@pytest.fixture
def errands(qapp):
    owner = QObject()
    yield Errands(owner)
    owner.deleteLater()


def count(to, gate=None):
    for number in range(to):
        if gate is not None:
            gate.wait(5)
        yield number
    return to


def test_progress_and_the_result_come(errands):
    told, done = [], []
    errands.send("count", count(3), done.append, told=told.append)
    until(lambda: done)
    assert (told, done) == ([0, 1, 2], [3])


def test_a_new_errand_takes_the_place_of_the_old_one_of_its_name(errands):
    gate, done = threading.Event(), []
    errands.send("count", count(5, gate), done.append)
    errands.send("count", count(2), done.append)
    gate.set()
    until(lambda: done)
    assert done == [2]


def test_a_recalled_errand_says_that_it_was_stopped(errands):
    gate, done, stopped = threading.Event(), [], []
    errands.send("count", count(5, gate), done.append, stopped=lambda: stopped.append(True))
    errands.recall("count")
    gate.set()
    until(lambda: stopped)
    assert not done


def test_what_came_to_its_end_before_it_could_stop_counts_as_done(errands):
    gate, begun, done, stopped = threading.Event(), threading.Event(), [], []

    def last_step():
        begun.set()
        gate.wait(5)
        return "stored"
        yield

    errands.send("store", last_step(), done.append, stopped=lambda: stopped.append(True))
    begun.wait(5)
    errands.recall("store")
    gate.set()
    until(lambda: done)
    assert (done, stopped) == (["stored"], [])


def test_a_fault_comes_as_a_sentence(errands):
    said = []

    def faulty():
        yield
        raise BadRequest("The store is full.")

    errands.send("store", faulty(), said.append, failed=said.append)
    until(lambda: said)
    assert said == ["The store is full."]


def test_nothing_is_heard_after_the_shut_down(errands, qapp):
    gate, done = threading.Event(), []
    errands.send("count", count(3, gate), done.append, told=done.append)
    gate.set()
    errands.shut_down()
    qapp.processEvents()
    assert done == []
