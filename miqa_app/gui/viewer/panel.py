"""The viewer: one, two or four cells, what they share, and how they move together."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt, Signal
from PySide6.QtWidgets import QApplication, QFrame, QGridLayout, QVBoxLayout, QWidget

from miqa_app.gui.viewer import pixels
from miqa_app.gui.viewer.cell import Cell
from miqa_app.gui.viewer.controls import HeatmapControls
from miqa_app.gui.viewer.link import ManualLink, matching_slice, same_frame_of_reference
from miqa_app.gui.viewer.state import Display, ViewState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from miqa_app.gui.entries import Entry

_MODIFIERS = (Qt.Key.Key_Shift, Qt.Key.Key_Control, Qt.Key.Key_Alt, Qt.Key.Key_Meta)
_PLACES = {1: ((0, 0),), 2: ((0, 0), (0, 1)), 4: ((0, 0), (0, 1), (1, 0), (1, 1))}


class ViewerPanel(QFrame):
    """The grid of cells with the heatmap's controls below.

    Signals:
        entry_activated: the series (key or '') of the cell that became active.
        display_changed: the shared `Display`.
        layout_changed: number of cells on screen.
        menu_asked: right click at a point of the screen.
    """

    entry_activated = Signal(str)
    display_changed = Signal(object)
    layout_changed = Signal(int)
    menu_asked = Signal(QPoint)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.display = Display()
        self.grid = QWidget()
        self.cells = [Cell(number, self.grid) for number in (1, 2, 3, 4)]
        self.active = self.cells[0]
        self.count = 1
        self._many = 2
        self._states: dict[str, ViewState] = {}
        self._manual: ManualLink | None = None
        self._following = self._placing = False
        self._grid = QGridLayout(self.grid)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(4)
        self.controls = HeatmapControls()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(1, 1, 1, 1)
        layout.setSpacing(0)
        layout.addWidget(self.grid, 1)
        layout.addWidget(self.controls)
        for cell in self.cells:
            cell.activated.connect(self.activate)
            cell.scrolled.connect(self._follow)
            cell.maximise_asked.connect(self._maximise)
            cell.menu_asked.connect(self._ask_menu)
        self.controls.toggled.connect(self.set_overlay)
        self.controls.opacity_set.connect(self._set_opacity)
        self.controls.threshold_set.connect(self._set_threshold)
        self._place()

    # ---------------------------------------------------------------- series

    def show_entry(self, entry: Entry, cell: Cell | None = None) -> None:
        """Show a series in a cell (default: the active one), the way it was left."""
        cell = cell or self.active
        if cell.entry is entry:
            return
        self._remember(cell)
        state = self._states.get(entry.key)
        copy = state and dataclasses.replace(state, pan=QPointF(state.pan))  # two cells may show it
        cell.show_entry(entry, copy)

    def turn_to(self, entry: Entry) -> None:
        """Turn to the cell on screen that shows a series, or show it in the active one."""
        shown = [cell for cell in self.cells[: self.count] if cell.entry is entry]
        if shown and self.count > 1:
            self.activate(self.active if self.active in shown else shown[0])
        else:
            self.show_entry(entry)

    def take_change(self, entry: Entry) -> None:
        """Take the newest series and result in the cells that show it."""
        for cell in self.cells:
            if cell.entry is entry:
                if cell.view.series is not entry.series:
                    cell.take_series()
                cell.take_result()

    def take_pixels(self, key: str) -> None:
        """Paint what has come in the cells that show the series."""
        for cell in self._cells_with(key):
            cell.take_pixels()

    def swap_entry(self, entry: Entry) -> None:
        """Show an entry anew that takes the place of an older one with the same key."""
        for cell in self._cells_with(entry.key):
            if cell.entry is not entry:
                cell.show_entry(entry)

    def clear(self) -> None:
        """Empty every cell and forget how series were looked at."""
        self._states.clear()
        self.set_manual_link(False)
        for cell in self.cells:
            cell.show_entry(None)

    def empty_cells(self) -> list[Cell]:
        """Return the cells on screen that hold no series."""
        return [cell for cell in self.cells[: self.count] if cell.entry is None]

    def show_frame(self, frame: int) -> None:
        """Show a frame in the active cell."""
        self.active.view.set_frame(frame)
        self.active.view.setFocus()

    def _cells_with(self, key: str) -> list[Cell]:
        return [cell for cell in self.cells if cell.entry is not None and cell.entry.key == key]

    def _remember(self, cell: Cell) -> None:
        if cell.entry is not None:
            self._states[cell.entry.key] = cell.view.state

    # ---------------------------------------------------------------- actions on the active cell

    def step(self, slices: int) -> None:
        """Move by slices."""
        self.active.view.step(slices)

    def step_time(self, points: int) -> None:
        """Move by time points."""
        self.active.view.step_time(points)

    def show_worst(self) -> None:
        """Jump to the worst slice, and on to the next one if it is already on screen."""
        worst = self.active.entry.worst if self.active.entry else ()
        if worst:
            place = (
                worst.index(self.active.view.frame) + 1 if self.active.view.frame in worst else 0
            )
            self.show_frame(worst[place % len(worst)])

    def reset(self) -> None:
        """Show the whole image, upright, in the window of the series."""
        self.active.view.reset()

    def zoom_by(self, factor: float) -> None:
        """Zoom about the middle."""
        self.active.view.zoom_by(factor)

    def rotate(self) -> None:
        """Turn clockwise by a quarter."""
        self.active.view.set_turn(self.active.view.turn.rotated())

    def mirror(self) -> None:
        """Mirror left and right on screen."""
        self.active.view.set_turn(self.active.view.turn.flipped())

    def use_preset(self, number: int) -> None:
        """Use a grey window by its number from 0, if there are so many."""
        view = self.active.view
        if view.series is not None:
            windows = pixels.presets(view.series, view.frame)
            if number < len(windows):
                view.set_window(windows[number])

    def window_to_all(self) -> None:
        """Use the grey window of the active cell in all of them."""
        for cell in self.cells[: self.count]:
            cell.view.set_window(self.active.view.window_in_force)

    # ---------------------------------------------------------------- what all cells share

    def set_overlay(self, on: bool) -> None:
        """Switch the heatmap."""
        self.controls.set_on(on)
        self._show(overlay=on)

    def set_attention(self, on: bool) -> None:
        """Show where the model looked, or the local scores again; either way the heatmap comes on."""
        self.controls.set_attention(on)
        self.controls.set_on(True)
        self._show(attention=on, overlay=True)

    def set_drags(self, drags: Mapping[str, str]) -> None:
        """Take what a drag with each mouse button does, see `Bindings.drags`."""
        for cell in self.cells:
            cell.view.drags = dict(drags)

    def hold_overlay(self) -> None:
        """Hide the heatmap until the key is let go."""
        self._show(held=True)
        QApplication.instance().installEventFilter(self)

    def change_opacity(self, step: int) -> None:
        """Make the heatmap stronger or fainter."""
        self.controls.opacity.setValue(self.controls.opacity.value() + step)

    def set_smooth(self, on: bool) -> None:
        """Interpolate between pixels or show them as squares."""
        self._show(smooth=on)

    def set_texts(self, on: bool) -> None:
        """Show all corner texts or only the slice number."""
        self._show(texts=on)

    def set_identity(self, on: bool) -> None:
        """Show or hide who the patient is."""
        self._show(identity=on)

    def set_neurological(self, on: bool) -> None:
        """Show the patient's left on the left, or on the right as radiologists do."""
        self._show(neurological=on)

    def _set_opacity(self, value: int) -> None:
        self._show(opacity=value / 100)

    def _set_threshold(self, value: int) -> None:
        self._show(threshold=float(value))

    def _show(self, **changes: Any) -> None:
        self.display = dataclasses.replace(self.display, **changes)
        for cell in self.cells:
            cell.view.set_display(self.display)
        self.display_changed.emit(self.display)

    # ---------------------------------------------------------------- layout and links

    def set_layout(self, count: int) -> None:
        """Show one, two or four cells."""
        if count > 1:
            self._many = count
        self.count = count
        self._place()
        self.layout_changed.emit(count)

    def activate(self, cell: Cell) -> None:
        """Make a cell the one that keys and list act on."""
        if cell is not self.active and not self._placing:
            self.active = cell
            self._frame_active()
            self.entry_activated.emit(cell.entry.key if cell.entry else "")

    def set_manual_link(self, on: bool) -> None:
        """Tie the slices now on screen together, or let them go."""
        shown = [cell for cell in self.cells[: self.count] if cell.entry is not None]
        anchors = {cell.entry.key: cell.view.frame % cell.entry.series.slices for cell in shown}
        self._manual = ManualLink(anchors) if on else None

    def _maximise(self, cell: Cell) -> None:
        self.activate(cell)
        self.set_layout(1 if self.count > 1 else self._many)

    def _place(self) -> None:
        """Put the cells that are wanted on the grid; a single one is always the active one."""
        shown = [self.active] if self.count == 1 else self.cells[: self.count]
        self._placing = True  # hiding a cell hands its focus on, which must not choose another cell
        for cell in self.cells:
            self._grid.removeWidget(cell)
            cell.setVisible(cell in shown)
        self._placing = False
        if self.active not in shown:
            self.active = shown[0]
        for cell, (row, column) in zip(shown, _PLACES[self.count], strict=True):
            self._grid.addWidget(cell, row, column)
        self._frame_active()

    def _frame_active(self) -> None:
        for cell in self.cells:
            cell.set_framed(cell is self.active and self.count > 1)

    def _follow(self, moved: Cell) -> None:
        """Move the other cells to the slice that matches the one just shown."""
        if self._following or moved.entry is None:
            return
        self._following = True
        for cell in self.cells[: self.count] if self.count > 1 else ():
            if cell is not moved and cell.entry is not None:
                index = self._match(moved, cell)
                if index is not None:
                    series = cell.entry.series
                    index = min(max(index, 0), series.slices - 1)
                    cell.view.set_frame(cell.view.frame // series.slices * series.slices + index)
        self._following = False

    def _match(self, moved: Cell, other: Cell) -> int | None:
        """Return the slice of `other` that belongs to the one of `moved`: by hand first, else by position."""
        series, target = moved.entry.series, other.entry.series
        index = moved.view.frame % series.slices
        if self._manual is not None:
            linked = self._manual.target(moved.entry.key, index, other.entry.key)
            if linked is not None:
                return linked
        if same_frame_of_reference(series, target):
            return matching_slice(series, index, target)
        return None

    def _ask_menu(self, cell: Cell, point: QPoint) -> None:
        self.activate(cell)
        self.menu_asked.emit(point)

    # ---------------------------------------------------------------- Qt

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Show the heatmap again when the held key is let go; installed only while it is held."""
        released = (
            event.type() == QEvent.Type.KeyRelease
            and event.key() not in _MODIFIERS
            and not event.isAutoRepeat()
        )
        if released or event.type() == QEvent.Type.ApplicationDeactivate:
            QApplication.instance().removeEventFilter(self)
            self._show(held=False)
        return False
