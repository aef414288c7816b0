"""The only file that knows both doors: `miqa` opens the workstation or runs a command."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from miqa_app.core.assessment import Assessment
    from miqa_app.core.series import Series


def main() -> int:
    """Run the command line; without arguments it opens the workstation."""
    from miqa_app.cli.app import run_command
    from miqa_app.cli.window import Window

    return run_command(Window(_open, _screenshots, _rate))


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


if __name__ == "__main__":
    sys.exit(main())
