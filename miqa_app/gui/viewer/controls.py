"""The heatmap's controls under the images: on or off, opacity, threshold, and what the colours mean."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QSizePolicy, QSlider, QWidget

from miqa_app.core.score_colours import score_colours

_ROOM_FOR_LEGEND = 640
_WORST, _BEST, _BAR, _GAP = "worst 0", "100 best", 68, 6


class HeatmapControls(QWidget):
    """A check box and two sliders.

    Signals:
        toggled: heatmap on or off.
        opacity_set: 0–100.
        threshold_set: 0–100; local scores above it stay clear.
    """

    toggled = Signal(bool)
    opacity_set = Signal(int)
    threshold_set = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 6, 10, 6)
        row.setSpacing(10)
        self.box = QCheckBox("&Heatmap")
        self.box.setAccessibleName("Heatmap of local scores")
        self.box.toggled.connect(self.toggled)
        row.addWidget(self.box)
        self.opacity = self._slider(row, "&Opacity", "Opacity of the heatmap in per cent", 55)
        self.threshold = self._slider(
            row, "&Up to score", "Highest local score that the heatmap shows", 100
        )
        self.opacity.valueChanged.connect(self.opacity_set)
        self.threshold.valueChanged.connect(self.threshold_set)
        row.addStretch(1)
        self.legend = ScoreLegend()
        row.addWidget(self.legend)
        self.set_on(False)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give up the legend where there is no room for it."""
        super().resizeEvent(event)
        self.legend.setVisible(self.width() >= _ROOM_FOR_LEGEND)

    def name_keys(self, overlay: str, hide: str) -> None:
        """Say which keys turn the heatmap on and hide it while held; either may be ''."""
        self.box.setText(f"&Heatmap ({overlay})" if overlay else "&Heatmap")
        words = (
            f"Where the image looks bad ({overlay})." if overlay else "Where the image looks bad."
        )
        self.box.setToolTip(f"{words} Hold {hide} to see the image without it." if hide else words)

    def set_on(self, on: bool) -> None:
        """Show whether the heatmap is on."""
        self.box.setChecked(on)
        self.opacity.setEnabled(on)
        self.threshold.setEnabled(on)

    def _slider(self, row: QHBoxLayout, words: str, name: str, value: int) -> QSlider:
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setRange(0, 100)
        slider.setValue(value)
        slider.setMinimumWidth(44)
        slider.setMaximumWidth(120)
        slider.setAccessibleName(name)
        slider.setToolTip(name)
        label = QLabel(words)
        label.setBuddy(slider)
        number = QLabel(str(value))
        number.setFixedWidth(26)
        slider.valueChanged.connect(number.setNum)
        for widget in (label, slider, number):
            row.addWidget(widget)
        return slider


class ScoreLegend(QWidget):
    """The score colours from 0 to 100, so that the slice strip can be read with the heatmap off."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Colours of scores: bright is 0, dark is 100, the best")
        self.setToolTip("Colours of scores: 0 is worst, 100 is best")
        self._colours = np.ascontiguousarray(score_colours()[None])

    def sizeHint(self) -> QSize:
        """Return the room for the bar and its two words."""
        words = self.fontMetrics().horizontalAdvance(_WORST + _BEST)
        return QSize(words + _BAR + 4 * _GAP, 18)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint worst, the colours, best."""
        left = self.fontMetrics().horizontalAdvance(_WORST) + _GAP
        bar = QRectF(left, self.height() / 2 - 5, _BAR, 10)
        image = QImage(self._colours.data, 256, 1, 768, QImage.Format.Format_RGB888)
        with QPainter(self) as painter:
            painter.setPen(self.palette().placeholderText().color())
            flag = Qt.AlignmentFlag.AlignVCenter
            painter.drawText(QRectF(0, 0, left, self.height()), flag, _WORST)
            painter.drawImage(bar, image)
            painter.drawRect(bar)
            right = bar.right() + _GAP
            painter.drawText(QRectF(right, 0, self.width(), self.height()), flag, _BEST)
