"""Asks who promotes a model, shows what speaks for and against it, and whether it goes on trial first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QCheckBox, QRadioButton

from miqa_app.gui.campaign.step_page import words
from miqa_app.gui.models.marked_list import MarkedList, marked
from miqa_app.gui.models.sign_dialog import SignDialog

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from miqa_app.gui.theme import Theme
    from miqa_app.registry.proposals import Proposal
    from miqa_app.services.registry import Promotion

_LIST_HEIGHT, _FEW = 190, 3


class PromoteDialog(SignDialog):
    """A promotion that is allowed, with its warnings; one that is refused shows why and cannot be signed."""

    def __init__(
        self,
        theme: Theme,
        found: Promotion,
        waiting: Proposal | None,
        active: str,
        parent: QWidget | None = None,
    ) -> None:
        """Make the dialog.

        Args:
            theme: gives the colours.
            found: whether the model may be promoted.
            waiting: thresholds fitted to its scores that are not in force yet.
            active: name of the model that it would replace.
            parent: in front of which it stands.
        """
        self.found = found
        name = found.model.name
        refused = bool(found.refusals)
        sentences = (
            [f"{name} cannot be promoted"]
            if refused
            else [
                f"Promote {name}",
                f"From the next scan on it gives the verdicts; {active} stays at hand and comes back with one action. "
                "Its canary set is scored once more, and the audit log keeps the names.",
            ]
        )
        super().__init__(
            theme, "Promote", sentences, two=found.signatures > 1 and not refused, parent=parent
        )
        self.says = MarkedList(theme, self.tr("What speaks against it") if refused else self.tr("What to know before signing"))  # fmt: skip
        told = [("fail", "", one) for one in found.refusals]
        told += [("uncertain", "", one) for one in found.warnings if not refused]
        self.says.show_rows(told)
        self.says.setFixedHeight(_LIST_HEIGHT)
        if len(told) > _FEW:
            self.body.addWidget(self.says)
        else:
            self.says.hide()
            for one in told:
                self.body.addWidget(marked(theme, *one))
        self.now = QRadioButton(self.tr("In use &now"))
        self.trial = QRadioButton(self.tr("On &trial first: it scores every scan unseen, and only the record shows what it said"))  # fmt: skip
        self.now.setChecked(True)
        self.thresholds = QCheckBox(self.tr("&With the thresholds fitted to its scores"))
        if waiting is not None:
            self.thresholds.setText(
                self.tr("&With the thresholds fitted to its scores: accept from {accept}, rescan below {rescan}").format(
                    accept=waiting.accept.score, rescan=waiting.rescan.score
                )
            )  # fmt: skip
        if refused:
            self.refuse()
            self.body.addWidget(words(self.tr("The gate's rules were fixed before the candidate was made; nobody can sign around them."), "dim"))  # fmt: skip
        else:
            self.body.addWidget(self.now)
            self.body.addWidget(self.trial)
            if waiting is not None:
                self.body.addWidget(self.thresholds)
        self.resize(620, self.sizeHint().height())
