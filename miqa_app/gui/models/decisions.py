"""What people decide about models: the dialogs of the window, and what is done when they are signed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QFileDialog

from miqa_app.gui.models import work
from miqa_app.gui.models.import_dialog import FolderDialog, ImportDialog, fingerprint_lines
from miqa_app.gui.models.promote_dialog import PromoteDialog
from miqa_app.gui.models.rollback_dialog import RollBackDialog
from miqa_app.gui.models.sign_dialog import SignDialog

if TYPE_CHECKING:
    from PySide6.QtWidgets import QDialog

    from miqa_app.gui.models.window import ModelsWindow
    from miqa_app.registry.proposals import Proposal
    from miqa_app.services.exchange import Exported, Imported, Signed
    from miqa_app.services.registry import Promotion

ENDING = ".miqa"


class ModelDecisions(QObject):
    """Promote, trial, roll back, export, import, and thresholds."""

    def __init__(self, window: ModelsWindow) -> None:
        super().__init__(window)
        self._window = window
        window.promote.clicked.connect(self.promote)
        window.trial.clicked.connect(self.trial)
        window.back.clicked.connect(self.roll_back)
        window.send.clicked.connect(self.send_out)
        window.bring.clicked.connect(self._ask_for_archive)
        window.thresholds.fit_asked.connect(self._fit)
        window.thresholds.promote_asked.connect(self._sign_thresholds)

    # ---------------------------------------------------------------- promotion

    def promote(self) -> None:
        """Ask whether the chosen model may be promoted, then who does it."""
        row = self._window.list.row
        if row is not None:
            self._send("allowed", work.allowed(row.name), self._sign_promotion)

    def _sign_promotion(self, found: tuple[Promotion, Proposal | None]) -> None:
        window = self._window
        active = window.site.status.active if window.site else None
        name = active.name if active else self.tr("the model of now")
        dialog = self._open(PromoteDialog(window.theme, *found, name, window))
        dialog.accepted.connect(self._promote)

    def _promote(self) -> None:
        dialog: PromoteDialog = self.sender()
        by, second = dialog.names
        name = dialog.found.model.name
        trial = dialog.trial.isChecked()
        steps = work.promoted(name, by, second, shadow=trial, thresholds=dialog.thresholds.isChecked())  # fmt: skip
        self._send("change", steps, self._tried if trial else self._changed, wanted=name)

    def roll_back(self) -> None:
        """Ask who brings an earlier model back."""
        window = self._window
        if window.site is None:
            return
        status = window.site.status
        active = status.active.name if status.active else ""
        earlier = [c.before for c in reversed(status.history) if c.what == "model promoted"]
        # a model that was returned from is no model to return to
        gone = {c.before for c in status.history if c.what == "model rolled back"}
        names = [n for n in dict.fromkeys(earlier) if n and n != active]
        names.sort(key=lambda name: name in gone)
        dialog = self._open(RollBackDialog(window.theme, active, names, window.site.operator, window))  # fmt: skip
        dialog.accepted.connect(self._roll_back)

    def _roll_back(self) -> None:
        dialog: RollBackDialog = self.sender()
        to = dialog.to.currentText()
        self._send("change", work.rolled_back(dialog.names[0], to or None), self._changed, wanted=to)  # fmt: skip

    def trial(self) -> None:
        """Put the chosen model on trial, or take it off."""
        window = self._window
        row = window.list.row
        if row is None or window.site is None:
            return
        name = None if row.state == "shadow" else row.name
        self._send("change", work.shadowed(name, window.site.operator), self._tried, wanted=row.name)  # fmt: skip

    def _changed(self, sentence: str) -> None:
        """Tell that another model or other thresholds give the verdicts."""
        self._window.tell(sentence, score_again=True)
        self._window.look_again()
        self._window.scoring_changed.emit(sentence)

    def _tried(self, sentence: str) -> None:
        self._window.tell(sentence)
        self._window.look_again()

    # ---------------------------------------------------------------- between sites

    def send_out(self) -> None:
        """Ask where to, and write the chosen model to an archive."""
        row = self._window.list.row
        if row is None:
            return
        name, _ = QFileDialog.getSaveFileName(
            self._window, self.tr("Export a model"), str(Path.home() / f"{row.name}{ENDING}"), self.tr("Models (*.miqa)")
        )  # fmt: skip
        if name:
            file = Path(name)
            file = file if file.suffix else file.with_suffix(ENDING)
            self._send("change", work.exported(row.name, file), self._exported)

    def _exported(self, done: Exported) -> None:
        self._window.tell(
            self.tr(
                "{file} is written; in it the model is called {name}. Read your fingerprint to the receiver on the telephone:\n{print}"
            ).format(file=done.file, name=done.name, print=fingerprint_lines(done.fingerprint))
        )
        self._window.look_again()

    def bring_in(self, file: Path) -> None:
        """Import an archive, at once where its signer is known, else after the fingerprint was compared; or a folder, after asking."""
        if file.is_dir():
            self._ask_for_folder(file)
            return
        self._archive = file
        self._send("inspect", work.inspected(file), self._inspected)

    def _ask_for_folder(self, folder: Path) -> None:
        """Ask whether a folder is wanted that nobody has signed."""
        window = self._window
        operator = window.site.operator if window.site else ""
        dialog = self._open(FolderDialog(window.theme, folder, operator, window))
        dialog.accepted.connect(self._take_folder)

    def _take_folder(self) -> None:
        dialog: FolderDialog = self.sender()
        self._send("change", work.folder_imported(dialog.folder, dialog.names[0]), self._imported)

    def _inspected(self, signed: Signed) -> None:
        window = self._window
        operator = window.site.operator if window.site else ""
        if signed.trusted:
            self._import(self._archive, operator, trusting=False)
            return
        dialog = self._open(ImportDialog(window.theme, self._archive, signed, operator, window))
        dialog.accepted.connect(self._trust)

    def _trust(self) -> None:
        dialog: ImportDialog = self.sender()
        self._import(dialog.file, dialog.names[0], trusting=True)

    def _import(self, file: Path, by: str, *, trusting: bool) -> None:
        self._send("change", work.imported(file, by, trusting=trusting), self._imported)

    def _imported(self, done: Imported) -> None:
        if not done.new:
            words = self.tr("{name} was here already, with the same content.")
        elif done.fingerprint:
            words = self.tr("{name} has come in as a candidate; promote it when its evidence convinces you.")  # fmt: skip
        else:
            words = self.tr("{name} has come in as a candidate without evidence; put it on trial to see what it says.")  # fmt: skip
        self._window.tell(words.format(name=done.name))
        self._window.look_again(done.name)

    def _ask_for_archive(self) -> None:
        name, _ = QFileDialog.getOpenFileName(
            self._window, self.tr("Import a model"), str(Path.home()), self.tr("Models (*.miqa *.zip);;All files (*)")
        )  # fmt: skip
        if name:
            self.bring_in(Path(name))

    # ---------------------------------------------------------------- thresholds

    def _fit(self, table: str) -> None:
        window = self._window
        active = window.site.status.active if window.site else None
        if active is None:
            return
        window.thresholds.work(True)
        window.errands.send(
            "fit", work.fitted(table or None, active.name), self._fitted, failed=window.thresholds.refuse
        )  # fmt: skip

    def _fitted(self, _: Proposal) -> None:
        self._window.look_again()

    def _sign_thresholds(self) -> None:
        window = self._window
        waiting = window.site.thresholds.waiting if window.site and window.site.thresholds else None
        if waiting is None:
            return
        sentences = [
            self.tr("Accept from {accept}, consider a rescan below {rescan}").format(
                accept=waiting.accept.score, rescan=waiting.rescan.score
            ),
            self.tr("From the next scan on these cuts make verdicts of the scores of {name}, and the mark 'uncalibrated' goes.").format(name=waiting.name),
        ]  # fmt: skip
        dialog = self._open(
            SignDialog(window.theme, self.tr("Put in force"), sentences, two=work.two_signatures(), parent=window)
        )  # fmt: skip
        dialog.accepted.connect(self._promote_thresholds)

    def _promote_thresholds(self) -> None:
        window = self._window
        active = window.site.status.active if window.site else None
        if active is not None:
            by, second = self.sender().names
            self._send("change", work.thresholds_promoted(by, second, active.name), self._changed)

    # ---------------------------------------------------------------- helpers

    def _open(self, dialog: QDialog) -> QDialog:
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()
        return dialog

    def _send(self, name: str, steps: object, done: object, *, wanted: str = "") -> None:
        """Have something done; what does not work is one sentence in the window."""
        if wanted:
            self._window.want(wanted)
        self._window.errands.send(name, steps, done, told=self._window.work, failed=self._window.cannot)  # type: ignore[arg-type]  # fmt: skip
