"""A job: progress, result, failure, cancel, and always an end."""

import threading

import pytest

from miqa_app.errors import UnreadableFile
from miqa_app.gui.jobs import Job, single_pool


@pytest.fixture
def pool(qapp):
    from PySide6.QtCore import QObject

    owner = QObject()
    pool = single_pool(owner)
    yield pool
    assert pool.waitForDone(5000)
    pool.setExpiryTimeout(0)


def log_of(job):
    """Return a list that fills with what the job says."""
    said = []
    job.progressed.connect(lambda value: said.append(("progress", value)))
    job.succeeded.connect(lambda value: said.append(("done", value)))
    job.failed.connect(lambda words, log: said.append(("failed", words, log)))
    job.ended.connect(lambda: said.append(("ended",)))
    return said


def test_progress_comes_in_order_then_the_result_then_the_end(qtbot, pool):
    def work():
        yield 1
        yield None
        yield 2
        return "three"

    job = Job(work())
    said = log_of(job)
    with qtbot.waitSignal(job.ended):
        job.start(pool)
    assert said == [("progress", 1), ("progress", 2), ("done", "three"), ("ended",)]


def test_an_expected_error_is_told_in_its_own_words(qtbot, pool):
    def work():
        yield
        raise UnreadableFile("scan.dcm", "has no pixel data")

    job = Job(work())
    said = log_of(job)
    with qtbot.waitSignal(job.ended):
        job.start(pool)
    assert said[0][:2] == ("failed", "scan.dcm: has no pixel data.")
    assert "Traceback" in said[0][2]
    assert said[1:] == [("ended",)]


def test_an_unexpected_error_becomes_one_sentence_with_a_log(qtbot, pool):
    def work():
        yield
        raise ValueError("line one\nline two")

    job = Job(work())
    said = log_of(job)
    with qtbot.waitSignal(job.ended):
        job.start(pool)
    assert said[0][1] == "This did not work: line one."
    assert "ValueError" in said[0][2]


def test_cancel_stops_at_the_next_yield_and_cleans_up(qtbot, pool):
    cleaned = threading.Event()
    begun = threading.Event()

    def work():
        try:
            while True:
                begun.set()
                yield
        finally:
            cleaned.set()

    job = Job(work())
    said = log_of(job)
    with qtbot.waitSignal(job.ended):
        job.start(pool)
        assert begun.wait(5)
        job.cancel()
    assert cleaned.is_set()
    assert said == [("ended",)]


def test_a_job_cancelled_before_its_turn_never_begins(qtbot, pool):
    ran = []

    def work():
        ran.append(True)
        yield

    job = Job(work())
    job.cancel()
    with qtbot.waitSignal(job.ended):
        job.start(pool)
    assert not ran


def test_work_runs_off_the_window_thread(qtbot, pool):
    def work():
        yield
        return threading.current_thread() is threading.main_thread()

    job = Job(work())
    with qtbot.waitSignal(job.succeeded) as caught:
        job.start(pool)
    assert caught.args == [False]


def test_a_job_may_be_deleted_when_the_worker_has_left(qtbot, pool):
    """The worker tells of the end from the job itself, so nobody may delete it under the worker."""
    order = []

    class Slow(Job):
        def run(self):
            super().run()
            order.append("worker left")

    for _ in range(200):
        job = Slow(iter(()))
        with qtbot.waitSignal(job.ended):
            job.start(pool)
        job.wait_until_left()
        order.append("deleted")
        job.deleteLater()
    assert order == ["worker left", "deleted"] * 200
