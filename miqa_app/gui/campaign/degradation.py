"""The first way to make items: good scans, degraded on purpose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from miqa_app.core.artefact_kinds import BY_KEY, KEYS
from miqa_app.gui.campaign.kind_tiles import LARGE, KindTiles, image_of
from miqa_app.gui.campaign.preview import Preview
from miqa_app.gui.campaign.step_page import Fault, button, words
from miqa_app.gui.campaign.work import pictures

if TYPE_CHECKING:
    from miqa_app.gui.campaign.draft import Draft, Scan
    from miqa_app.gui.campaign.errands import Errands
    from miqa_app.gui.campaign.work import Picture
    from miqa_app.gui.theme import Theme

_STEPS = tuple(round(0.1 * n, 1) for n in range(1, 11))


class Degradation(QWidget):
    """Which artefacts, and how strong.

    Signals:
        changed: something was chosen.
    """

    changed = Signal()

    def __init__(self, draft: Draft, theme: Theme, errands: Errands) -> None:
        super().__init__()
        self._draft, self._errands = draft, errands
        self._scan: Scan | None = None
        self._shown: tuple[object, ...] = ()
        self._clean: Picture | None = None
        self.tiles = KindTiles(theme, draft.kinds)
        self.preview = Preview(theme)
        self._pointed = draft.kinds[0] if draft.kinds else KEYS[0]
        self.kinds_fault = Fault(self.tiles.tiles[KEYS[0]])
        self.note = words("", "dim")
        # no QButtonGroup: Tab would reach one of them only
        self.chips: dict[float, QPushButton] = {}
        steps = QHBoxLayout()
        steps.setSpacing(5)
        steps.addWidget(words(self.tr("Severity"), "subhead", wrap=False))
        steps.addSpacing(6)
        for value in _STEPS:
            chip = button(self.locale().toString(value, "f", 1), "chip")
            chip.setCheckable(True)
            chip.setChecked(value in draft.severities)
            chip.setAccessibleName(self.tr("Severity {value}").format(value=chip.text()))
            chip.toggled.connect(self._severities)
            self.chips[value] = chip
            steps.addWidget(chip)
        steps.addStretch(1)
        self.severity_fault = Fault(self.chips[_STEPS[0]])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self.tiles)
        layout.addWidget(self.kinds_fault)
        layout.addLayout(steps)
        layout.addWidget(self.severity_fault)
        layout.addWidget(self.note)
        layout.addWidget(self.preview, 1)
        self.tiles.pointed.connect(self._point)
        self.tiles.chosen.connect(self._kinds)

    def show_scan(self, scan: Scan | None) -> None:
        """Show the artefacts on a scan, at the strongest severity that is chosen."""
        self._scan = scan
        severity = max(self._draft.severities, default=_STEPS[-1])
        wanted = (scan, severity, self._draft.seed)
        if wanted == self._shown:
            return
        if self._shown and self._shown[0] is not scan:
            self.tiles.forget()
        self._shown = wanted
        if scan is None:
            self._errands.recall("pictures")
            self.tiles.forget()
            self.note.setText(self.tr("Add a scan to see what the artefacts do to it."))
            return
        self.note.setText(
            self.tr("Shown on {scan}, at severity {value}; point at one to see it large.").format(
                scan=scan.name, value=self.locale().toString(severity, "f", 1)
            )
        )
        self.tiles.say_drawing()
        work = pictures(scan, KEYS, severity, self._draft.seed)
        self._errands.send("pictures", work, self._done, told=self._came, failed=self._no_pictures)

    def complete(self) -> bool:
        """Return whether there is something to make."""
        if not self._draft.kinds:
            self.kinds_fault.complain(self.tr("Choose at least one artefact."))
        elif not self._draft.severities:
            self.severity_fault.complain(self.tr("Choose at least one severity."))
        else:
            return True
        return False

    def _kinds(self, on: tuple[str, ...]) -> None:
        self._draft.kinds = on
        self.kinds_fault.say("")
        self.changed.emit()

    def _severities(self, *_: object) -> None:
        self._draft.severities = tuple(v for v, chip in self.chips.items() if chip.isChecked())
        self.severity_fault.say("")
        self.show_scan(self._scan)
        self.changed.emit()

    def _came(self, picture: Picture) -> None:
        if not picture.kind:
            self._clean = picture
        elif self._clean is not None:
            self.tiles.show_pictures(self._clean, picture)
            if picture.kind == self._pointed:
                self._point(picture.kind)

    def _point(self, kind: str) -> None:
        """Show one artefact large."""
        self._pointed = kind
        clean = image_of(self._clean, LARGE) if self._clean else None
        self.preview.show_pair(clean, self.tiles.tiles[kind].picture, BY_KEY[kind].name)

    def _done(self, _: object) -> None:
        """Nothing more is to be shown."""

    def _no_pictures(self, sentence: str) -> None:
        self.tiles.forget()
        self.note.setText(sentence)
