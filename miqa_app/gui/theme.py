"""The look: Fusion style with a calm dark and a calm light palette, and one accent colour."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtGui import QColor, QFont, QPalette
from PySide6.QtWidgets import QApplication

from miqa_app import paths
from miqa_app.core.assessment import Thresholds, Verdict


@dataclass(frozen=True)
class Theme:
    """Colours of one theme as #rrggbb; all text colours reach 4.5:1 on window, panel and raised."""

    name: str
    window: str
    panel: str
    raised: str
    line: str
    text: str
    dim: str
    accent: str
    on_accent: str
    advised: str
    good: str
    check: str
    rescan: str
    selected: str


DARK = Theme(
    name="dark", window="#12151a", panel="#191d24", raised="#222831", line="#323b47", text="#e8ecf1", dim="#a9b3c0",
    accent="#63bfe0", on_accent="#08202a", advised="#63d0cd", good="#86d992", check="#f4bf57", rescan="#ff9273", selected="#25394a",
)  # fmt: skip
LIGHT = Theme(
    name="light", window="#e9edf1", panel="#fbfcfd", raised="#f0f3f6", line="#c9d1da", text="#18202b", dim="#4d5867",
    accent="#07617f", on_accent="#ffffff", advised="#075f66", good="#17642f", check="#7a4b00", rescan="#a12f12", selected="#cfe4ee",
)  # fmt: skip


def by_name(name: str) -> Theme:
    """Return the theme 'light' or 'dark'; dark for anything else."""
    return LIGHT if name == "light" else DARK


def verdict_colour(theme: Theme, verdict: Verdict, thresholds: Thresholds) -> str:
    """Return the colour of a verdict; accept is green only once the site has calibrated it."""
    if verdict is Verdict.ACCEPT:
        return theme.good if thresholds.calibrated else theme.advised
    return {Verdict.CHECK: theme.check, Verdict.RESCAN: theme.rescan}.get(verdict, theme.dim)


def verdict_shape(verdict: Verdict, thresholds: Thresholds) -> str:
    """Return the icon of a verdict; each has its own shape, and uncalibrated accept is an open circle, not a tick."""
    if verdict is Verdict.ACCEPT:
        return "verdict_accept" if thresholds.calibrated else "verdict_advised"
    return {Verdict.CHECK: "verdict_check", Verdict.RESCAN: "verdict_rescan"}.get(
        verdict, "verdict_none"
    )


def apply(app: QApplication, theme: Theme) -> None:
    """Give the application its style, palette and style sheet."""
    app.setStyle("Fusion")
    app.setPalette(_palette(theme))
    font = QFont(app.font())
    font.setPointSizeF(10)
    app.setFont(font)
    app.setStyleSheet(_sheet(theme))


def _palette(theme: Theme) -> QPalette:
    """Return the Qt palette of a theme."""
    role = QPalette.ColorRole
    palette = QPalette()
    pairs = {
        role.Window: theme.window, role.WindowText: theme.text, role.Base: theme.panel, role.AlternateBase: theme.raised,
        role.Text: theme.text, role.Button: theme.raised, role.ButtonText: theme.text, role.BrightText: theme.rescan,
        role.ToolTipBase: theme.raised, role.ToolTipText: theme.text, role.Highlight: theme.accent, role.Accent: theme.accent,
        role.HighlightedText: theme.on_accent, role.Link: theme.accent, role.LinkVisited: theme.accent, role.PlaceholderText: theme.dim,
        role.Light: theme.raised, role.Midlight: theme.line, role.Mid: theme.line, role.Dark: theme.line, role.Shadow: theme.window,
    }  # fmt: skip
    for which, colour in pairs.items():
        palette.setColor(which, QColor(colour))
    faded = QColor(theme.dim)
    faded.setAlpha(130)
    for which in (role.Text, role.WindowText, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, which, faded)
    return palette


