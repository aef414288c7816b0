"""The line at the foot of the window: what is being done, how far it is, what was said last."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QLabel, QProgressBar, QPushButton, QStatusBar

_IDLE = "Drop a folder, a zip or files anywhere in this window"


class StatusLine(QObject):
    """Progress while something runs; afterwards the last sentence that was said, or what is open.

    Attributes:
        cancelled: the user wants the work to stop.
        words: shows the sentence.
    """

    cancelled = Signal()

    def __init__(self, bar: QStatusBar) -> None:
        super().__init__(bar)
        self.words, self._progress, self._cancel = QLabel(), QProgressBar(), QPushButton("Cancel")
        self.words.setContentsMargins(10, 0, 0, 0)
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.words.setOpenExternalLinks(True)
        self._note, self._linked = "", False
        self._progress.setFixedWidth(220)
        self._progress.setTextVisible(False)
        self._progress.setAccessibleName("Progress")
        self._cancel.setAccessibleName("Cancel reading and scoring")
        self._cancel.clicked.connect(self.cancelled)
        bar.setSizeGripEnabled(False)
        bar.addWidget(self.words, 1)
        bar.addPermanentWidget(self._progress)
        bar.addPermanentWidget(self._cancel)
        self.rest(0, 0)

    def say(self, words: str, *, link: bool = False) -> None:
        """Say one sentence; it stays when the work that it is about has ended.

        Args:
            words: the sentence; with `link` it is rich text.
            link: it holds a link to follow; it appears when the work has ended.
        """
        self._note, self._linked = words, link
        if not link:
            self._write(words)

    def forget(self) -> None:
        """Say at the next rest what is open, not what was said last."""
        self._note = ""

    def work(self, words: str, done: int, total: int) -> None:
        """Show what is being done; `total` is 0 where nobody knows how much there is."""
        self._write(f"{words}  {done} / {total}" if total else words)
        self._progress.setRange(0, total)
        self._progress.setValue(done)
        self._progress.show()
        self._cancel.show()

    def rest(self, series: int, problems: int) -> None:
        """Show that nothing runs: the last sentence, or how many series are open and files were not read."""
        self._progress.hide()
        self._cancel.hide()
        if self._note:
            self._write(self._note, rich=self._linked)
        elif series or problems:
            self._write(f"{series} series open" + (f", {problems} not read" if problems else ""))
        else:
            self._write(_IDLE)

    def _write(self, words: str, *, rich: bool = False) -> None:
        self.words.setTextFormat(Qt.TextFormat.RichText if rich else Qt.TextFormat.PlainText)
        self.words.setText(words)
