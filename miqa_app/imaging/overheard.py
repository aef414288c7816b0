"""What native decoders print on the standard error output, caught so that it can be told with the file's name.

The JPEG and JPEG 2000 decoders in GDCM and the MetaImage reader in ITK print lines such as "Corrupt JPEG data" straight
to file descriptor 2. Such a line names no file, breaks into a progress bar, and is often all that tells a picture
decoded whole from one that was made up from its rest: neither library reports that in any other way.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import threading
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_ERROR_OUTPUT = 2
_MOST_BYTES = 2**16
_MOST_CHARACTERS = 160
_DAMAGE = re.compile(r"corrupt|premature|truncat|failed|not read completely", re.IGNORECASE)
_PATH = re.compile(r"[/\\]")
# the descriptor belongs to the whole process, so one decoder is listened to at a time
_one_at_a_time = threading.Lock()
_elsewhere: TextIO | None = None


@contextmanager
def overheard() -> Iterator[list[str]]:
    """Catch the lines that native code prints on the standard error output while the block runs.

    Python's own `sys.stderr`, such as another thread's progress bar, goes on to where it went. Lines that native code of
    other threads prints in the same moment are taken for the decoder's, so the block should hold the decoding alone. It
    must not be nested. Where the process has no error output nothing is caught.

    Yields:
        A list that holds the different lines, in their order, once the block has ended.
    """
    lines: list[str] = []
    with _one_at_a_time:
        elsewhere, caught = _copy_of_error_output(), _room()
        if elsewhere is None or caught is None:
            yield lines
            return
        with caught:
            before = sys.stderr
            if _goes_to_error_output(before):
                sys.stderr = elsewhere
            os.dup2(caught.fileno(), _ERROR_OUTPUT)
            try:
                yield lines
            finally:
                os.dup2(elsewhere.fileno(), _ERROR_OUTPUT)
                if sys.stderr is elsewhere:
                    elsewhere.flush()
                    sys.stderr = before
                caught.seek(0)
                lines.extend(_lines(caught.read(_MOST_BYTES)))


def of_damage(lines: Sequence[str]) -> list[str]:
    """Return the lines that say that data were damaged; decoders that merely declined a file are left out."""
    return [line for line in lines if _DAMAGE.search(line)]


def in_brackets(lines: Sequence[str]) -> str:
    """Return lines for the middle of a sentence, such as ' (premature end)', shortened; '' where there are none.

    Lines with a path are left out: folders may be named after people.
    """
    words = "; ".join(line for line in lines if not _PATH.search(line))
    if len(words) > _MOST_CHARACTERS:
        words = words[: _MOST_CHARACTERS - 1] + "…"
    return f" ({words})" if words else ""


def _lines(caught: bytes) -> list[str]:
    words = (" ".join(line.split()) for line in caught.decode("utf-8", "replace").splitlines())
    return list(dict.fromkeys(filter(None, words)))


def _room() -> IO[bytes] | None:
    """Return a file for what is caught, since a pipe that nobody empties would stop a talkative decoder."""
    try:
        return tempfile.TemporaryFile()
    except OSError:
        return None


def _copy_of_error_output() -> TextIO | None:
    """Return a file that writes to where descriptor 2 leads now, or None where it leads nowhere.

    It is made once and never closed: another thread may hold it longer than the block lasts.
    """
    global _elsewhere  # noqa: PLW0603
    try:
        if _elsewhere is None:
            copy = os.dup(_ERROR_OUTPUT)
            _elsewhere = open(  # noqa: SIM115, PTH123
                copy, "w", 1, encoding="utf-8", errors="backslashreplace", closefd=False
            )
        else:
            os.dup2(_ERROR_OUTPUT, _elsewhere.fileno(), inheritable=False)
    except OSError:
        return None
    return _elsewhere


def _goes_to_error_output(stream: TextIO | None) -> bool:
    try:
        return stream is not None and stream.fileno() == _ERROR_OUTPUT
    except (AttributeError, OSError, ValueError):
        return False
