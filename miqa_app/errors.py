"""Every error a user can meet, in one tree.

MiqaError
├── UnreadableFile   a file or folder that cannot be read as a scan
├── BadModel         a model folder that is missing, damaged or unsafe to load
├── BadRecipe        a training recipe that does not check out
└── BadRequest       an option or input that makes no sense as given

Each message is one sentence that says what happened and what to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class MiqaError(Exception):
    """Base of all errors that are shown to a person as one sentence."""


class UnreadableFile(MiqaError):
    """A file that cannot be read as a scan.

    Attributes:
        path: the file.
        reason: one clause without a final full stop, such as "has no pixel data".
    """

    def __init__(self, path: str | Path, reason: str) -> None:
        """Build the sentence from the file and the reason."""
        super().__init__(f"{path}: {reason}.")
        self.path = str(path)
        self.reason = reason


class BadModel(MiqaError):
    """A model folder that is missing, damaged or unsafe to load."""


class BadRecipe(MiqaError):
    """A training recipe that does not check out."""


class BadRequest(MiqaError):
    """An option or an input that makes no sense as given."""
