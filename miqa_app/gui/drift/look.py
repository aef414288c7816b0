"""What the drift window adds to the look of the workstation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miqa_app.gui.campaign import look

if TYPE_CHECKING:
    from miqa_app.gui.theme import Theme


def sheet(theme: Theme) -> str:
    """Return the style sheet of the window in a theme."""
    return f"""{look.sheet(theme)}
    QFrame#alarm {{ background: {theme.panel}; border: 1px solid {theme.line}; border-left: 5px solid {theme.rescan};
        border-radius: 8px; border-top-left-radius: 0; border-bottom-left-radius: 0; }}
    QFrame#inhand {{ background: {theme.panel}; border: 1px solid {theme.line}; border-left: 5px solid {theme.check};
        border-radius: 8px; border-top-left-radius: 0; border-bottom-left-radius: 0; }}
    QFrame#past {{ background: transparent; border: 1px solid {theme.line}; border-left: 5px solid {theme.line};
        border-radius: 8px; border-top-left-radius: 0; border-bottom-left-radius: 0; }}
    QFrame#alarm[chosen="true"], QFrame#inhand[chosen="true"], QFrame#past[chosen="true"] {{ background: {theme.selected}; }}
    QFrame#alarm:focus, QFrame#inhand:focus, QFrame#past:focus {{ border-top-color: {theme.accent};
        border-right-color: {theme.accent}; border-bottom-color: {theme.accent}; }}
    QLabel#change {{ font-size: 15pt; font-weight: 600; color: {theme.rescan}; }}
    QLabel#changed {{ font-size: 11pt; font-weight: 600; color: {theme.dim}; }}
    QLabel#state {{ color: {theme.check}; font-weight: 600; }}
    QFrame#alarm QPushButton, QFrame#inhand QPushButton {{ padding: 3px 9px; font-size: 9pt; }}
    QTableWidget#matrix {{ border-radius: 10px; gridline-color: {theme.line}; selection-background-color: transparent; }}
    """
