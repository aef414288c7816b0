"""Several processes, and processes that are killed: nothing is lost, nothing is there twice."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from miqa_app.errors import BadRequest
from miqa_app.store import Archive, Seat
from tests.store import reach, voting
from tests.store.made import Campaign, begin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

PROCESSES = 4

# forked from a process that has imported everything but opened nothing
_context = multiprocessing.get_context("spawn" if sys.platform == "win32" else "forkserver")
if sys.platform != "win32":
    _context.set_forkserver_preload(["tests.store.voting", "tests.store.made"])


@pytest.fixture
def start() -> Iterator[Callable[..., tuple[BaseProcess, Connection]]]:
    """Start a function in a process; its last argument is the end of a pipe of which the test has the other."""
    begun: list[tuple[BaseProcess, Connection]] = []

    def run(target: Callable[..., None], *arguments: object) -> tuple[BaseProcess, Connection]:
        ours, theirs = _context.Pipe(duplex=False)
        process = _context.Process(target=target, args=(*arguments, theirs))
        process.start()
        theirs.close()
        begun.append((process, ours))
        return process, ours

    yield run
    for process, ours in begun:
        process.kill()
        process.join()
        process.close()
        ours.close()


def received(pipe: Connection) -> Iterator[object]:
    """Give what a process says until it has nothing more to say."""
    while True:
        if not pipe.poll(60):
            raise TimeoutError("the process says nothing")
        try:
            said = pipe.recv()
        except EOFError:
            return
        yield said


def test_processes_that_vote_at_once_lose_nothing(
    url: str, campaign: Campaign, start: Callable[..., tuple[BaseProcess, Connection]]
) -> None:
    rounds, items = 6, len(campaign.study.items)
    with Archive(url) as archive:
        # two raters, each at two screens: they collide on the revision as well as on the log
        for rater in ("R1", "R2"):
            begin(archive, campaign, rater)
        before = int(archive.audit_head().split(":")[0])
        gate = _context.Barrier(PROCESSES)
        pipes = [
            start(voting.vote_at_once, url, campaign, rater, rounds, gate)[1]
            for rater in ("R1", "R2", "R1", "R2")
        ]
        said = [list(received(pipe)) for pipe in pipes]
        assert all(answers[-1] is None for answers in said), [answers[-1] for answers in said]
        for pair in (said[0::2], said[1::2]):
            given = [(answer[0], answer[1]) for answers in pair for answer in answers[:-1]]
            assert sorted(given) == sorted(
                (f"main-{place}", revision)
                for place in range(items)
                for revision in range(2 * rounds)
            )
        votes = archive.votes(campaign.study.key, history=True)
        assert len(votes) == PROCESSES * rounds * items
        assert len(archive.votes(campaign.study.key)) == 2 * items
        assert int(archive.audit_head().split(":")[0]) == before + len(votes)
        assert archive.verify() == []


def test_processes_that_open_a_new_store_at_once_all_find_it(
    url: str, start: Callable[..., tuple[BaseProcess, Connection]]
) -> None:
    gate = _context.Barrier(PROCESSES)
    pipes = [start(voting.open_at_once, url, gate)[1] for _ in range(PROCESSES)]
    assert [list(received(pipe)) for pipe in pipes] == [["0:" + "0" * 64]] * PROCESSES


def test_of_processes_that_store_one_study_at_once_one_does(
    url: str, campaign: Campaign, start: Callable[..., tuple[BaseProcess, Connection]]
) -> None:
    with Archive(url) as archive:
        gate = _context.Barrier(PROCESSES)
        pipes = [start(voting.add_at_once, url, campaign, gate)[1] for _ in range(PROCESSES)]
        said = sorted(str(answer) for pipe in pipes for answer in received(pipe))
        refused = "BadRequest: There is a study 'Köpfe 2026' already; choose another name."
        assert said == [refused] * (PROCESSES - 1) + ["stored"]
        assert archive.verify() == []


def kill(process: BaseProcess) -> None:
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL if sys.platform != "win32" else signal.SIGTERM)
    process.join(30)
    assert process.exitcode != 0


def voted_and_killed(
    url: str,
    campaign: Campaign,
    start: Callable[..., tuple[BaseProcess, Connection]],
    kills: int,
) -> None:
    with Archive(url) as archive:
        begin(archive, campaign)
        acknowledged: list[int] = []
        following = 0
        for turn in range(kills):
            process, pipe = start(voting.vote_until_killed, url, campaign, following)
            answers = received(pipe)
            acknowledged += [int(str(next(answers))) for _ in range(1 + turn % 4)]
            # right after the vote counted as stored, or a moment into the next one
            time.sleep((turn % 5) * 0.001)
            kill(process)
            acknowledged += [int(str(said)) for said in answers]
            stored = [
                vote.scores["test"] for vote in archive.votes(campaign.study.key, history=True)
            ]
            assert set(acknowledged) <= set(stored)
            # at most the vote in progress is there without having been acknowledged
            assert len(set(stored) - set(acknowledged)) <= turn + 1
            assert len(stored) == len(set(stored))
            following = int(max(stored)) + 1
        assert archive.verify() == []
        assert len(acknowledged) >= kills


def test_every_vote_that_counted_as_stored_survives_kill_9(
    url: str, campaign: Campaign, start: Callable[..., tuple[BaseProcess, Connection]]
) -> None:
    voted_and_killed(url, campaign, start, kills=10)


@pytest.mark.slow
def test_every_vote_that_counted_as_stored_survives_300_kills(
    url: str, campaign: Campaign, start: Callable[..., tuple[BaseProcess, Connection]]
) -> None:
    voted_and_killed(url, campaign, start, kills=300)


def test_a_store_whose_making_was_killed_is_made_by_the_next(
    url: str, start: Callable[..., tuple[BaseProcess, Connection]]
) -> None:
    for delay in (0.0, 0.01, 0.02, 0.04, 0.08):
        process, pipe = start(voting.open_until_killed, url)
        answers = received(pipe)
        assert next(answers) == "begin"
        time.sleep(delay)
        kill(process)
    with Archive(url) as archive:
        assert archive.verify() == []
        assert archive.studies() == ()


def test_one_seat_for_each_rater_and_a_killed_holder_locks_nobody_out(
    url: str, campaign: Campaign, start: Callable[..., tuple[BaseProcess, Connection]]
) -> None:
    with Archive(url) as archive:
        begin(archive, campaign)
        process, pipe = start(voting.sit_until_killed, url, campaign, "R1")
        answers = received(pipe)
        assert next(answers) == "seated"
        _, refused = start(voting.sit_until_killed, url, campaign, "R1")
        sentence = "'R1' has the study 'Köpfe 2026' open in another window; go on there, or close that window first."
        assert list(received(refused)) == [f"BadRequest: {sentence}"]
        with pytest.raises(BadRequest, match="open in another window"):
            archive.seat(campaign.study.key, "R1")
        archive.seat(campaign.study.key, "R2").leave()
        kill(process)
        seat = taken_soon(archive, campaign)
        with pytest.raises(BadRequest, match="open in another window"):
            archive.seat(campaign.study.key, "R1")
        seat.leave()
        seat.leave()
        archive.seat(campaign.study.key, "R1").leave()
        assert archive.verify() == []


def taken_soon(archive: Archive, campaign: Campaign) -> Seat:
    """Take the seat of R1; the server may need a moment to see that a process is gone."""
    until = time.monotonic() + 5
    while True:
        try:
            return archive.seat(campaign.study.key, "R1")
        except BadRequest:
            if time.monotonic() > until:
                raise
        time.sleep(0.01)


def test_a_seat_that_the_server_lost_is_taken_again_unless_somebody_else_has_it(
    server: str, campaign: Campaign
) -> None:
    from tests.store.conftest import database

    drop = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with database(server) as url, Archive(url) as archive, Archive(url) as other:
        begin(archive, campaign)
        seat = archive.seat(campaign.study.key, "R1")
        reach.execute(archive, drop)
        seat.hold()
        with pytest.raises(BadRequest, match="another window"):
            other.seat(campaign.study.key, "R1")
        reach.execute(archive, drop)
        theirs = taken_soon(other, campaign)
        for _ in range(2):
            with pytest.raises(BadRequest, match="another window"):
                seat.hold()
        theirs.leave()
        seat.hold()
        seat.leave()


def test_seats_tell_nothing_of_the_rater_and_leave_the_store_alone(
    tmp_path: Path, campaign: Campaign
) -> None:
    with Archive(tmp_path / "a.sqlite") as archive:
        begin(archive, campaign)
        head = archive.audit_head()
        archive.seat(campaign.study.key, "R1").leave()
        assert archive.audit_head() == head
    (file,) = (tmp_path / "a.sqlite-seats").iterdir()
    assert file.stat().st_size == 0
    assert "R1" not in file.name


def test_sqlite_forces_every_commit_to_the_disk(tmp_path: object) -> None:
    with Archive(f"{tmp_path}/a.sqlite") as archive, archive._writer.connect() as connection:
        pragma = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert pragma == {
        "journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 60000,
    }  # fmt: skip


def test_postgresql_forces_every_commit_even_where_an_administrator_said_otherwise(
    server: str,
) -> None:
    from sqlalchemy import create_engine, make_url, text

    from tests.store.conftest import database

    with database(server) as url:
        engine = create_engine(server, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            name = make_url(url).database
            connection.execute(text(f"ALTER DATABASE {name} SET synchronous_commit = off"))
        engine.dispose()
        with Archive(url) as archive, archive._engine.connect() as connection:
            assert connection.execute(text("SHOW synchronous_commit")).scalar() == "on"


def test_a_connection_that_the_server_dropped_is_made_anew(server: str, campaign: Campaign) -> None:
    from tests.store.conftest import database

    with database(server) as url, Archive(url) as archive:
        begin(archive, campaign)
        archive.add_vote(campaign.vote(1))
        reach.execute(
            archive,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        assert archive.add_vote(campaign.vote(1)).revision == 1
