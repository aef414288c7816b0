"""A long session at the workstation: open, scroll, window, score, rate, close, again and again; nothing may pile up.

`python -m tests.benchmarks soak` takes three minutes; `python -m tests.benchmarks.bench_soak 120 log.csv` two hours, with a
line per round in the file and half a minute of rest between rounds. Before it, the memory that a series of 1000 slices takes.

The count of references to None must not fall, which kills the process (PySide6 6.12 on Python 3.11). It does rise: PySide
6.11 keeps one for every virtual method that Qt calls on a new object and that Python does not override, six for a QImage that
is painted on, four for an event loop. That costs no memory.
"""

from __future__ import annotations

import contextlib
import csv
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
import psutil
from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QApplication

from miqa_app.core.window import Window
from miqa_app.gui import theme
from miqa_app.gui.app import application
from miqa_app.gui.desk import Desk
from miqa_app.gui.main_window import MainWindow
from miqa_app.gui.memory import Memory
from miqa_app.gui.rating.window import RatingWindow
from miqa_app.services.demo import demo_paths
from miqa_app.services.rating_room import RatingRoom
from miqa_app.store import Archive
from tests.benchmarks.bench_gui import Row, write_series
from tests.gui.rating import steps
from tests.gui.rating.steps import press, set_up, until, until_viewing
from tests.rating.made_studies import head, made_study

_LARGE = 1000
_SCORING_S = 1800
_VOTES = 6
_SETTLED = 0.5
"""Share of the session after which caches are full; what grows later is a leak.

Qt's pictures take the longest: 10 MB of them, a fifth of a MB for each round.
"""


def run(minutes: float = 3, log: Path | None = None, rest: float = 0) -> list[Row]:
    """Return memory of a large series, and growth of memory and of references to None in a session of some minutes.

    Args:
        minutes: how long the session is.
        log: table of all rounds.
        rest: seconds between two rounds.
    """
    app = application()
    theme.apply(app, theme.DARK)
    steps.wait = wait
    with tempfile.TemporaryDirectory() as folder, _own_home(Path(folder)):
        write_series(Path(folder) / "large", _LARGE)
        session = Session(Path(folder))
        session.open_demo()
        rows = [("memory for 1000 slices of 512², read and scored", session.large(), "GB")]
        rows += _flatness(session, minutes, log, rest)
        session.close()
    return rows


def wait(milliseconds: float) -> None:
    """Let the window work for a while.

    Without a new event loop for every wait, as the tests have them, so that the references to None are those of the program.
    """
    end = time.monotonic() + milliseconds / 1000
    while (left := end - time.monotonic()) > 0:
        QApplication.processEvents()
        time.sleep(min(left, 0.002))


