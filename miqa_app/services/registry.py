"""Which model scores: promotion with evidence and signature, rollback, and the shadow."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from miqa_app.errors import BadModel, BadRequest
from miqa_app.registry.acceptance import Acceptance, accepted
from miqa_app.registry.durable import settle_tree
from miqa_app.registry.folders import (
    ModelFolder,
    bundled_default,
    default_model,
    find_identical,
    find_model,
    model_roots,
    verify_model,
)
from miqa_app.registry.ledger import changing
from miqa_app.registry.promotion import earlier, promoted, rolled_back, shadowed, signatures
from miqa_app.registry.state import Held, RegistryState, read_state
from miqa_app.services.models import ModelRow, row_of
from miqa_app.settings import site_settings

if TYPE_CHECKING:
    from collections.abc import Generator


@dataclass(frozen=True)
class Step:
    """Progress: what is done of how many steps, and what comes next in words."""

    done: int
    total: int
    words: str


@dataclass(frozen=True)
class Promotion:
    """Whether a model may be promoted.

    Attributes:
        model: the model.
        refusals: sentences, each of which forbids it.
        warnings: sentences that whoever signs must have read.
        signatures: how many persons must sign, 1 or 2.
    """

    model: ModelRow
    refusals: tuple[str, ...]
    warnings: tuple[str, ...]
    signatures: int


def promotion(name: str) -> Promotion:
    """Return whether a model may be promoted, without changing or running anything.

    Raises:
        BadModel: there is no such model, or which one is active is not known.
    """
    state = read_state()
    folder, active = find_model(name), default_model()
    found = _acceptance(folder, active, state)
    row = row_of(folder, state)
    needed = 2 if site_settings().two_signatures else 1
    return Promotion(row, found.refusals, found.warnings, needed)


def promote(
    name: str,
    by: str,
    second: str | None = None,
    *,
    shadow: bool = False,
    thresholds: bool = False,
) -> Generator[Step, None, str]:
    """Make a model active, yielding progress, and return what happened in words.

    Its evidence is judged anew, its weights are checked, and its canary set is scored once more; then the audit log gets
    its entry, and only then the registry changes.

    Args:
        name: of the model.
        by: who decides.
        second: who agrees, where the site asks for two.
        shadow: put it into the shadow instead: it scores beside the active model and shows nothing.
        thresholds: put the latest thresholds that were fitted to its scores in force with it.

    Raises:
        BadModel: there is no such model, it is damaged, or its evidence forbids it; the message gives every reason.
        BadRequest: a signature is missing, or no thresholds were fitted.
        MiqaError: the store cannot be reached; nothing has changed then.
    """
    from miqa_app.registry.canary import check_canary
    from miqa_app.services.thresholds import with_proposal

    names = signatures(by, second, two=site_settings().two_signatures)
    yield Step(0, 3, "Reading the evidence")
    folder, found = _allowed(name)
    yield Step(1, 3, "Checking the weights")
    if faults := verify_model(folder):
        message = f"{folder.name} is not promoted: {faults[0]}."
        raise BadModel(message)
    yield Step(2, 3, "Scoring the canary set")
    canary = check_canary(folder.path)
    if not canary.passed:
        message = f"{folder.name} is not promoted. {canary.words}"
        raise BadModel(message)
    settle_tree(folder.path)
    with changing() as ledger:
        # somebody may have promoted another model while the canary was scored
        again, found = _allowed(name)
        if again.sha256 != folder.sha256:
            message = f"{folder.name} has changed while it was checked; nothing was promoted."
            raise BadModel(message)
        held = Held(
            name=folder.name,
            sha256=folder.sha256,
            since=_now(),
            by=names,
            evidence=found.evidence,
            calibrated=found.calibrated,
        )
        before = _held(default_model(), ledger.state)
        if shadow:
            after = shadowed(ledger.state, held, names, held.since, promoted=True)
        else:
            after = promoted(ledger.state, held, before)
        if thresholds:
            after = with_proposal(after, folder, names)
        ledger.carry_out(after)
    yield Step(3, 3, "Done")
    if shadow:
        return f"{folder.name} now scores in the shadow of {before.name}. {canary.words}"
    return f"{folder.name} is active; before it was {before.name}. {canary.words}"


def rollback(by: str, to: str | None = None) -> str:
    """Return to an earlier model at once and say so in words; needs no evidence, no network and no store.

    Args:
        by: who decides.
        to: name of a model that was active before, or of the bundled default; the one before the present by default.

    Raises:
        BadModel: the earlier model is gone or changed.
        BadRequest: there is no earlier model, or it is the active one.
    """
    names = signatures(by, None, two=False)
    with changing(offline=True) as ledger:
        state = ledger.state
        target = _earlier(state, to)
        folder = find_identical(target.name, target.sha256)
        if state.active is not None and state.active.is_of(folder.name, folder.sha256):
            message = f"{folder.name} is active already."
            raise BadRequest(message)
        if state.active is None and folder.path == bundled_default():
            message = f"{folder.name} is active already; no model was ever promoted."
            raise BadRequest(message)
        ledger.carry_out(rolled_back(state, target, names, _now()), offline=True)
        late = len(ledger.state.unaudited)
    words = f"{target.name} is active again."
    return words + (" The audit log gets its entry when its store can be reached." if late else "")


def set_shadow(name: str | None, by: str | None = None) -> str:
    """Let a model score beside the active one, unseen, or none any more; say so in words.

    Args:
        name: of the model; None takes the present one off.
        by: who decides; whoever works at this computer by default.

    Raises:
        BadModel: there is no such model, or it is damaged.
        BadRequest: it is the active one, or there is no shadow model to take off.
        MiqaError: the store cannot be reached; nothing has changed then.
    """
    who = _who(by)
    folder = find_model(name) if name is not None else None
    if folder is not None and (faults := verify_model(folder)):
        message = f"{folder.name} cannot score in the shadow: {faults[0]}."
        raise BadModel(message)
    with changing() as ledger:
        state = ledger.state
        if folder is None:
            if state.shadow is None:
                message = "There is no shadow model to take off."
                raise BadRequest(message)
            words = f"{state.shadow.name} scores in the shadow no more."
            ledger.carry_out(shadowed(state, None, who, _now(), promoted=False))
            return words
        active = default_model()
        if folder.sha256 == active.sha256:
            message = f"{folder.name} is the active model; the shadow is for another."
            raise BadRequest(message)
        held = Held(name=folder.name, sha256=folder.sha256, since=_now(), by=who)
        ledger.carry_out(shadowed(state, held, who, held.since, promoted=False))
    return f"{folder.name} now scores in the shadow of {active.name}; only {active.name} is shown."


def _allowed(name: str) -> tuple[ModelFolder, Acceptance]:
    """Return the model and its acceptance.

    Raises:
        BadModel: it must not be promoted.
    """
    folder, active = find_model(name), default_model()
    found = _acceptance(folder, active, read_state())
    if found.refusals:
        message = f"{folder.name} is not promoted. {' '.join(found.refusals)}"
        raise BadModel(message)
    return folder, found


def _acceptance(folder: ModelFolder, active: ModelFolder, state: RegistryState) -> Acceptance:
    if folder.sha256 == active.sha256:
        return Acceptance((f"{folder.name} is the active model already.",))
    if folder.path.resolve().parent not in [root.resolve() for root in model_roots()]:
        words = f"{folder.path} lies outside the site's models; import it or copy it to {model_roots()[0]}."
        return Acceptance((words,))
    return accepted(folder, active.identity)


def _earlier(state: RegistryState, to: str | None) -> Held:
    """Return the model to go back to; its folder is there and its content is as it was."""
    wanted = [held for held in reversed(state.retired) if held.name == to]
    if to is None:
        wanted = [earlier(state)]
    default = bundled_default()
    for held in wanted:
        with suppress(BadModel):
            find_identical(held.name, held.sha256)
            return held
    if default.name == (to or wanted[0].name) and default.is_dir():
        # what came with the program is trusted as it is: an update of the program may have replaced it
        return _held(find_model(str(default)), state)
    if wanted:
        find_identical(wanted[0].name, wanted[0].sha256)  # says what is wrong with it
    known = ", ".join(dict.fromkeys(held.name for held in reversed(state.retired)))
    known = f"models that were: {known}" if known else "no model was ever replaced"
    message = f"'{to}' was never active at this site; {known}."
    raise BadRequest(message)


def _held(folder: ModelFolder, state: RegistryState) -> Held:
    """Return a model as the registry keeps it."""
    if state.active is not None and state.active.is_of(folder.name, folder.sha256):
        return state.active
    return Held(name=folder.name, sha256=folder.sha256, since="", by=())


def _who(by: str | None) -> tuple[str, ...]:
    from miqa_app.store.operator import operator

    return signatures(by, None, two=False) if by else (operator(),)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
