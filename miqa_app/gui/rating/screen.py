"""Which screen a widget is on, as it is stored with every vote."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miqa_app.rating.votes import Display

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget


def display_of(widget: QWidget, image_scale: float = 0.0, check: str = "not done") -> Display:
    """Return the screen of a widget.

    Args:
        widget: shown on it.
        image_scale: screen pixels per image pixel, 0 where nothing is shown.
        check: what the greyscale check gave.
    """
    screen = widget.screen()
    ratio = screen.devicePixelRatio()
    parts = (screen.manufacturer(), screen.model(), screen.serialNumber(), screen.name())
    name = " ".join(dict.fromkeys(part.strip() for part in parts if part.strip()))
    size = screen.geometry().size()
    return Display(
        name=name or "unknown",
        columns=round(size.width() * ratio),
        rows=round(size.height() * ratio),
        scale=ratio,
        image_scale=image_scale,
        check=check,
    )
