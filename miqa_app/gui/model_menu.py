"""The Model menu: from the workstation to fine-tuning, to the models and to the drift charts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QMessageBox

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtWidgets import QWidget

    from miqa_app.gui.finetune.session import Session
    from miqa_app.gui.main_window import MainWindow


class ModelMenu(QObject):
    """What the entries of the menu do; each window is there once, and comes to the front when it is asked for again.

    Their modules are imported when they are asked for. A training goes on when its window is closed.

    Signals:
        model_changed: another model, or other thresholds, are in force.
    """

    model_changed = Signal()

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._open: dict[str, QWidget] = {}
        self._session: Session | None = None
        self._asking = self._close_at_end = False

    def finetune(self) -> None:
        """Open the window of the fine-tuning, on the one that goes on where there is one."""
        from miqa_app.gui.finetune.open import open_finetune

        if self._raised("finetune"):
            return
        window = self._keep("finetune", open_finetune(self._window, self._training()))
        window.models_asked.connect(self.models)

    def models(self, wanted: str = "") -> None:
        """Open the window of the models."""
        from miqa_app.gui.models.open import open_models

        if self._raised("models"):
            self._open["models"].look_again(wanted)
            return
        scored = sum(entry.assessment is not None for entry in self._window.desk.entries.values())
        window = self._keep("models", open_models(self._window, wanted=wanted, open_series=scored))
        window.scoring_changed.connect(self._window.say)
        window.scoring_changed.connect(self.model_changed)
        window.score_again_asked.connect(self._score_again)

    def bring_in(self, path: Path) -> None:
        """Open the window of the models on a model that was dropped: an archive or a folder."""
        self.models()
        self._open["models"].decisions.bring_in(path)

    def drift(self) -> None:
        """Open the drift charts."""
        from miqa_app.gui.drift.open import open_drift

        if not self._raised("drift"):
            self._keep("drift", open_drift(self._window))

    def repaint(self) -> None:
        """Open the windows anew in the colours of the theme that was chosen."""
        for name, window in list(self._open.items()):
            place = window.geometry()
            window.close()
            self._open.pop(name, None)
            getattr(self, name)()
            self._open[name].setGeometry(place)

    def may_close(self) -> bool:
        """Return whether the workstation may close; while a training goes on, ask what is to become of it."""
        if self._session is None or not self._session.running:
            return True
        if not self._asking:
            self._asking = True
            self._ask()
        return False

    def _ask(self) -> None:
        asked = QMessageBox(self._window)
        asked.setWindowTitle(self.tr("A training goes on"))
        asked.setText(self.tr("A model is being trained. What is to become of it?"))
        asked.setInformativeText(
            self.tr("A training that is stopped goes on from its last epoch when you resume it, now or another day.")
        )  # fmt: skip
        stop = asked.addButton(self.tr("Stop it and close"), QMessageBox.ButtonRole.DestructiveRole)
        late = asked.addButton(self.tr("Close when it is done"), QMessageBox.ButtonRole.AcceptRole)
        stay = asked.addButton(self.tr("Stay"), QMessageBox.ButtonRole.RejectRole)
        asked.setDefaultButton(stay)
        asked.setEscapeButton(stay)
        stop.clicked.connect(self._stop_and_close)
        late.clicked.connect(self._close_later)
        asked.finished.connect(self._answered)
        asked.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        asked.open()

    def _answered(self) -> None:
        self._asking = False

    def _stop_and_close(self) -> None:
        if self._session is not None:
            self._session.shut_down()
            self._session.forget()
        self._window.close()

    def _close_later(self) -> None:
        self._close_at_end = True
        self._window.say(self.tr("The workstation closes when the training is done."))
        self._window.showMinimized()

    def shut_down(self) -> None:
        """Close the windows and end the training; it can be gone on with."""
        for window in list(self._open.values()):
            window.close()
        if self._session is not None:
            self._session.shut_down()

    # ---------------------------------------------------------------- helpers

    def _training(self) -> Session:
        from miqa_app.gui.finetune.session import Session

        if self._session is None:
            self._session = Session(self)
            self._session.ended.connect(self._trained)
        return self._session

    def _trained(self) -> None:
        """Tell how the training ended, whether its window is open or not."""
        end = self._session.progress.end if self._session and self._session.progress else None
        if end is not None and end["event"] == "done":
            self._window.say(f"{end['candidate']}: {end['words']}")
        elif end is not None:
            self._window.say(str(end.get("words") or end.get("text")))
        if self._close_at_end:
            self._window.close()

    def _score_again(self) -> None:
        for entry in list(self._window.desk.entries.values()):
            if entry.assessment is not None:
                self._window.desk.score(entry.key)

    def _raised(self, name: str) -> bool:
        window = self._open.get(name)
        if window is None:
            return False
        window.raise_()
        window.activateWindow()
        return True

    def _keep(self, name: str, window: QWidget) -> QWidget:
        window.setObjectName(name)
        window.finished.connect(self._closed, Qt.ConnectionType.DirectConnection)
        self._open[name] = window
        return window

    def _closed(self, *_: object) -> None:
        self._open.pop(self.sender().objectName(), None)
