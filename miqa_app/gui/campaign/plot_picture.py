"""A plot in the results: as wide as the window has room for, and large in a window of its own at a click."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPixmap
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from miqa_app.gui.campaign.step_page import button

_OPEN = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)
_SMALLER, _LARGEST = 0.8, 4.0
_STEP = 1.25


class PlotPicture(QLabel):
    """A plot on white.

    Signals:
        opened: somebody wants to see it large.
    """

    opened = Signal()

    def __init__(self, name: str, image: QImage, scale: float) -> None:
        """Show a plot.

        Args:
            name: accessible name.
            image: the plot, device pixels.
            scale: screen pixels per pixel of the image.
        """
        super().__init__()
        self.image = image
        self.setObjectName("paper")
        self.setPixmap(scaled(image, scale, self.devicePixelRatioF()))
        self.setAccessibleName(name)
        self.setAccessibleDescription(self.tr("Press Enter to see it large."))
        self.setToolTip(self.tr("Click to see it large."))
        self.setAlignment(Qt.AlignmentFlag.AlignLeft)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    # ---------------------------------------------------------------- Qt

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Open it."""
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(
            event.position().toPoint()
        ):
            self.opened.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Open it."""
        if event.key() in _OPEN:
            self.opened.emit()
        else:
            super().keyPressEvent(event)


class LargePlot(QDialog):
    """One plot, as large as the screen has room for; it can be enlarged further and scrolled."""

    def __init__(self, plot: PlotPicture, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(plot.accessibleName())
        self._image = plot.image
        room = parent.screen().availableGeometry()
        self.resize(room.width() - 24, room.height() - 40)
        self.picture = QLabel()
        self.picture.setObjectName("paper")
        self.picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.picture.setAccessibleName(plot.accessibleName())
        self.area = QScrollArea()
        self.area.setWidget(self.picture)
        self.area.setWidgetResizable(True)
        self.area.setAccessibleName(plot.accessibleName())
        self.larger, self.smaller = button(self.tr("&Larger")), button(self.tr("&Smaller"))
        self.leave = button(self.tr("Close"))
        bar = QHBoxLayout()
        bar.setSpacing(8)
        for one in (self.larger, self.smaller):
            bar.addWidget(one)
        bar.addStretch(1)
        bar.addWidget(self.leave)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.addWidget(self.area, 1)
        layout.addLayout(bar)
        self.larger.clicked.connect(lambda: self._show(self._scale * _STEP))
        self.smaller.clicked.connect(lambda: self._show(self._scale / _STEP))
        self.leave.clicked.connect(self.reject)
        # never smaller than drawn: what does not fit is scrolled
        fits = (self.width() - 80) * self.devicePixelRatioF() / self._image.width()
        self._show(max(1.0, fits))
        self.area.setFocus(Qt.FocusReason.OtherFocusReason)

    def _show(self, scale: float) -> None:
        self._scale = min(max(scale, _SMALLER), _LARGEST)
        self.picture.setPixmap(scaled(self._image, self._scale, self.devicePixelRatioF()))
        self.smaller.setEnabled(self._scale > _SMALLER)
        self.larger.setEnabled(self._scale < _LARGEST)


def scaled(image: QImage, scale: float, ratio: float) -> QPixmap:
    """Return a plot at another size.

    Args:
        image: the plot.
        scale: screen pixels per pixel of the image.
        ratio: screen pixels per logical pixel.
    """
    wide = max(1, round(image.width() * scale))
    smooth = Qt.TransformationMode.SmoothTransformation
    pixmap = QPixmap.fromImage(image.scaledToWidth(wide, smooth))
    pixmap.setDevicePixelRatio(ratio)
    return pixmap
