"""The short questionnaire: four clicks, no typing."""

from __future__ import annotations

from miqa_app.gui.rating.chips import Chips
from miqa_app.gui.rating.page import Page


class QuestionnairePage(Page):
    """Asks once for experience, speciality, sub-speciality and eyesight."""

    def __init__(self) -> None:
        super().__init__(self.tr("A few words about you"), self.tr("Continue"), self.tr("Leave"))
        self.add_words(
            self.tr(
                "Asked once. The answers describe the group of raters; they are kept with your pseudonym only."
            )
        )
        self.rows = {
            "years_of_experience": self._row(
                self.tr("Years of reading MRI"),
                [("0-2", "0–2"), ("3-5", "3–5"), ("6-10", "6–10"), ("11-20", "11–20"), ("over 20", self.tr("over 20"))],
            ),
            "speciality": self._row(
                self.tr("Speciality"),
                [
                    ("radiologist", self.tr("Radiologist")),
                    ("radiologist in training", self.tr("In training")),
                    ("radiographer", self.tr("Radiographer")),
                    ("physicist", self.tr("Physicist")),
                    ("other", self.tr("Other")),
                ],
            ),
            "sub_speciality": self._row(
                self.tr("Mostly reads"),
                [
                    ("neuro", self.tr("Neuro")),
                    ("musculoskeletal", self.tr("Musculoskeletal")),
                    ("abdomen", self.tr("Abdomen")),
                    ("cardiothoracic", self.tr("Cardiothoracic")),
                    ("breast", self.tr("Breast")),
                    ("general or other", self.tr("General, other")),
                ],
                columns=3,
            ),
            "vision": self._row(
                self.tr("Eyesight at reading distance, as you sit here"),
                [
                    ("normal", self.tr("Normal without glasses")),
                    ("corrected to normal", self.tr("Normal with glasses or lenses")),
                    ("not normal", self.tr("Not fully corrected")),
                ],
            ),
        }  # fmt: skip
        self.go.setEnabled(False)

    @property
    def answers(self) -> dict[str, str]:
        """Return the answers, in English whatever the language of the screen."""
        return {name: str(row.value) for name, row in self.rows.items()}

    def begin(self) -> None:
        """Begin with the first question."""
        next(iter(self.rows.values())).take_focus()

    def _row(self, heading: str, answers: list[tuple[str, str]], columns: int = 0) -> Chips:
        row = Chips(heading, answers, columns=columns)
        row.chosen.connect(self._check)
        self.add(row)
        return row

    def _check(self) -> None:
        self.go.setEnabled(all(row.value is not None for row in self.rows.values()))
