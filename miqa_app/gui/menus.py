"""Menu bar and tool bar, built from the table of actions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu, QToolBar

from miqa_app.gui import icons
from miqa_app.gui.actions import ACTIONS, MENUS, TOOLS

if TYPE_CHECKING:
    from miqa_app.gui.actions import ActionBook
    from miqa_app.gui.theme import Theme

# what a newcomer looks for first has a word beside its picture
_WORDED = {"open_folder": "Open folder", "overlay": "Heatmap", "export_report": "Report"}


def add_menus(window: QMainWindow, book: ActionBook) -> tuple[QMenu, QMenu]:
    """Fill the menu bar; return the menus of recent paths and of grey windows, which the window fills itself."""
    recent, presets = QMenu("Recent", window), QMenu("Grey window", window)
    presets.addActions(book.in_menu("Grey window"))
    for name in MENUS:
        menu = window.menuBar().addMenu(f"&{name}")
        menu.addActions(book.in_menu(name))
        if name == "File":
            menu.insertMenu(book["export_report"], recent)
        if name == "Image":
            menu.addMenu(presets)
    return recent, presets


def add_tools(window: QMainWindow, book: ActionBook) -> None:
    """Add the tool bar."""
    bar = QToolBar("Tools")
    bar.setObjectName("tools")
    bar.setMovable(False)
    for name in TOOLS:
        if name == "|":
            bar.addSeparator()
            continue
        bar.addAction(book[name])
        button = bar.widgetForAction(book[name])
        if name in _WORDED:
            book[name].setIconText(_WORDED[name])
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setAccessibleName(book[name].text().rstrip("…"))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    window.addToolBar(bar)


def name_keys(book: ActionBook) -> None:
    """Say the key of every tool in its tool tip."""
    for name in TOOLS:
        if name != "|":
            key = book[name].shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            words = book[name].text().rstrip("…")
            book[name].setToolTip(f"{words} ({key})" if key else words)


def paint_icons(window: QMainWindow, book: ActionBook, theme: Theme) -> None:
    """Give the actions and the window their icons in the colours of a theme."""
    for row in ACTIONS:
        if row.icon:
            book[row.id].setIcon(icons.icon(row.icon, theme.text))
    window.setWindowIcon(icons.icon("app", theme.accent))
