"""A site with a candidate that passed the gate, and one that was stopped by it."""

from __future__ import annotations

import gc
import shutil
from typing import TYPE_CHECKING

import pytest

from miqa_app.gui import theme
from miqa_app.gui.models.window import ModelsWindow
from miqa_app.registry.folders import read_folder
from tests.gui.waiting import until
from tests.registry.promotable import NAME, give_evidence, prepared, rebound

if TYPE_CHECKING:
    from pathlib import Path

STOPPED = "lite-hips-20260811"


@pytest.fixture(scope="package", autouse=True)
def what_was_imported_is_not_searched_again():
    """Every test of the windows looks for what is left running; modules and their caches need no second look."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(autouse=True)
def themed(qapp):
    """The look of the product, for sizes depend on it."""
    theme.apply(qapp, theme.DARK)


@pytest.fixture(autouse=True)
def site(tmp_path, monkeypatch) -> Path:
    """The folder of the site's models: one that passed."""
    return prepared(tmp_path, monkeypatch)


@pytest.fixture
def stopped(site) -> str:
    """A second candidate, whose evidence is poor."""
    shutil.copytree(site / NAME, site / STOPPED)
    card = site / STOPPED / "card.md"
    card.write_text(card.read_text(encoding="utf-8") + "\nAnother one.\n", encoding="utf-8")
    rebound(site / STOPPED)
    give_evidence(read_folder(site / STOPPED), noise=25.0)
    return STOPPED


@pytest.fixture
def quick(monkeypatch):
    """The canary set is scored in a test of its own; here it is only looked for."""
    from miqa_app.registry.canary import CanaryCheck, canary_file

    def trusting(folder):
        assert canary_file(folder).is_file()
        return CanaryCheck(True, 0.0, "6 canary slices came out as stored.")

    monkeypatch.setattr("miqa_app.registry.canary.check_canary", trusting)


@pytest.fixture
def window(qtbot):
    """The window of the models, three scans open in the workstation."""
    made = ModelsWindow(theme.DARK, open_series=3)
    qtbot.addWidget(made)
    made.show()
    until(lambda: made.detail is not None)
    yield made
    made.errands.shut_down()
