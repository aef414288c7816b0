"""The window in which the coordinator changes the values of a protocol that matter; its name shows the change at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from miqa_app.errors import MiqaError
from miqa_app.gui.campaign.step_page import Fault, button, field_name, words
from miqa_app.rating.protocol import changed

if TYPE_CHECKING:
    from miqa_app.rating.protocol import Protocol


class ChangeProtocol(QDialog):
    """Starts from a preset, or from a copy that was changed before."""

    def __init__(self, preset: Protocol, now: Protocol, parent: QWidget | None = None) -> None:
        """Make the window.

        Args:
            preset: what is changed.
            now: with which values to begin.
            parent: in front of which it stands.
        """
        super().__init__(parent)
        self._preset = preset
        self.protocol = now
        self.setWindowTitle(self.tr("Change the protocol"))
        self.title, self.note = words("", "headline"), words("", "dim")
        self.seconds = _decimal(0, 60, 0.5, self.tr(" s"))
        self.repeats = _decimal(0, 50, 1, " %")
        self.checks = _decimal(0, 50, 1, " %")
        self.checks.setEnabled(preset.images == "pair")
        self.pause = _decimal(1, 120, 1, self.tr(" min"))
        self.end = _decimal(1, 240, 1, self.tr(" min"))
        self.observers = QSpinBox()
        self.observers.setRange(1, 500)
        self.confidence = QCheckBox(self.tr("Ask how &certain each vote is"))
        self.tags = QCheckBox(self.tr("Let raters name artefacts (&tags)"))
        self.restore, self.cancel = button(self.tr("Back to the preset")), button(self.tr("Cancel"))
        self.use = button(self.tr("Use these values"))
        self.use.setDefault(True)
        self._fault = Fault(self.pause)
        self._arrange()
        self._fill(now)
        for field in (
            self.seconds,
            self.repeats,
            self.checks,
            self.pause,
            self.end,
            self.observers,
        ):
            field.valueChanged.connect(self._refresh)
        for box in (self.confidence, self.tags):
            box.setAccessibleName(box.text().replace("&", ""))
            box.toggled.connect(self._refresh)
        self.restore.clicked.connect(self._restore)
        self.cancel.clicked.connect(self.reject)
        self.use.clicked.connect(self.accept)
        self._refresh()

    def _arrange(self) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(8)
        rows = (
            (self.tr("&Viewing time, at least"), self.seconds, ""),
            (self.tr("Hidden &repeats"), self.repeats, self.tr("of the rated items")),
            (self.tr("Reference a&gainst itself"), self.checks, self.tr("of the rated items")),
            (self.tr("&Break offered after"), self.pause, ""),
            (self.tr("Session &ends near"), self.end, ""),
            (
                self.tr("Least &observers"),
                self.observers,
                self.tr("below that results are provisional; ITU-R BT.500 asks for 15"),
            ),
        )
        for row, (name, field, note) in enumerate(rows):
            field.setFixedWidth(110)
            grid.addWidget(field_name(name, field), row, 0)
            grid.addWidget(field, row, 1)
            grid.addWidget(words(note, "dim"), row, 2)
        grid.setColumnStretch(2, 1)
        bar = QHBoxLayout()
        bar.addWidget(self.restore)
        bar.addStretch(1)
        bar.addWidget(self.cancel)
        bar.addWidget(self.use)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(22, 18, 22, 16)
        layout.setSpacing(10)
        layout.addWidget(self.title)
        layout.addWidget(self.note)
        layout.addLayout(grid)
        layout.addWidget(self.confidence)
        layout.addWidget(self.tags)
        layout.addWidget(self._fault)
        layout.addSpacing(6)
        layout.addLayout(bar)
        self.setMinimumWidth(620)

    def _fill(self, protocol: Protocol) -> None:
        self.seconds.setValue(protocol.least_seconds)
        self.repeats.setValue(protocol.repeats * 100)
        self.checks.setValue(protocol.reference_checks * 100)
        self.pause.setValue(protocol.break_after_minutes)
        self.end.setValue(protocol.end_after_minutes)
        self.observers.setValue(protocol.least_observers)
        self.confidence.setChecked(protocol.asks_confidence)
        self.tags.setChecked(protocol.asks_artefacts)

    def _restore(self) -> None:
        self._fill(self._preset)
        self._refresh()

    def _refresh(self) -> None:
        """Show under which name the study would run."""
        try:
            self.protocol = changed(
                self._preset,
                least_seconds=self.seconds.value(),
                repeats=round(self.repeats.value() / 100, 6),
                reference_checks=round(self.checks.value() / 100, 6),
                break_after_minutes=self.pause.value(),
                end_after_minutes=self.end.value(),
                asks_confidence=self.confidence.isChecked(),
                asks_artefacts=self.tags.isChecked(),
                least_observers=self.observers.value(),
            )
        except MiqaError as error:
            self._fault.say(str(error))
            self.use.setEnabled(False)
            return
        late = self.pause.value() >= self.end.value()
        self._fault.say(
            self.tr("The break must be offered before the session ends; give it fewer minutes.")
            if late
            else ""
        )
        self.use.setEnabled(not late)
        preset = self.protocol == self._preset
        self.restore.setEnabled(not preset)
        self.title.setText(self.protocol.title)
        self.note.setText(
            self.tr("The preset as it stands, '{id}'.").format(id=self.protocol.id)
            if preset
            else self.tr("A copy of '{from_}'; study and exports will say '{id}'.").format(
                from_=self.protocol.changed_from, id=self.protocol.id
            )
        )


def _decimal(low: float, high: float, step: float, unit: str) -> QDoubleSpinBox:
    field = QDoubleSpinBox()
    field.setRange(low, high)
    field.setDecimals(1)
    field.setSingleStep(step)
    field.setSuffix(unit)
    return field
