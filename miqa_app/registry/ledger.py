"""How the registry changes: one writer at a time, first an entry in the audit log, then registry.json as a whole.

A power cut leaves the old registry or the new one, never something between. Whoever changes it next finds a change
that was announced but did not come into force, and says so in the audit log; it is never carried out late, because the
person who decided on it may have decided otherwise since.
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout
from pydantic import TypeAdapter, ValidationError

from miqa_app.errors import MiqaError
from miqa_app.paths import user_data
from miqa_app.registry.durable import settle, write_whole
from miqa_app.registry.state import Change, RegistryState, as_bytes, read_state, registry_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_WAIT_SECONDS = 20
_ANNOUNCED = TypeAdapter(tuple[Change, ...])


class Ledger:
    """The registry while it is locked for a change.

    Attributes:
        state: as it is on the disk.
    """

    def __init__(self, state: RegistryState) -> None:
        """Begin with the registry as it is."""
        self.state = state

    def carry_out(self, after: RegistryState, *, offline: bool = False) -> None:
        """Announce what is new in a registry's history in the audit log, and bring it into force.

        Args:
            after: the registry with the changes in it.
            offline: whether they may come into force when the store is out of reach; the entries are then made up for
                by the next change.

        Raises:
            MiqaError: the store cannot be reached or the disk not be written; nothing has changed then.
        """
        changes = after.history[len(self.state.history) :]
        content = as_bytes(after)
        write_whole(announcement_file(), _ANNOUNCED.dump_json(changes))
        try:
            _audit(changes, content)
        except MiqaError:
            if not offline:
                _withdraw()
                raise
            after = after.model_copy(update={"unaudited": (*after.unaudited, *changes)})
            content = as_bytes(after)
        write_whole(registry_file(), content)
        _withdraw()
        self.state = after


@contextmanager
def changing(*, offline: bool = False) -> Iterator[Ledger]:
    """Keep everybody else from changing the registry, and tidy up after a change that was cut off.

    Args:
        offline: whether to go on when the store is out of reach.

    Raises:
        BadModel: the registry is damaged.
        MiqaError: somebody else is changing it, or the store cannot be reached.
    """
    lock = FileLock(user_data() / "registry.lock", timeout=_WAIT_SECONDS)
    try:
        lock.acquire()
    except Timeout as error:
        message = "Somebody else is changing the registry of models on this computer; try again in a moment."
        raise MiqaError(message) from error
    try:
        try:
            _tidy_up()
        except MiqaError:
            if not offline:
                raise
        yield Ledger(read_state())
    finally:
        lock.release()


def announcement_file() -> Path:
    """Return where the change that is being carried out is written down."""
    return user_data() / "registry.change.json"


def interrupted() -> tuple[Change, ...]:
    """Return the changes that were announced together and did not come into force.

    Without the lock that may also be what somebody is just carrying out.
    """
    try:
        changes = _ANNOUNCED.validate_json(announcement_file().read_bytes())
    except (OSError, ValidationError):
        return ()
    done = len(read_state().history)
    return tuple(change for change in changes if change.number > done)


def _tidy_up() -> None:
    """Say in the audit log what it lacks, changes made offline and those that were cut off, and remove half-written files."""
    for partial in user_data().glob(".registry.*.partial"):
        partial.unlink(missing_ok=True)
    state = read_state()
    if state.unaudited:
        content = as_bytes(state.model_copy(update={"unaudited": ()}))
        _audit(state.unaudited, content)
        write_whole(registry_file(), content)
    for change in interrupted():
        detail = {"change": change.number, "announced": change.what, "model": change.name}
        _entry(change.by, "model change not carried out", detail)
    _withdraw()


def _withdraw() -> None:
    announcement_file().unlink(missing_ok=True)
    settle(user_data())


def _audit(changes: tuple[Change, ...], content: bytes) -> None:
    """Write an entry per change; `content` is the registry as it will be."""
    for change in changes:
        detail = {
            "change": change.number,
            "model": change.name,
            "sha256": change.sha256,
            "before": change.before,
            "by": list(change.by),
            "when": change.when,
            "evidence": change.evidence,
            "registry": hashlib.sha256(content).hexdigest(),
        }
        _entry(change.by, change.what, detail)


def _entry(by: tuple[str, ...], action: str, detail: Mapping[str, object]) -> None:
    # the store's libraries take half a second, which scoring need not spend
    from miqa_app.store import Archive

    with Archive() as archive:
        archive.add_audit(by[0] if by else "unknown", action, detail)
