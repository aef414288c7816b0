"""What all plots of reports share: inks, colours, markers, quiet axes."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from matplotlib.backends.backend_agg import FigureCanvasAgg

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DPI = 130
INK = "#18202b"
DIM = "#5b6675"
LINE = "#d5dbe2"
COLOURS = (
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b8860b", "#56b4e9", "#7b4fa3",
    "#8c2d04", "#e6194b", "#6b7a00", "#1c2a8c", "#3f8f8a", "#e34fd0", "#6f6f6f",
)  # fmt: skip
"""One for each artefact kind and one for clean images; the first eight follow Okabe and Ito."""

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">")


def quiet(axis: Axes) -> None:
    """Take away the frame where nothing is read off it."""
    axis.tick_params(labelsize=8, colors=INK)
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axis.spines[side].set_color(DIM)


def shortened(name: str, length: int = 24) -> str:
    """Return a name that fits a legend: its end, which tells names of one kind apart."""
    return name if len(name) <= length else "…" + name[1 - length :]


def png(figure: Figure) -> bytes:
    """Return a figure as PNG."""
    buffer = io.BytesIO()
    FigureCanvasAgg(figure)
    figure.savefig(buffer, format="png")
    return buffer.getvalue()
