"""Protocols: how a rating study shows its images and asks for the vote. Presets are documents in resources/protocols."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from miqa_app.errors import BadRequest
from miqa_app.paths import bundled

if TYPE_CHECKING:
    from pathlib import Path

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Seconds = Annotated[float, Field(ge=0)]


class Scale(BaseModel):
    """What a vote can be.

    Attributes:
        kind: 'continuous' from low to high, 'categories' at the labels' values only, or 'preference' of one side.
        low: the worst score.
        high: the best score.
        labels: words along the scale, the best first; for 'preference' left, (tie,) right.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["continuous", "categories", "preference"]
    low: float = 0.0
    high: float = 100.0
    labels: tuple[str, ...] = Field(min_length=2)

    @model_validator(mode="after")
    def _rises(self) -> Scale:
        """Refuse a scale without extent."""
        if not self.low < self.high:
            raise ValueError("low must lie below high")
        return self

    @property
    def values(self) -> tuple[float, ...]:
        """Return the score of each label when the labels are evenly spaced from `high` down to `low`."""
        step = (self.high - self.low) / (len(self.labels) - 1)
        return tuple(self.high - place * step for place in range(len(self.labels)))


class Protocol(BaseModel):
    """One way to run a study; goes whole into every export.

    Attributes:
        id: short name; a changed copy of a preset ends in '+changed'.
        version: of the document.
        title: what people call it.
        source: the recommendation or paper it follows, with the clause.
        changed_from: id and version of the preset that this one was copied from, or ''.
        images: 'pair' shows two images side by side, 'single' one.
        asks: which score a vote holds: of the 'test', of 'both' images, or a 'preference'.
        sides: 'reference left', or 'random' for each presentation.
        names_sides: whether the screen says which side is the reference.
        question: the sentence above the scale.
        instructions: what the rater reads before the training, paragraphs.
        scale: of the vote.
        least_seconds: viewing time before a vote can be committed.
        pause_seconds: neutral grey between two presentations.
        break_after_minutes: when a break is offered.
        end_after_minutes: when the session ends after the vote in progress.
        training_items: training presentations before the first session, never pooled.
        stabilising_items: presentations at the start of every session whose votes do not count (BT.500-15, 2.7).
        repeats: share of the rated items that come a second time, unannounced.
        reference_checks: share of further items that show the reference against itself.
        asks_confidence: whether a vote carries a confidence from 1 to 5.
        asks_artefacts: whether a vote may carry tags of artefact kinds.
        least_observers: valid observers below which results are provisional.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9+_-]*$")
    version: int = Field(ge=1)
    title: str
    source: str
    changed_from: str = ""
    images: Literal["pair", "single"]
    asks: Literal["test", "both", "preference"]
    sides: Literal["reference left", "random"]
    names_sides: bool
    question: str
    instructions: tuple[str, ...] = Field(min_length=1)
    scale: Scale
    least_seconds: Seconds = 3.0
    pause_seconds: Seconds = 1.0
    break_after_minutes: Annotated[float, Field(gt=0)] = 15.0
    end_after_minutes: Annotated[float, Field(gt=0)] = 30.0
    training_items: Count = 5
    stabilising_items: Count = 3
    repeats: Share = 0.05
    reference_checks: Share = 0.05
    asks_confidence: bool = False
    asks_artefacts: bool = False
    least_observers: Annotated[int, Field(ge=1)] = 15

    @model_validator(mode="after")
    def _fits_together(self) -> Protocol:
        """Refuse designs that cannot be shown."""
        if self.images == "single" and (self.asks != "test" or self.names_sides):
            raise ValueError("a single image has one score and no named sides")
        if (self.asks == "preference") != (self.scale.kind == "preference"):
            raise ValueError("a preference needs the scale of kind 'preference', and the reverse")
        return self


def presets() -> tuple[Protocol, ...]:
    """Return the protocols that come with the program, in the order of their file names."""
    return tuple(
        read_protocol(path) for path in sorted((bundled("resources") / "protocols").glob("*.yaml"))
    )


def preset(id: str) -> Protocol:
    """Return one preset.

    Raises:
        BadRequest: there is none of that name.
    """
    found = {protocol.id: protocol for protocol in presets()}
    if id not in found:
        message = f"There is no protocol '{id}'; choose one of {', '.join(found)}, or give the file of a changed one."
        raise BadRequest(message)
    return found[id]


def read_protocol(path: Path) -> Protocol:
    """Return the protocol of a YAML document.

    Raises:
        BadRequest: the file is missing, not YAML or does not check out; the message names the first fault.
    """
    try:
        return Protocol(**yaml.safe_load(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "protocol"
        message = f"{path}: {place}: {first['msg']}; mend it or copy a preset anew."
    except (OSError, UnicodeDecodeError, TypeError, yaml.YAMLError) as error:
        message = f"{path}: cannot be read as a protocol ({type(error).__name__}); copy a preset and change that."
    raise BadRequest(message)


def changed(protocol: Protocol, **changes: object) -> Protocol:
    """Return a copy with changes, whose name shows that it is no longer the preset.

    Raises:
        BadRequest: the changes do not fit together.
    """
    values = protocol.model_dump() | changes
    if values == protocol.model_dump():
        return protocol
    if not protocol.changed_from:
        values |= {
            "id": f"{protocol.id}+changed",
            "title": f"{protocol.title}, changed",
            "changed_from": f"{protocol.id} {protocol.version}",
        }
    try:
        return Protocol(**values)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "protocol"
        message = f"The protocol {protocol.id} cannot be changed so: {place}: {first['msg']}."
    raise BadRequest(message)
