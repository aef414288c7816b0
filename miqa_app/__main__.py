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


def main() -> int:
    """Run the command line; without arguments it opens the workstation.

    Two ways in are not for people at a terminal and are no commands: `miqa --self-test [FOLDER]`, by which an installer
    sees whether the program works on a machine, and `miqa /absolute/path…`, by which a desktop opens files with it.
    """
    if getattr(sys, "frozen", False):
        _settle_frozen()
    first, *others = sys.argv[1:] or [""]
    if first == _SELF_TEST:
        return _self_test(others)
    if Path(first).is_absolute() and os.path.lexists(first):
        return _open([first, *others])

    from miqa_app.cli.app import run_command
    from miqa_app.cli.window import Window

    return run_command(Window(_open, _screenshots, _rate))


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
    from miqa_app.gui.app import run

    return run(paths)


def _screenshots(entries: Sequence[tuple[Series, Assessment]], folder: Path) -> object:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from miqa_app.gui.screenshots import write_screenshots

    return write_screenshots(entries, folder)


def _rate(study: str, rater: str, store: str | None) -> int:
    from miqa_app.gui.rating.open import run

    return run(study, rater, store)


def _self_test(folders: list[str]) -> int:
    if len(folders) > 1:
        sys.stderr.write(
            f"{_SELF_TEST} takes one folder at most, for the picture and the scores.\n"
        )
        return 2
    from miqa_app.gui.self_test import run

    return run(Path(folders[0]) if folders else None)


if __name__ == "__main__":
    sys.exit(main())
