"""What the coordinator's windows add to the look of the workstation."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from miqa_app.gui.theme import Theme

_LEAST = (940, 540)
"""Fits a screen of 1024 × 600 with its title bar."""


def sheet(theme: Theme) -> str:
    """Return the style sheet of these windows in a theme."""
    return f"""
    QLabel#headline {{ font-size: 14pt; font-weight: 600; }}
    QLabel#number {{ font-size: 20pt; font-weight: 600; }}
    QLabel#subhead {{ font-weight: 600; }}
    QLabel#fault {{ color: {theme.rescan}; }}
    QLabel#caution {{ background: {theme.raised}; color: {theme.text}; border: 1px solid {theme.check};
        border-radius: 8px; padding: 7px 10px; }}
    QLabel#paper {{ background: #ffffff; border: 1px solid {theme.line}; border-radius: 8px; padding: 8px; }}
    QLabel#paper:focus {{ border: 2px solid {theme.accent}; padding: 7px; }}
    QFrame#card {{ background: {theme.panel}; border: 1px solid {theme.line}; border-radius: 10px; }}
    QPushButton#way {{ background: {theme.panel}; text-align: left; padding: 8px 12px; border-radius: 8px; }}
    QPushButton#way:hover {{ border-color: {theme.accent}; }}
    QPushButton#way:checked {{ background: {theme.selected}; border: 2px solid {theme.accent}; padding: 7px 11px; }}
    QPushButton#way:focus {{ border: 2px solid {theme.text}; padding: 7px 11px; }}
    QPushButton#way:disabled {{ background: transparent; color: {theme.dim}; border-style: dashed; }}
    QPushButton#chip {{ padding: 4px 0px; min-width: 34px; border-radius: 6px; }}
    QPushButton#chip:checked {{ background: {theme.accent}; color: {theme.on_accent}; border-color: {theme.accent};
        font-weight: 600; }}
    QPushButton#chip:focus {{ border: 2px solid {theme.text}; padding: 3px 0px; }}
    QListWidget#rows {{ background: {theme.panel}; border: 1px solid {theme.line}; border-radius: 10px; padding: 3px; }}
    QListWidget#rows:focus {{ border-color: {theme.accent}; }}
    QTableWidget {{ background: {theme.panel}; border: 1px solid {theme.line}; border-radius: 8px;
        selection-background-color: {theme.selected}; selection-color: {theme.text}; outline: none; }}
    QTableWidget:focus {{ border-color: {theme.accent}; }}
    QTableWidget::item {{ padding: 2px 8px; border: none; }}
    QHeaderView {{ background: {theme.panel}; }}
    QHeaderView::section {{ background: {theme.panel}; color: {theme.dim}; border: none;
        border-bottom: 1px solid {theme.line}; padding: 6px 5px 6px 8px; font-size: 9pt; }}
    QTableCornerButton::section {{ background: {theme.panel}; border: none; }}
    QTabWidget::pane {{ border: none; padding-top: 8px; }}
    QTabBar::tab {{ background: transparent; color: {theme.dim}; padding: 6px 14px; border: 1px solid transparent;
        border-bottom: 2px solid {theme.line}; }}
    QTabBar::tab:selected {{ color: {theme.text}; border-bottom: 2px solid {theme.accent}; font-weight: 600; }}
    QTabBar::tab:hover {{ color: {theme.text}; }}
    QTabBar::tab:focus {{ border: 1px solid {theme.accent}; border-bottom-width: 2px; }}
    """


def fit(window: QWidget, width: int, height: int) -> None:
    """Give a window a size, as far as the screen has room for it."""
    room = window.screen().availableGeometry()
    window.setMinimumSize(*_LEAST)
    window.resize(
        max(_LEAST[0], min(width, room.width() - 24)),
        max(_LEAST[1], min(height, room.height() - 40)),
    )
