"""The second way to make items: a poor scan beside its repeat from the same exam."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QCheckBox, QListWidgetItem, QVBoxLayout, QWidget

from miqa_app.gui.campaign.rows import DETAIL, THING, Rows
from miqa_app.gui.campaign.step_page import Fault, words
from miqa_app.gui.campaign.work import repeats_among
from miqa_app.gui.viewer.pixels import thumbnail

if TYPE_CHECKING:
    from miqa_app.gui.campaign.draft import Draft, Suggestion
    from miqa_app.gui.campaign.errands import Errands
    from miqa_app.gui.theme import Theme

_PICTURE = 72


class RepeatList(QWidget):
    """Suggestions with the reason in words; the coordinator ticks what is right.

    Signals:
        changed: something was chosen.
    """

    changed = Signal()

    def __init__(self, draft: Draft, theme: Theme, errands: Errands) -> None:
        super().__init__()
        self._draft, self._errands = draft, errands
        self._looked: tuple[str, ...] | None = None
        self.words = words("")
        self.list = Rows(
            theme, self.tr("Scans that were probably repeated"), picture=_PICTURE, lines=5
        )
        self.fault = Fault(self.list)
        self.degrade_too = QCheckBox()
        self.degrade_too.setChecked(draft.degrade_too)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self.words)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.fault)
        layout.addWidget(self.degrade_too)
        self.degrade_too.toggled.connect(self._degrade)
        self.list.itemChanged.connect(self._ticked)

    def look(self) -> None:
        """Look for repeats among the ticked scans, unless that has been done."""
        self._offer()
        series = [scan.series for scan in self._draft.scans if scan.chosen]
        keys = tuple(one.key for one in series)
        if keys == self._looked:
            return
        self._looked = keys
        self.words.setText(self.tr("Looking for scans that were taken twice…"))
        self._errands.send("repeats", repeats_among(series), self._found, failed=self.words.setText)

    def complete(self) -> bool:
        """Return whether at least one pair is ticked, and artefacts are chosen where they are wanted."""
        draft = self._draft
        if draft.degrade_too and not (draft.kinds and draft.severities):
            self.fault.complain(
                self.tr("Choose artefacts and severities under “Degrade good scans” first.")
            )
            return False
        if any(one.ticked for one in self._draft.suggestions):
            return True
        self.fault.complain(
            self.tr("Tick at least one pair.")
            if self._draft.suggestions
            else self.tr("There is no pair to rate; add the whole exam, or choose another way.")
        )
        return False

    def _offer(self) -> None:
        """Say which artefacts the good scans would get: those that the first way has."""
        severities = ", ".join(self.locale().toString(v, "f", 1) for v in self._draft.severities)
        count = len(self._draft.kinds)
        kinds = self.tr("1 artefact") if count == 1 else self.tr("{n} artefacts").format(n=count)
        text = self.tr("Also &degrade the good scans ({kinds} at severity {severities})").format(
            kinds=kinds, severities=severities or "–"
        )
        self.degrade_too.setText(text)
        self.degrade_too.setAccessibleName(text.replace("&", ""))
        self.degrade_too.setToolTip(
            self.tr(
                "One study with both: poor scans beside their repeats, and good scans degraded as chosen under “Degrade "
                "good scans”. Every image keeps what it is."
            )
        )

    def _degrade(self, on: bool) -> None:
        self._draft.degrade_too = on
        self.fault.say("")
        self.changed.emit()

    def _found(self, repeats: object) -> None:
        self._draft.suggest(repeats)
        self.list.blockSignals(True)
        self.list.clear()
        for one in self._draft.suggestions:
            self._show(one)
        self.list.blockSignals(False)
        self.fault.say("")
        self.words.setText(
            self.tr("The earlier scan is rated beside the later one. Untick what is no repeat.")
            if repeats
            else self.tr(
                "None of the ticked scans looks like a repeat of another: that takes the same exam, name, parameters "
                "and place."
            )
        )
        self.changed.emit()

    def _show(self, one: Suggestion) -> None:
        first, second = one.repeat.first, one.repeat.second
        item = QListWidgetItem(f"{first.description}  →  {second.description}")
        item.setData(DETAIL, one.repeat.why)
        item.setData(THING, one)
        item.setToolTip(one.repeat.why)
        item.setData(Qt.ItemDataRole.AccessibleTextRole, one.repeat.why)
        ratio = self.devicePixelRatioF()
        picture = QPixmap.fromImage(thumbnail(first, first.slices // 2, round(_PICTURE * ratio)))
        picture.setDevicePixelRatio(ratio)
        item.setData(Qt.ItemDataRole.DecorationRole, picture)
        item.setCheckState(Qt.CheckState.Checked if one.ticked else Qt.CheckState.Unchecked)
        self.list.addItem(item)

    def _ticked(self, item: QListWidgetItem) -> None:
        item.data(THING).ticked = item.checkState() == Qt.CheckState.Checked
        self.fault.say("")
        self.changed.emit()
