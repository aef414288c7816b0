"""The only file that knows both doors: `miqa` opens the workstation or runs a command."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miqa_app.core.assessment import Assessment
    from miqa_app.core.series import Series

_SELF_TEST = "--self-test"
_SCREENS = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
"""Where Linux says what a window is shown on."""


def main() -> int:
    """Run the command line; without arguments it opens the workstation.

    Two ways in are no commands: `miqa --self-test [FOLDER]`, by which an installer sees whether the program works on a
    machine, and `miqa SCAN…`, by which people and desktops open files with it.
    """
    if getattr(sys, "frozen", False):
        _settle_frozen()
    first, *others = sys.argv[1:] or [""]
    if first == _SELF_TEST:
        return _self_test(others)
    if _names_a_place(first):
        if not os.path.lexists(first):
            sys.stderr.write(f"There is no file or folder {first}; check the path.\n")
            return 2
        return _open([str(Path(path).absolute()) for path in (first, *others)])

    from miqa_app.cli.app import run_command
    from miqa_app.cli.window import Window

    return run_command(Window(_open, _screenshots, _rate))


def _names_a_place(word: str) -> bool:
    """Return whether a first argument is a path: no command has a separator or a dot in its name."""
    if not word or word.startswith("-"):
        return False
    if any(mark in word for mark in (os.sep, os.altsep or os.sep, ".")):
        return True
    if not os.path.lexists(word):
        return False
    from miqa_app.cli.app import is_command

    return not is_command(word)


def _settle_frozen() -> None:
    """Let this installed program be started once more as a helper of itself.

    A worker of a process pool goes to its work here and comes no further. Lightning starts the helpers of a training as
    one starts a script: the program, then the script, which here is the program too.
    """
    from multiprocessing import freeze_support

    freeze_support()
    sys.argv[0] = sys.executable
    if sys.argv[1:2] == [sys.executable]:
        del sys.argv[1]


def _open(paths: list[str]) -> int:
    if not _has_screen():
        return 2
    from miqa_app.gui.app import run

    return run(paths)


def _has_screen() -> bool:
    """Return whether a window can be shown; say so where it cannot, for Qt would end the process with a wrong advice."""
    if sys.platform != "linux" or any(os.environ.get(name) for name in _SCREENS):
        return True
    sys.stderr.write(
        "There is no screen to show the window on; 'miqa score' and the other commands need none, and over the network "
        "'ssh -X' brings one.\n"
    )
    return False


def _screenshots(entries: Sequence[tuple[Series, Assessment]], folder: Path) -> object:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from miqa_app.gui.screenshots import write_screenshots

    return write_screenshots(entries, folder)


def _rate(study: str, rater: str, store: str | None) -> int:
    if not _has_screen():
        return 2
    from miqa_app.gui.rating.open import run

    return run(study, rater, store)


def _self_test(folders: list[str]) -> int:
    if len(folders) > 1 or any(folder.startswith("-") for folder in folders):
        sys.stderr.write(
            f"{_SELF_TEST} takes one folder at most, for the picture and the scores, and no options.\n"
        )
        return 2
    from miqa_app.gui.self_test import run

    return run(Path(folders[0]) if folders else None)


if __name__ == "__main__":
    sys.exit(main())
