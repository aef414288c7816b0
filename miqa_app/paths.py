"""Where the product keeps its own files and the user's, and how another process of it is started."""

from __future__ import annotations

import sys
from pathlib import Path

import platformdirs

from miqa_app.errors import MiqaError

_PACKAGE = Path(__file__).resolve().parent


def bundled(name: str) -> Path:
    """Return the folder `name` ("models" or "resources") in a checkout, a wheel or a frozen app.

    Raises:
        MiqaError: the installation lacks the folder.
    """
    for root in (_PACKAGE.parent, _PACKAGE / "_bundled"):
        if (root / name).is_dir():
            return root / name
    message = (
        f"The installation is incomplete: its folder '{name}' is missing; install miqa_app again."
    )
    raise MiqaError(message)


def user_data() -> Path:
    """Return (and make) the folder for what the user wants to keep: recent files, results, models."""
    return platformdirs.user_data_path("miqa_app", appauthor=False, ensure_exists=True)


def user_cache() -> Path:
    """Return (and make) the folder for what may be deleted at any time."""
    return platformdirs.user_cache_path("miqa_app", appauthor=False, ensure_exists=True)


def user_settings() -> Path:
    """Return (and make) the folder for the settings file."""
    return platformdirs.user_config_path("miqa_app", appauthor=False, ensure_exists=True)


def own_command() -> list[str]:
    """Return the words that start this program once more, to which the arguments of `miqa` are added.

    An installed program is started by itself, Python's is not there then. On Windows it has a second door without a
    console for the desktop; what is listened to must come through the one with a console.
    """
    if not getattr(sys, "frozen", False):
        return [sys.executable, "-m", "miqa_app"]
    program = Path(sys.executable)
    return [str(program.with_name("miqa.exe") if sys.platform == "win32" else program)]
