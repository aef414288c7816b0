"""A protocol in words for the coordinator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QLocale

if TYPE_CHECKING:
    from miqa_app.rating.protocol import Protocol


def asks(protocol: Protocol) -> str:
    """Return in a few words what a rater sees and gives."""
    scale = protocol.scale
    given = (
        _tr("one of {count} grades").format(count=len(scale.labels))
        if scale.kind == "categories"
        else _tr("a mark from {low} to {high}").format(
            low=_number(scale.low), high=_number(scale.high)
        )
    )
    if protocol.images == "single":
        return _tr("One image at a time; {given}").format(given=given)
    if protocol.asks == "preference":
        return _tr("Two images of one place; which is better?")
    if protocol.asks == "both":
        return _tr("Two images, {given} for each; nobody knows the reference").format(given=given)
    return _tr("Reference beside test; {given} for the test").format(given=given)


def facts(protocol: Protocol) -> list[tuple[str, str]]:
    """Return the settings that matter, with their names."""
    asked = [
        name
        for name, on in (
            (_tr("confidence"), protocol.asks_confidence),
            (_tr("artefact tags"), protocol.asks_artefacts),
        )
        if on
    ]
    return [
        (_tr("Viewing time"), _tr("at least {n} s").format(n=_number(protocol.least_seconds))),
        (
            _tr("Practice"),
            _tr("{n} items first, {m} uncounted per session").format(
                n=protocol.training_items, m=protocol.stabilising_items
            ),
        ),
        (
            _tr("Hidden checks"),
            _tr("{n} % repeats, {m} % reference against itself").format(
                n=_number(protocol.repeats * 100), m=_number(protocol.reference_checks * 100)
            )
            if protocol.images == "pair"
            else _tr("{n} % repeats").format(n=_number(protocol.repeats * 100)),
        ),
        (
            _tr("Breaks"),
            _tr("offered at {n} min, end near {m} min").format(
                n=_number(protocol.break_after_minutes), m=_number(protocol.end_after_minutes)
            ),
        ),
        (_tr("Also asks for"), ", ".join(asked) or _tr("nothing else")),
        (
            _tr("Observers"),
            _tr("provisional below {n}").format(n=protocol.least_observers),
        ),
    ]


def _number(value: float) -> str:
    return QLocale().toString(round(value, 4), "g", 6)


def _tr(text: str) -> str:
    return QCoreApplication.translate("Protocol", text)
