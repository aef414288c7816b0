"""A small study, as the tests of the store put it in."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from miqa_app.rating.protocol import Protocol, Scale
from miqa_app.rating.stimulus import Stimulus, packed
from miqa_app.rating.study import Item, StimulusInfo, Study
from miqa_app.rating.votes import Display, Presentation, Vote

if TYPE_CHECKING:
    from miqa_app.store import Archive

DISPLAY = Display("Eizo RX360 4711", 1536, 2048, 1.5, 4.0, "passed")


@dataclass(frozen=True)
class Campaign:
    """A study with its pixels."""

    study: Study
    contents: dict[str, bytes]

    def vote(
        self, place: int = 0, score: float = 50.0, rater: str = "R1", session: int = 1
    ) -> Vote:
        """Return a vote on the n-th item."""
        item = self.study.items[place]
        shown = Presentation(f"main-{place}", "main", place, item.key, item.reference, item.test)
        return Vote(
            study=self.study.key,
            rater=rater,
            session=session,
            presentation=shown,
            scores={"test": score},
            shown_at="2026-05-04T08:00:00.125+00:00",
            committed_at="2026-05-04T08:00:09.875+00:00",
            seconds=9.75,
            changes=3,
            display=DISPLAY,
            app_version="0.1.0",
            protocol="sds 1",
            confidence=4,
            tags=("motion", "noise"),
        )


def a_campaign(name: str = "Köpfe 2026", items: int = 4, seed: int = 0) -> Campaign:
    """Return a study of small random images; the reference is the same for all seeds."""
    of_reference, generator = np.random.default_rng(99), np.random.default_rng(seed)

    def image(source: np.random.Generator) -> Stimulus:
        frames = source.integers(0, 4096, (1, 24, 20), dtype=np.uint16)
        return Stimulus(frames, 10.5, 4000.0, 1.25)

    stimuli = [image(of_reference), *(image(generator) for _ in range(items))]
    keys = [stimulus.key for stimulus in stimuli]
    study = Study(
        key=uuid.uuid4().hex,
        name=name,
        created="2026-05-04T07:00:00.000+00:00",
        protocol=protocol(),
        seed=20260504,
        items=tuple(
            Item(f"item-{n}", key, keys[0], "training" if n == 0 else "rated")
            for n, key in enumerate(keys[1:])
        ),
        stimuli=tuple(
            StimulusInfo(
                key, {"made": "simulated", "kind": "motion", "severity": 0.1 + n, "seed": n}
            )
            for n, key in enumerate(keys)
        ),
        model_uncertainty={"item-1": 7.3},
    )
    return Campaign(study, {stimulus.key: packed(stimulus) for stimulus in stimuli})


def protocol() -> Protocol:
    """Return a protocol with every kind of field set."""
    return Protocol(
        id="sds",
        version=1,
        title="Single-rating double stimulus",
        source="made for the tests",
        images="pair",
        asks="test",
        sides="reference left",
        names_sides=True,
        question="How good is the right image?",
        instructions=("Look.", "Vote."),
        scale=Scale(kind="continuous", labels=("excellent", "good", "fair", "poor", "bad")),
        asks_confidence=True,
    )


def begin(archive: Archive, campaign: Campaign, rater: str = "R1") -> int:
    """Store the study unless it is there, and begin a session."""
    if campaign.study.key not in {study.key for study in archive.studies()}:
        archive.add_study(campaign.study, campaign.contents)
    archive.add_rater(campaign.study.key, rater, {"years of practice": "5–10"})
    return archive.begin_session(campaign.study.key, rater, DISPLAY, "0.1.0")
