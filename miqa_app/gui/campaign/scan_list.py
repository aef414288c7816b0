"""The scans of the study: those that are open already, and files and folders that are chosen or dropped."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QPixmap
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QListWidgetItem,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)

from miqa_app.gui.campaign.rows import DETAIL, THING, Rows
from miqa_app.gui.campaign.step_page import Fault, button, words
from miqa_app.gui.campaign.work import looked_at, scans_read
from miqa_app.gui.viewer.pixels import thumbnail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miqa_app.core.series import Problem, Series
    from miqa_app.gui.campaign.draft import Draft, Scan
    from miqa_app.gui.campaign.errands import Errands
    from miqa_app.gui.theme import Theme

_PICTURE, _TOLD = 48, 3


class ScanList(QWidget):
    """Scans with ticks; drop files anywhere on it.

    Signals:
        changed: other scans are ticked now, or there are more.
        turned: another scan is the current one.
    """

    changed = Signal()
    turned = Signal()

    def __init__(self, draft: Draft, theme: Theme, errands: Errands) -> None:
        super().__init__()
        self._draft, self._errands, self._problems = draft, errands, []
        self.setAcceptDrops(True)
        self.list = Rows(theme, self.tr("Scans"), picture=_PICTURE, lines=2)
        self.files, self.folder = button(self.tr("Add &files…")), button(self.tr("Add f&older…"))
        self.note = words("", "dim")
        self.fault = Fault(self.list)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(self.tr("Reading scans"))
        self._bar.hide()
        buttons = QHBoxLayout()
        buttons.setSpacing(6)
        buttons.addWidget(self.files, 1)
        buttons.addWidget(self.folder, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addLayout(buttons)
        layout.addWidget(self.list, 1)
        layout.addWidget(self._bar)
        layout.addWidget(self.note)
        layout.addWidget(self.fault)
        for scan in draft.scans:
            self._show(scan)
        self._count()
        self._turn_to_first()
        self._look()
        self.files.clicked.connect(self._ask_files)
        self.folder.clicked.connect(self._ask_folder)
        self.list.itemChanged.connect(self._ticked)
        self.list.currentItemChanged.connect(self._turned)

    @property
    def current(self) -> Scan | None:
        """Return the scan that pictures are made of: the current one if it can be rated, else the first that can."""
        item = self.list.currentItem()
        scan = item.data(THING) if item else None
        if scan is not None and not scan.left_out:
            return scan
        return next((one for one in self._draft.scans if not one.left_out), None)

    def add(self, paths: Sequence[Path]) -> None:
        """Read files and folders and offer the scans in them."""
        if not paths:
            return
        self._problems = []
        self._bar.setRange(0, 0)
        self._bar.show()
        self.note.setText(self.tr("Reading…"))
        self._errands.send(
            "reading", scans_read(paths), self._read, told=self._came, failed=self._not_read
        )

    def _came(self, what: tuple[int, int] | Series | Problem) -> None:
        if isinstance(what, tuple):
            self._bar.setRange(0, what[1])
            self._bar.setValue(what[0])
        elif hasattr(what, "voxels"):
            scan = self._draft.add(what)
            if scan is not None:
                self._show(scan)
                self._turn_to_first()
                self.fault.say("")
                self.changed.emit()
        else:
            self._problems.append(f"{Path(what.source).name}: {what.reason.rstrip('.')}.")

    def _read(self, _: object) -> None:
        self._bar.hide()
        self._count()
        self._look()

    def _look(self) -> None:
        """Look for scans whose pixels say that they cannot be rated; the header was asked before."""
        scans = list(self._draft.scans)
        self._errands.send("looking", looked_at(scans), self._looked, told=self._refuse)

    def _looked(self, _: object) -> None:
        """Every other scan can be rated."""

    def _refuse(self, scan: Scan | None) -> None:
        """Take the tick away from a scan and say why."""
        if scan is None:
            return
        self.list.blockSignals(True)
        for row in range(self.list.count()):
            if self.list.item(row).data(THING) is scan:
                self._dress(self.list.item(row))
        self.list.blockSignals(False)
        self._count()
        self.turned.emit()
        self.changed.emit()

    def _not_read(self, sentence: str) -> None:
        self._problems.append(sentence)
        self._read(None)

    def _show(self, scan: Scan) -> None:
        series = scan.series
        item = QListWidgetItem(scan.name)
        item.setData(THING, scan)
        item.setToolTip(f"{scan.name}\n{series.source}")
        ratio = self.devicePixelRatioF()
        picture = QPixmap.fromImage(thumbnail(series, series.slices // 2, round(_PICTURE * ratio)))
        picture.setDevicePixelRatio(ratio)
        item.setData(Qt.ItemDataRole.DecorationRole, picture)
        self._dress(item)
        self.list.blockSignals(True)
        self.list.addItem(item)
        self.list.blockSignals(False)

    def _dress(self, item: QListWidgetItem) -> None:
        """Say what a scan is, or why it is left out."""
        scan = item.data(THING)
        series = scan.series
        size = self.tr("{n} slices of {columns} × {rows}").format(
            n=series.slices, columns=series.shape[1], rows=series.shape[0]
        )
        doubts = {
            "localizer": self.tr("localizer"),
            "another patient": self.tr("another patient"),
        }
        said = f"{doubts[scan.doubt]} · {size}" if scan.doubt else size
        if scan.left_out:
            said = self.tr("left out: {reason}").format(reason=scan.left_out)
        item.setData(DETAIL, f"{said}\n{Path(series.source).name}")
        item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{scan.name}, {said}")
        if scan.left_out:
            item.setFlags(Qt.ItemFlag.ItemIsSelectable)
        item.setCheckState(Qt.CheckState.Checked if scan.chosen else Qt.CheckState.Unchecked)

    def _turn_to_first(self) -> None:
        if self.list.currentItem() is None and self.list.count():
            self.list.setCurrentRow(0)

    def _turned(self, *_: object) -> None:
        self.turned.emit()

    def _ticked(self, item: QListWidgetItem) -> None:
        self._draft.tick(item.data(THING), item.checkState() == Qt.CheckState.Checked)
        self.list.blockSignals(True)
        for row in range(self.list.count()):
            other = self.list.item(row)
            on = other.data(THING).chosen
            other.setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)
        self.list.blockSignals(False)
        self.list.viewport().update()
        self.fault.say("")
        self._count()
        self.changed.emit()

    def _count(self) -> None:
        """Say how many scans are chosen, and what could not be read."""
        chosen = sum(scan.chosen for scan in self._draft.scans)
        parts = self._problems[:_TOLD]
        if len(self._problems) > _TOLD:
            parts.append(
                self.tr("And {n} more could not be read.").format(n=len(self._problems) - _TOLD)
            )
        if self._draft.scans:
            parts.insert(0, self.tr("{n} of {m} chosen").format(n=chosen, m=len(self._draft.scans)))
            if any(scan.doubt and not scan.chosen for scan in self._draft.scans):
                parts.insert(
                    1, self.tr("Localizers and other patients' scans are not ticked by themselves.")
                )
        elif not parts:
            parts.append(self.tr("Drop files or folders here."))
        self.note.setText("\n".join(parts))

    def _ask_files(self) -> None:
        files, _ = QFileDialog.getOpenFileNames(self, self.tr("Add files"))
        self.add([Path(file) for file in files])

    def _ask_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, self.tr("Add a folder"))
        self.add([Path(folder)] if folder else [])

    # ---------------------------------------------------------------- Qt

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files and folders."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Read what was dropped."""
        self.add([Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()])
        event.acceptProposedAction()
