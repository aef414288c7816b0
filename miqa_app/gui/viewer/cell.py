"""One place for a series: the image, its slice strip, and its time bar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPoint, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from miqa_app.gui.viewer.slice_strip import SliceStrip
from miqa_app.gui.viewer.slice_view import SliceView
from miqa_app.gui.viewer.state import ViewState
from miqa_app.gui.viewer.time_bar import TimeBar

if TYPE_CHECKING:
    from miqa_app.gui.entries import Entry


class Cell(QFrame):
    """A view with its strip and time bar; the active one among several wears a coloured frame.

    Signals:
        activated: the user turned to this cell.
        scrolled: the frame on screen changed.
        maximise_asked: double click.
        menu_asked: right click at a point of the screen.
    """

    activated = Signal(object)
    scrolled = Signal(object)
    maximise_asked = Signal(object)
    menu_asked = Signal(object, QPoint)

    def __init__(self, number: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.entry: Entry | None = None
        self.framed = False
        self.view, self.strip, self.times = SliceView(), SliceStrip(), TimeBar()
        self.view.setAccessibleName(f"Image {number}")
        self.strip.setAccessibleName(f"Slices of image {number} by score")
        self.times.setAccessibleName(f"Time points of image {number} by score")
        self.times.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2, 2, 2, 2)
        layout.setSpacing(0)
        for widget, stretch in ((self.view, 1), (self.strip, 0), (self.times, 0)):
            layout.addWidget(widget, stretch)
        self.view.frame_changed.connect(self._frame_changed)
        self.view.activated.connect(self._activate)
        self.view.maximise_asked.connect(self._ask_maximise)
        self.view.menu_asked.connect(self._ask_menu)
        self.strip.slice_asked.connect(self._show_slice)
        self.times.time_asked.connect(self._show_time)
        self.view.installEventFilter(self)
        self.strip.installEventFilter(self)

    def show_entry(self, entry: Entry | None, state: ViewState | None = None) -> None:
        """Show a series, the way it was left if a state is given."""
        self.entry = entry
        self.view.show_series(None if entry is None else entry.series, state)
        self.take_result()

    def take_series(self) -> None:
        """Take the newest form of the series and its pixels."""
        if self.entry is not None:
            self.view.replace_series(self.entry.series)
            self.take_result()

    def take_pixels(self) -> None:
        """Paint anew what has come."""
        if self.entry is not None:
            if not self.view.series.ready[self.view.frame] or self.view.series.windows == ():
                self.view.refresh()
            self.view.update()
            self.strip.update()

    def take_result(self) -> None:
        """Take predictions and assessment."""
        entry = self.entry
        predictions = entry.by_frame if entry else {}
        self.view.set_predictions(predictions)
        self.strip.show_series(
            entry.series if entry else None,
            predictions,
            entry.worst if entry else (),
            self.view.frame,
        )
        curve = entry.assessment.curve if entry and entry.assessment else ()
        self.times.show_series(entry.series if entry else None, curve, self.view.frame)

    def set_framed(self, framed: bool) -> None:
        """Show or hide the frame of the active cell."""
        self.framed = framed
        self.update()

    def _frame_changed(self, frame: int) -> None:
        self.strip.set_frame(frame)
        if self.entry is not None and self.entry.series.time_points > 1:
            self.take_result()
        self.scrolled.emit(self)

    def _show_slice(self, index: int) -> None:
        self._activate()
        series = self.view.series
        if series is not None:
            self.view.set_frame(self.view.frame // series.slices * series.slices + index)

    def _show_time(self, time: int) -> None:
        self._activate()
        series = self.view.series
        if series is not None:
            self.view.set_frame(time * series.slices + self.view.frame % series.slices)

    def _activate(self) -> None:
        self.activated.emit(self)

    def _ask_maximise(self) -> None:
        self.maximise_asked.emit(self)

    def _ask_menu(self, point: QPoint) -> None:
        self.menu_asked.emit(self, point)

    # ---------------------------------------------------------------- Qt

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Become the active cell when the keyboard comes here."""
        if event.type() == QEvent.Type.FocusIn:
            self._activate()
        return False

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the frame of the active cell."""
        with QPainter(self) as painter:
            painter.fillRect(self.rect(), QColor("#63bfe0") if self.framed else QColor("#0b0d11"))
