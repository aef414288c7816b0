"""Pictures of a benchmark: methods beside one another, predicted against target, residuals, calibration, examples."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from miqa_app.reports.benchmark_tables import value_name
from miqa_app.reports.plot_style import COLOURS, DIM, DPI, INK, LINE, MARKERS, png, quiet, shortened
from miqa_app.statistics.correlation import plcc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from miqa_app.evaluation.method_table import MethodRow, MethodTable
    from miqa_app.evaluation.predictions import Predictions
    from miqa_app.reports.benchmark_examples import Example

    Thumbnail = Callable[[str], NDArray[np.floating] | None]

_CALIBRATION_PARTS = 10
_FEWEST_PER_PART = 3
_MOST_BARS = 300
"""Beyond this many images the bars of the rater intervals hide the points."""

_SAME_SCALE = 0.3
"""Share of the range of the targets that predictions on the same scale reach at least."""


def overview(table: MethodTable) -> bytes:
    """Return a PNG of |SROCC| and |PLCC| of every method with their 95 % intervals."""
    count = len(table.rows)
    figure = Figure(figsize=(9.9, 0.9 + 0.42 * count), dpi=DPI, layout="constrained")
    axis = figure.subplots()
    for shift, colour, marker, name in (
        (-0.13, COLOURS[0], "o", "SROCC"),
        (0.13, COLOURS[1], "s", "PLCC"),
    ):
        for place, row in enumerate(table.rows):
            value, bounds = (
                (row.pooled.srocc, row.pooled.srocc_interval)
                if name == "SROCC"
                else (row.pooled.plcc, row.pooled.plcc_interval)
            )
            ends = sorted((abs(bounds.low), abs(bounds.high)))
            # an interval that holds zero starts there, as its absolute values do
            ends[0] = 0.0 if bounds.low < 0 < bounds.high else ends[0]
            axis.plot(ends, [place + shift] * 2, color=colour, linewidth=2.2, alpha=0.55)
            axis.plot(
                abs(value),
                place + shift,
                marker,
                color=colour,
                markersize=6,
                label=name if not place else None,
            )
    axis.set_yticks(range(count), [row.name for row in table.rows])
    axis.set_ylim(count - 0.5, -0.5)
    axis.set_xlim(right=1.0)
    axis.set_xlabel("|correlation| with the target, 95 % interval", fontsize=9, color=INK)
    axis.grid(axis="x", color=LINE, linewidth=0.7)
    figure.legend(loc="outside upper right", ncols=2, fontsize=8, frameon=False, labelcolor=INK)
    quiet(axis)
    return png(figure)


def method_plots(predictions: Predictions, row: MethodRow, target_name: str) -> bytes:
    """Return a PNG of one method: predicted against target with its curves, residuals, and calibration.

    Args:
        predictions: what was judged; colours follow its group 'kind' where it has one.
        row: the method.
        target_name: of the axes, such as 'Mean opinion score'.
    """
    figure = Figure(figsize=(9.9, 6.2), dpi=DPI, layout="constrained")
    grid = figure.add_gridspec(2, 2, width_ratios=(1.45, 1))
    scatter = figure.add_subplot(grid[:, 0])
    residuals, calibration = figure.add_subplot(grid[0, 1]), figure.add_subplot(grid[1, 1])
    _scatter(scatter, predictions, row, target_name)
    _residuals(residuals, predictions, row, target_name)
    _calibration(calibration, predictions, row, target_name)
    handles, names = scatter.get_legend_handles_labels()
    if names:
        figure.legend(
            handles, names, loc="outside lower center", ncols=min(5, len(names)), fontsize=8,
            frameon=False, labelcolor=INK, handletextpad=0.4, columnspacing=1.4,
        )  # fmt: skip
    return png(figure)


def example_pictures(examples: Mapping[str, Sequence[Example]], thumbnail: Thumbnail) -> bytes:
    """Return a PNG with a row of pictures for each list of examples; a missing picture leaves its words.

    Args:
        examples: by heading.
        thumbnail: gives the picture of an image, (H, W) in [0, 1], or None.
    """
    columns = max(len(found) for found in examples.values())
    figure = Figure(figsize=(9.9, 2.65 * len(examples)), dpi=DPI, layout="constrained")
    for part, (heading, found) in zip(
        figure.subfigures(len(examples), 1, squeeze=False)[:, 0], examples.items(), strict=True
    ):
        part.suptitle(heading, x=0.005, ha="left", fontsize=11, fontweight="bold", color=INK)
        axes = part.subplots(1, columns, squeeze=False)[0]
        for axis in axes:
            axis.set_axis_off()
        for axis, example in zip(axes, found, strict=False):
            picture = thumbnail(example.image)
            if picture is not None:
                axis.imshow(picture, cmap="gray", vmin=0, vmax=1, interpolation="bilinear")
            axis.set_title(
                f"{shortened(example.image)}\ntarget {example.target:.0f} · predicted {example.mapped:.0f}",
                fontsize=8, color=INK,
            )  # fmt: skip
    return png(figure)


def calibration_points(
    predicted: NDArray[np.float64], target: NDArray[np.float64]
) -> list[tuple[float, float, float, int]]:
    """Return mean prediction, mean target, its standard error and count per tenth of the predictions.

    Fewer parts are made where a tenth would hold fewer than three images.
    """
    parts = max(1, min(_CALIBRATION_PARTS, len(target) // _FEWEST_PER_PART))
    found = []
    for rows in np.array_split(np.argsort(predicted, kind="stable"), parts):
        values = target[rows]
        error = float(values.std(ddof=1) / math.sqrt(len(rows))) if len(rows) > 1 else 0.0
        found.append((float(predicted[rows].mean()), float(values.mean()), error, len(rows)))
    return found


def _scatter(axis: Axes, predictions: Predictions, row: MethodRow, target_name: str) -> None:
    """Draw predicted against target, one colour and marker per kind, with the curves."""
    predicted, target = predictions.methods[row.name], predictions.targets
    if predictions.intervals is not None and len(target) <= _MOST_BARS:
        axis.errorbar(
            predicted, target, predictions.intervals, fmt="none", ecolor=DIM, elinewidth=0.5,
            alpha=_alpha(len(target)) * 0.35,
        )  # fmt: skip
    _coloured(axis, predictions, predicted, target, labels=True)
    places = np.linspace(predicted.min(), predicted.max(), 200)
    _diagonal(axis, predicted, target)
    for curve, style, name in (
        (row.logistic4, "-", "4-parameter logistic"),
        (row.logistic5, (0, (4, 2)), "5-parameter logistic"),
    ):
        if curve is not None:
            axis.plot(places, curve(places), color=INK, linewidth=1.6, linestyle=style, label=name)
    words = f"SROCC {row.pooled.srocc:.3f}\nPLCC {row.pooled.plcc:.3f}"
    if math.isfinite(row.plcc4):
        words += f"\nPLCC 4PL {row.plcc4:.3f}"
    falls = row.pooled.plcc < 0
    axis.text(
        *((0.97, 0.97) if falls else (0.03, 0.97)), words.replace("-", "−"), fontsize=9, va="top",
        transform=axis.transAxes, ha="right" if falls else "left", color=INK, bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 2},
    )  # fmt: skip
    _named(axis, f"{row.name}: predicted", target_name, "Predicted against target")


def _residuals(axis: Axes, predictions: Predictions, row: MethodRow, target_name: str) -> None:
    """Draw the residuals the tests see against the prediction on the scale of the target."""
    residuals = predictions.targets - row.mapped.values
    axis.axhline(0, color=DIM, linewidth=0.9)
    spread = float(residuals.std())
    axis.axhspan(-1.96 * spread, 1.96 * spread, color=LINE, alpha=0.45, linewidth=0)
    _coloured(axis, predictions, row.mapped.values, residuals, labels=False)
    _named(
        axis,
        "predicted, after 4PL" if row.logistic4 else "predicted",
        f"{target_name} − predicted",
        "Residuals, band ± 1.96 sd",
    )


def _calibration(axis: Axes, predictions: Predictions, row: MethodRow, target_name: str) -> None:
    """Draw the mean target of each tenth of the predictions as they are."""
    predicted = predictions.methods[row.name]
    points = np.array(calibration_points(predicted, predictions.targets))
    _diagonal(axis, predicted, predictions.targets)
    axis.errorbar(
        points[:, 0], points[:, 1], 1.96 * points[:, 2], fmt="o-", color=COLOURS[0], markersize=5,
        linewidth=1.2, ecolor=COLOURS[0], elinewidth=1.2, capsize=2.5,
    )  # fmt: skip
    _named(axis, "predicted, as it is", f"{target_name}, mean", "Calibration by tenths")


def _diagonal(axis: Axes, predicted: NDArray[np.float64], target: NDArray[np.float64]) -> None:
    """Draw the line of perfect prediction where the predictions are on the scale of the target."""
    low, high = max(predicted.min(), target.min()), min(predicted.max(), target.max())
    if plcc(predicted, target) > 0 and high - low > _SAME_SCALE * np.ptp(target):
        ends = [predicted.min(), predicted.max()]
        axis.plot(ends, ends, color=DIM, linewidth=0.9, linestyle=(0, (1, 2)))


def _coloured(
    axis: Axes,
    predictions: Predictions,
    across: NDArray[np.float64],
    up: NDArray[np.float64],
    *,
    labels: bool,
) -> None:
    """Draw one point per image, each kind in its own colour and marker."""
    size = float(np.clip(9 - np.log10(len(up)) * 2, 2.5, 6))
    for name, chosen, colour, marker in _kinds(predictions):
        axis.plot(
            across[chosen], up[chosen], marker, color=colour, markersize=size,
            markeredgecolor="white", markeredgewidth=0.4 if size > 4 else 0, alpha=_alpha(len(up)),
            label=name if labels and name else None,
        )  # fmt: skip


def _kinds(predictions: Predictions) -> Iterator[tuple[str, NDArray[np.bool_], str, str]]:
    """Yield name, images, colour and marker of each kind; colours come again from the fifteenth on, with another marker."""
    labels = np.array(predictions.groups.get("kind", ("",) * len(predictions)))
    known = "kind" in predictions.groups
    values = sorted(set(labels.tolist()), key=lambda v: (v != "", value_name("kind", v)))
    for place, value in enumerate(values):
        yield (
            value_name("kind", value) if known else "",
            labels == value,
            COLOURS[place % len(COLOURS)],
            MARKERS[place % len(MARKERS)],
        )


def _alpha(count: int) -> float:
    return float(np.clip(1.2 - 0.2 * np.log10(count), 0.35, 0.85))


def _named(axis: Axes, across: str, up: str, title: str) -> None:
    axis.set_xlabel(across, fontsize=9, color=INK)
    axis.set_ylabel(up, fontsize=9, color=INK)
    axis.set_title(title, fontsize=10, color=INK, loc="left")
    axis.xaxis.set_major_locator(MaxNLocator(6))
    axis.yaxis.set_major_locator(MaxNLocator(6))
    axis.grid(color=LINE, linewidth=0.6)
    axis.set_axisbelow(True)
    quiet(axis)
