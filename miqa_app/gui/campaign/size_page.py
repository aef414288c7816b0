"""Third step: how large the study is, what it costs each rater, and how precise it will be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QSpinBox, QVBoxLayout

from miqa_app.gui.campaign.draft import drawn_seed
from miqa_app.gui.campaign.interval_chart import IntervalChart
from miqa_app.gui.campaign.step_page import Fault, StepPage, button, card, field_name, words
from miqa_app.gui.campaign.work import planned

if TYPE_CHECKING:
    from miqa_app.gui.campaign.draft import Draft
    from miqa_app.gui.campaign.errands import Errands
    from miqa_app.gui.theme import Theme
    from miqa_app.rating.campaign import Plan

_LARGEST_SEED = 999_999_999


class SizePage(StepPage):
    """Numbers that follow from the choices, and the seed."""

    def __init__(self, draft: Draft, theme: Theme, errands: Errands) -> None:
        super().__init__(self.tr("How large is it?"))
        self._draft, self._errands = draft, errands
        self.plan: Plan | None = None
        self.seed = QSpinBox()
        self.seed.setRange(1, _LARGEST_SEED)
        self.seed.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
        self.seed.setMinimumSize(120, 30)
        self.seed.setValue(draft.seed)
        self.draw = button(self.tr("Draw &another"))
        self.informative = QCheckBox(self.tr("Show first the images that teach the &model most"))
        self.informative.setAccessibleName(self.informative.text().replace("&", ""))
        self.informative.setChecked(draft.informative)
        self.chart = IntervalChart(theme)
        self._items, self._minutes, self._sessions = (
            words("", "number", wrap=False) for _ in range(3)
        )
        self._roles, self._time, self._session_words = (words("", "dim") for _ in range(3))
        self._precise = words("", "dim")
        self.hint = words("")
        self.fault = Fault(self.seed)
        self._arrange()
        self.seed.valueChanged.connect(self._seeded)
        self.draw.clicked.connect(self._draw)
        self.informative.toggled.connect(self._inform)

    def enter(self) -> None:
        """Work the numbers out anew."""
        self.plan = None
        self._items.setText("…")
        self.fault.say("")
        self._errands.send("plan", planned(self._draft), self._planned, failed=self._not_planned)
        self.seed.setFocus(Qt.FocusReason.OtherFocusReason)

    def complete(self) -> bool:
        """Return whether the numbers are there: what cannot be planned cannot be made."""
        return self.plan is not None

    def _arrange(self) -> None:
        boxes = QHBoxLayout()
        boxes.setSpacing(12)
        for name, number, said in (
            (self.tr("Items"), self._items, self._roles),
            (self.tr("Minutes for each rater"), self._minutes, self._time),
            (self.tr("Sessions for each rater"), self._sessions, self._session_words),
        ):
            frame, layout = card()
            layout.setSpacing(1)
            layout.addWidget(words(name, "subhead"))
            layout.addWidget(number)
            layout.addWidget(said)
            layout.addStretch(1)
            boxes.addWidget(frame, 1)
        self.body.addLayout(boxes)
        frame, layout = card()
        layout.addWidget(words(self.tr("Expected 95 % interval of an item's mean"), "subhead"))
        row = QHBoxLayout()
        row.setSpacing(24)
        row.addWidget(self.chart, 3)
        said = QVBoxLayout()
        said.addWidget(self.hint)
        said.addWidget(self._precise)
        said.addStretch(1)
        row.addLayout(said, 2)
        layout.addLayout(row)
        self.body.addWidget(frame)
        seeds = QHBoxLayout()
        seeds.setSpacing(8)
        seeds.addWidget(field_name(self.tr("&Seed"), self.seed))
        seeds.addWidget(self.seed)
        seeds.addWidget(self.draw)
        note: QLabel = words(
            self.tr(
                "Decides artefacts, orders and sides; the same seed gives the same study again."
            ),
            "dim",
        )
        seeds.addWidget(note, 1)
        self.body.addLayout(seeds)
        self.body.addWidget(self.fault)
        self.informative.setToolTip(
            self.tr(
                "The active model judges every image while the study is made, which takes a while. Where each rater sees a "
                "part of the images, the same precision then takes roughly a tenth fewer votes; where everybody rates all "
                "of them, nothing is saved. Left off, each rater gets a balanced order by chance."
            )
        )
        self.informative.setAccessibleDescription(self.informative.toolTip())
        order = QHBoxLayout()
        order.setSpacing(12)
        order.addWidget(self.informative)
        said = words(self.tr("Saves votes only where each rater sees a part of the images."), "dim")
        order.addWidget(said, 1)
        self.body.addLayout(order)
        self.body.addStretch(1)

    def _planned(self, plan: Plan) -> None:
        self.plan = plan
        counts, protocol = plan.counts, self._draft.protocol
        self._items.setText(str(sum(counts.values())))
        said = {
            "rated": self.tr("{n} rated"),
            "repeat": self.tr("{n} hidden repeat")
            if counts["repeat"] == 1
            else self.tr("{n} hidden repeats"),
            "reference check": self.tr("{n} reference against itself"),
            "anchor": self.tr("{n} anchors"),
            "training": self.tr("{n} for practice"),
        }
        self._roles.setText(
            ", ".join(said[role].format(n=count) for role, count in counts.items() if count)
        )
        self._minutes.setText(f"{plan.minutes:.0f}")
        self._time.setText(
            self.tr("{n} presentations with the uncounted ones; an estimate").format(
                n=plan.presentations
            )
        )
        self._sessions.setText(str(plan.sessions))
        self._session_words.setText(
            self.tr("break offered at {n} min, end near {m} min").format(
                n=f"{protocol.break_after_minutes:g}", m=f"{protocol.end_after_minutes:g}"
            )
        )
        self.chart.show_widths(plan.half_widths, plan.least_observers)
        self.hint.setText(
            self.tr("Plan for at least {n} raters.").format(n=max(plan.least_observers, 15))
            + " "
            + self.tr(
                "ITU-R BT.500 asks for 15; below {n} the results are marked provisional."
            ).format(n=plan.least_observers)
        )
        self._precise.setText(
            self.tr(
                "In units of the scale, if raters' scores of one item spread by {sd} (standard deviation)."
            ).format(sd=f"{plan.sd:.3g}")
        )
        self.changed.emit()

    def _not_planned(self, sentence: str) -> None:
        self._items.setText("–")
        self.fault.say(sentence)
        self.changed.emit()

    def _seeded(self, value: int) -> None:
        self._draft.seed = value

    def _inform(self, on: bool) -> None:
        self._draft.informative = on

    def _draw(self) -> None:
        self.seed.setValue(drawn_seed())
