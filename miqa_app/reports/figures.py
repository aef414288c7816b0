"""Pictures for reports: worst slices with and without heatmap, score per slice, score per time point."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from miqa_app.core.geometry import edge_letters
from miqa_app.core.heatmap import upsample
from miqa_app.core.score_colours import score_colours, score_rgb
from miqa_app.core.window import from_percentiles, greys
from miqa_app.reports.plot_style import png

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from miqa_app.core.assessment import Assessment, SlicePrediction
    from miqa_app.core.series import Series

_COLUMNS = 4
_DPI = 130
_FEWEST_BARS = 12
"""So that a series of one slice is not one huge bar."""

_INK = "#18202b"
_DIM = "#5b6675"
_PLACES = {
    "left": (0.02, 0.5, "left", "center"),
    "right": (0.98, 0.5, "right", "center"),
    "top": (0.5, 0.98, "center", "top"),
    "bottom": (0.5, 0.02, "center", "bottom"),
}


def score_colour_map() -> ListedColormap:
    """Return the score colours, 0 to 100, for matplotlib."""
    return ListedColormap(score_colours() / 255, name="score")


def worst_slices(series: Series, assessment: Assessment) -> bytes:
    """Return a PNG of the worst slices, at most four: above as acquired, below with the score map over it."""
    by_index = {item.index: item for item in assessment.slices}
    shown = [by_index[index] for index in assessment.worst[:_COLUMNS]]
    rows, columns = series.shape
    aspect = series.geometry.aspect if series.geometry else 1.0
    height = float(np.clip(2.3 * rows * aspect / columns, 1.2, 3.2))
    figure = Figure(
        figsize=(2.3 * _COLUMNS + 0.7, 2 * height + 0.5), dpi=_DPI, layout="constrained"
    )
    columns_shown = max(1, len(shown))
    axes = figure.subplots(2, columns_shown, squeeze=False)
    for column in range(columns_shown):
        for row in (0, 1):
            axes[row, column].set_axis_off()
        if column < len(shown):
            _pair(axes[0, column], axes[1, column], series, shown[column], aspect)
    bar = figure.colorbar(_scale(), ax=list(axes[1, :]), fraction=0.03, pad=0.01)
    bar.set_label("local score (100 = best)", fontsize=8, color=_INK)
    bar.ax.tick_params(labelsize=8, colors=_INK)
    return png(figure)


def _scale() -> ScalarMappable:
    return ScalarMappable(Normalize(0, 100), score_colour_map())


def _pair(plain: Axes, mapped: Axes, series: Series, item: SlicePrediction, aspect: float) -> None:
    """Draw one slice twice, without and with its score map."""
    picture = _greys(series, item.index)
    for axis in (plain, mapped):
        axis.imshow(picture, cmap="gray", vmin=0, vmax=255, aspect=aspect, interpolation="bilinear")
    values = upsample(item.score_map, series.shape)
    alpha = 0.6 * np.clip(1 - values / 100, 0, 1) ** 0.7
    mapped.imshow(
        np.clip(values, 0, 100), cmap=score_colour_map(), vmin=0, vmax=100, alpha=alpha,
        aspect=aspect, interpolation="bilinear",
    )  # fmt: skip
    plain.set_title(f"{slice_name(series, item.index)}: {item.score:.0f}", fontsize=9, color=_INK)
    if series.geometry is not None:
        for side, letters in edge_letters(series.geometry).items():
            x, y, horizontal, vertical = _PLACES[side]
            plain.text(
                x, y, letters, transform=plain.transAxes, ha=horizontal, va=vertical,
                color="#ffd866", fontsize=7, fontweight="bold",
            )  # fmt: skip


def slice_name(series: Series, frame: int) -> str:
    """Return what a person calls a frame, counted from 1: 'slice 3', in 4-D 'slice 3, time 2'."""
    time, place = divmod(frame, series.slices)
    return (
        f"slice {place + 1}" if series.time_points == 1 else f"slice {place + 1}, time {time + 1}"
    )


def _greys(series: Series, frame: int) -> NDArray[np.uint8]:
    window = series.windows[0] if series.windows else from_percentiles(series.voxels[frame])
    return greys(series.voxels[frame], window, inverted=series.inverted)


def score_per_slice(series: Series, assessment: Assessment) -> bytes:
    """Return a PNG of the score of every slice, with the lines of the verdict and the worst slices marked."""
    figure = Figure(figsize=(9.9, 2.3), dpi=_DPI, layout="constrained")
    axis = figure.subplots()
    index = [item.index + 1 for item in assessment.slices]
    score = [item.score for item in assessment.slices]
    colours = [np.array(score_rgb(value)) / 255 for value in score]
    axis.bar(index, np.clip(score, 1, 100), width=0.9, color=colours, linewidth=0)
    worst = set(assessment.worst)
    marked = [(item.index + 1, item.score) for item in assessment.slices if item.index in worst]
    axis.plot(
        [x for x, _ in marked], [min(y, 100) + 4 for _, y in marked], "v", color=_INK, markersize=5
    )
    axis.set_xlim(0.2, max(series.frames, _FEWEST_BARS) + 0.8)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.set_xlabel("slice" if series.time_points == 1 else "frame", fontsize=9, color=_INK)
    _finish(axis, assessment)
    return png(figure)


def score_per_time(assessment: Assessment) -> bytes:
    """Return a PNG of the score of every time point of a 4-D series."""
    figure = Figure(figsize=(9.9, 2.0), dpi=_DPI, layout="constrained")
    axis = figure.subplots()
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.plot(
        range(1, len(assessment.curve) + 1), assessment.curve, color=_INK, marker=".", linewidth=1
    )
    axis.set_xlabel("time point", fontsize=9, color=_INK)
    _finish(axis, assessment)
    return png(figure)


def _finish(axis: Axes, assessment: Assessment) -> None:
    """Give a score plot its scale, its threshold lines and its quiet frame."""
    thresholds = assessment.thresholds
    for value, words in (
        (thresholds.accept, "accept from"),
        (thresholds.rescan, "rescan below"),
    ):
        axis.axhline(value, color=_DIM, linewidth=0.8, linestyle=(0, (4, 3)))
        axis.text(
            1.005, value, f"{words} {value:g}", transform=axis.get_yaxis_transform(),
            fontsize=7, color=_DIM, va="center",
        )  # fmt: skip
    axis.set_ylim(0, 108)
    axis.set_yticks([0, 25, 50, 75, 100])
    axis.set_ylabel("score (100 = best)", fontsize=9, color=_INK)
    axis.tick_params(labelsize=8, colors=_INK)
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
