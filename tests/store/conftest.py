"""A store of every kind, and a small study to put into it."""

from __future__ import annotations

import os
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, make_url, text

from miqa_app.store import Archive
from tests.store.made import Campaign, a_campaign, begin

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SERVER = "MIQA_TEST_POSTGRES"


_WITHOUT = f"{SERVER} names no server; installer/postgres_tests.sh starts one"


@pytest.fixture
def server() -> str:
    """The address of a PostgreSQL server that may be filled with databases."""
    if SERVER not in os.environ:
        pytest.skip(_WITHOUT)
    return os.environ[SERVER]


@pytest.fixture(
    params=[
        "sqlite",
        # the mark 'skip', unlike 'skipif', is reported once per file
        pytest.param(
            "postgresql", marks=[] if SERVER in os.environ else [pytest.mark.skip(_WITHOUT)]
        ),
    ]
)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a store that does not exist yet, a database of its own for every test."""
    if request.param == "sqlite":
        yield str(tmp_path / "store.sqlite")
    else:
        with database(os.environ[SERVER]) as address:
            yield address


@contextmanager
def database(server: str, encoding: str = "UTF8") -> Iterator[str]:
    """Make a database on the server, give its address, and remove it."""
    name = f"miqa_{uuid.uuid4().hex}"
    make = f"CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text(make))
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    finally:
        engine.dispose()


@pytest.fixture
def archive(url: str) -> Iterator[Archive]:
    """An open and empty store."""
    with Archive(url) as opened:
        yield opened


@pytest.fixture
def campaign() -> Campaign:
    return a_campaign()


@pytest.fixture
def running(archive: Archive, campaign: Campaign) -> Campaign:
    """The study, stored, with session 1 of rater R1 begun."""
    begin(archive, campaign)
    return campaign
