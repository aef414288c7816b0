"""Which keys and mouse drags do what: the built-in ones, and those a user has chosen instead."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from PySide6.QtGui import QKeySequence

from miqa_app.gui.actions import ACTIONS, MENUS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from miqa_app.gui.memory import Memory

DRAGS = {"window": "Grey window: width and level", "pan": "Move the image", "zoom": "Zoom"}

_DRAGS = {"left": "window", "middle": "pan", "right": "zoom"}
_KEYS = {row.id: row.keys for row in ACTIONS}


@dataclass(frozen=True)
class Bindings:
    """What every key and every drag does.

    Attributes:
        keys: key sequences in Qt's portable words by action id; none has two actions.
        drags: 'window', 'pan' or 'zoom' by mouse button.
    """

    keys: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: dict(_KEYS))
    drags: Mapping[str, str] = field(default_factory=lambda: dict(_DRAGS))

    def owner(self, key: str) -> str | None:
        """Return the id of the action that a key belongs to."""
        return next((id for id, keys in self.keys.items() if key in map(portable, keys)), None)

    def with_keys(self, id: str, keys: tuple[str, ...]) -> Bindings:
        """Return bindings in which an action has these keys, and no other action has one of them."""
        taken = {portable(key) for key in keys}
        others = {
            name: tuple(key for key in own if portable(key) not in taken)
            for name, own in self.keys.items()
        }
        return Bindings(others | {id: keys}, self.drags)

    def with_drag(self, button: str, drag: str) -> Bindings:
        """Return bindings in which a button does this drag; the button that did it takes over the other one."""
        swapped = {name: self.drags[button] for name, own in self.drags.items() if own == drag}
        return Bindings(self.keys, {**self.drags, **swapped, button: drag})

    def changed_keys(self) -> dict[str, tuple[str, ...]]:
        """Return the keys that are not the built-in ones."""
        return {id: keys for id, keys in self.keys.items() if keys != _KEYS[id]}

    def sheet(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """Return the shortcut sheet: by heading, rows of keys and what they do."""
        pages: dict[str, list[tuple[str, str]]] = {}
        for row in ACTIONS:
            keys = self.keys[row.id]
            if keys and not (row.id.startswith("preset_") and keys == row.keys):
                pages.setdefault(row.menu, []).append((shown(keys), row.text.rstrip("…")))
        pages.setdefault("Image", []).append(("1 – 9", "Grey windows: file, wide, narrow, air"))
        mouse = [
            ("Wheel", "Next or previous slice"),
            *((f"{button.title()} drag", DRAGS[drag]) for button, drag in self.drags.items()),
            ("Ctrl + wheel", "Zoom"),
            ("Right click", "Menu"),
            ("Double click", "This view alone, or back"),
        ]
        headings = (*MENUS, "Grey window")
        return [("Mouse", mouse), *((menu, pages[menu]) for menu in headings if menu in pages)]


def load(memory: Memory) -> Bindings:
    """Return the bindings that a user has chosen; what is stored and makes no sense any more is left out."""
    bindings = Bindings()
    stored = _parsed(memory.get("keys", ""))
    for id, keys in stored.items():
        if id in _KEYS and isinstance(keys, list):
            bindings = bindings.with_keys(id, tuple(key for key in map(str, keys) if portable(key)))
    drags = _parsed(memory.get("drags", ""))
    if drags.keys() == _DRAGS.keys() and sorted(map(str, drags.values())) == sorted(DRAGS):
        bindings = Bindings(bindings.keys, {button: drags[button] for button in _DRAGS})
    return bindings


def save(bindings: Bindings, memory: Memory) -> None:
    """Keep what differs from the built-in bindings."""
    memory.set("keys", json.dumps(bindings.changed_keys()))
    memory.set("drags", json.dumps(dict(bindings.drags)))


def portable(key: str) -> str:
    """Return a key sequence in Qt's portable words, '' if it is none."""
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.PortableText)


def shown(keys: tuple[str, ...]) -> str:
    """Return key sequences as this system writes them."""
    native = QKeySequence.SequenceFormat.NativeText
    return ", ".join(QKeySequence(key).toString(native) for key in keys)


def _parsed(text: object) -> dict[str, object]:
    """Return a stored JSON object, empty if it is none."""
    try:
        value = json.loads(str(text) or "{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
