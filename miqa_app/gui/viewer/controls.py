"""The heatmap's controls under the images: on or off, opacity, threshold."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QSlider, QWidget


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
        self.box = QCheckBox("&Heatmap (M)")
        self.box.setAccessibleName("Heatmap of local scores")
        self.box.toggled.connect(self.toggled)
        row.addWidget(self.box)
        self.opacity = self._slider(row, "&Opacity", "Opacity of the heatmap in per cent", 55)
        self.threshold = self._slider(
            row, "&Show up to", "Highest local score that the heatmap shows", 100
        )
        self.opacity.valueChanged.connect(self.opacity_set)
        self.threshold.valueChanged.connect(self.threshold_set)
        row.addStretch(1)
        self.set_on(False)

    def set_on(self, on: bool) -> None:
        """Show whether the heatmap is on."""
        self.box.setChecked(on)
        self.opacity.setEnabled(on)
        self.threshold.setEnabled(on)

    def _slider(self, row: QHBoxLayout, words: str, name: str, value: int) -> QSlider:
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setRange(0, 100)
        slider.setValue(value)
        slider.setMinimumWidth(70)
        slider.setMaximumWidth(140)
        slider.setAccessibleName(name)
        label = QLabel(words)
        label.setBuddy(slider)
        number = QLabel(str(value))
        number.setMinimumWidth(26)
        slider.valueChanged.connect(number.setNum)
        for widget in (label, slider, number):
            row.addWidget(widget)
        return slider
