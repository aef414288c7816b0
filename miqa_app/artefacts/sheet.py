"""A contact sheet: every artefact kind at five severities on one slice, to be looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from miqa_app.artefacts.simulate import degrade
from miqa_app.core.artefact_kinds import ARTEFACT_KINDS

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

SEVERITIES = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0)


def write_sheet(plane: NDArray[np.float32], path: Path, seed: int = 0) -> None:
    """Write a PNG with a row per artefact kind and a column per severity of a (H, W) plane in [0, 1]."""
    figure = Figure(figsize=(2.1 * len(SEVERITIES), 2.2 * len(ARTEFACT_KINDS)), facecolor="black")
    canvas = FigureCanvasAgg(figure)
    for row, kind in enumerate(ARTEFACT_KINDS):
        for column, severity in enumerate(SEVERITIES):
            place = row * len(SEVERITIES) + column + 1
            axes = figure.add_subplot(len(ARTEFACT_KINDS), len(SEVERITIES), place)
            axes.imshow(degrade(plane, kind.key, severity, seed).image, cmap="gray", vmin=0, vmax=1)
            axes.set_axis_off()
            axes.set_title(f"{kind.name} {severity:g}", color="white", fontsize=8, pad=2)
    figure.subplots_adjust(
        left=0.005, right=0.995, top=0.985, bottom=0.005, wspace=0.03, hspace=0.12
    )
    canvas.print_figure(path, dpi=90)
