"""The registry of a site: which model is active, which runs in its shadow, which were before, and who decided.

It is one file, registry.json, written whole or not at all. Models are named with the SHA-256 of their content, so that
a folder whose content has changed is never taken for the one that was promoted.
"""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from miqa_app.core.assessment import Thresholds
from miqa_app.errors import BadModel
from miqa_app.paths import bundled, user_data

if TYPE_CHECKING:
    from pathlib import Path

    from miqa_app.registry.folders import ModelFolder

SCHEMA = "miqa.registry/1"

Sha256 = Field(pattern=r"^[0-9a-f]{64}$")


class ModelState(StrEnum):
    """What a model is to the site."""

    BUNDLED = "bundled"
    CANDIDATE = "candidate"
    SHADOW = "shadow"
    ACTIVE = "active"
    RETIRED = "retired"


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Held(_Kept):
    """A model in a place that a person gave it.

    Attributes:
        name: folder name.
        sha256: of the folder's content.
        since: UTC time in ISO 8601.
        by: who decided, one or two persons.
        evidence: SHA-256 of the evidence.json that they had, or ''.
        calibrated: whether that evidence shows the scale to agree with enough ratings of the site.
        rolled_back: whether somebody returned from it to an earlier model; a plain rollback passes over it.
    """

    name: str
    sha256: str = Sha256
    since: str
    by: tuple[str, ...]
    evidence: str = ""
    calibrated: bool = False
    rolled_back: bool = False

    def is_of(self, name: str, sha256: str) -> bool:
        """Return whether this is the model of that name and content."""
        return (self.name, self.sha256) == (name, sha256)


class SiteThresholds(_Kept):
    """Thresholds that a person put in force for one model.

    Attributes:
        version: counts all that the site ever put in force, from 1.
        name: of the model.
        sha256: of the model; with any other the thresholds mean nothing.
        accept: accept from this score, 0–100.
        rescan: consider a rescan below this score, 0–100.
        proposal: SHA-256 of the proposal with its figures.
        since: UTC time in ISO 8601.
        by: who decided.
    """

    version: int = Field(ge=1)
    name: str
    sha256: str = Sha256
    accept: float = Field(ge=0, le=100)
    rescan: float = Field(ge=0, le=100)
    proposal: str
    since: str
    by: tuple[str, ...]


class Change(_Kept):
    """One change of the registry.

    Attributes:
        number: from 1, without gaps.
        what: the kind of change, as the audit log names it.
        name: of the model it is about, or ''.
        sha256: of that model, or ''.
        by: who decided.
        when: UTC time in ISO 8601.
        before: name of the model that was there before, or ''.
        evidence: SHA-256 of the evidence.json, or ''.
    """

    number: int = Field(ge=1)
    what: Literal[
        "model promoted",
        "model promoted to shadow",
        "model rolled back",
        "shadow model set",
        "shadow model taken off",
        "thresholds promoted",
    ]
    name: str = ""
    sha256: str = ""
    by: tuple[str, ...]
    when: str
    before: str = ""
    evidence: str = ""


class RegistryState(_Kept):
    """What registry.json holds.

    Attributes:
        active: the model that scores; None where nobody ever promoted one: then it is the bundled default.
        shadow: the model that scores beside it, unseen.
        retired: models that were active before, the latest last.
        thresholds: all that were ever in force, the latest last.
        history: all changes, the latest last.
        unaudited: changes that the audit log lacks, because the store was out of reach when a model was rolled back.
    """

    active: Held | None = None
    shadow: Held | None = None
    retired: tuple[Held, ...] = ()
    thresholds: tuple[SiteThresholds, ...] = ()
    history: tuple[Change, ...] = ()
    unaudited: tuple[Change, ...] = ()

    def thresholds_of(self, sha256: str) -> Thresholds:
        """Return the thresholds for the scores of a model.

        They are the latest that a person put in force for it; without any, the usual ones, which count as calibrated
        when the model is active and its evidence shows its scale to agree with enough of the site's ratings.
        """
        for own in reversed(self.thresholds):
            if own.sha256 == sha256:
                return Thresholds(own.accept, own.rescan, calibrated=True)
        active = self.active
        proven = active is not None and active.sha256 == sha256 and active.calibrated
        return Thresholds(calibrated=proven)


def registry_file() -> Path:
    """Return where the registry lies; the file need not be there."""
    return user_data() / "registry.json"


def registry_bytes() -> bytes:
    """Return the content of registry.json, empty where there is none; equal bytes mean that nothing has changed."""
    try:
        return registry_file().read_bytes()
    except OSError:
        return b""


def read_state() -> RegistryState:
    """Return the registry of this site, empty where no model was ever promoted.

    Raises:
        BadModel: the file is damaged; which model is active is then not known, and none is guessed.
    """
    path = registry_file()
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return RegistryState()
    except OSError as error:
        raise _damaged(path, str(error.strerror or error)) from error
    try:
        document = json.loads(content)
        schema = document.pop("schema", None)
        if schema != SCHEMA:
            reason = f"its schema is '{schema}', this program knows '{SCHEMA}'"
            raise _damaged(path, reason)
        return RegistryState.model_validate_json(json.dumps(document))
    except ValidationError as error:
        fault = error.errors()[0]
        place = ".".join(str(part) for part in fault["loc"])
        raise _damaged(path, f"{place}: {fault['msg']}".rstrip(".")) from error
    except (ValueError, AttributeError, TypeError) as error:
        raise _damaged(path, "it is no JSON table") from error


def state_of(folder: ModelFolder, state: RegistryState, *, default: bool) -> ModelState:
    """Return what a model is to the site.

    Args:
        folder: the model.
        state: the registry.
        default: whether this folder is the bundled default, which is active as long as nobody promoted another.
    """
    own = (folder.name, folder.sha256)
    if state.active.is_of(*own) if state.active else default:
        return ModelState.ACTIVE
    if state.shadow is not None and state.shadow.is_of(*own):
        return ModelState.SHADOW
    if folder.path.parent == bundled("models"):
        return ModelState.BUNDLED
    if any(held.is_of(*own) for held in state.retired):
        return ModelState.RETIRED
    return ModelState.CANDIDATE


def as_bytes(state: RegistryState) -> bytes:
    """Return the content of registry.json."""
    document = {"schema": SCHEMA, **state.model_dump(mode="json")}
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()


def _damaged(path: Path, reason: str) -> BadModel:
    message = (
        f"The registry {path} cannot be read ({reason}), so the active model is not known; bring the file back from "
        "a backup, or name a model with --model."
    )
    return BadModel(message)
