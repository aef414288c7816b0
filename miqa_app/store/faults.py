"""What a database complains about, in one sentence for people; never with a password in it."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from miqa_app.errors import MiqaError

if TYPE_CHECKING:
    from collections.abc import Iterator

# by the beginning of SQLite's name of the error, https://www.sqlite.org/rescode.html
_SQLITE = {
    "SQLITE_FULL": "the disk is full; free some space and try again, what was stored before is safe",
    "SQLITE_READONLY": "the file or its folder is read-only; allow writing there or choose another place",
    "SQLITE_CANTOPEN": "cannot be opened; check that the folder exists and may be read and written",
    "SQLITE_PERM": "may not be opened; allow reading and writing there or choose another place",
    "SQLITE_BUSY": "another program holds it locked; close that program and try again",
    "SQLITE_LOCKED": "another program holds it locked; close that program and try again",
    "SQLITE_NOTADB": "is no database; name another file or move this one away",
    "SQLITE_CORRUPT": "the database is damaged; put back its last copy",
    "SQLITE_IOERR": "the disk did not read or write as it should; check the disk and its free space",
}

# by SQLSTATE, https://www.postgresql.org/docs/current/errcodes-appendix.html
_POSTGRES = {
    "28": "the server refused the user name or the password; check both",
    "3D": "the server has no database of that name; have it created",
    "42501": "the user lacks the right to do this; have the server's administrator grant it",
    "53100": "the server's disk is full; have space freed there, what was stored before is safe",
    "53": "the server is out of resources; try again later or ask its administrator",
    "25006": "the server accepts no changes at present; ask its administrator",
    "55P03": "another program holds the store locked; try again",
    "57P": "the server is shutting down or starting up; try again in a moment",
    "08": "the connection to the server was lost; check the network and try again",
}

# what the server says before it can give an SQLSTATE, in English where it speaks English
_UNREACHED = {
    "authentication failed": _POSTGRES["28"],
    "no password supplied": "the server wants a password and none was given; put it into the address",
    "does not exist": "the server has no database or no user of that name; have it created",
    "pg_hba.conf": "the server lets nobody in from this computer; ask its administrator",
}
_SILENT = "the server cannot be reached; check its address, that it runs, and the network"


@contextmanager
def spoken(place: str) -> Iterator[None]:
    """Turn what the database complains about into a `MiqaError`.

    Args:
        place: words for the database, without a password.

    Raises:
        MiqaError: something in the block went wrong with the database.
    """
    try:
        yield
    except DBAPIError as error:
        raise MiqaError(f"{place}: {_reason(error.orig or error)}.") from error
    except sqlite3.Error as error:
        raise MiqaError(f"{place}: {_reason(error)}.") from error
    except SQLAlchemyError as error:
        message = f"{place}: the database did not answer ({type(error).__name__}); try again."
        raise MiqaError(message) from error


def _reason(error: BaseException) -> str:
    """Return a clause without a final full stop."""
    if isinstance(error, sqlite3.Error):
        name = getattr(error, "sqlite_errorname", None) or ""
        clause = _longest(_SQLITE, name)
    else:
        state = getattr(error, "sqlstate", None)
        if state is None and type(error).__name__ in ("OperationalError", "ConnectionTimeout"):
            return next((s for words, s in _UNREACHED.items() if words in str(error)), _SILENT)
        name = state or ""
        clause = _longest(_POSTGRES, name)
    if clause:
        return clause
    first = (str(error).splitlines() or [""])[0].strip().rstrip(".")
    return f"the database refused ({first or type(error).__name__}); nothing was stored"


def _longest(table: dict[str, str], name: str) -> str:
    """Return the entry with the longest key that `name` begins with, or ''."""
    keys = [key for key in table if name.startswith(key)]
    return table[max(keys, key=len)] if keys else ""
