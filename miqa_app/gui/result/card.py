"""The result card: verdict, score, cause, place, and how far to trust it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from miqa_app.core.artefact_kinds import BY_KEY
from miqa_app.gui import icons
from miqa_app.gui.entries import State
from miqa_app.gui.result.decision_bar import DecisionBar
from miqa_app.gui.result.score_bar import ScoreBar
from miqa_app.gui.theme import Theme, verdict_colour, verdict_shape
from miqa_app.gui.viewer.pixels import thumbnail

if TYPE_CHECKING:
    from miqa_app.core.assessment import Assessment
    from miqa_app.gui.entries import Entry

ADVISORY = "Advisory only: not a certified medical device. A person decides."
AGGREGATION = "mean of the lowest quarter of the slices, weighted by object area."
_PICTURE = 66
_LISTED = 6


class ResultCard(QFrame):
    """Says what the model thinks of the series in the active view; the advisory line never scrolls away.

    Signals:
        frame_asked: the user wants to see this frame.
        log_copied: the log of a failure went to the clipboard.
        shown: another series, or a new result of it, is on the card (the entry or None).

    Attributes:
        decision: what a person decides about it; never scrolls away either.
        entry: the series on the card, or None.
    """

    frame_asked = Signal(int)
    log_copied = Signal()
    shown = Signal(object)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.entry: Entry | None = None
        self.decision = DecisionBar(theme)
        self._shown: tuple[object, ...] = ()
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setAccessibleName("Result")
        advisory = QLabel(ADVISORY)
        advisory.setObjectName("dim")
        advisory.setWordWrap(True)
        advisory.setContentsMargins(18, 8, 18, 8)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._scroll, 1)
        layout.addWidget(_rule())
        layout.addWidget(self.decision)
        layout.addWidget(_rule())
        layout.addWidget(advisory)
        self.show_entry(None)

    def set_theme(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        self._theme = theme
        self.decision.set_theme(theme)
        self._shown = ()
        self.show_entry(self.entry)

    def show_entry(self, entry: Entry | None) -> None:
        """Show what is known of a series; built anew only if something that is written here changed."""
        now = (entry, entry.status, entry.assessment, entry.failure) if entry else (None,)
        self.entry = entry
        if now == self._shown:
            return
        self._shown = now
        page = QWidget()
        self._page = QVBoxLayout(page)
        self._page.setContentsMargins(18, 16, 18, 14)
        self._page.setSpacing(10)
        self._fill()
        self._page.addStretch(1)
        self._scroll.setWidget(page)
        self.shown.emit(entry)

    def words(self) -> str:
        """Return all that is written on the card, for tests and the clipboard."""
        return "\n".join(label.text() for label in self.findChildren(QLabel) if label.text())

    def _fill(self) -> None:
        entry = self.entry
        if entry is None:
            self._heading("RESULT")
            self._text(
                "Open a scan. Each series is scored as it is read, and the verdict stands here.",
                dim=True,
            )
            return
        self._title(entry.series.description or "Series")
        if entry.assessment is not None:
            self._judged(entry.assessment)
        elif entry.state is State.FAILED:
            self._failed(entry)
        else:
            self._verdict("verdict_none", self._theme.dim, (entry.status,))
            self._text("You can look at the images meanwhile.", dim=True)
        self._warnings()

    def _judged(self, result: Assessment) -> None:
        colour = verdict_colour(self._theme, result.verdict, result.thresholds)
        words = [result.verdict.words]
        if result.scored and not result.thresholds.calibrated:
            words.append("uncalibrated")
        self._verdict(verdict_shape(result.verdict, result.thresholds), colour, tuple(words))
        if not result.scored:
            self._text(_sentence(result.reason or "no reason given"))
        else:
            self._score(result, colour)
        self._provenance(result)
        if result.scored:
            self._suspected(result)
            self._worst(result)
        self._notes(result.notes)

    def _verdict(self, shape: str, colour: str, words: tuple[str, ...]) -> None:
        """Write the verdict in shape and word; every word has the same size."""
        row = QHBoxLayout()
        row.setSpacing(12)
        picture = QLabel()
        picture.setPixmap(icons.pixmap(shape, colour, 40))
        picture.setAccessibleName("Shape of the verdict")
        row.addWidget(picture, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout()
        column.setSpacing(0)
        for number, word in enumerate(words):
            label = QLabel(word)
            label.setObjectName("verdict" if number == 0 else "calibration")
            tone = colour if number == 0 else self._theme.text
            label.setStyleSheet(
                f"color: {tone}; font-size: 17pt; font-weight: {600 if number == 0 else 400};"
            )
            column.addWidget(label)
        row.addLayout(column, 1)
        self._page.addLayout(row)

    def _score(self, result: Assessment, colour: str) -> None:
        row = QHBoxLayout()
        number = QLabel(f"{result.score:.0f}")
        number.setStyleSheet("font-size: 30pt; font-weight: 300;")
        number.setAccessibleName(f"Score {result.score:.0f} of 100")
        row.addWidget(number)
        interval = (
            f"\n90 % interval {result.interval[0]:.0f}–{result.interval[1]:.0f}"
            if result.interval
            else ""
        )
        scale = QLabel(f"of 100   (100 = best){interval}")
        row.addWidget(scale, 1, Qt.AlignmentFlag.AlignVCenter)
        self._page.addLayout(row)
        self._page.addWidget(ScoreBar(self._theme, result, colour))
        if result.doubt:
            self._text(result.doubt_sentence, dim=True)

    def _suspected(self, result: Assessment) -> None:
        self._rule()
        self._heading("SUSPECTED ARTEFACT")
        kind = BY_KEY.get(result.suspected)
        if kind is None:
            self._text("None stands out.")
            return
        share = result.artefacts.get(result.suspected)
        probability = f"  ·  probability {share * 100:.0f}\u00a0%" if share is not None else ""
        self._text(f"<b>{kind.name}</b>{probability}")
        self._text(kind.advice)

    def _worst(self, result: Assessment) -> None:
        """List the worst slices with pictures; a click jumps there."""
        scores = {prediction.index: prediction.score for prediction in result.slices}
        frames = [frame for frame in result.worst if frame in scores][:_LISTED]
        if not frames:
            return
        self._rule()
        self._heading("WORST SLICES")
        shelf = QListWidget()
        shelf.setAccessibleName("Worst slices")
        shelf.setViewMode(QListWidget.ViewMode.IconMode)
        shelf.setMovement(QListWidget.Movement.Static)
        shelf.setResizeMode(QListWidget.ResizeMode.Adjust)
        shelf.setIconSize(QSize(_PICTURE, _PICTURE))
        shelf.setGridSize(QSize(_PICTURE + 18, _PICTURE + 26))
        shelf.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        shelf.setFixedHeight((_PICTURE + 26) * (1 if len(frames) <= 3 else 2))
        series = self.entry.series
        ratio = QApplication.instance().devicePixelRatio()
        for frame in frames:
            image = QPixmap.fromImage(thumbnail(series, frame, round(_PICTURE * ratio)))
            image.setDevicePixelRatio(ratio)
            time, index = divmod(frame, series.slices)
            at, when = (
                ("", "")
                if series.time_points == 1
                else (f"t{time + 1} · ", f", time point {time + 1}")
            )
            item = QListWidgetItem(QIcon(image), f"{index + 1} · {at}{scores[frame]:.0f}")
            item.setData(Qt.ItemDataRole.UserRole, frame)
            words = f"Slice {index + 1}{when}, score {scores[frame]:.0f} of 100"
            item.setToolTip(words)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, words)
            shelf.addItem(item)
        shelf.itemClicked.connect(self._jump)
        shelf.itemActivated.connect(self._jump)
        self._page.addWidget(shelf)
        self._text(f"Slice · score; a click shows it. Series score: {AGGREGATION}", dim=True)

    def _jump(self, item: QListWidgetItem) -> None:
        self.frame_asked.emit(item.data(Qt.ItemDataRole.UserRole))

    def _failed(self, entry: Entry) -> None:
        self._verdict("verdict_none", self._theme.dim, ("Not assessed",))
        self._text(f"Scoring failed. {entry.failure} The images can still be viewed.")
        button = QPushButton("Copy log")
        button.setAccessibleName("Copy the log of the failed scoring")
        button.clicked.connect(self._copy_log)
        self._page.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)

    def _copy_log(self) -> None:
        QApplication.clipboard().setText(f"{self.entry.failure}\n\n{self.entry.log}")
        self.log_copied.emit()

    def _notes(self, notes: tuple[str, ...]) -> None:
        lines = list(notes)
        if self.entry.series.lossy and not any("lossy" in note.lower() for note in lines):
            lines.insert(0, "Lossy source: compression has changed the pixels.")
        if lines:
            self._rule()
            self._heading("PLEASE NOTE")
            for line in lines:
                self._text(_sentence(line))

    def _warnings(self) -> None:
        if self.entry.series.warnings:
            self._rule()
            self._heading("ABOUT THE FILES")
            for warning in self.entry.series.warnings:
                self._text(_sentence(warning))

    def _provenance(self, result: Assessment) -> None:
        """Write scope, model and engine, close to the score that they belong to."""
        lines = [_scope(result)] if result.scored else []
        if result.model is not None:
            model = f"Model: {result.model.name} {result.model.sha256[:8]}"
            engine = result.engine
            on = f", {engine.backend} {engine.device} {engine.precision}" if engine else ""
            lines.append(model + on)
        if lines:
            self._text("<br>".join(lines), dim=True)

    def _title(self, words: str) -> None:
        label = QLabel(words)
        label.setObjectName("title")
        label.setWordWrap(True)
        self._page.addWidget(label)

    def _heading(self, words: str) -> None:
        label = QLabel(words)
        label.setObjectName("heading")
        label.setWordWrap(True)
        self._page.addWidget(label)

    def _text(self, words: str, *, dim: bool = False) -> None:
        label = QLabel(words)
        label.setWordWrap(True)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        if dim:
            label.setObjectName("dim")
        self._page.addWidget(label)

    def _rule(self) -> None:
        self._page.addWidget(_rule())


def _rule() -> QFrame:
    """Return a thin line between two parts."""
    line = QFrame()
    line.setObjectName("rule")
    line.setFixedHeight(1)
    return line


def _scope(result: Assessment) -> str:
    """Return in words whether the series is of a kind that the model was shown, and how sure that is."""
    if result.scope.in_scope is None:
        return "Scope: not checked; unusual scans and phantoms may be scored wrongly"
    side = "inside" if result.scope.in_scope else "outside"
    distance = result.scope.distance
    at = f" (distance {distance:.2f})" if distance is not None else ""
    return f"Scope: {side} what the model was shown{at}"


def _sentence(words: str) -> str:
    """Return words as a sentence: a capital first, a full stop last."""
    words = words.strip()
    return words[:1].upper() + words[1:] + ("" if words.endswith((".", "!", "?")) else ".")
