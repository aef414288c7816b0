"""Asks for the reason why an alarm is taken on, snoozed, or accepted as the new level."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QComboBox, QDialog, QDialogButtonBox, QLineEdit, QVBoxLayout, QWidget

from miqa_app.gui.campaign.step_page import field_name, words

if TYPE_CHECKING:
    from miqa_app.evaluation.drift.record import Stated

_WEEKS = (1, 2, 4, 8)
_USUAL_WEEKS = 2
_LONGEST = 200


class ActDialog(QDialog):
    """One sentence on what will happen, and a field for the reason, without which nothing is done."""

    def __init__(self, alarm: Stated, step: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.alarm, self.step = alarm, step
        title, what = self._texts()[step]
        self.setWindowTitle(title)
        self.setMinimumWidth(460)
        self.reason = QLineEdit()
        self.reason.setMaxLength(_LONGEST)
        self.reason.textChanged.connect(self._check)
        self._weeks = QComboBox()
        for weeks in _WEEKS:
            self._weeks.addItem(self.tr("1 week") if weeks == 1 else self.tr("{n} weeks").format(n=weeks), weeks)  # fmt: skip
        self._weeks.setCurrentIndex(_WEEKS.index(_USUAL_WEEKS))
        self._box = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        self._box.button(QDialogButtonBox.StandardButton.Ok).setText(title)
        self._box.accepted.connect(self.accept)
        self._box.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(8)
        layout.addWidget(words(alarm.headline, "subhead"))
        layout.addWidget(words(what))
        if step == "snooze":
            layout.addWidget(field_name(self.tr("&For"), self._weeks))
            layout.addWidget(self._weeks)
        layout.addWidget(field_name(self.tr("&Reason"), self.reason))
        layout.addWidget(self.reason)
        layout.addSpacing(6)
        layout.addWidget(self._box)
        self.reason.setFocus()
        self._check()

    @property
    def weeks(self) -> int:
        """Return for how long the alarm is snoozed."""
        return int(self._weeks.currentData())

    def _texts(self) -> dict[str, tuple[str, str]]:
        return {
            "own": (
                self.tr("Take on"),
                self.tr("The alarm stays in the list under your name until the charts are calm again."),
            ),
            "snooze": (
                self.tr("Snooze"),
                self.tr("The alarm is shown as snoozed and is open again when the time is over."),
            ),
            "new level": (
                self.tr("Accept as new normal"),
                self.tr(
                    "The change was meant, such as a new protocol or a repaired coil. A new baseline begins in the week "
                    "in which it began; until it is whole, nothing can be said here."
                ),
            ),
        }  # fmt: skip

    def _check(self) -> None:
        ok = self._box.button(QDialogButtonBox.StandardButton.Ok)
        ok.setEnabled(bool(self.reason.text().strip()))
