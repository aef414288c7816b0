"""The modules of installer/, which is no package: they are run as scripts there."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

INSTALLER = Path(__file__).parents[2] / "installer"


@pytest.fixture
def installer(monkeypatch):
    """Import a module of installer/ by its name."""
    monkeypatch.syspath_prepend(str(INSTALLER))
    yield importlib.import_module
    for name in ("build", "contents", "linux_packages", "third_parties", "icon", "bootstrap"):
        module = sys.modules.get(name)
        if module is not None and Path(module.__file__).parent == INSTALLER:
            del sys.modules[name]
