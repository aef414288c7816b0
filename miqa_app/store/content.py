"""Whether the pixels of a stimulus are still those that its key names."""

from __future__ import annotations

import zipfile
import zlib

from miqa_app.errors import MiqaError
from miqa_app.rating.stimulus import unpacked


def intact(content: bytes, key: str) -> bool:
    """Return whether packed pixels give their key."""
    try:
        return unpacked(content).key == key
    # all that NumPy and zipfile say of bytes that are no archive of ours
    except (ValueError, KeyError, TypeError, OSError, EOFError, zipfile.BadZipFile, zlib.error):
        return False


def check(content: bytes, key: str, where: str) -> None:
    """Refuse pixels that are not what their key says.

    Raises:
        MiqaError: they are not.
    """
    if not intact(content, key):
        message = (
            f"{where}: the pixels of stimulus {key[:12]} are damaged; "
            "put back the last copy of the store or make the study anew."
        )
        raise MiqaError(message)
