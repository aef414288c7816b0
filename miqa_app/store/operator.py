"""Who works at this computer."""

from __future__ import annotations

import getpass


def operator() -> str:
    """Return who the operating system says is working."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"
