"""What the tests run in processes of their own."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING

from miqa_app.store import Archive

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.synchronize import Barrier

    from tests.store.made import Campaign


def open_at_once(url: str, gate: Barrier, answers: Connection) -> None:
    """Open a store at the same moment as others, and say what went wrong."""
    gate.wait(30)
    try:
        with Archive(url) as archive:
            answers.send(archive.audit_head())
    except BaseException as error:  # noqa: BLE001 - the test shows it
        answers.send(repr(error))


def add_at_once(url: str, campaign: Campaign, gate: Barrier, answers: Connection) -> None:
    """Store the same study at the same moment as others, and say what came of it."""
    with Archive(url) as archive:
        gate.wait(30)
        try:
            archive.add_study(campaign.study, campaign.contents)
            answers.send("stored")
        except BaseException as error:  # noqa: BLE001 - the test shows it
            answers.send(f"{type(error).__name__}: {error}")


def vote_at_once(
    url: str, campaign: Campaign, rater: str, rounds: int, gate: Barrier, answers: Connection
) -> None:
    """Vote on every item again and again, and say which revisions came back."""
    with Archive(url) as archive:
        gate.wait(30)
        try:
            for turn in range(rounds):
                for place in range(len(campaign.study.items)):
                    vote = archive.add_vote(campaign.vote(place, float(turn), rater))
                    answers.send((vote.presentation.key, vote.revision, turn))
            answers.send(None)
        except BaseException as error:  # noqa: BLE001 - the test shows it
            answers.send(repr(error))


def vote_until_killed(url: str, campaign: Campaign, first: int, answers: Connection) -> None:
    """Vote for ever; every vote's number is sent as soon as it counts as stored."""
    with Archive(url) as archive:
        for number in itertools.count(first):
            archive.add_vote(campaign.vote(number % len(campaign.study.items), float(number)))
            answers.send(number)


def open_until_killed(url: str, answers: Connection) -> None:
    """Make a store; the test kills this at some moment."""
    answers.send("begin")
    with Archive(url):
        answers.send("open")


def sit_until_killed(url: str, campaign: Campaign, rater: str, answers: Connection) -> None:
    """Take a rater's seat and stay in it for ever, or say why not."""
    with Archive(url) as archive:
        try:
            archive.seat(campaign.study.key, rater)
        except BaseException as error:  # noqa: BLE001 - the test shows it
            answers.send(f"{type(error).__name__}: {error}")
            return
        answers.send("seated")
        time.sleep(60)
