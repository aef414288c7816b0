"""What a rating study consists of: stimuli, items, and the protocol."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from miqa_app.rating.protocol import Protocol

Role = Literal["rated", "training", "repeat", "reference check", "anchor"]
"""What an item is for; votes on 'training' are never pooled."""


@dataclass(frozen=True)
class StimulusInfo:
    """What is known of a stimulus besides its pixels, see `stimulus.Stimulus`.

    Attributes:
        key: SHA-256 of the content, hexadecimal.
        provenance: where it came from and how it was made, nothing that identifies a patient: 'made' ('simulated' or
            'as acquired'), 'source', 'frames', for simulated ones 'kind', 'severity', 'seed', for a scan that was
            repeated the 'kind' 'poor first scan'; 'anatomy', 'sequence' and 'vendor' where known.
    """

    key: str
    provenance: Mapping[str, str | float | int]


@dataclass(frozen=True)
class Item:
    """One thing to vote on.

    Attributes:
        key: unique within the study, says nothing of the content.
        test: key of the stimulus that is judged.
        reference: key of the stimulus it is compared with, or '' where there is none.
        role: what it is for.
        repeats: key of the item that comes a second time in this one, or ''.
    """

    key: str
    test: str
    reference: str = ""
    role: Role = "rated"
    repeats: str = ""

    @property
    def counted(self) -> bool:
        """Return whether its votes may be pooled."""
        return self.role != "training"


@dataclass(frozen=True)
class Study:
    """A rating campaign as it was created; it never changes afterwards.

    Attributes:
        key: unique, 32 hexadecimal digits.
        name: what people call it; unique in the store.
        created: UTC time in ISO 8601.
        protocol: how it is shown and asked.
        seed: decides every rater's order and sides.
        items: all of them, training included.
        stimuli: all that the items name.
        model_uncertainty: half width of the active model's interval by item key, points; empty where nobody asked
            for items to be ordered by what they teach.
    """

    key: str
    name: str
    created: str
    protocol: Protocol
    seed: int
    items: tuple[Item, ...]
    stimuli: tuple[StimulusInfo, ...]
    model_uncertainty: Mapping[str, float] = field(default_factory=dict)

    def item(self, key: str) -> Item:
        """Return the item of a key.

        Raises:
            KeyError: the study has none of that key.
        """
        return {item.key: item for item in self.items}[key]

    def stimulus(self, key: str) -> StimulusInfo:
        """Return what is known of a stimulus.

        Raises:
            KeyError: the study has none of that key.
        """
        return {stimulus.key: stimulus for stimulus in self.stimuli}[key]
