"""The Rating menu: from the workstation to the wizard of a new study, to the rating window and to the campaigns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from miqa_app.errors import MiqaError

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QWidget

    from miqa_app.gui.main_window import MainWindow


class RatingMenu(QObject):
    """What the entries of the menu do; they use the user's own store, or the one that MIQA_STORE names.

    Their modules bring statistics and the database along, and are imported when they are asked for.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._rating: QWidget | None = None

    def new_study(self) -> None:
        """Open the wizard on the scans that are open, the one on the screen first."""
        from miqa_app.gui.campaign.open import create_study

        window = self._window
        active = window.viewer.active.entry
        entries = sorted(window.desk.entries.values(), key=lambda entry: entry is not active)
        series = [entry.series for entry in entries]
        wizard = self._told(lambda: create_study(window, series, window.theme))
        if wizard is not None:
            wizard.rate_asked.connect(self.rate)
            wizard.overview_asked.connect(self.campaigns)

    def campaigns(self, study: str = "") -> None:
        """Open the overview of all studies, beginning with one, the newest by default."""
        from miqa_app.gui.campaign.open import show_campaigns

        window = self._window
        overview = self._told(lambda: show_campaigns(window, window.theme, study=study))
        if overview is not None:
            overview.rate_asked.connect(self.rate)

    def rate(self, study: str = "") -> None:
        """Open the rating window full screen, or bring it to the front where it is open already."""
        from miqa_app.gui.rating.open import open_rating

        if self._rating is not None:
            self._rating.raise_()
            self._rating.activateWindow()
            return
        self._rating = self._told(lambda: open_rating(study))
        if self._rating is not None:
            self._rating.destroyed.connect(self._rated)

    def _rated(self) -> None:
        self._rating = None

    def _told(self, open_: Callable[[], QWidget]) -> QWidget | None:
        """Return what was opened; say in the status line why nothing was."""
        try:
            return open_()
        except MiqaError as error:
            self._window.say(str(error))
            return None
