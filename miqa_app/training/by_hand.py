"""How the tools start that maintainers run with `python -m`: a few words in, one line out."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from miqa_app.errors import MiqaError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

_BEFORE = 3
"""Words of a usage before the arguments: python -m MODULE."""


def started(arguments: Sequence[str], usage: str, work: Callable[..., Path]) -> int:
    """Call `work` with the words of the command line and print the path it returns.

    Args:
        arguments: what stands behind the tool's name.
        usage: the command, with one word for each argument behind 'python -m MODULE'.
        work: what the tool does, which takes the words as they are.

    Returns:
        0, 1 where `work` failed with a sentence, or 2 for another number of words than the usage shows.
    """
    if len(arguments) != len(usage.split()) - _BEFORE:
        sys.stderr.write(f"{usage}\n")
        return 2
    try:
        sys.stdout.write(f"{work(*arguments)}\n")
    except MiqaError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0
