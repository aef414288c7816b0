"""A rater at the real rating window, in a process of its own: keys only, and what is seen on the screen decides.

Run as: python -m tests.end_to_end.rater_at_window STORE STUDY RATER OPINIONS.json HOLD

OPINIONS.json holds a whole score 0–100 by stimulus key. HOLD is '', or 'half N' to stop dead in the middle of the N-th
vote of this process, or 'after N' to stop right after it; whoever started the program may then kill it.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from miqa_app.gui import theme
from miqa_app.gui.app import application
from miqa_app.gui.rating.display_check import DisplayCheckPage
from miqa_app.gui.rating.open import open_rating
from miqa_app.gui.rating.pages import EndPage
from miqa_app.gui.rating.questionnaire import QuestionnairePage
from miqa_app.gui.rating.rating_page import RatingPage

Key = Qt.Key
_SECONDS = 60.0


class RaterAtWindow:
    """Presses keys until everything is rated."""

    def __init__(self, window, opinions, hold):
        self.window, self.opinions = window, opinions
        self.when, self.at = (hold.split()[0], int(hold.split()[1])) if hold else ("", 0)
        self.given = 0

    def press(self, *keys):
        """Press keys on whatever has the keyboard."""
        for key in keys:
            QTest.keyClick(self.window.focusWidget() or self.window, key)

    def work(self):
        """Go from page to page."""
        end = time.monotonic() + _SECONDS
        while not isinstance(self.window.page, EndPage):
            assert time.monotonic() < end, "the rater waited too long"
            page = self.window.page
            if isinstance(page, RatingPage):
                if page.view.shown is not None and self.window._sitting.phase == "viewing":
                    self.vote(page)
                    end = time.monotonic() + _SECONDS
            else:
                self.go_on(page)
            QTest.qWait(2)
        self.press(Key.Key_Return)

    def go_on(self, page):
        """Answer a page by keys."""
        if isinstance(page, QuestionnairePage):
            self.begin(page.rows["years_of_experience"])
            for _ in range(4):
                self.press(Key.Key_Space, Key.Key_Tab)
            assert page.go.isEnabled(), page.answers
        elif isinstance(page, DisplayCheckPage):
            self.begin(page.dark_seen)
            QTest.keyClicks(self.window.focusWidget(), str(page.dark.squares))
            self.press(Key.Key_Tab)
            QTest.keyClicks(self.window.focusWidget(), str(page.bright.squares))
            self.press(Key.Key_Tab, Key.Key_Space)
        self.press(Key.Key_Return)

    def begin(self, first):
        """Wait until the keyboard is on the first question of a page."""
        end = time.monotonic() + 5
        while not first.isAncestorOf(self.window.focusWidget() or self.window):
            assert time.monotonic() < end, f"the keyboard is on {self.window.focusWidget()}"
            QTest.qWait(10)

    def vote(self, page):
        """Judge what is on the screen by its pixels: the right image of a pair."""
        score = self.opinions[page.view.shown.stimuli[-1].key]
        tens, ones = divmod(score, 10)
        self.press(
            *([Key.Key_F] if tens == 10 else [Key(Key.Key_0 + tens), *[Key.Key_Right] * ones])
        )
        self.given += 1
        self.hold("half")
        while not page.controls.commit.isEnabled():
            QTest.qWait(5)
        self.press(Key.Key_Return)
        self.hold("after")

    def hold(self, moment):
        """Stop dead where this rater was told to."""
        if (self.when, self.at) == (moment, self.given):
            print("holding", flush=True)
            while True:
                QTest.qWait(50)


def main():
    """Rate."""
    store, study, rater, opinions, hold = sys.argv[1:6]
    theme.apply(application(), theme.DARK)
    window = open_rating(study, rater, store)
    RaterAtWindow(window, json.loads(Path(opinions).read_text()), hold).work()
    print("done", flush=True)


if __name__ == "__main__":
    main()
