"""What the windows of models and of fine-tuning add to the look of the workstation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miqa_app.gui.campaign import look

if TYPE_CHECKING:
    from miqa_app.gui.theme import Theme

OUTCOMES = {
    "pass": ("verdict_accept", "good"),
    "passed": ("verdict_accept", "good"),
    "fail": ("verdict_rescan", "rescan"),
    "failed": ("verdict_rescan", "rescan"),
    "uncertain": ("verdict_check", "check"),
    "stop": ("verdict_rescan", "rescan"),
    "warn": ("verdict_check", "check"),
    "info": ("verdict_advised", "dim"),
}
"""Icon and theme colour of an outcome of the gate or a finding of the dry run; each has its own shape."""


def sheet(theme: Theme) -> str:
    """Return the style sheet of these windows in a theme."""
    return f"""{look.sheet(theme)}
    QLabel#value {{ font-size: 13pt; font-weight: 600; }}
    QLabel#mono {{ font-family: monospace; font-size: 11pt; }}
    QFrame#passed, QFrame#failed, QFrame#uncertain, QFrame#told {{ background: {theme.panel}; border: 1px solid {theme.line};
        border-radius: 10px; border-top-left-radius: 0; border-bottom-left-radius: 0; }}
    QFrame#passed {{ border-left: 5px solid {theme.good}; }}
    QFrame#failed {{ border-left: 5px solid {theme.rescan}; }}
    QFrame#uncertain {{ border-left: 5px solid {theme.check}; }}
    QFrame#told {{ border-left: 5px solid {theme.accent}; }}
    QTextBrowser {{ background: {theme.panel}; border: 1px solid {theme.line}; border-radius: 8px; padding: 8px 12px; }}
    QTextBrowser:focus {{ border-color: {theme.accent}; }}
    QRadioButton {{ spacing: 7px; }}
    QScrollArea#marked {{ background: transparent; border: none; }}
    QScrollArea#marked:focus {{ border: 1px solid {theme.accent}; border-radius: 6px; }}
    """
