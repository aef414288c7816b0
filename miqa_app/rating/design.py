"""What a study makes of its scans: which artefacts, how strong, and how much of each scan."""

from __future__ import annotations

from dataclasses import dataclass

from miqa_app.core.artefact_kinds import KEYS
from miqa_app.errors import BadRequest
from miqa_app.rating.seeded import number

KINDS = ("motion", "ghosting", "white_noise", "blur")
SEVERITIES = (0.2, 0.5, 0.8)


@dataclass(frozen=True)
class Change:
    """One artefact to put on an image.

    Attributes:
        kind: artefact kind.
        severity: 0-1.
        seed: of the artefact.
    """

    kind: str
    severity: float
    seed: int


@dataclass(frozen=True)
class Design:
    """What is made of the scans.

    Attributes:
        kinds: artefact kinds; none to show the scans as they are.
        severities: 0-1, above 0; every kind comes at every severity.
        slices: places in each scan.
        stack: neighbouring slices of each place that are shown as one stack.
        repeats: rate poor scans against their repeats from the same exam, beside what `kinds` makes of the good ones.
    """

    kinds: tuple[str, ...] = KINDS
    severities: tuple[float, ...] = SEVERITIES
    slices: int = 2
    stack: int = 1
    repeats: bool = False

    def check(self) -> None:
        """Refuse what cannot be made.

        Raises:
            BadRequest: an unknown kind, a severity that is not above 0 and at most 1, or a count below 1.
        """
        for kind in self.kinds:
            if kind not in KEYS:
                message = f"There is no artefact kind '{kind}'; choose from {', '.join(KEYS)}."
                raise BadRequest(message)
        if self.kinds and not self.severities:
            raise BadRequest("Artefacts need a severity; give some between 0 and 1.")
        for severity in self.severities:
            if not 0 < severity <= 1:
                message = f"A severity must lie above 0 and be at most 1, not {severity:g}."
                raise BadRequest(message)
        if self.slices < 1 or self.stack < 1:
            raise BadRequest("A study needs at least one slice of each scan.")

    def changes(self, *seed: object) -> list[Change]:
        """Return the artefacts of one place; a kind has the same seed, and so the same course, at all severities."""
        return [
            Change(kind, severity, number(*seed, kind) % 2**31)
            for kind in self.kinds
            for severity in self.severities
        ]
