"""The doors to the coordinator's windows, for the menu of the workstation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from miqa_app.errors import BadRequest
from miqa_app.gui.campaign.overview import CampaignOverview
from miqa_app.gui.campaign.wizard import CreateStudy
from miqa_app.gui.rating.window import RatingWindow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtWidgets import QDialog, QWidget

    from miqa_app.core.series import Series
    from miqa_app.gui.theme import Theme


def create_study(
    parent: QWidget, open_series: Sequence[Series], theme: Theme, store_url: str | None = None
) -> CreateStudy:
    """Open the wizard in front of a window and return it; it deletes itself when it is closed.

    Args:
        parent: takes no input while the wizard is open.
        open_series: scans that lie open; those that are still being read are left out.
        theme: gives the colours.
        store_url: see `store.Archive`; the user's own store by default.

    Raises:
        BadRequest: somebody is rating.
    """
    _refuse_while_rating()
    whole = [series for series in open_series if series.complete]
    return _opened(CreateStudy(whole, theme, store_url, parent))


def show_campaigns(
    parent: QWidget, theme: Theme, store_url: str | None = None, study: str = ""
) -> CampaignOverview:
    """Open the overview of all studies in front of a window and return it; it deletes itself when it is closed.

    Args:
        parent: takes no input while the overview is open, so that nobody begins to rate beside it.
        theme: gives the colours.
        store_url: see `store.Archive`; the user's own store by default.
        study: name of the one to begin with; the newest by default.

    Raises:
        BadRequest: somebody is rating; no result may be seen then.
    """
    _refuse_while_rating()
    return _opened(CampaignOverview(theme, store_url, study, parent))


def _opened(dialog: QDialog) -> QDialog:
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.open()
    return dialog


def _refuse_while_rating() -> None:
    for window in QApplication.topLevelWidgets():
        if isinstance(window, RatingWindow) and window.isVisible():
            message = "Somebody is rating here; close the rating window first."
            raise BadRequest(message)
