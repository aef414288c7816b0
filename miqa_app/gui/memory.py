"""What the window remembers between sittings: its place, recent files, theme, and that the notice was read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QSettings

from miqa_app import paths

_MOST_RECENT = 8


class Memory:
    """A small settings file in the user's settings folder."""

    def __init__(self, file: Path | None = None) -> None:
        self._settings = QSettings(
            str(file or paths.user_settings() / "window.ini"), QSettings.Format.IniFormat
        )

    @property
    def recent(self) -> list[str]:
        """Return the paths opened last, newest first."""
        stored = self._settings.value("recent", [])
        return [stored] if isinstance(stored, str) else list(stored or [])

    def remember(self, path: str) -> None:
        """Put a path first among the recent ones."""
        self._settings.setValue(
            "recent", [path, *(old for old in self.recent if old != path)][:_MOST_RECENT]
        )

    def get(self, name: str, default: Any) -> Any:
        """Return a value, or the default."""
        value = self._settings.value(name, default)
        return value == "true" if isinstance(default, bool) and isinstance(value, str) else value

    def set(self, name: str, value: Any) -> None:
        """Keep a value."""
        self._settings.setValue(name, value)
        self._settings.sync()
