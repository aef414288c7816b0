"""The slice view: one frame of a series with window, zoom, heatmap and words, painted as fast as the eye can ask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QBrush,
    QColor,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QTransform,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from miqa_app.core.window import Window
from miqa_app.gui.viewer import annotations, pixels
from miqa_app.gui.viewer.layers import Layers, Patch, covered
from miqa_app.gui.viewer.orientation import Turn, screen_letters, upright
from miqa_app.gui.viewer.state import Display, ViewState

if TYPE_CHECKING:
    from miqa_app.core.assessment import SlicePrediction
    from miqa_app.core.series import Series

_BACKGROUND = QColor("#050608")
_HATCH = QColor("#2a313b")
_WHEEL_NOTCH = 120
_BUTTONS = (
    ("left", Qt.MouseButton.LeftButton),
    ("middle", Qt.MouseButton.MiddleButton),
    ("right", Qt.MouseButton.RightButton),
)
_LEAST_ZOOM, _MOST_ZOOM = 0.2, 40.0


class SliceView(QWidget):
    """Shows one frame.

    Wheel: slice; left drag: window (across) and level (up and down); middle drag: pan; right drag or Ctrl and wheel:
    zoom; right click: menu; double click: maximise.

    Signals:
        frame_changed: the frame now on screen, after the user or the program moved.
        window_changed: the grey window now in force.
        activated: the user pressed a button in the view.
        maximise_asked: double click.
        menu_asked: right click, at a point of the screen.
    """

    frame_changed = Signal(int)
    window_changed = Signal(object)
    activated = Signal()
    maximise_asked = Signal()
    menu_asked = Signal(QPoint)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(80, 80)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("Image")
        self.series: Series | None = None
        self.state = ViewState()
        self.display = Display()
        self._predictions: Mapping[int, SlicePrediction] = {}
        self._provisional: Window | None = None
        self._layers = Layers()
        self.drags = {"left": "window", "middle": "pan", "right": "zoom"}
        self._press: QPointF | None = None
        self._last = QPointF()
        self._moved = False
        self._wheel = 0

    # ---------------------------------------------------------------- what is shown

    def show_series(self, series: Series | None, state: ViewState | None = None) -> None:
        """Show a series, the way it was left if a state is given."""
        self.series = series
        self.state = state or ViewState(frame=0 if series is None else _first_frame(series))
        self._predictions = {}
        self.refresh()
        self._name()

    def replace_series(self, series: Series) -> None:
        """Take the same series with more of its pixels or facts."""
        self.series = series
        self.state.frame = min(self.state.frame, series.frames - 1)
        self.refresh()

    def refresh(self) -> None:
        """Paint anew because pixels have come."""
        self._provisional = None
        self._layers.forget_pixels()
        self.update()

    def set_predictions(self, predictions: Mapping[int, SlicePrediction]) -> None:
        """Take the predictions by frame; the view keeps the mapping, which may grow."""
        self._predictions = predictions
        self._layers.forget_map()
        if self.display.heat:
            self.update()

    def set_display(self, display: Display) -> None:
        """Take overlay, texts, convention and interpolation."""
        if display != self.display:
            self.display = display
            self.update()

    @property
    def frame(self) -> int:
        """Return the frame on screen."""
        return self.state.frame

    def set_frame(self, frame: int) -> None:
        """Show a frame, kept within the series."""
        if self.series is None:
            return
        frame = min(max(frame, 0), self.series.frames - 1)
        if frame != self.state.frame:
            self.state.frame = frame
            self._name()
            self.update()
            self.frame_changed.emit(frame)

    def step(self, slices: int) -> None:
        """Move by slices within the time point."""
        if self.series is not None:
            time, index = divmod(self.state.frame, self.series.slices)
            index = min(max(index + slices, 0), self.series.slices - 1)
            self.set_frame(time * self.series.slices + index)

    def step_time(self, points: int) -> None:
        """Move by time points on the same slice."""
        if self.series is not None:
            time, index = divmod(self.state.frame, self.series.slices)
            time = min(max(time + points, 0), self.series.time_points - 1)
            self.set_frame(time * self.series.slices + index)

    # ---------------------------------------------------------------- grey window

    @property
    def window_in_force(self) -> Window:
        """Return the grey window: the user's, else that of the file, else a provisional one."""
        if self.state.window is not None or self.series is None:
            return self.state.window or Window(0.5, 1.0)
        if self.series.windows:
            return self.series.windows[0]
        if self._provisional is None:
            self._provisional = pixels.frame_window(self.series, self.state.frame)
        return self._provisional

    def set_window(self, window: Window | None) -> None:
        """Set the grey window in stored units; None goes back to that of the series."""
        self.state.window = window
        self.update()
        self.window_changed.emit(self.window_in_force)

    # ---------------------------------------------------------------- zoom, pan, turn

    @property
    def turn(self) -> Turn:
        """Return how the image lies on screen."""
        if self.state.turn is not None:
            return self.state.turn
        geometry = self.series.geometry if self.series else None
        return upright(geometry, neurological=self.display.neurological)

    def set_turn(self, turn: Turn | None) -> None:
        """Lay the image another way; None is upright."""
        self.state.turn = turn
        self.update()

    def reset(self) -> None:
        """Go back to the whole image, upright, in the window of the series."""
        self.state.zoom, self.state.pan, self.state.turn = 1.0, QPointF(), None
        self.set_window(None)

    def zoom_by(self, factor: float, around: QPointF | None = None) -> None:
        """Zoom; the point of the widget under `around` (default: the centre) stays where it is."""
        before = self.state.zoom
        self.state.zoom = min(max(before * factor, _LEAST_ZOOM), _MOST_ZOOM)
        anchor = (around or self._centre()) - self._centre()
        self.state.pan = anchor - (anchor - self.state.pan) * (self.state.zoom / before)
        self.update()

    def scale(self) -> float:
        """Return logical pixels per image column."""
        if self.series is None:
            return 1.0
        rows, columns = self.series.shape
        wide, high = columns, rows * self._aspect()
        if self.turn.quarters % 2:
            wide, high = high, wide
        return min(self.width() / wide, self.height() / high) * self.state.zoom

    def image_to_widget(self) -> QTransform:
        """Return the map from image coordinates (column, row; pixel (0, 0) covers [0, 1)²) to logical widget pixels."""
        rows, columns = self.series.shape
        scale = self.scale()
        (a, b), (c, d) = self.turn.matrix.tolist()
        turned = QTransform(a, c, b, d, 0, 0)  # Qt multiplies row vectors from the left
        centre = self._centre() + self.state.pan
        place = QTransform.fromTranslate(centre.x(), centre.y())
        size = QTransform.fromScale(scale, scale * self._aspect())
        return QTransform.fromTranslate(-columns / 2, -rows / 2) * size * turned * place

    def letters(self) -> dict[str, str]:
        """Return the letters of the patient's sides by edge; empty where the file does not tell."""
        if self.series is None or self.series.geometry is None:
            return {}
        return screen_letters(self.series.geometry, self.turn)

    def _aspect(self) -> float:
        return (
            self.series.geometry.aspect if self.series is not None and self.series.geometry else 1.0
        )

    def _centre(self) -> QPointF:
        return QPointF(self.width() / 2, self.height() / 2)

    def _name(self) -> None:
        if self.series is None:
            self.setAccessibleDescription("No series")
            return
        place = f"slice {self.frame % self.series.slices + 1} of {self.series.slices}"
        self.setAccessibleDescription(f"{self.series.description or 'Series'}, {place}")

    # ---------------------------------------------------------------- painting

    def _paint_image(self, painter: QPainter) -> None:
        """Paint greys and heat in image coordinates."""
        to_widget = self.image_to_widget()
        patch = self._visible(to_widget)
        if patch is None:
            return
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self.display.smooth)
        painter.setTransform(to_widget, combine=True)
        grey = self._layers.grey(self.series, self.frame, patch, self.window_in_force)
        painter.drawImage(covered(patch, grey), grey)
        if self.display.heat and self.frame in self._predictions:
            heat = self._layers.heat(
                self._predictions, self.frame, self.series.shape, patch, self.display
            )
            painter.drawImage(covered(patch, heat), heat)
        painter.resetTransform()

    def _visible(self, to_widget: QTransform) -> Patch | None:
        """Return the part of the image on screen, in steps that just fill every device pixel."""
        rows, columns = self.series.shape
        device = max(self.scale() * self.devicePixelRatioF(), 1e-6)
        across = min(max(1, int(1 / device)), columns)
        down = min(max(1, int(1 / (device * self._aspect()))), rows)
        back, _ = to_widget.inverted()
        seen = back.mapRect(QRectF(self.rect())).intersected(QRectF(0, 0, columns, rows))
        if seen.isEmpty():
            return None
        top = max(int(seen.top()) - 2, 0) // down * down
        left = max(int(seen.left()) - 2, 0) // across * across
        bottom = min(int(seen.bottom()) + 3 + down, rows)
        right = min(int(seen.right()) + 3 + across, columns)
        return top, bottom, left, right, down, across

    def _paint_words(self, painter: QPainter) -> None:
        area = QRectF(self.rect())
        texts = annotations.corners(
            self.series,
            self.frame,
            self.window_in_force,
            self.scale(),
            self.display,
            min(area.width(), area.height()),
            self._lowest(),
        )
        annotations.paint(painter, area, texts, self.letters(), bar=self.display.heat)
        if self.display.heat:
            annotations.paint_bar(
                painter, area, self.display, has_map=self.frame in self._predictions
            )

    def _lowest(self) -> float | None:
        found = self._predictions.get(self.frame)
        return None if found is None else float(found.score_map.min())

    # ---------------------------------------------------------------- Qt

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the frame."""
        with QPainter(self) as painter:
            painter.fillRect(self.rect(), _BACKGROUND)
            if self.series is None:
                annotations.paint_message(
                    painter,
                    QRectF(self.rect()),
                    "Drop a scan here",
                    "A folder, a zip, DICOM or NIfTI files",
                )
            elif not self.series.ready[self.frame]:
                painter.fillRect(self.rect(), QBrush(_HATCH, Qt.BrushStyle.BDiagPattern))
                annotations.paint_message(
                    painter, QRectF(self.rect()), "This slice is still being read"
                )
            else:
                self._paint_image(painter)
                self._paint_words(painter)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Move through slices, or zoom with Ctrl."""
        delta = event.angleDelta().y()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom_by(1.2 ** (delta / _WHEEL_NOTCH), event.position())
        else:
            self._wheel += delta
            notches = int(self._wheel / _WHEEL_NOTCH)
            self._wheel -= notches * _WHEEL_NOTCH
            if notches:
                self.step(-notches)
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a drag."""
        self._press = self._last = event.position()
        self._moved = False
        self.activated.emit()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Change window, pan or zoom while a button is down."""
        if self._press is None or self.series is None:
            return
        step = event.position() - self._last
        self._moved |= (event.position() - self._press).manhattanLength() > 3
        self._last = event.position()
        held = next((name for name, button in _BUTTONS if event.buttons() & button), None)
        if held is None or (held == "right" and not self._moved):
            return
        match self.drags[held]:
            case "window":
                self._drag_window(step)
            case "pan":
                self.state.pan += step
                self.update()
            case "zoom":
                self.zoom_by(1.01 ** -step.y(), self._press)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End a drag; a right click without one asks for the menu."""
        if event.button() == Qt.MouseButton.RightButton and not self._moved:
            self.menu_asked.emit(event.globalPosition().toPoint())
        self._press = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Ask to be the only view, or to be one of many again."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.maximise_asked.emit()

    def _drag_window(self, step: QPointF) -> None:
        """Change width by the horizontal and level by the vertical part of a drag, in steps that suit the series."""
        window = self.window_in_force
        home = self.series.windows[0].width if self.series.windows else window.width
        unit = max(home, window.width * 0.25) / 400
        least = home / 2000
        changed = Window(
            window.level - step.y() * unit, max(window.width + step.x() * unit, least), ""
        )
        self.set_window(changed)


def _first_frame(series: Series) -> int:
    """Return the middle slice of the first time point, or the nearest one that is ready."""
    middle = series.slices // 2
    ready = np.flatnonzero(series.ready)
    return int(ready[np.argmin(np.abs(ready - middle))]) if len(ready) else middle
