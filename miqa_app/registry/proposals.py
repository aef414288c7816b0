"""Proposed thresholds: what was fitted, for which model, with which figures. A person puts them in force."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from miqa_app.errors import BadRequest
from miqa_app.paths import user_data
from miqa_app.registry.durable import write_whole
from miqa_app.registry.state import Sha256

if TYPE_CHECKING:
    from pathlib import Path


class _Fact(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RateFigures(_Fact):
    """A share 0–1 with its 95 % interval; `unseen` is its mean over cases that the cut was not fitted to."""

    value: float
    low: float
    high: float
    count: int
    unseen: float | None


class CutFigures(_Fact):
    """A cut with the 95 % interval of where it lies, and how well it tells the decisions apart."""

    score: int = Field(ge=0, le=100)
    low: float
    high: float
    sensitivity: RateFigures
    specificity: RateFigures


class Proposal(_Fact):
    """Thresholds fitted to decisions.

    Attributes:
        name: of the model whose scores they cut.
        sha256: of that model.
        accept: finds the images that were not accepted.
        rescan: finds those that were scanned again.
        counts: cases by decision.
        wished: sensitivity asked for, or None for the best sum of Youden's indices.
        source: where the decisions come from.
        made: UTC time in ISO 8601.
    """

    name: str
    sha256: str = Sha256
    accept: CutFigures
    rescan: CutFigures
    counts: dict[Literal["accept", "check", "rescan"], int]
    wished: float | None
    source: Literal["table", "store"]
    made: str


def keep(proposal: Proposal) -> Path:
    """Write a proposal to a file of its own and return it; earlier ones stay."""
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True)
    number = 1 + max((int(path.stem) for path in _files()), default=0)
    path = folder / f"{number:04d}.json"
    write_whole(path, (proposal.model_dump_json(indent=1) + "\n").encode())
    return path


def newest(sha256: str) -> tuple[Proposal, str] | None:
    """Return the latest proposal for a model and the SHA-256 of its file, or None.

    Raises:
        BadRequest: a proposal is damaged.
    """
    for path in reversed(_files()):
        proposal, digest = _read(path)
        if proposal.sha256 == sha256:
            return proposal, digest
    return None


def by_digest(digest: str) -> Proposal | None:
    """Return the proposal whose file has a SHA-256, or None where it is gone.

    Raises:
        BadRequest: a proposal is damaged.
    """
    found = (_read(path) for path in _files())
    return next((proposal for proposal, own in found if own == digest), None)


def _folder() -> Path:
    return user_data() / "thresholds"


def _files() -> list[Path]:
    return sorted(path for path in _folder().glob("*.json") if path.stem.isdigit())


def _read(path: Path) -> tuple[Proposal, str]:
    try:
        content = path.read_bytes()
        return Proposal.model_validate_json(content), hashlib.sha256(content).hexdigest()
    except (OSError, ValidationError) as error:
        message = f"The proposed thresholds {path} are damaged; delete the file and fit them again."
        raise BadRequest(message) from error
