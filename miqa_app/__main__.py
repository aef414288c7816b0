"""The door: `miqa` and `python -m miqa_app` open the workstation or run a command."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line; without arguments it opens the workstation."""
    from miqa_app.cli.app import run_command

    return int(run_command())


if __name__ == "__main__":
    sys.exit(main())
