"""Decisions at the scanner: from the keys to the record, and from the record back to the card."""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from miqa_app.gui.ledger import Ledger
from miqa_app.gui.trial import Trial

if TYPE_CHECKING:
    from miqa_app.gui.entries import Entry
    from miqa_app.gui.main_window import MainWindow
    from miqa_app.store import Decision

_DEMO = "The demo phantom is not a patient: nothing is kept of it."
_OFF = "Assessments are not kept (Decision menu), so there is nothing to decide on."


class Decisions(QObject):
    """Keeps every assessment of the window and what is decided about it.

    The time to a decision counts from the moment the result first stood on the card.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._bar = window.card.decision
        self._ledger = Ledger(self)
        self._trial = Trial(window.desk, self)
        self._keys: dict[str, str] = {}
        self._standing: dict[str, Decision | None] = {}
        self._fresh: set[str] = set()
        self._since: dict[str, float] = {}
        self._waiting: dict[str, tuple[str, str]] = {}
        self.keeping = bool(window.memory.get("keep_assessments", True))
        window.desk.judged.connect(self._judged)
        window.desk.cleared.connect(self._cleared)
        window.card.shown.connect(self._shown)
        self._bar.asked.connect(self._asked)
        self._bar.reason_chosen.connect(self._rescan)
        self._bar.undo_asked.connect(self.undo)
        self._ledger.kept.connect(self._kept)
        self._ledger.decided.connect(self._decided)
        self._ledger.failed.connect(window.say)
        self._trial.said.connect(self._tried)
        self._trial.failed.connect(window.say)

    # ---------------------------------------------------------------- what a person asks for

    def accept(self) -> None:
        """Keep the series of the card as good enough."""
        self._decide("accept", "")

    def rescan(self) -> None:
        """Ask why the series is to be scanned again."""
        if self._open_entry() is not None:
            self._bar.ask_reason()

    def look(self) -> None:
        """Show the worst slice without the heatmap; that somebody looked is kept while nothing is decided."""
        entry = self._window.card.entry
        if entry is None:
            return
        self._window.viewer.set_overlay(False)
        if entry.worst:
            self._window.viewer.show_frame(entry.worst[0])
        if entry.assessment is not None and self.keeping and self._standing.get(entry.key) is None:
            self._decide("check", "")

    def undo(self) -> None:
        """Take the decision back that was taken in the last ten seconds."""
        entry = self._window.card.entry
        if entry is not None and self._bar.undoable and entry.key in self._keys:
            self._fresh.discard(entry.key)
            self._ledger.undo(entry.key, self._keys[entry.key])

    def set_keeping(self, on: bool) -> None:
        """Keep assessments from now on, or do not."""
        self.keeping = on
        self._window.memory.set("keep_assessments", on)
        self._refresh()

    def shut_down(self) -> None:
        """Stop the clock and wait until all is kept."""
        self._bar.stop()
        self._trial.shut_down()
        self._ledger.shut_down()

    # ---------------------------------------------------------------- what the desk and the card tell

    def _judged(self, key: str) -> None:
        """Keep what was just judged."""
        entry = self._window.desk.entries.get(key)
        if entry is None or entry.assessment is None:
            return
        for known in (self._keys, self._standing, self._since):
            known.pop(key, None)
        if self._window.card.entry is entry:
            self._since[key] = time.monotonic()
        if self.keeping:
            self._ledger.keep(entry.series, entry.assessment)

    def _shown(self, entry: Entry | None) -> None:
        if entry is not None and entry.assessment is not None:
            self._since.setdefault(entry.key, time.monotonic())
        self._refresh()

    def _cleared(self) -> None:
        for known in (self._keys, self._standing, self._since, self._fresh, self._waiting):
            known.clear()
        self._refresh()

    def _asked(self, name: str) -> None:
        {"accept": self.accept, "rescan": self.rescan, "look": self.look}[name]()

    def _rescan(self, reason: str) -> None:
        self._decide("rescan", reason)

    # ---------------------------------------------------------------- the record

    def _open_entry(self) -> Entry | None:
        """Return the series of the card if something can be decided about it."""
        entry = self._window.card.entry
        if entry is None or entry.assessment is None or self._why_not(entry):
            return None
        return entry

    def _why_not(self, entry: Entry) -> str:
        if self._keys.get(entry.key) == "":
            return _DEMO
        return "" if self.keeping else _OFF

    def _decide(self, decision: str, reason: str) -> None:
        entry = self._open_entry()
        if entry is None:
            return
        key = self._keys.get(entry.key)
        if key is None:
            # the key was faster than the disk, or the assessment was laid on the desk without being judged here
            self._waiting[entry.key] = (decision, reason)
            self._ledger.keep(entry.series, entry.assessment)
            return
        since = self._since.get(entry.key)
        seconds = None if since is None else time.monotonic() - since
        self._fresh.add(entry.key)
        self._ledger.decide(entry.key, key, decision, reason, seconds)

    def _kept(self, series_key: str, key: str, standing: Decision | None) -> None:
        entry = self._window.desk.entries.get(series_key)
        if entry is None:
            return
        self._keys[series_key] = key
        self._standing[series_key] = standing
        waiting = self._waiting.pop(series_key, None)
        if key and waiting is not None and self._window.card.entry is entry:
            self._decide(*waiting)
        elif key:
            self._trial.start(series_key, entry.series)
        self._refresh()

    def _decided(self, series_key: str, standing: Decision | None) -> None:
        self._standing[series_key] = standing
        self._refresh()

    def _tried(self, series_key: str, shadow: object) -> None:
        key = self._keys.get(series_key)
        if key:
            self._ledger.keep_shadow(key, shadow)

    def _refresh(self) -> None:
        """Show on the bar what can be decided and what was."""
        entry = self._window.card.entry
        if entry is None or entry.assessment is None:
            self._bar.set_open(False)
            return
        why_not = self._why_not(entry)
        self._bar.set_open(not why_not, why_not)
        if why_not:
            return
        standing = self._standing.get(entry.key)
        if standing is None:
            self._bar.show_decision("", "")
            return
        fresh = entry.key in self._fresh
        self._fresh.discard(entry.key)
        self._bar.show_decision(
            standing.decision, standing.reason, standing.by, _local(standing.recorded), fresh=fresh
        )


def _local(iso: str) -> str:
    """Return UTC time as the time of this place; with the day where it is not today."""
    time_here = datetime.fromisoformat(iso).astimezone()
    today = time_here.date() == datetime.now().astimezone().date()
    return f"{time_here:%H:%M}" if today else f"{time_here.day} {time_here:%b %Y %H:%M}"
