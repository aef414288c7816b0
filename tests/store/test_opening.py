"""Opening a store: schemas, foreign files, places that cannot be used; one sentence each, and no password."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import make_url, text

import miqa_app.store
from miqa_app import paths
from miqa_app.errors import BadRequest, MiqaError
from miqa_app.store import Archive, migrate, place
from miqa_app.store.tables import Base
from tests.store import reach
from tests.store.conftest import database
from tests.store.made import Campaign, begin

if TYPE_CHECKING:
    from collections.abc import Iterator

# -------------------------------------------------------------------- schema


def test_the_migrations_make_what_the_tables_say(archive: Archive) -> None:
    options = {"version_table": migrate.VERSION_TABLE, "compare_type": True}
    with archive._engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Base.metadata) == []


def test_a_difference_between_migrations_and_tables_would_show(archive: Archive) -> None:
    if archive._engine.dialect.name == "sqlite":
        statement = "ALTER TABLE events ADD COLUMN other TEXT"
    else:
        statement = "ALTER TABLE votes ALTER COLUMN seconds TYPE real"
    reach.execute(archive, statement)
    options = {"version_table": migrate.VERSION_TABLE, "compare_type": True}
    with archive._engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Base.metadata) != []


def test_the_program_knows_the_newest_migration() -> None:
    folder = Path(miqa_app.store.__file__).with_name("migrations")
    assert ScriptDirectory(str(folder)).get_heads() == [migrate.SCHEMA]


def test_whoever_closes_a_store_leaves_the_others_in_it_alone(url: str, campaign: Campaign) -> None:
    with Archive(url) as archive:
        begin(archive, campaign)
        with archive._reading() as reading:
            before = reading.scalar(text("SELECT count(*) FROM events"))
            with Archive(url) as other:
                other.studies()
            assert reading.scalar(text("SELECT count(*) FROM events")) == before
        archive.studies()


def test_a_store_that_is_opened_again_and_again_takes_no_more_memory(
    url: str, campaign: Campaign
) -> None:
    def statements() -> int:
        return sum(len(mapper._compiled_cache) for mapper in Base.registry.mappers)

    with Archive(url) as archive:
        begin(archive, campaign)
    before = statements()
    for seat in range(5):
        with Archive(url) as archive:
            begin(archive, campaign, f"R{seat + 2}")
    assert statements() == before


def test_opening_again_finds_everything_and_writes_nothing(url: str, campaign: Campaign) -> None:
    with Archive(url) as archive:
        begin(archive, campaign)
        archive.add_vote(campaign.vote(1))
        head = archive.audit_head()
    with Archive(url, create=False) as archive:
        assert archive.audit_head() == head
        assert len(archive.votes(campaign.study.key)) == 1
        assert archive.verify(head) == []


def test_a_newer_schema_is_refused(url: str) -> None:
    with Archive(url) as archive:
        reach.execute(archive, f"UPDATE {migrate.VERSION_TABLE} SET version_num = '0009'")
    with pytest.raises(
        MiqaError, match=r"newer version of miqa_app \(schema 0009, this one knows 0002\)"
    ):
        Archive(url)


def test_where_there_is_no_store_none_is_made_unasked(url: str) -> None:
    with pytest.raises(BadRequest, match="there is no store of miqa_app here"):
        Archive(url, create=False)
    assert "://" in url or not Path(url).exists()
    with Archive(url), Archive(url, create=False):
        pass


# --------------------------------------------------------------------- files


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "votes.csv"
    path.write_bytes(b"observer,stimulus,score\n" * 500)
    with pytest.raises(MiqaError) as raised:
        Archive(path)
    assert str(raised.value) == (
        f"{path}: is no database; name another file or move this one away."
    )
    assert path.read_bytes() == b"observer,stimulus,score\n" * 500


def test_a_database_of_another_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "places.sqlite"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE votes (a)")
    other.commit()
    other.close()
    before = path.read_bytes()
    with pytest.raises(MiqaError, match="is a database of another program; name another file"):
        Archive(path)
    assert path.read_bytes() == before
    assert sorted(tmp_path.iterdir()) == [path]


def test_a_damaged_database_is_one_sentence(tmp_path: Path, campaign: Campaign) -> None:
    path = tmp_path / "a.sqlite"
    with Archive(path) as archive:
        begin(archive, campaign)
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xaa" * (len(content) - 4096)
    path.write_bytes(content)
    with pytest.raises(MiqaError, match=rf"{path}: .*damaged; put back its last copy\."):
        Archive(path)


@pytest.mark.parametrize("name", ["missing/a.sqlite", "", "file/a.sqlite"])
def test_a_place_that_cannot_hold_a_file_is_one_sentence(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(MiqaError, match=r"cannot be opened; check that the folder exists"):
        Archive(tmp_path / name)


@contextmanager
def without_rights() -> Iterator[Path]:
    """Be somebody who may read and not write in a folder, root included."""
    folder = Path(tempfile.mkdtemp(prefix="miqa-read-only-"))
    try:
        yield folder
    finally:
        if hasattr(os, "geteuid") and os.getuid() == 0:
            os.seteuid(0)
        folder.chmod(0o700)
        shutil.rmtree(folder)


def give_up_rights(folder: Path) -> None:
    folder.chmod(0o555)
    for path in folder.iterdir():
        path.chmod(0o444)
    if os.geteuid() == 0:
        os.seteuid(65534)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other rights")
def test_a_read_only_folder_is_one_sentence() -> None:
    with without_rights() as folder:
        give_up_rights(folder)
        with pytest.raises(MiqaError, match=rf"{folder}/a.sqlite: cannot be opened; check"):
            Archive(folder / "a.sqlite")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other rights")
def test_a_store_on_a_read_only_place_is_one_sentence() -> None:
    with without_rights() as folder:
        with Archive(folder / "a.sqlite"):
            pass
        give_up_rights(folder)
        with pytest.raises(MiqaError, match=rf"{folder}/a.sqlite: (cannot be opened|.* read-only)"):
            Archive(folder / "a.sqlite")


def test_a_full_disk_is_one_sentence_and_loses_nothing(tmp_path: Path, campaign: Campaign) -> None:
    with Archive(tmp_path / "a.sqlite") as archive:
        begin(archive, campaign)
        with archive._writer.connect() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
            # what SQLite says and does here is the same as on a full disk
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        stored = 0
        said = ""
        while not said and stored < 1000:
            try:
                stored = archive.add_vote(campaign.vote(1)).revision + 1
            except MiqaError as error:
                said = str(error)
        assert "the disk is full; free some space and try again" in said
        assert len(archive.votes(campaign.study.key, history=True)) == stored
        assert archive.verify() == []
        with archive._writer.connect() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
        assert archive.add_vote(campaign.vote(1)).revision == stored


def test_a_lock_that_is_never_given_back_is_one_sentence(
    tmp_path: Path, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, "_WAIT_SECONDS", 0.05)
    path = tmp_path / "a.sqlite"
    with Archive(path) as archive:
        begin(archive, campaign)
        blocker = sqlite3.connect(path, isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")
        with pytest.raises(MiqaError, match="another program holds it locked"):
            archive.add_vote(campaign.vote(1))
        # readers do not wait for writers
        assert archive.votes(campaign.study.key) == ()
        blocker.execute("ROLLBACK")
        blocker.close()
        assert archive.add_vote(campaign.vote(1)).revision == 0


# ------------------------------------------------------------------- address


def test_the_address_comes_from_the_argument_the_variable_or_the_users_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "user_data", lambda: tmp_path)
    monkeypatch.delenv(place.VARIABLE, raising=False)
    assert place.resolved(None).database == str(tmp_path / "miqa.sqlite")
    monkeypatch.setenv(place.VARIABLE, str(tmp_path / "b.sqlite"))
    assert place.resolved(None).database == str(tmp_path / "b.sqlite")
    assert place.resolved(tmp_path / "c % 'd.sqlite").database == str(tmp_path / "c % 'd.sqlite")
    assert place.resolved(f"sqlite:///{tmp_path}/e.sqlite").database == f"{tmp_path}/e.sqlite"
    for text_ in ("postgresql://u@h/d", "postgres://u@h/d", "postgresql+psycopg://u@h/d"):
        assert place.resolved(text_).drivername == "postgresql+psycopg"


@pytest.mark.parametrize(
    "address",
    [
        "mysql://u:secret@h/d",
        "sqlite://",
        "sqlite:///:memory:",
        "://secret",
        "x://u:secret@h:port/d",
    ],
)
def test_other_addresses_are_refused_without_being_repeated(address: str) -> None:
    with pytest.raises(BadRequest, match="must be a file or begin with postgresql://") as raised:
        Archive(address)
    assert "secret" not in str(raised.value)


def test_a_folder_with_odd_characters_works(tmp_path: Path) -> None:
    folder = tmp_path / "100 % Köpfe? #1 'a'"
    folder.mkdir()
    with Archive(folder / "a.sqlite") as archive:
        archive.add_audit("a", "b", {})
    assert (folder / "a.sqlite").is_file()


# ---------------------------------------------------------------- PostgreSQL


def sentence(address: str) -> str:
    """Return what opening says; the password must be in none of the errors behind it."""
    with pytest.raises(MiqaError) as raised:
        Archive(address)
    behind: BaseException | None = raised.value
    while behind is not None:
        assert "s3cret" not in f"{behind} {behind!r}"
        behind = behind.__cause__ or behind.__context__
    words = str(raised.value)
    assert "\n" not in words
    assert words.endswith(".")
    return words


def test_a_server_that_is_not_there_is_one_sentence() -> None:
    pytest.importorskip("psycopg")
    words = sentence("postgresql://u:s3cret@127.0.0.1:9/d?application_name=s3cret")
    assert words == (
        "The database 'd' on 127.0.0.1:9: the server cannot be reached; "
        "check its address, that it runs, and the network."
    )


def test_without_the_driver_the_sentence_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MiqaError, match=r"pip install 'psycopg\[binary\]'"):
        Archive("postgresql://u@127.0.0.1:9/d")


def test_a_wrong_password_is_one_sentence_without_it(server: str) -> None:
    wrong = make_url(server).set(password="s3cret-wrong").render_as_string(hide_password=False)
    assert "the server refused the user name or the password; check both" in sentence(wrong)
    parts = make_url(server)
    without = f"postgresql://{parts.username}@{parts.host}:{parts.port}/{parts.database}"
    assert "the server wants a password and none was given" in sentence(without)


def test_a_database_or_user_that_is_missing_is_one_sentence(server: str) -> None:
    address = make_url(server).set(database="no_such").render_as_string(hide_password=False)
    assert "the server has no database" in sentence(address)


def test_a_database_that_cannot_hold_all_texts_is_refused(server: str) -> None:
    with database(server, encoding="SQL_ASCII") as address:
        assert "stores text as SQL_ASCII; have a database made with the encoding UTF8" in sentence(
            address
        )


def test_a_user_without_rights_is_one_sentence(server: str) -> None:
    with database(server) as address:
        with Archive(address) as archive:
            reach.execute(
                archive, "DROP ROLE IF EXISTS guest", "CREATE ROLE guest LOGIN PASSWORD 's3cret'"
            )
        try:
            guest = make_url(address).set(username="guest", password="s3cret")
            words = sentence(guest.render_as_string(hide_password=False))
            assert "the user lacks the right to do this" in words
        finally:
            with Archive(address) as archive:
                reach.execute(archive, "DROP ROLE guest")


def test_another_programs_tables_beside_ours_do_no_harm(server: str) -> None:
    with database(server) as address:
        engine = place.engine_of(place.resolved(address))
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE alembic_version (version_num text)"))
            connection.execute(text("INSERT INTO alembic_version VALUES ('abc')"))
        engine.dispose()
        with Archive(address) as archive:
            assert archive.verify() == []
