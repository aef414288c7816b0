"""The page on which images are judged: grey, images, grey again; keys, and the moment the images appeared."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from miqa_app.errors import MiqaError
from miqa_app.gui.rating.controls import Controls
from miqa_app.gui.rating.page import focused_button, words
from miqa_app.gui.rating.pair_view import PairView
from miqa_app.gui.rating.preload import Preloader
from miqa_app.gui.rating.screen import display_of

if TYPE_CHECKING:
    from miqa_app.services.sitting import Sitting

_TICK_MS = 100
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class RatingPage(QWidget):
    """Shows one presentation after the other until the sitting wants something else on the screen.

    Signals:
        left: the sitting no longer shows images: practice over, break, or end.
        broke: one sentence on why the images cannot be shown.
    """

    left = Signal()
    broke = Signal(str)

    def __init__(self, sitting: Sitting) -> None:
        super().__init__()
        self._sitting = sitting
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.view = PairView(1 if sitting.protocol.images == "single" else 2)
        self.controls = Controls(sitting)
        self.sides = QLabel(), QLabel()
        self._keys = words("", "keys")
        self._fault = words("", "warning")
        self._veil = QWidget(self)
        self._preloader = Preloader(self)
        self._pause, self._tick = QTimer(self), QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setTimerType(Qt.TimerType.PreciseTimer)
        self._tick.setInterval(_TICK_MS)
        self._arrange()
        self._connect()

    def _arrange(self) -> None:
        self._content = QWidget(self)
        layout = QVBoxLayout(self._content)
        layout.setContentsMargins(20, 12, 20, 8)
        layout.setSpacing(6)
        if self._sitting.protocol.names_sides:
            top = QHBoxLayout()
            top.setSpacing(36)
            for label in self.sides:
                label.setObjectName("side")
                label.setAlignment(Qt.AlignmentFlag.AlignCenter)
                top.addWidget(label, 1)
            layout.addLayout(top)
        layout.addWidget(self.view, 1)
        layout.addWidget(self.controls)
        self._fault.hide()
        layout.addWidget(self._fault)
        self._keys.setAlignment(Qt.AlignmentFlag.AlignCenter)
        layout.addWidget(self._keys)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._content)
        self._veil.setObjectName("surround")
        self._veil.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._veil.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._veil.setAccessibleName(self.tr("Pause"))
        self._veil.setCursor(Qt.CursorShape.BlankCursor)

    def _connect(self) -> None:
        self._pause.timeout.connect(self._swap)
        self._tick.timeout.connect(self._ticked)
        self._preloader.came.connect(self._swap)
        self._preloader.failed.connect(self._failed)
        self.view.painted.connect(self._painted)
        self.view.resized.connect(self._refit)
        self.controls.changed.connect(self.controls.refresh)
        self.controls.commit_asked.connect(self.commit)
        self.controls.undo_asked.connect(self.undo)
        self.controls.stop_asked.connect(self.stop)

    # ---------------------------------------------------------------- from images to images

    def go_on(self) -> None:
        """Show grey, and then the images that come now."""
        self._tick.stop()
        self.controls.clear()
        self.view.show_pair(None)
        if self._sitting.phase != "pause":
            self.left.emit()
            return
        self._content.setEnabled(False)
        self._veil.setGeometry(self.rect())
        self._veil.show()
        self._veil.raise_()
        self._veil.setFocus(Qt.FocusReason.OtherFocusReason)
        self._preloader.prepare(self._sitting, self.view.room())
        self._wait()

    def _wait(self) -> None:
        self._pause.start(max(1, math.ceil(self._sitting.pause_left * 1000)))

    def _swap(self) -> None:
        """Show the images once the grey has lasted long enough and they are ready."""
        if self._sitting.phase != "pause" or self.view.shown is not None:
            return
        if self._sitting.pause_left > 0:
            self._wait()
            return
        shown = self._preloader.ready(self._sitting.place)
        if shown is None:
            return  # it comes as soon as it has been read
        self._content.setEnabled(True)
        self._name_sides()
        self._keys.setText(self._help(shown.slices))
        self.controls.begin()
        self._veil.hide()
        self.view.show_pair(shown.fitted(self.view.room()))

    def _failed(self, place: int, sentence: str) -> None:
        """Give up only when the images are needed; those ahead are tried again then."""
        if self._sitting.phase == "pause" and place == self._sitting.place:
            self.broke.emit(sentence)

    def _painted(self) -> None:
        self._sitting.shown()
        self.controls.refresh()
        self._tick.start()
        self._preloader.prepare(self._sitting, self.view.room())

    def _ticked(self) -> None:
        left = self._sitting.seconds_to_look
        self.controls.refresh()
        if not left:
            self._tick.stop()

    def _refit(self) -> None:
        if self.view.shown is not None:
            self.view.fit(self.view.shown.fitted(self.view.room()))

    # ---------------------------------------------------------------- what the rater does

    def commit(self) -> None:
        """Store the vote, or show what it still lacks."""
        if self._sitting.phase != "viewing":
            return
        if self._sitting.lacks:
            self.controls.refuse()
            return
        shown = self.view.shown
        try:
            self._sitting.commit(display_of(self, round(shown.scale, 4)))
        except MiqaError as error:
            self._say(
                self.tr("{reason} Your vote is still here: press Enter to try again.").format(
                    reason=error
                )
            )
            return
        self._say("")
        self.go_on()

    def undo(self) -> None:
        """Take up the last vote again."""
        if self._sitting.can_undo:
            try:
                self._sitting.undo()
            except MiqaError as error:
                self._say(str(error))
            else:
                self.go_on()

    def stop(self) -> None:
        """End the session at once."""
        # the votes are stored; if the note of the end is refused, the session counts as one that was killed
        with suppress(MiqaError):
            self._sitting.stop("tired")
        self.go_on()

    def shut_down(self) -> None:
        """Let timers and the worker end."""
        self._pause.stop()
        self._tick.stop()
        self._preloader.stop()

    def _say(self, sentence: str) -> None:
        self._fault.setText(sentence)
        self._fault.setVisible(bool(sentence))

    def _name_sides(self) -> None:
        names = {"reference": self.tr("Reference"), "test": self.tr("Image to judge"), "": ""}
        for label, name in zip(self.sides, self._sitting.names, strict=True):
            label.setText(names[name])

    def _help(self, slices: int) -> str:
        """Return the keys, one line."""
        protocol = self._sitting.protocol
        count = len(protocol.scale.labels)
        if protocol.scale.kind == "continuous":
            said = [
                self.tr("type 85, or 8 for 80") if self.controls.takes_numbers
                else self.tr("0–9 score in tenths"),
                self.tr("F full score"), self.tr("← → fine"),
            ]  # fmt: skip
        elif protocol.scale.kind == "preference" and count == 3:
            tie = self.tr("← → or 1 2 3") if slices > 1 else self.tr("← ↓ → or 1 2 3")
            said = [tie]
        else:
            said = [self.tr("1–{count} choose").format(count=count)]
        if len(self.controls.scales) > 1:
            said.append(self.tr("Tab other image"))
        elif protocol.asks_confidence or protocol.asks_artefacts:
            said.append(self.tr("Tab next question"))
        if slices > 1:
            said.append(self.tr("↑ ↓ or wheel slices"))
        said += [
            self.tr("Enter commit"),
            self.tr("C cannot judge"),
            self.tr("U undo"),
            self.tr("T or Esc leave"),
        ]
        return "     ".join(said)

    # ---------------------------------------------------------------- Qt

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the grey over everything."""
        self._veil.setGeometry(self.rect())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Do what the keys say that no widget wanted."""
        key, viewing = event.key(), self._sitting.phase == "viewing"
        held = viewing and self.controls.held
        if event.modifiers() & (
            Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
        ):
            event.ignore()
        elif held and key in (Qt.Key.Key_Backspace, Qt.Key.Key_U):
            self.controls.let_go()  # it is this vote that is meant, not the one before
        elif key == Qt.Key.Key_U:
            self.undo()
        elif key in (Qt.Key.Key_T, Qt.Key.Key_Escape):
            self.stop()
        elif not viewing:
            event.ignore()
        elif key in _ENTER:
            if not event.isAutoRepeat():
                self._enter()
        elif key == Qt.Key.Key_C:
            if not held:
                self.controls.cannot.toggle()
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down) and self.view.shown.slices > 1:
            self.view.step(1 if key == Qt.Key.Key_Down else -1)
        elif not self.controls.press(key, event.text(), again=event.isAutoRepeat()):
            event.ignore()

    def _enter(self) -> None:
        """Do what the button with the keyboard says, else commit."""
        cannot = self.controls.cannot
        pressed = cannot if cannot.hasFocus() and not cannot.isChecked() else focused_button(self)
        if pressed is None:
            self.commit()
        else:
            pressed.click()
