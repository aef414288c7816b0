"""The desk: the studies that lie open, the jobs that read and score them, and what comes of it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from miqa_app.core.series import Problem
from miqa_app.gui import jobs
from miqa_app.gui.entries import Entry, State
from miqa_app.gui.quiet import QuietScorer, link_readers
from miqa_app.gui.viewer.pixels import thumbnail

if TYPE_CHECKING:
    from miqa_app.core.assessment import Assessment, SlicePrediction
    from miqa_app.core.series import Series

_TICK_MS = 33
_BUDGET_S = 0.012
_THUMBNAIL = 112


class Desk(QObject):
    """Holds the open series in the order they came and drives the two pools: files and device.

    Events of a job lie in an inbox that a 30 Hz timer empties within a time budget, so that a reader that delivers
    thousands of frames a second never floods the event loop.

    Signals:
        opened: a series has come (its key).
        changed: state, result or failure of a series changed (its key).
        pixels_came: more frames of a series are ready (its key).
        problem_found: something could not be read (`Problem`).
        worked: how far the work is: words, done, total (total 0 = unknown).
        told: one sentence for the status bar.
        judged: a series was scored just now (its key); not sent for results that were laid on the desk.
        exported: the files of a report that was written.
        rested: all jobs have ended.
        cleared: everything was closed.

    Attributes:
        entries: series by key, in the order they came.
        problems: what could not be read.
        scorer: judges series, on the device's pool.
        device_pool: does one thing at a time.
    """

    opened = Signal(str)
    changed = Signal(str)
    pixels_came = Signal(str)
    problem_found = Signal(object)
    worked = Signal(str, int, int)
    told = Signal(str)
    judged = Signal(str)
    exported = Signal(object)
    rested = Signal()
    cleared = Signal()

    def __init__(
        self,
        read: Callable[[Sequence[str]], Iterable[object]] | None = None,
        scorer: Any = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.entries: dict[str, Entry] = {}
        self.problems: list[Problem] = []
        self._read = read or _default_reader
        self.scorer = scorer or QuietScorer()
        self._files_pool = jobs.single_pool(self)
        self.device_pool = jobs.single_pool(self)
        self._jobs: set[jobs.Job] = set()
        self._inbox: deque[tuple[int, str, Any]] = deque()
        self._round = 0
        self._scanned = (0, 0)
        self._writing = ""
        self._timer = QTimer(self)
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self._drain)

    # ---------------------------------------------------------------- what the user asks for

    def open(self, paths: Sequence[str]) -> None:
        """Read files, folders and archives in the background and score what is in them."""
        if paths:
            self._start(
                self._reading(list(paths), self._round), self._files_pool, self._reading_failed
            )

    def score(self, key: str) -> None:
        """Score a series (again) in the background."""
        entry = self.entries[key]
        if entry.state in (State.READING, State.WAITING, State.SCORING):
            return
        entry.assessment, entry.failure, entry.log = None, "", ""
        entry.predictions.clear()
        self._queue_scoring(entry)

    def export(self, folder: Path, *, identify: bool) -> None:
        """Write the report of everything that is judged into a folder, in the background."""
        judged = [
            (entry.series, entry.assessment)
            for entry in self.entries.values()
            if entry.assessment is not None
        ]
        self._writing = "Writing the report"
        work = self._exporting(judged, list(self.problems), folder, identify, self._round)
        self._start(work, self._files_pool, self._export_failed)

    def cancel(self) -> None:
        """Stop all jobs at their next step; what is already there stays."""
        for job in self._jobs:
            job.cancel()

    def close_all(self) -> None:
        """Stop all jobs and forget every series and problem."""
        self.cancel()
        self._round += 1
        self._inbox.clear()
        self.entries.clear()
        self.problems.clear()
        self._scanned = (0, 0)
        self.cleared.emit()

    def shut_down(self, timeout_ms: int = 10_000) -> bool:
        """Stop everything and wait for the threads; return whether they stopped in time."""
        self.cancel()
        self._timer.stop()
        return self._files_pool.waitForDone(timeout_ms) and self.device_pool.waitForDone(timeout_ms)

    def place(self, entries: Iterable[Entry]) -> None:
        """Lay finished entries on the desk."""
        for entry in entries:
            self.entries[entry.key] = entry
            self.opened.emit(entry.key)
            self.changed.emit(entry.key)

    @property
    def busy(self) -> bool:
        """Return whether a job runs or events wait."""
        return bool(self._jobs or self._inbox)

    # ---------------------------------------------------------------- on the pools' threads

    def _reading(self, paths: list[str], turn: int) -> Generator[None, None, None]:
        for event in self._read(paths):
            self._inbox.append((turn, type(event).__name__, event))
            yield

    def _scoring(self, series: Series, turn: int) -> Generator[None, None, Assessment]:
        self._inbox.append((turn, "Begun", series.key))
        work = self.scorer.assess(series)
        try:
            while True:
                try:
                    prediction = next(work)
                except StopIteration as end:
                    self._inbox.append((turn, "Judged", (series.key, end.value)))
                    return end.value
                self._inbox.append((turn, "Predicted", (series.key, prediction)))
                yield
        finally:
            work.close()

    def _exporting(
        self,
        judged: list[tuple[Series, Assessment]],
        problems: list[Problem],
        folder: Path,
        identify: bool,
        turn: int,
    ) -> Generator[None, None, None]:
        from miqa_app.services.report import write_report  # brings matplotlib: only when asked for

        work = write_report(judged, problems, folder, identify=identify)
        try:
            while True:
                try:
                    words = next(work)
                except StopIteration as end:
                    self._inbox.append((turn, "Written", end.value))
                    return
                self._inbox.append((turn, "Writing", words))
                yield
        finally:
            work.close()

    # ---------------------------------------------------------------- jobs

    def _start(
        self,
        work: Generator[Any, None, Any],
        pool: Any,
        failed: Callable[[str, str], None],
        subject: str = "",
    ) -> None:
        job = jobs.Job(work, self)
        job.setProperty("subject", subject)
        job.failed.connect(failed)
        job.ended.connect(self._job_ended)
        self._jobs.add(job)
        self._timer.start()
        job.start(pool)

    def _job_ended(self) -> None:
        job = self.sender()
        self._jobs.discard(job)
        job.wait_until_left()
        job.deleteLater()
        if not self._jobs:
            self._writing = ""
        if job.cancelled:
            self._mark_stopped()

    def _mark_stopped(self) -> None:
        """Say of each series whose work was cancelled that it stopped."""
        if self._jobs:
            return
        self._take(list(self._inbox))
        self._inbox.clear()
        for entry in self.entries.values():
            if entry.assessment is None and entry.state in (
                State.READING,
                State.WAITING,
                State.SCORING,
            ):
                entry.state = State.STOPPED
                self.changed.emit(entry.key)

    def _queue_scoring(self, entry: Entry) -> None:
        entry.state = State.WAITING
        self.changed.emit(entry.key)
        self._start(
            self._scoring(entry.series, self._round),
            self.device_pool,
            self._scoring_failed,
            entry.key,
        )

    def _scoring_failed(self, sentence: str, log: str) -> None:
        key = self.sender().property("subject")
        self._inbox.append(
            (self._round, "Failed", (key, sentence, log))
        )  # behind the events that came before it

    def _reading_failed(self, sentence: str, log: str) -> None:
        self._add_problem(Problem("reading", sentence))
        self.told.emit(sentence)

    def _export_failed(self, sentence: str, log: str) -> None:
        self._add_problem(Problem("report", sentence))
        self.told.emit(f"The report was not written. {sentence}")

    # ---------------------------------------------------------------- on the window's thread

    def _drain(self) -> None:
        """Take events from the inbox until the time budget of this tick is spent."""
        until = time.monotonic() + _BUDGET_S
        touched: dict[str, str] = {}
        while self._inbox and time.monotonic() < until:
            batch = [self._inbox.popleft() for _ in range(min(len(self._inbox), 16))]
            self._take(batch, touched)
        for key, signal in touched.items():
            getattr(self, signal).emit(key)
        self._report_progress()
        if not self.busy:
            self._timer.stop()
            self.rested.emit()

    def _take(
        self, batch: list[tuple[int, str, Any]], touched: dict[str, str] | None = None
    ) -> None:
        for turn, name, payload in batch:
            if turn == self._round:
                self._handle(name, payload, {} if touched is None else touched)

    def _handle(self, name: str, event: Any, touched: dict[str, str]) -> None:
        """Take one event of a job, by the name of its kind."""
        if name == "FrameReady":
            entry = self.entries.get(event.key)
            if entry is not None:
                entry.series.ready[event.frame] = True
                touched.setdefault(event.key, "pixels_came")
        elif name == "Predicted":
            key, prediction = event
            self.entries[key].predictions[prediction.index] = prediction
            touched[key] = "changed"
        elif name == "Scanned":
            self._scanned = (event.done, event.total)
        elif name == "Opened":
            self._take_opened(event.series)
        elif name == "Completed":
            self._take_completed(event.series)
        elif name == "Begun":
            self.entries[event].state = State.SCORING
            touched[event] = "changed"
        elif name == "Judged":
            self._take_judged(*event)
        elif name == "Failed":
            self._take_failed(*event)
        elif name == "Problem":
            self._add_problem(event)
        elif name == "Writing":
            self._writing = str(event)
        elif name == "Written":
            self.exported.emit(event)

    def _take_opened(self, series: Series) -> None:
        known = self.entries.get(series.key)
        if known is not None and known.series.complete:
            self.told.emit(f"{series.description or 'This series'} is already open.")
            return
        self.entries[series.key] = Entry(series)
        self.opened.emit(series.key)

    def _take_completed(self, series: Series) -> None:
        entry = self.entries.get(series.key)
        if entry is None:
            entry = self.entries[series.key] = Entry(series)
            self.opened.emit(series.key)
        elif entry.state not in (State.READING, State.STOPPED):
            return
        entry.series = series
        entry.thumbnail = thumbnail(series, series.slices // 2, _THUMBNAIL)
        self._queue_scoring(entry)

    def _take_judged(self, key: str, assessment: Assessment) -> None:
        entry = self.entries[key]
        entry.assessment, entry.state = assessment, State.DONE
        entry.predictions = {prediction.index: prediction for prediction in assessment.slices}
        self.changed.emit(key)
        self.judged.emit(key)

    def _take_failed(self, key: str, sentence: str, log: str) -> None:
        entry = self.entries.get(key)
        if entry is not None:
            entry.state, entry.failure, entry.log = State.FAILED, sentence, log
            self.changed.emit(key)

    def _add_problem(self, problem: Problem) -> None:
        self.problems.append(problem)
        self.problem_found.emit(problem)

    def _report_progress(self) -> None:
        """Say in the status bar what is being done, the step nearest to the result first."""
        entries = list(self.entries.values())
        scoring = [e for e in entries if e.state in (State.SCORING, State.WAITING)]
        reading = [e for e in entries if e.state is State.READING]
        if reading:
            frames = sum(e.series.frames for e in reading)
            self.worked.emit(
                "Reading images", sum(int(e.series.ready.sum()) for e in reading), frames
            )
        elif scoring:
            frames = sum(e.series.frames for e in scoring)
            self.worked.emit(
                f"Scoring {len(scoring)} series", sum(len(e.predictions) for e in scoring), frames
            )
        elif self._writing:
            self.worked.emit(self._writing, 0, 0)
        elif self._jobs:
            self.worked.emit("Looking at files", *self._scanned)


def _default_reader(paths: Sequence[str]) -> Iterable[object]:
    """Read with the real reader; imported on the job's thread, because it brings pydicom."""
    link_readers()
    from miqa_app.imaging import read

    return read([Path(path) for path in paths])


def entries_of(pairs: Iterable[tuple[Series, Assessment]]) -> list[Entry]:
    """Return finished entries of series and their assessments, for pictures without a reader."""
    made = []
    for series, assessment in pairs:
        predictions: dict[int, SlicePrediction] = {p.index: p for p in assessment.slices}
        picture = thumbnail(series, series.slices // 2, _THUMBNAIL)
        made.append(Entry(series, State.DONE, assessment, predictions, thumbnail=picture))
    return made
