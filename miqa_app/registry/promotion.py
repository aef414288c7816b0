"""What a promotion, a rollback and a shadow do to the registry: rules without disk and clock.

Each function returns the registry after the change, with the change as the last of its history.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from miqa_app.errors import BadRequest
from miqa_app.registry.state import Change, Held, RegistryState, SiteThresholds

if TYPE_CHECKING:
    from collections.abc import Iterable

_LONGEST_NAME = 100
_MOST_SIGNATURES = 2


def signatures(by: str, second: str | None, *, two: bool) -> tuple[str, ...]:
    """Return who signs, spaces tidied.

    Args:
        by: who decided.
        second: who agrees, or None.
        two: whether the site asks for two persons.

    Raises:
        BadRequest: a name is none, both are the same, or one is missing.
    """
    names = tuple(_person(name) for name in (by, second) if name is not None)
    if len({name.casefold() for name in names}) < len(names):
        message = f"Both signatures are '{names[0]}'; the second must be another person's."
        raise BadRequest(message)
    if two and len(names) < _MOST_SIGNATURES:
        message = "This site asks for two persons; give the second one too (--second)."
        raise BadRequest(message)
    return names


def _person(name: str) -> str:
    tidy = " ".join(name.split())
    if (
        len(re.findall(r"[^\W\d_]", tidy)) < 2
        or len(tidy) > _LONGEST_NAME
        or not tidy.isprintable()
    ):
        message = f"'{tidy[:40]}' is no name of a person; whoever decides signs with the own name."
        raise BadRequest(message)
    return tidy


def promoted(state: RegistryState, held: Held, before: Held) -> RegistryState:
    """Return the registry with another active model.

    Args:
        state: as it is.
        held: the model that becomes active; it leaves the shadow and the retired.
        before: the model that was active, which retires.
    """
    retired = (*_without(state.retired, (held, before)), before)
    shadow = None if state.shadow and _same(state.shadow, held) else state.shadow
    change = _change(state, "model promoted", held, held.by, held.since, before.name)
    return state.model_copy(
        update={
            "active": held,
            "shadow": shadow,
            "retired": retired,
            "history": (*state.history, change),
        }
    )


def rolled_back(
    state: RegistryState, target: Held, by: tuple[str, ...], when: str
) -> RegistryState:
    """Return the registry with an earlier model active again; the one that was active counts as rolled back.

    Args:
        state: as it is, with an active model.
        target: the earlier model.
        by: who decided.
        when: UTC time in ISO 8601.
    """
    left = state.active
    retired = _without(state.retired, (target, *((left,) if left else ())))
    if left is not None:
        retired = (*retired, left.model_copy(update={"rolled_back": True}))
    held = target.model_copy(update={"since": when, "by": by, "rolled_back": False})
    change = _change(state, "model rolled back", held, by, when, left.name if left else "")
    shadow = None if state.shadow and _same(state.shadow, held) else state.shadow
    return state.model_copy(
        update={
            "active": held,
            "shadow": shadow,
            "retired": retired,
            "history": (*state.history, change),
        }
    )


def earlier(state: RegistryState) -> Held:
    """Return the model that was active before, leaving out those that were rolled back.

    Raises:
        BadRequest: there is none.
    """
    for held in reversed(state.retired):
        if not held.rolled_back:
            return held
    message = "No earlier model is left to return to; name one with --to."
    raise BadRequest(message)


def shadowed(
    state: RegistryState, held: Held | None, by: tuple[str, ...], when: str, *, promoted: bool
) -> RegistryState:
    """Return the registry with another shadow model, or none.

    Args:
        state: as it is.
        held: the model, or None to take the present one off.
        by: who decided.
        when: UTC time in ISO 8601.
        promoted: whether it got there with evidence and signature, as the step before it becomes active.
    """
    what: Literal["model promoted to shadow", "shadow model set", "shadow model taken off"]
    if held is None:
        what = "shadow model taken off"
    else:
        what = "model promoted to shadow" if promoted else "shadow model set"
    before = state.shadow.name if state.shadow else ""
    change = _change(state, what, held or state.shadow, by, when, before)
    return state.model_copy(update={"shadow": held, "history": (*state.history, change)})


def with_thresholds(state: RegistryState, thresholds: SiteThresholds) -> RegistryState:
    """Return the registry with these thresholds in force for their model."""
    change = Change(
        number=len(state.history) + 1,
        what="thresholds promoted",
        name=thresholds.name,
        sha256=thresholds.sha256,
        by=thresholds.by,
        when=thresholds.since,
        evidence=thresholds.proposal,
    )
    return state.model_copy(
        update={
            "thresholds": (*state.thresholds, thresholds),
            "history": (*state.history, change),
        }
    )


def _change(
    state: RegistryState,
    what: Literal[
        "model promoted",
        "model promoted to shadow",
        "model rolled back",
        "shadow model set",
        "shadow model taken off",
    ],
    held: Held | None,
    by: tuple[str, ...],
    when: str,
    before: str,
) -> Change:
    return Change(
        number=len(state.history) + 1,
        what=what,
        name=held.name if held else "",
        sha256=held.sha256 if held else "",
        by=by,
        when=when,
        before=before,
        evidence=held.evidence if held else "",
    )


def _same(one: Held, other: Held) -> bool:
    return one.is_of(other.name, other.sha256)


def _without(held: Iterable[Held], gone: tuple[Held, ...]) -> tuple[Held, ...]:
    return tuple(item for item in held if not any(_same(item, other) for other in gone))
