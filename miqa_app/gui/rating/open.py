"""Opening the rating window, from the workstation's menu or from the command line."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from miqa_app.gui.rating.window import RatingWindow
from miqa_app.services.rating_room import RatingRoom

if TYPE_CHECKING:
    from PySide6.QtGui import QScreen


def open_rating(
    study: str = "", rater: str = "", store_url: str | None = None, screen: QScreen | None = None
) -> RatingWindow:
    """Return the rating window, full screen; the caller keeps it until it is closed.

    Args:
        study: name; the first page asks if study or rater are missing.
        rater: pseudonym.
        store_url: of the store, see `store.Archive`; the user's own by default.
        screen: to open on; the one the system chooses by default.

    Raises:
        MiqaError: the store cannot be opened, there is no such study, or the pseudonym will not do.
    """
    room = RatingRoom(store_url)
    try:
        sitting = room.sitting(study, rater) if study and rater else None
    except BaseException:
        room.close()
        raise
    window = RatingWindow(room, sitting, study)
    window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    if screen is not None:
        window.setScreen(screen)
        window.setGeometry(screen.geometry())
    window.showFullScreen()
    return window


def run(study: str = "", rater: str = "", store_url: str | None = None) -> int:
    """Open the rating window alone and stay until it is closed; return the exit status.

    Raises:
        MiqaError: see `open_rating`.
    """
    from miqa_app.gui import theme
    from miqa_app.gui.app import application

    app = application()
    theme.apply(app, theme.DARK)
    window = open_rating(study, rater, store_url)
    window.activateWindow()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    return app.exec()
