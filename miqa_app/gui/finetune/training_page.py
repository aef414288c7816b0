"""The second page: how far the training is, and how well it goes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from miqa_app.gui.campaign.step_bar import StepBar
from miqa_app.gui.campaign.step_page import words
from miqa_app.gui.finetune.curve_chart import CurveChart, Figure
from miqa_app.gui.finetune.duration import duration, gigabytes
from miqa_app.gui.finetune.seed_key import SeedKey

if TYPE_CHECKING:
    from miqa_app.gui.finetune.progress import Progress
    from miqa_app.gui.theme import Theme

_FINE = 1000
_SECOND = 1000
_NOTES = 2


class TrainingPage(QWidget):
    """Shows a `Progress`; it counts the seconds down between two events."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._progress: Progress | None = None
        self.name, self.stage = words("", "headline"), words("")
        self.left, self.memory = words("", "value", wrap=False), words("", "dim", wrap=False)
        self.bar = QProgressBar()
        self.bar.setRange(0, _FINE)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(self.tr("Progress"))
        self.key, self.notes = SeedKey(theme), words("", "dim")
        self.steps: StepBar | None = None
        self._parts = 0
        self.charts = {
            "agreement": CurveChart(
                theme,
                self.tr("Agreement with the raters"),
                (Figure("srocc", "SROCC"), Figure("plcc", "PLCC", dashed=True)),
                least_span=0.1,
            ),
            "loss": CurveChart(theme, self.tr("Loss"), (Figure("loss", self.tr("loss")),), least_span=0.05),
            "error": CurveChart(theme, self.tr("Error"), (Figure("rmse", "RMSE", unit=self.tr(" points")),), least_span=2.0),
        }  # fmt: skip
        self._clock = QTimer(self)
        self._clock.setInterval(_SECOND)
        self._clock.timeout.connect(self._count)
        self._arrange()

    def show_progress(self, progress: Progress) -> None:
        """Show how far it is."""
        self._progress = progress
        training = progress.training
        self.name.setText(
            self.tr("Teaching {name}").format(name=progress.run.replace("-", "-\u200b"))
            if progress.run
            else self.tr("Preparing the training")
        )
        self._show_steps()
        self.stage.setText(self._stage_words())
        for chart in self.charts.values():
            chart.show_training(training)
        self.key.show_seeds(
            training.wanted_seeds if training else 0, max(training.seeds, default=0) if training else 0
        )  # fmt: skip
        self.notes.setText("\n".join(progress.notes[-_NOTES:]))
        if progress.memory_mb is not None and progress.memory_free_mb is not None:
            self.memory.setText(
                self.tr("takes {used} of memory, {free} are left").format(
                    used=gigabytes(progress.memory_mb), free=gigabytes(progress.memory_free_mb)
                )
            )
        self._count()

    def _arrange(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(14)
        head.addWidget(self.name, 1)
        column = QVBoxLayout()
        column.setSpacing(0)
        for label in (self.left, self.memory):
            label.setAlignment(Qt.AlignmentFlag.AlignRight)
            column.addWidget(label)
        head.addLayout(column)
        grid = QGridLayout()
        grid.setSpacing(10)
        grid.addWidget(self.charts["agreement"], 0, 0, 2, 1)
        grid.addWidget(self.charts["error"], 0, 1)
        grid.addWidget(self.charts["loss"], 1, 1)
        grid.setColumnStretch(0, 3)
        grid.setColumnStretch(1, 2)
        self._above = QVBoxLayout()
        self._above.setContentsMargins(0, 0, 0, 0)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(9)
        layout.addLayout(head)
        layout.addLayout(self._above)
        layout.addWidget(self.bar)
        layout.addWidget(self.stage)
        layout.addLayout(grid, 1)
        layout.addWidget(self.key)
        layout.addWidget(self.notes)

    def _show_steps(self) -> None:
        """Show on which training it is; the steps are known with the first one."""
        training = self._progress.training if self._progress else None
        count = training.of if training else 0
        if count != self._parts:
            self._parts = count
            if self.steps is not None:
                self.steps.deleteLater()
            trials = [self.tr("Trial {n}").format(n=n) for n in range(1, count)]
            names = [*trials, self.tr("Candidate"), self.tr("Evidence")]
            self.steps = StepBar(self._theme, names)
            self._above.addWidget(self.steps)
        if self.steps is not None and training is not None:
            judging = training.candidate and bool(self._progress and self._judging())
            self.steps.set_step(training.number if judging else training.number - 1)

    def _judging(self) -> bool:
        """Return whether the candidate is trained and the evidence is being made."""
        stage = self._progress.stage if self._progress else ""
        training = self._progress.training if self._progress else None
        return training is not None and bool(training.seeds) and not stage.startswith(training.words)  # fmt: skip

    def _stage_words(self) -> str:
        progress = self._progress
        if progress is None:
            return ""
        if progress.paused:
            return self.tr("Paused. It waits here until you let it go on; scans can be scored meanwhile.")  # fmt: skip
        training = progress.training
        said = progress.stage
        if training is not None and said.startswith(training.words) and progress.seed:
            said += self.tr("  ·  seed {seed} of {seeds}, epoch {epoch} of at most {epochs}").format(
                seed=progress.seed, seeds=training.wanted_seeds, epoch=progress.epoch, epochs=training.epochs
            )  # fmt: skip
        elif progress.total:
            said += f"  ·  {progress.done} / {progress.total}"
        return said

    def _count(self) -> None:
        progress = self._progress
        if progress is None:
            return
        now = time.monotonic()
        self.bar.setValue(round(_FINE * progress.share(now)))
        left = progress.seconds_left(now)
        if progress.paused:
            self.left.setText(self.tr("Paused"))
        elif left is None:
            self.left.setText(self.tr("Working out how long it takes"))
        else:
            self.left.setText(self.tr("About {time} left").format(time=duration(left)))

    # ---------------------------------------------------------------- Qt

    def showEvent(self, event: object) -> None:
        """Count while somebody looks."""
        self._clock.start()

    def hideEvent(self, event: object) -> None:
        """Stop counting."""
        self._clock.stop()