def _sheet(theme: Theme) -> str:
    """Return the style sheet: spacing and lines that a palette cannot express."""
    dim = QColor(theme.dim)
    faded = f"rgba({dim.red()}, {dim.green()}, {dim.blue()}, 130)"
    tick = (paths.bundled("resources") / "icons" / f"tick_{theme.name}.svg").as_posix()
    return f"""
    QMainWindow::separator {{ width: 6px; height: 6px; background: {theme.window}; }}
    QSplitter::handle {{ background: {theme.window}; }}
    QToolTip {{ background: {theme.raised}; color: {theme.text}; border: 1px solid {theme.line}; padding: 4px 6px; }}
    QMenuBar {{ background: {theme.window}; padding: 2px 6px; border: none; }}
    QMenuBar::item {{ padding: 5px 10px; border-radius: 5px; }}
    QMenuBar::item:selected {{ background: {theme.selected}; color: {theme.text}; }}
    QMenu {{ background: {theme.panel}; border: 1px solid {theme.line}; padding: 6px; }}
    QMenu::item {{ padding: 6px 28px 6px 24px; border-radius: 5px; }}
    QMenu::item:selected {{ background: {theme.selected}; color: {theme.text}; }}
    QMenu::item:disabled {{ color: {faded}; }}
    QMenu::separator {{ height: 1px; background: {theme.line}; margin: 5px 8px; }}
    QToolBar {{ background: {theme.window}; border: none; spacing: 4px; padding: 2px 8px; }}
    QToolBar::separator {{ width: 1px; background: {theme.line}; margin: 6px 6px; }}
    QStatusBar {{ background: {theme.window}; color: {theme.dim}; }}
    QStatusBar::item {{ border: none; }}
    QFrame#panel {{ background: {theme.panel}; border: 1px solid {theme.line}; border-radius: 10px; }}
    QFrame#rule {{ background: {theme.line}; max-height: 1px; border: none; }}
    QLabel#heading {{ color: {theme.dim}; font-size: 9pt; font-weight: 600; letter-spacing: 1px; }}
    QLabel#title {{ font-size: 11pt; font-weight: 600; }}
    QLabel#dim {{ color: {theme.dim}; }}
    QCheckBox {{ spacing: 7px; }}
    QCheckBox::indicator {{ width: 14px; height: 14px; border: 1px solid {theme.dim}; border-radius: 4px;
        background: {theme.window}; }}
    QCheckBox::indicator:hover, QCheckBox:focus::indicator {{ border-color: {theme.accent}; }}
    QCheckBox::indicator:checked {{ background: {theme.accent}; border-color: {theme.accent};
        image: url("{tick}"); }}
    QTreeWidget, QListWidget, QScrollArea {{ background: transparent; border: none; outline: none; }}
    QScrollArea > QWidget > QWidget {{ background: transparent; }}
    QPushButton, QToolButton {{ background: {theme.raised}; color: {theme.text}; border: 1px solid {theme.line};
        border-radius: 6px; padding: 5px 11px; }}
    QToolButton {{ padding: 5px; border-color: transparent; background: transparent; }}
    QPushButton:hover, QToolButton:hover {{ border-color: {theme.accent}; }}
    QPushButton:focus, QToolButton:focus {{ border: 2px solid {theme.accent}; }}
    QPushButton:default {{ background: {theme.accent}; color: {theme.on_accent}; border-color: {theme.accent}; }}
    QToolButton:checked {{ background: {theme.selected}; border-color: {theme.accent}; }}
    QPushButton:disabled, QToolButton:disabled {{ color: {faded}; }}
    QPushButton:default:disabled {{ background: {theme.raised}; border-color: {theme.line}; }}
    QDialogButtonBox {{ dialogbuttonbox-buttons-have-icons: 0; }}
    QLineEdit, QPlainTextEdit {{ background: {theme.window}; border: 1px solid {theme.line}; border-radius: 6px; padding: 5px; }}
    QLineEdit:focus, QPlainTextEdit:focus {{ border-color: {theme.accent}; }}
    QProgressBar {{ background: {theme.raised}; border: none; border-radius: 4px; max-height: 8px; min-height: 8px; }}
    QProgressBar::chunk {{ background: {theme.accent}; border-radius: 4px; }}
    QScrollBar:vertical {{ background: transparent; width: 10px; margin: 0; }}
    QScrollBar::handle:vertical {{ background: {theme.line}; border-radius: 4px; min-height: 32px; margin: 1px; }}
    QScrollBar:horizontal {{ background: transparent; height: 10px; margin: 0; }}
    QScrollBar::handle:horizontal {{ background: {theme.line}; border-radius: 4px; min-width: 32px; margin: 1px; }}
    QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
    QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
    """
