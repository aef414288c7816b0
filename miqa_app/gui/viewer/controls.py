"""The heatmap's controls under the images: on or off, opacity, threshold, and what the colours mean."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QSizePolicy, QSlider, QWidget

from miqa_app.core.score_colours import attention_colours, score_colours

_ROOM_FOR_LEGEND = 640
_SCORES, _ATTENTION = ("worst 0", "100 best"), ("none 0", "100 most")
_BAR, _GAP = 68, 6


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
        self._attention, self._key, self._words = False, "", ""
        self._of_slider: dict[QSlider, tuple[QWidget, ...]] = {}
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 6, 10, 6)
        row.setSpacing(10)
        self.box = QCheckBox()
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
        self.set_attention(False)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give up the legend where there is no room for it."""
        super().resizeEvent(event)
        self.legend.setVisible(self.width() >= _ROOM_FOR_LEGEND)

    def name_keys(self, overlay: str, hide: str, attention: str) -> None:
        """Say which keys turn the heatmap on, hide it while held, and change its map; any may be ''."""
        self._key = f" ({overlay})" if overlay else ""
        self._words = f" Hold {hide} to see the image without it." if hide else ""
        if attention:
            self._words += f" {attention} changes between local scores and attention."
        self._name()

    def set_on(self, on: bool) -> None:
        """Show whether the heatmap is on."""
        self.box.setChecked(on)
        self.opacity.setEnabled(on)
        self.threshold.setEnabled(on)

    def set_attention(self, attention: bool) -> None:
        """Name the map that is shown: attention, or local scores, which alone have a threshold."""
        self._attention = attention
        self.legend.set_attention(attention)
        for widget in self._of_slider[self.threshold]:
            widget.setVisible(not attention)
        self._name()

    def _name(self) -> None:
        name, accessible, words = (
            (
                "&Attention",
                "Heatmap of attention",
                "Where the model looked, not where the image is bad",
            )
            if self._attention
            else ("&Heatmap", "Heatmap of local scores", "Where the image looks bad")
        )
        self.box.setText(f"{name}{self._key}")
        self.box.setAccessibleName(accessible)
        self.box.setToolTip(f"{words}{self._key}.{self._words}")

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
        self._of_slider[slider] = (label, slider, number)
        for widget in self._of_slider[slider]:
            row.addWidget(widget)
        return slider


class ScoreLegend(QWidget):
    """The colours from 0 to 100: of scores, so that the slice strip can be read with the heatmap off, or of attention."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.set_attention(False)

    def set_attention(self, attention: bool) -> None:
        """Show the colours of attention, or those of scores."""
        name, words = (
            (
                "Colours of attention: dark is none, bright is the most of the slice",
                "Colours of attention: how much a place counts in the score of the slice, in per cent of the most",
            )
            if attention
            else (
                "Colours of scores: bright is 0, dark is 100, the best",
                "Colours of scores: 0 is worst, 100 is best",
            )
        )
        self.setAccessibleName(name)
        self.setToolTip(words)
        self._ends = _ATTENTION if attention else _SCORES
        self._colours = np.ascontiguousarray(
            (attention_colours() if attention else score_colours())[None]
        )
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """Return the room for the bar and its two words."""
        words = self.fontMetrics().horizontalAdvance("".join(self._ends))
        return QSize(words + _BAR + 4 * _GAP, 18)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the lower end, the colours, the upper end."""
        lower, upper = self._ends
        left = self.fontMetrics().horizontalAdvance(lower) + _GAP
        bar = QRectF(left, self.height() / 2 - 5, _BAR, 10)
        image = QImage(self._colours.data, 256, 1, 768, QImage.Format.Format_RGB888)
        with QPainter(self) as painter:
            painter.setPen(self.palette().placeholderText().color())
            flag = Qt.AlignmentFlag.AlignVCenter
            painter.drawText(QRectF(0, 0, left, self.height()), flag, lower)
            painter.drawImage(bar, image)
            painter.drawRect(bar)
            right = bar.right() + _GAP
            painter.drawText(QRectF(right, 0, self.width(), self.height()), flag, upper)
