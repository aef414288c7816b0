"""What a view remembers about a series, and what all views share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF

from miqa_app.gui.viewer.orientation import Turn

if TYPE_CHECKING:
    from miqa_app.core.window import Window


@dataclass
class ViewState:
    """How one series is being looked at.

    Attributes:
        frame: frame on screen.
        window: grey window chosen by the user; None = the series' own.
        zoom: 1 fills the view.
        pan: shift of the image centre in logical pixels.
        turn: turning and mirroring chosen; None = upright.
    """

    frame: int = 0
    window: Window | None = None
    zoom: float = 1.0
    pan: QPointF = field(default_factory=QPointF)
    turn: Turn | None = None


@dataclass(frozen=True)
class Display:
    """What all views share: overlay, texts, convention and interpolation.

    Attributes:
        overlay: the heatmap is on.
        attention: the heatmap shows where the model looked instead of the local scores.
        held: the heatmap is hidden while a key is held.
        opacity: of a local score of 0, 0–1.
        threshold: local scores above it stay clear; attention knows none.
        texts: 0 none, 1 all corner texts.
        identity: show who the patient is.
        neurological: patient's left on the left.
        smooth: interpolate between pixels.
    """

    overlay: bool = False
    attention: bool = False
    held: bool = False
    opacity: float = 0.55
    threshold: float = 100.0
    texts: bool = True
    identity: bool = False
    neurological: bool = False
    smooth: bool = True

    @property
    def heat(self) -> bool:
        """Return whether the heatmap is to be painted."""
        return self.overlay and not self.held
