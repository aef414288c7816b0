"""Second step: the scans, and how they become items."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QSpinBox,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from miqa_app.gui.campaign.degradation import Degradation
from miqa_app.gui.campaign.repeat_list import RepeatList
from miqa_app.gui.campaign.scan_list import ScanList
from miqa_app.gui.campaign.step_page import StepPage, button, field_name, words

if TYPE_CHECKING:
    from miqa_app.gui.campaign.draft import Draft, Way
    from miqa_app.gui.campaign.errands import Errands
    from miqa_app.gui.theme import Theme

_WAYS: tuple[Way, ...] = ("degraded", "repeats", "as acquired")


class MaterialPage(StepPage):
    """Scans on the left; on the right the way, and what it needs to know."""

    def __init__(self, draft: Draft, theme: Theme, errands: Errands) -> None:
        super().__init__(self.tr("What is rated?"))
        self._draft = draft
        self.scans = ScanList(draft, theme, errands)
        self.degradation = Degradation(draft, theme, errands)
        self.repeats = RepeatList(draft, theme, errands)
        self.plain = words(
            self.tr(
                "The scans are shown as they are, one image at a time. The practice round and the examples at both ends "
                "of the scale are made from other slices, degraded."
            )
        )
        self.plain.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.slices, self.stack = QSpinBox(), QSpinBox()
        self.slices.setRange(1, 60)
        self.stack.setRange(1, 40)
        self.slices.setValue(draft.slices)
        self.stack.setValue(draft.stack)
        self.sum = words("", "dim")
        self.why_not = words(
            self.tr(
                "“Scans as they are” needs a protocol that shows single images: go back and choose one."
            ),
            "dim",
        )
        self._group = QButtonGroup(self)
        self._arrange()
        self._group.button(_WAYS.index(draft.way)).setChecked(True)
        self._group.idToggled.connect(self._turn)
        self.scans.changed.connect(self._other_scans)
        self.scans.turned.connect(self._show_pictures)
        for part in (self.degradation, self.repeats):
            part.changed.connect(self._changed)
        self.slices.valueChanged.connect(self._numbers)
        self.stack.valueChanged.connect(self._numbers)

    def way(self, way: Way) -> QWidget:
        """Return the button of a way."""
        return self._group.button(_WAYS.index(way))

    def enter(self) -> None:
        """Offer what the protocol can show."""
        single = self._draft.protocol.images == "single"
        plain = self.way("as acquired")
        plain.setEnabled(single)
        self.why_not.setVisible(not single)
        plain.setAccessibleDescription("" if single else self.why_not.text())
        if not single and self._draft.way == "as acquired":
            self.way("degraded").setChecked(True)
        self._turn()
        (self.scans.files if not self._draft.scans else self.scans.list).setFocus(
            Qt.FocusReason.OtherFocusReason
        )

    def complete(self) -> bool:
        """Return whether there are scans, and something to make of them."""
        if not any(scan.chosen for scan in self._draft.scans):
            usable = any(not scan.left_out for scan in self._draft.scans)
            self.scans.fault.complain(
                self.tr("Tick at least one scan.")
                if usable
                else self.tr("Add at least one MR scan.")
            )
            return False
        if self._draft.way == "degraded":
            return self.degradation.complete()
        return self._draft.way == "as acquired" or self.repeats.complete()

    def _arrange(self) -> None:
        ways = QHBoxLayout()
        ways.setSpacing(8)
        names = (
            self.tr("&Degrade good scans"),
            self.tr("A &poor scan and its repeat"),
            self.tr("Scans as the&y are"),
        )
        for number, name in enumerate(names):
            choice = button(name, "way")
            choice.setCheckable(True)
            self._group.addButton(choice, number)
            ways.addWidget(choice, 1)
        self._stack = QStackedWidget()
        for part in (self.degradation, self.repeats, self.plain):
            self._stack.addWidget(part)
        numbers = QHBoxLayout()
        numbers.setSpacing(8)
        for name, field in (
            (self.tr("P&laces in each scan"), self.slices),
            (self.tr("Slices per pla&ce"), self.stack),
        ):
            field.setMinimumSize(64, 28)
            numbers.addWidget(field_name(name, field))
            numbers.addWidget(field)
            numbers.addSpacing(14)
        numbers.addStretch(1)
        right = QVBoxLayout()
        right.setSpacing(5)
        right.addLayout(ways)
        right.addWidget(self.why_not)
        right.addWidget(self._stack, 1)
        right.addLayout(numbers)
        columns = QHBoxLayout()
        columns.setSpacing(16)
        right.addWidget(self.sum)
        self.scans.setFixedWidth(272)
        columns.addWidget(self.scans)
        columns.addLayout(right, 1)
        self.body.addLayout(columns, 1)

    def _turn(self, *_: object) -> None:
        """Show what the chosen way needs to know."""
        way = _WAYS[max(self._group.checkedId(), 0)]
        self._draft.way = way
        self._stack.setCurrentIndex(_WAYS.index(way))
        if way == "repeats":
            self.repeats.look()
        self._show_pictures()
        self._changed()

    def _show_pictures(self) -> None:
        if self._draft.way == "degraded" and self.isVisible():
            self.degradation.show_scan(self.scans.current)

    def _other_scans(self) -> None:
        self._show_pictures()
        if self._draft.way == "repeats":
            self.repeats.look()
        self._changed()

    def _numbers(self) -> None:
        self._draft.slices, self._draft.stack = self.slices.value(), self.stack.value()
        self._changed()

    def _changed(self) -> None:
        """Say how many images that makes."""
        draft = self._draft
        sums = []
        if draft.way == "repeats":
            sums.append([(len(draft.pairs), self.tr("pair"), self.tr("pairs"))])
        if draft.way != "repeats" or draft.degrade_too:
            poor = {first for first, _ in draft.pairs} if draft.way == "repeats" else set()
            scans = sum(scan.series.key not in poor for scan in draft.chosen)
            sums.append([(scans, self.tr("scan"), self.tr("scans"))])
        for parts in sums:
            parts.append((draft.slices, self.tr("place"), self.tr("places")))
        if draft.design.kinds:
            sums[-1].append((len(draft.kinds), self.tr("artefact"), self.tr("artefacts")))
            sums[-1].append((len(draft.severities), self.tr("severity"), self.tr("severities")))
        products = (
            " × ".join(f"{n} {one if n == 1 else more}" for n, one, more in parts) for parts in sums
        )
        self.sum.setText(
            self.tr("{product} = {n} to rate at most").format(
                product="  +  ".join(products),
                n=sum(math.prod(count for count, _, _ in parts) for parts in sums),
            )
        )
        self.changed.emit()
