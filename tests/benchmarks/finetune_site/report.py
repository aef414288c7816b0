"""The table and the learning curve of the simulated site."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.figure import Figure as Canvas

from miqa_app.reports.plot_style import COLOURS, DIM, DPI, INK, png, quiet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miqa_app.statistics.bootstrap import Difference
    from tests.benchmarks.finetune_site.cases import Case
    from tests.benchmarks.finetune_site.figures import Figures
    from tests.benchmarks.finetune_site.product import Candidate

_COLUMNS = (
    "case", "recipe", "SROCC before", "after", "gain [95 %]", "PLCC", "RMSE", "RMSE mapped", "P.1401 p",
    "rehearsal before", "after", "change [95 %]", "within kinds", "gate", "failed strata", "minutes (training)",
)  # fmt: skip
FLOOR = -0.02


def heading() -> str:
    """Return the head of the table."""
    return f"| {' | '.join(_COLUMNS)} |\n|{'---|' * len(_COLUMNS)}"


def line(case: Case, found: Figures, candidate: Candidate) -> str:
    """Return the row of a case."""
    cells = (
        case.name,
        candidate.recipe,
        f"{found.srocc[0]:.3f}",
        f"{found.srocc[1]:.3f}",
        _words(found.gain),
        _pair(found.plcc, 3),
        _pair(found.error, 1),
        _pair(found.mapped, 2),
        f"{found.better.p:.2g}",
        f"{found.rehearsal[0]:.3f}",
        f"{found.rehearsal[1]:.3f}",
        _words(found.forgetting),
        f"{found.within:+.3f}",
        candidate.verdict,
        ", ".join(candidate.named) or "-",
        f"{candidate.minutes:.1f} ({candidate.learning:.1f})",
    )
    return f"| {' | '.join(cells)} |"


def _words(difference: Difference) -> str:
    interval = difference.interval
    return f"{difference.value:+.3f} [{interval.low:+.3f}, {interval.high:+.3f}]"


def _pair(values: tuple[float, float], digits: int) -> str:
    return " → ".join(f"{value:.{digits}f}" for value in values)


def curve(found: Sequence[tuple[int, Figures]]) -> bytes:
    """Return gain on unseen patients and change on the rehearsal set against the number of ratings, as PNG."""
    figure = Canvas(figsize=(5.6, 3.6), dpi=DPI, layout="constrained")
    axis = figure.subplots()
    quiet(axis)
    axis.set_xscale("log")
    for colour, label, side in (
        (COLOURS[0], "site's opinion, unseen patients", "gain"),
        (COLOURS[1], "simulated quality, other slices", "forgetting"),
    ):
        differences: list[Difference] = [getattr(one, side) for _, one in found]
        values = [one.value for one in differences]
        reach = [
            [one.value - one.interval.low for one in differences],
            [one.interval.high - one.value for one in differences],
        ]
        axis.errorbar(
            [images for images, _ in found], values, yerr=reach,
            color=colour, marker="o", capsize=3, label=label,
        )  # fmt: skip
    axis.axhline(0, color=DIM, linewidth=0.8)
    axis.axhline(FLOOR, color=COLOURS[1], linewidth=0.8, linestyle=":")
    axis.set_xticks([images for images, _ in found], [str(images) for images, _ in found])
    axis.minorticks_off()
    axis.set_xlabel("rated images to learn from", fontsize=8, color=INK)
    axis.set_ylabel("change of SROCC, 95 % by reference", fontsize=8, color=INK)
    axis.legend(fontsize=8, frameon=False)
    return png(figure)
