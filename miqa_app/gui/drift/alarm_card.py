"""One alarm: what moved, from what to what, since when, and what can be done about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout

from miqa_app.gui.campaign.step_page import button, words

if TYPE_CHECKING:
    from miqa_app.evaluation.drift.record import Stated


class AlarmCard(QFrame):
    """An alarm in words; those that last can be taken on, snoozed, or accepted as the new level.

    Signals:
        chosen: its charts are to be shown.
        step_asked: something is to be done about it: 'own', 'snooze' or 'new level'.
    """

    chosen = Signal(object)
    step_asked = Signal(object, str)

    def __init__(self, alarm: Stated) -> None:
        super().__init__()
        self.alarm = alarm
        lasts = alarm.alarm.now
        self.setObjectName("past" if not lasts else "alarm" if alarm.state == "open" else "inhand")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(alarm.words)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 9, 10, 10)
        layout.setSpacing(3)
        layout.addWidget(words(alarm.headline, "subhead"))
        layout.addWidget(words(alarm.change, "change" if lasts else "changed"))
        layout.addWidget(words(alarm.detail, "dim"))
        if alarm.state != "open" and alarm.act is not None:
            done = (
                self.tr("{who} sees to it: {why}")
                if alarm.state == "owned"
                else self.tr("Snoozed by {who} until {day}: {why}")
            )
            said = done.format(who=alarm.act.by, why=alarm.act.reason, day=alarm.act.until)
            layout.addWidget(words(said, "state"))
        if lasts:
            self._add_buttons(layout)

    def set_chosen(self, on: bool) -> None:
        """Show whether its charts are the ones that are shown."""
        self.setProperty("chosen", on)
        self.style().unpolish(self)
        self.style().polish(self)

    def _add_buttons(self, layout: QVBoxLayout) -> None:
        row = QHBoxLayout()
        row.setContentsMargins(0, 6, 0, 0)
        row.setSpacing(6)
        steps = (
            ("own", self.tr("Take on…"), self.tr("Somebody sees to it")),
            ("snooze", self.tr("Snooze…"), self.tr("Do not show it as open for some weeks")),
            ("new level", self.tr("New normal…"), self.tr("The change was meant: begin a new baseline")),
        )  # fmt: skip
        for step, text, tip in steps:
            made = button(text)
            made.setToolTip(tip)
            made.setProperty("step", step)
            made.clicked.connect(self._asked)
            row.addWidget(made)
        row.addStretch(1)
        layout.addLayout(row)

    def _asked(self) -> None:
        self.step_asked.emit(self.alarm, self.sender().property("step"))

    # ---------------------------------------------------------------- Qt

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Show its charts."""
        self.chosen.emit(self.alarm)
        super().mousePressEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Show its charts on Enter and Space."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.chosen.emit(self.alarm)
        else:
            super().keyPressEvent(event)