class Session:
    """Somebody at the workstation, without pauses for thought longer than a few milliseconds."""

    def __init__(self, folder: Path) -> None:
        """Open the workstation, and make a study to be rated."""
        self._folder = folder
        self._window = MainWindow(Desk(), Memory(folder / "window.ini"))
        self._window.desk.setParent(self._window)
        self._window.resize(1366, 768)
        self._window.show()
        self._store = str(folder / "rating.sqlite")
        sources = [head(256, 1, seed) for seed in range(2)]
        self._study, contents = made_study("sds", rated=20, training=0, stabilising_items=0, sources=sources, pause_seconds=0.01)  # fmt: skip
        with Archive(self._store) as archive:
            archive.add_study(self._study, contents)
        self._raters = (f"r-{number}" for number in count(1))

    def open_demo(self) -> None:
        """Open the phantom and wait for its scores."""
        self._open([str(path) for path in demo_paths()], _SCORING_S)

    def large(self) -> float:
        """Read and score the large series; return what it took at most beyond the program, in GB."""
        self._window.close_all()
        _settle()
        before = _memory()
        most = self._open([str(self._folder / "large")], _SCORING_S)
        entry = next(iter(self._window.desk.entries.values()))
        assert entry.assessment is not None, entry.failure or "it was not scored in time"
        self._window.close_all()
        _settle()
        return (most - before) / 1e9

    def round(self) -> None:
        """Do once what is done all day."""
        self.open_demo()
        viewer = self._window.viewer
        for number in range(60):
            viewer.step(1 if number < 30 else -1)
            wait(8)
        for width in range(300, 700, 10):
            viewer.active.view.set_window(Window(300, width))
            wait(8)
        for name in ("overlay", "attention", "overlay"):
            self._window.actions_by_id[name].trigger()
            wait(30)
        self._window.score_again()
        until(lambda: not self._window.desk.busy, _SCORING_S)
        self._rate()
        self._window.close_all()
        _settle()

    def _rate(self) -> None:
        """Sit down as somebody new, and rate a few pairs."""
        room = RatingRoom(self._store)
        window = RatingWindow(room, room.sitting(self._study.name, next(self._raters)))
        window.resize(1280, 720)
        window.show()
        set_up(window)
        for _ in range(_VOTES):
            press(window, Qt.Key.Key_7)
            wait(120)
            press(window, Qt.Key.Key_Return)
            until_viewing(window)
        window.close()
        window.deleteLater()

    def _open(self, paths: list[str], limit: float) -> int:
        """Open paths, wait until everything is scored, and return the most memory on the way, in bytes."""
        most = [_memory()]

        def rested() -> bool:
            most.append(_memory())
            return not self._window.desk.busy

        self._window.desk.open(paths)
        until(rested, limit)
        return max(most)

    def close(self) -> None:
        """Go home."""
        self._window.close()
        self._window.deleteLater()
        _settle()


def _flatness(session: Session, minutes: float, log: Path | None, rest: float) -> list[Row]:
    """Run rounds for some minutes, and return by how much things grow."""
    times, memory, references = [], [], []
    begun = time.monotonic()
    with _writer(log) as write:
        while time.monotonic() - begun < 60 * minutes:
            session.round()
            times.append((time.monotonic() - begun) / 3600)
            memory.append(_memory() / 1e6)
            references.append(sys.getrefcount(None))
            write([f"{times[-1] * 60:.2f}", f"{memory[-1]:.1f}", references[-1]])
            wait(1000 * rest)
    settled = np.array(times) >= _SETTLED * times[-1]
    return [
        ("rounds of a session", len(times), f"in {minutes:g} minutes"),
        ("memory at its end", memory[-1], "MB"),
        ("growth of memory once settled", _slope(times, memory, settled), "MB an hour"),
        ("growth of references to None", _slope(times, references, settled), "an hour"),
    ]


def _slope(times: list[float], values: list[float], chosen: np.ndarray) -> float:
    """Return the growth per hour by Theil and Sen: the median over all pairs, which a single jump does not move."""
    from scipy.stats import theilslopes

    if chosen.sum() < 2:
        return float("nan")
    return float(theilslopes(np.array(values)[chosen], np.array(times)[chosen]).slope)


def _memory() -> int:
    return psutil.Process().memory_info().rss


def _settle() -> None:
    """Let everything that waits be deleted."""
    for _ in range(5):
        wait(20)
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


@contextlib.contextmanager
def _own_home(folder: Path) -> Iterator[None]:
    """Keep settings and results of the session out of the user's folders."""
    names = ("XDG_DATA_HOME", "XDG_CONFIG_HOME")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update({name: str(folder / name.lower()) for name in names})
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name)
            else:
                os.environ[name] = value


@contextlib.contextmanager
def _writer(log: Path | None) -> Iterator[Callable[[list[object]], None]]:
    """Give a function that adds a line to the log, if there is to be one."""
    if log is None:
        yield lambda _: None
        return
    with log.open("w", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream)
        table.writerow(["minutes", "memory MB", "references to None"])

        def write(row: list[object]) -> None:
            table.writerow(row)
            stream.flush()

        yield write


if __name__ == "__main__":
    wanted = float(sys.argv[1]) if len(sys.argv) > 1 else 120.0
    for name, value, unit in run(wanted, Path(sys.argv[2]) if len(sys.argv) > 2 else None, 30):
        print(f"{name:50s} {value:10.2f} {unit}", flush=True)
