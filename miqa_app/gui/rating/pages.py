"""The other pages: instructions, examples, the end of the practice, breaks, and the end."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QSize, Qt
from PySide6.QtGui import QKeyEvent, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from miqa_app.errors import MiqaError
from miqa_app.gui.rating.page import Page, words
from miqa_app.gui.rating.pictures import Shown, common_scale

if TYPE_CHECKING:
    from miqa_app.rating.protocol import Protocol
    from miqa_app.rating.repeatability import Repeatability
    from miqa_app.services.sitting import Sitting
    from miqa_app.services.sitting_pictures import Example
    from miqa_app.services.sitting_standing import Coming

_EXAMPLE = QSize(340, 340)


class InstructionsPage(Page):
    """What the rater is asked to do, in the words of the protocol."""

    def __init__(self, protocol: Protocol, coming: Coming, *, welcome_back: bool) -> None:
        """Show the instructions.

        Args:
            protocol: whose.
            coming: what the session will show.
            welcome_back: the rater has rated here before.
        """
        super().__init__(
            self.tr("Welcome back") if welcome_back else self.tr("What to do"),
            self.tr("Begin"),
            self.tr("Leave"),
        )
        for paragraph in protocol.instructions:
            said = paragraph if coming.practice else _without_practice(paragraph)
            if said:
                self.add_words(said)
        if welcome_back:
            self.add_words(
                self.tr("This time: {parts}.").format(parts=coming_words(coming, protocol))
            )


class ExamplesPage(Page):
    """The illustrated anchors, each with its word on the scale."""

    def __init__(self, examples: tuple[Example, ...]) -> None:
        super().__init__(self.tr("Examples"), self.tr("Begin"), self.tr("Leave"))
        self.add_words(self.tr("Keep these in mind as the ends of the scale."))
        ratio = self.devicePixelRatioF()
        stimuli = tuple(example.picture for example in examples)
        scale = common_scale(stimuli, _EXAMPLE * ratio)
        shown = Shown(0, stimuli, scale)
        pair = QWidget()
        row = QHBoxLayout(pair)
        row.setSpacing(24)
        for side, example in enumerate(examples):
            column = QVBoxLayout()
            picture, word = QLabel(), words(example.word, "subhead")
            frame = len(example.picture.frames) // 2
            pixmap = QPixmap.fromImage(shown.picture(side, frame))
            pixmap.setDevicePixelRatio(ratio)
            picture.setPixmap(pixmap)
            picture.setAccessibleName(self.tr("Example of {word}").format(word=example.word))
            for widget in (picture, word):
                widget.setAlignment(Qt.AlignmentFlag.AlignCenter)
                column.addWidget(widget)
            row.addLayout(column)
        self.add(pair)


class TrainedPage(Page):
    """Between the practice and what counts."""

    def __init__(self, coming: Coming, protocol: Protocol) -> None:
        super().__init__(
            self.tr("That was the practice round"), self.tr("Begin rating"), self.tr("Stop here")
        )
        self.add_words(
            self.tr("Now: {parts}. If anything was unclear, ask the coordinator first.").format(
                parts=coming_words(coming, protocol)
            )
        )


class BreakPage(Page):
    """Offers a break, and waits while it is taken."""

    def __init__(self, sitting: Sitting) -> None:
        minutes = sitting.minutes
        super().__init__(
            self.tr("Time for a short break"), self.tr("Take a break"), self.tr("Stop for today")
        )
        self._sitting = sitting
        self._text = self.add_words(
            self.tr(
                "You have been rating for {minutes} minutes. Eyes and judgement stay steadier with a few minutes' rest."
            ).format(minutes=minutes)
        )
        self.skip = QPushButton(self.tr("Go on without"))
        self.skip.setAccessibleName(self.skip.text())
        self.skip.clicked.connect(self.done)
        self.add_button(self.skip)

    def proceed(self) -> None:
        """Take the break, or come back from it."""
        if self._sitting.phase == "break":
            super().proceed()
            return
        try:
            self._sitting.take_break()
        except MiqaError as error:
            self.warn(str(error))
            return
        self.skip.hide()
        self._text.setText(
            self.tr(
                "Rest your eyes on something far away. Everything is kept; go on when you like."
            )
        )
        self.go.setText(self.tr("Go on"))
        self.go.setAccessibleName(self.go.text())


class EndPage(Page):
    """Thanks, what is left, and at the very end how steady the rater was."""

    def __init__(self, sitting: Sitting) -> None:
        how, undoable = sitting.how_ended, sitting.can_undo
        finished = how == "finished"
        headline = self.tr("Everything is rated") if finished else self.tr("Thank you")
        super().__init__(headline, self.tr("Finish") if finished and undoable else self.tr("Close"))
        if finished:
            self.add_words(
                self.tr("Thank you. All your votes are stored and there is nothing left to do.")
            )
            steady = sitting.repeatability()
            if steady is not None:
                self.add_words(self._steadiness(steady, sitting.protocol))
        elif how == "time":
            self.add_words(
                self.tr(
                    "You have been rating for {minutes} minutes, and nobody judges well for longer. Please come back after a rest."
                ).format(minutes=sitting.minutes)
            )
        self.again = QPushButton(self.tr("Go on rating"))
        self.again.setAccessibleName(self.again.text())
        self.again.setVisible(how == "tired")
        if not finished:
            self.add_words(
                self.tr("All votes so far are stored. Next time you go on here: {parts}.").format(
                    parts=coming_words(sitting.coming, sitting.protocol)
                )
            )
        self.undo = QPushButton(self.tr("Undo last vote"))
        self.undo.setAccessibleName(self.undo.text())
        self.undo.setVisible(undoable)
        if undoable:
            self.add_words(
                self.tr(
                    "If you want to change your last vote, undo it now (U); once you leave this page it stays."
                ),
                "quiet",
            )
        self.add_button(self.undo)
        self.add_button(self.again)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Undo on the key that undoes between images."""
        if event.key() == Qt.Key.Key_U and self.undo.isVisible() and not event.isAutoRepeat():
            self.undo.click()
        else:
            super().keyPressEvent(event)

    def _steadiness(self, found: Repeatability, protocol: Protocol) -> str:
        """Return a rater's own repeat reliability in words."""
        tr = self.tr
        share = found.difference
        judged = (
            tr("very close together") if share <= 0.05
            else tr("close together") if share <= 0.1
            else tr("somewhat apart") if share <= 0.2
            else tr("far apart")
        )  # fmt: skip
        scale = protocol.scale
        if scale.kind == "preference":
            size = tr("You gave the same answer in {share:.0%} of these cases.").format(
                share=1 - share
            )
            first = tr("Comparisons that came twice, unannounced: {pairs}. ")
            return first.format(pairs=found.pairs) + size
        gap = f"{share * (scale.high - scale.low):.2g}"
        return tr(
            "Images that came twice, unannounced: {pairs}. Your two scores for the same image differed by {gap} on average, "
            "on a scale from {low:g} to {high:g}: {judged}."
        ).format(pairs=found.pairs, gap=gap, low=scale.low, high=scale.high, judged=judged)


def coming_words(coming: Coming, protocol: Protocol) -> str:
    """Return what a session will show, a list in words."""
    one, many = (
        (_tr("image"), _tr("images"))
        if protocol.images == "single"
        else (_tr("pair"), _tr("pairs"))
    )
    parts = [
        form.format(n=count, shown=one if count == 1 else many)
        for count, form in (
            (coming.practice, _tr("{n} {shown} for practice (not counted)")),
            (coming.settling_in, _tr("{n} {shown} for settling in (not counted)")),
            (coming.counted, _tr("{n} {shown} to go")),
        )
        if count
    ]
    return _tr(", then ").join(parts)


def _without_practice(paragraph: str) -> str:
    """Return what protocols say without the sentences on a practice round, which does not come."""
    sentences = re.split(r"(?<=[.!?])\s+", paragraph)
    return " ".join(one for one in sentences if "practice round" not in one.lower())


def _tr(text: str) -> str:
    return QCoreApplication.translate("Pages", text)
