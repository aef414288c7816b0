"""A user of their own with a small model, and the real events of a whole fine-tuning."""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING

import pytest

from miqa_app.gui import theme
from miqa_app.gui.finetune.session import Session
from miqa_app.gui.finetune.window import FineTuneWindow
from tests.gui.finetune import tiny
from tests.gui.finetune.steps import RECORDED

if TYPE_CHECKING:
    from pathlib import Path

REPLAY = """
import json, pathlib, sys, time
control = pathlib.Path(sys.argv[3])
for number, line in enumerate(open(sys.argv[1], encoding="utf-8")):
    event = json.loads(line)
    if "control" in event:
        event["control"] = str(control)
    print(json.dumps(event), flush=True)
    while number == int(sys.argv[2]):
        time.sleep(0.05)
        if control.exists() and "cancel" in control.read_text():
            sys.exit()
"""


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


@pytest.fixture(scope="session")
def small_site(tmp_path_factory) -> Path:
    """A folder with the small model."""
    place = tmp_path_factory.mktemp("small")
    with pytest.MonkeyPatch.context() as patch:
        tiny.settle(place, patch)
    return place


@pytest.fixture(autouse=True)
def world(small_site, tmp_path, monkeypatch) -> Path:
    """A user of their own, to whom the small model is the one that came with the program."""
    tiny.settle(small_site, monkeypatch)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    return tmp_path


@pytest.fixture(scope="session")
def table(tmp_path_factory) -> Path:
    """Ratings of eight references."""
    return tiny.ratings(tmp_path_factory.mktemp("ratings") / "knees")


@pytest.fixture
def replayed(monkeypatch, tmp_path):
    """Let the process say what a real fine-tuning said; it stays silent after the event of a number."""

    def begin(last: int = -1) -> None:
        program = [
            sys.executable,
            "-c",
            REPLAY,
            str(RECORDED),
            str(last),
            str(tmp_path / "control"),
        ]
        monkeypatch.setattr("miqa_app.paths.own_command", lambda: program)

    begin()
    return begin


@pytest.fixture
def session():
    """The fine-tuning of a workstation."""
    made = Session()
    yield made
    made.shut_down()


@pytest.fixture
def window(qtbot, session):
    """The window of the fine-tuning, on a store that is empty."""
    made = FineTuneWindow(theme.DARK, session)
    qtbot.addWidget(made)
    made.show()
    yield made
    made._errands.shut_down()
