"""The look of the rating window: neutral greys only, so that nothing on the screen has a colour or a verdict."""

from __future__ import annotations

from PySide6.QtGui import QColor, QPalette

SURROUND = "#6c6c6c"
"""15 % of the luminance of white, the background that ITU-R BT.500 (general viewing conditions) puts around the picture."""
INK = "#ffffff"
SOFT = "#f2f2f2"
SHEET = "#2e2e2e"
RAISED = "#3d3d3d"
LINE = "#8f8f8f"
FADED = "#a8a8a8"
WELL = "#1f1f1f"
"""Words and lines on the surround, lesser words on it, pages, buttons, borders, what cannot be used now, text fields."""


def palette() -> QPalette:
    """Return the palette of the rating window."""
    role = QPalette.ColorRole
    found = QPalette()
    pairs = {
        role.Window: SURROUND, role.WindowText: INK, role.Base: SHEET, role.AlternateBase: RAISED, role.Text: INK,
        role.Button: RAISED, role.ButtonText: INK, role.BrightText: INK, role.ToolTipBase: SHEET, role.ToolTipText: INK,
        role.Highlight: INK, role.Accent: INK, role.HighlightedText: "#111111", role.PlaceholderText: FADED,
        role.Light: LINE, role.Midlight: LINE, role.Mid: LINE, role.Dark: SHEET, role.Shadow: SHEET,
        role.Link: INK, role.LinkVisited: INK,
    }  # fmt: skip
    for which, colour in pairs.items():
        found.setColor(which, QColor(colour))
    for which in (role.Text, role.WindowText, role.ButtonText):
        found.setColor(QPalette.ColorGroup.Disabled, which, QColor(FADED))
    return found


def sheet() -> str:
    """Return the style sheet of the rating window; it overrides that of the workstation's theme."""
    return f"""
    QWidget#rating, QWidget#surround {{ background: {SURROUND}; }}
    QWidget {{ color: {INK}; font-size: 11pt; }}
    QLabel {{ background: transparent; }}
    QFrame#page {{ background: {SHEET}; border: none; border-radius: 14px; }}
    QLabel#headline {{ font-size: 19pt; font-weight: 600; }}
    QLabel#subhead {{ font-size: 12pt; font-weight: 600; }}
    QLabel#body {{ font-size: 12pt; color: {SOFT}; }}
    QLabel#question {{ font-size: 13pt; font-weight: 600; }}
    QLabel#sign {{ font-size: 13pt; font-weight: 600; background: {INK}; color: #111111; border-radius: 6px; padding: 1px 14px; }}
    QLabel#side {{ font-size: 12pt; }}
    QLabel#quiet, QLabel#keys {{ font-size: 10pt; color: {SOFT}; }}
    QLabel#warning {{ background: {RAISED}; border: 1px solid {LINE}; border-radius: 8px; padding: 12px 14px; }}
    QPushButton {{ background: {RAISED}; color: {INK}; border: 1px solid {LINE}; border-radius: 7px; padding: 7px 16px; }}
    QPushButton:hover {{ border: 1px solid {INK}; }}
    QPushButton:focus {{ border: 2px solid {INK}; padding: 6px 15px; outline: none; }}
    QPushButton:checked {{ background: {INK}; color: #111111; border-color: {INK}; }}
    QPushButton:checked:focus {{ border: 3px double #111111; padding: 5px 14px; }}
    QPushButton:disabled {{ color: {FADED}; background: #4a4a4a; border: 1px solid #5c5c5c; }}
    QPushButton#small {{ padding: 6px 6px; }}
    QPushButton#small:focus {{ padding: 5px 5px; }}
    QPushButton#small:checked:focus {{ padding: 4px 4px; }}
    QPushButton#main {{ background: {INK}; color: #111111; font-weight: 600; padding: 9px 26px; }}
    QPushButton#main:focus {{ border: 3px double #111111; padding: 7px 24px; }}
    QPushButton#main:disabled {{ background: #4a4a4a; color: #dadada; font-weight: 400; }}
    QPushButton#quietly {{ background: transparent; border: 1px solid transparent; padding: 7px 12px; }}
    QPushButton#quietly:hover, QPushButton#quietly:focus {{ border: 1px solid {INK}; }}
    QPushButton#quietly:checked {{ background: {INK}; color: #111111; }}
    QPushButton#quietly:disabled {{ color: {FADED}; background: transparent; border: 1px solid transparent; }}
    QLineEdit {{ background: {WELL}; color: {INK}; border: 1px solid {LINE}; border-radius: 7px; padding: 8px 10px;
        font-size: 13pt; }}
    QLineEdit:focus {{ border: 2px solid {INK}; padding: 7px 9px; }}
    QListWidget {{ background: {RAISED}; border: 1px solid {LINE}; border-radius: 8px; outline: none; padding: 4px; }}
    QListWidget:focus {{ border: 1px solid {INK}; }}
    QListWidget::item {{ padding: 9px 10px; border-radius: 6px; color: {INK}; }}
    QListWidget::item:selected {{ background: {INK}; color: #111111; }}
    QScrollArea, QScrollArea > QWidget > QWidget {{ background: transparent; border: none; }}
    QProgressBar {{ background: #565656; border: none; border-radius: 2px; max-height: 4px; min-height: 4px; }}
    QProgressBar::chunk {{ background: {INK}; border-radius: 2px; }}
    QScrollBar:vertical {{ background: transparent; width: 10px; margin: 0; }}
    QScrollBar::handle:vertical {{ background: {LINE}; border-radius: 4px; min-height: 32px; margin: 1px; }}
    QScrollBar::add-line, QScrollBar::sub-line {{ height: 0; width: 0; }}
    QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
    QToolTip {{ background: {SHEET}; color: {INK}; border: 1px solid {LINE}; padding: 4px 6px; }}
    """
