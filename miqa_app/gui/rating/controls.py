"""Everything below the images: the question, the scales, what else the study asks, and the buttons."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from miqa_app.core.artefact_kinds import ARTEFACT_KINDS
from miqa_app.gui.rating.chips import Chips
from miqa_app.gui.rating.page import words
from miqa_app.gui.rating.scale import scale_for
from miqa_app.rating.draft import CONFIDENCES

if TYPE_CHECKING:
    from miqa_app.services.sitting import Sitting

_TAGS_IN_A_ROW = 7
_COMMIT_WIDTH = 230
_SIGN_EDGES = 28


class Controls(QWidget):
    """Sets the vote in the making and says what it still waits for.

    Signals:
        commit_asked, undo_asked, stop_asked: a button was pressed.
        changed: the vote in the making has changed.
    """

    commit_asked = Signal()
    undo_asked = Signal()
    stop_asked = Signal()
    changed = Signal()

    def __init__(self, sitting: Sitting) -> None:
        super().__init__()
        self._sitting = sitting
        protocol = sitting.protocol
        names = {
            "score": self.tr("Score"),
            "left": self.tr("Score of the left image"),
            "right": self.tr("Score of the right image"),
            "preference": self.tr("Preference"),
        }
        self.scales = {slot: scale_for(protocol, names[slot]) for slot in sitting.slots}
        self.confidence, self.tags = self._extras()
        self.cannot = self._button(self.tr("Cannot judge"), "quietly")
        self.cannot.setCheckable(True)
        self.undo = self._button(self.tr("Undo last vote"), "quietly")
        self.commit = self._button(self.tr("Commit"), "main")
        self.tired = self._button(self.tr("I'm tired"), "quietly")
        self.commit.setFixedWidth(_COMMIT_WIDTH)
        self.sign = words("", "sign")
        self.held = False
        self.count = QLabel()
        self.bar = QProgressBar()
        self._arrange()
        for scale in self.scales.values():
            scale.moved.connect(self._moved)
        self.cannot.toggled.connect(self._cannot_toggled)
        self.undo.clicked.connect(self.undo_asked)
        self.commit.clicked.connect(self.commit_asked)
        self.tired.clicked.connect(self.stop_asked)

    # ---------------------------------------------------------------- building

    def _extras(self) -> tuple[Chips | None, Chips | None]:
        """Return the rows that only some studies ask for."""
        confidence = tags = None
        if self._sitting.protocol.asks_confidence:
            sure = {1: self.tr("guess"), 3: self.tr("fairly sure"), 5: self.tr("certain")}
            answers = [(n, sure.get(n, str(n))) for n in CONFIDENCES]
            confidence = Chips("", answers, keys=[str(n) for n in CONFIDENCES])
            confidence.setAccessibleName(self.tr("How sure are you?"))
            confidence.chosen.connect(self._sure)
        if self._sitting.protocol.asks_artefacts:
            kinds = [(kind.key, kind.name.split(" (")[0]) for kind in ARTEFACT_KINDS]
            tags = Chips("", kinds, several=True, columns=_TAGS_IN_A_ROW, small=True)
            tags.setAccessibleName(self.tr("What disturbs, if anything?"))
            tags.chosen.connect(self._tagged)
        return confidence, tags

    def _arrange(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addSpacing(4)
        self._question = words(self._sitting.protocol.question, "question")
        self._question.setAlignment(Qt.AlignmentFlag.AlignCenter)
        layout.addWidget(self._question)
        # the sign lies over the question, outside the layout, so that the images keep their size
        self.sign.setParent(self)
        self.sign.setWordWrap(False)
        self.sign.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.sign.hide()
        row = QHBoxLayout()
        row.setSpacing(36)
        for scale in self.scales.values():
            column = QHBoxLayout()
            column.addStretch(1)
            column.addWidget(scale, 1000)
            column.addStretch(1)
            row.addLayout(column, 1)
        layout.addLayout(row)
        for extra in (self.confidence, self.tags):
            if extra is not None:
                layout.addLayout(_labelled(extra))
        layout.addSpacing(4)
        layout.addLayout(self._bottom())

    def _bottom(self) -> QGridLayout:
        self.count.setObjectName("quiet")
        self.count.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.bar.setTextVisible(False)
        self.bar.setFormat("")
        self.bar.setMaximumWidth(120)
        self.bar.setAccessibleName(self.tr("Progress"))
        left, middle, right = QHBoxLayout(), QHBoxLayout(), QHBoxLayout()
        left.addWidget(self.cannot)
        left.addWidget(self.undo)
        left.addStretch(1)
        middle.addWidget(self.commit)
        right.addStretch(1)
        right.addWidget(self.count)
        right.addSpacing(8)
        right.addWidget(self.bar)
        right.addSpacing(16)
        right.addWidget(self.tired)
        grid = QGridLayout()
        for place, part in enumerate((left, middle, right)):
            grid.addLayout(part, 0, place)
            grid.setColumnStretch(place, 1)
        return grid

    def _button(self, text: str, name: str) -> QPushButton:
        button = QPushButton(text)
        button.setObjectName(name)
        button.setAccessibleName(text)
        return button

    # ---------------------------------------------------------------- what the page does

    def clear(self) -> None:
        """Make everything empty: nothing of a vote stays when its images go."""
        self.let_go()
        for scale in self.scales.values():
            scale.clear()
        for extra in (self.confidence, self.tags):
            if extra is not None:
                extra.clear()
        self.cannot.blockSignals(True)
        self.cannot.setChecked(False)
        self.cannot.blockSignals(False)

    def begin(self) -> None:
        """Begin with the images that have come: count on, and put the keyboard on the first scale."""
        self._count()
        self.refresh()
        self.first.setFocus(Qt.FocusReason.OtherFocusReason)

    @property
    def takes_numbers(self) -> bool:
        """Return whether a score can be typed as a number."""
        return bool(getattr(self.first, "takes_numbers", False))

    @property
    def first(self) -> QWidget:
        """Return the first scale."""
        return next(iter(self.scales.values()))

    def refresh(self) -> None:
        """Say what a commit waits for."""
        lack = self._sitting.lacks
        ready = not lack
        self.commit.setEnabled(ready)
        self.undo.setEnabled(self._sitting.can_undo)
        self.undo.setToolTip(self._undo_words())
        if self.held:
            self._say(self._held_words())
        if ready:
            said = self.tr("Commit")
        elif lack == "score":
            both = len(self.scales) > 1
            said = self.tr("Set both scores") if both else self.tr("Waits for your vote")
        elif lack == "confidence":
            said = self.tr("Say how sure you are")
        else:
            said = self.tr("Look for {n} s more").format(n=math.ceil(self._sitting.seconds_to_look))
        self.commit.setText(said)
        self.commit.setAccessibleDescription("" if ready else said)

    def press(self, key: int, text: str, *, again: bool = False) -> bool:
        """Give a key to the scale in use, and the keyboard with it; return whether it means anything there."""
        focused = [scale for scale in self.scales.values() if scale.hasFocus()]
        scale = focused[0] if focused else self.first
        taken = scale.press(key, text, again=again)
        if taken:
            scale.setFocus(Qt.FocusReason.OtherFocusReason)
        return taken

    def refuse(self) -> None:
        """Answer a commit that came too early: say what it waits for, and put the keyboard there.

        Where it is only the time that lacks, the rater may think that the vote has gone, and type the next one. So keys
        leave it alone until it has been committed, or until they are let go.
        """
        self.held = self._sitting.lacks == "time"
        self._hold(self.held)
        if self.held:
            self._say(self._held_words())
            return
        self._say(
            self.tr("Say how sure you are, then Enter")
            if self._sitting.lacks == "confidence"
            else self.tr("No vote yet: give it first, then Enter")
        )
        self._seek()

    def let_go(self) -> None:
        """Let keys change the vote again."""
        self.held = False
        self._hold(False)
        self._say("")

    def _hold(self, on: bool) -> None:
        for widget in (*self.scales.values(), self.confidence, self.tags):
            if widget is not None:
                widget.held = on

    def _say(self, sentence: str) -> None:
        """Show a sentence in place of the question, or the question for ''."""
        self.sign.setText(sentence)
        self._place_sign()
        self.sign.setVisible(bool(sentence))

    def _place_sign(self) -> None:
        covered = self._question
        words_wide = covered.fontMetrics().horizontalAdvance(covered.text()) + _SIGN_EDGES
        under = QSize(min(words_wide, covered.width()), covered.height())
        self.sign.resize(self.sign.sizeHint().expandedTo(under))
        self.sign.move(self._question.geometry().center() - self.sign.rect().center())

    def _held_words(self) -> str:
        seconds = math.ceil(self._sitting.seconds_to_look)
        if not seconds:
            return self.tr("Not stored yet: press Enter     (Backspace: change it)")
        return self.tr("Look for {n} s more, then Enter     (Backspace: change it)").format(
            n=seconds
        )

    def _undo_words(self) -> str:
        """Return what undo does, or why it can do nothing."""
        if self._sitting.can_undo:
            return self.tr("Take up the last vote again")
        if self._sitting.undo_is_spent:
            return self.tr("Each vote can be undone once; the last one has been.")
        return self.tr("There is no vote to undo yet.")

    def _seek(self) -> None:
        """Put the keyboard on what is still lacking."""
        if self._sitting.lacks == "confidence" and self.confidence is not None:
            self.confidence.take_focus()
        for slot, scale in self.scales.items():
            if scale.value is None and not self.cannot.isChecked():
                self.scales[slot].setFocus(Qt.FocusReason.OtherFocusReason)
                return

    def _count(self) -> None:
        done, total = self._sitting.progress
        if self._sitting.in_training:
            form = self.tr("Practice {n} of {total}\nnot counted")
        elif self._sitting.is_settling_in:
            form = self.tr("Settling in {n} of {total}\nnot counted")
        else:
            form = self.tr("{n} of {total}")
        self.count.setText(form.format(n=done + 1, total=total))
        self.bar.setMaximum(max(total, 1))
        self.bar.setValue(done)

    def _moved(self, value: float, settled: bool) -> None:
        slot = next(slot for slot, scale in self.scales.items() if scale is self.sender())
        self.let_go()
        if self.cannot.isChecked():
            self.cannot.blockSignals(True)
            self.cannot.setChecked(False)
            self.cannot.blockSignals(False)
        self._sitting.move(slot, value, settled=settled)
        self.changed.emit()

    def _cannot_toggled(self, on: bool) -> None:
        self.let_go()
        for scale in self.scales.values():
            scale.clear()
        self._sitting.set_cannot_judge(on)
        self.changed.emit()

    def _sure(self, value: object) -> None:
        self._sitting.set_confidence(int(value))
        self.changed.emit()

    def _tagged(self, values: object) -> None:
        self._sitting.set_tags(values)
        self.changed.emit()

    # ---------------------------------------------------------------- Qt

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the sign in its place."""
        super().resizeEvent(event)
        self._place_sign()


def _labelled(row: Chips) -> QHBoxLayout:
    """Return a row of answers in the middle, its question before it."""
    line = QHBoxLayout()
    label = QLabel(row.accessibleName())
    label.setObjectName("quiet")
    line.addStretch(1)
    line.addWidget(label)
    line.addSpacing(10)
    line.addWidget(row)
    line.addStretch(1)
    return line
