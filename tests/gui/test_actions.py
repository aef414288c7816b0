"""The table of actions: no two share a key, every slot exists, the sheet shows them all."""

import itertools

from PySide6.QtGui import QKeySequence

from miqa_app.gui.actions import ACTIONS, MENUS, TOOLS
from miqa_app.gui.bindings import Bindings
from miqa_app.gui.decisions import Decisions
from miqa_app.gui.keys import Keys
from miqa_app.gui.main_window import MainWindow
from miqa_app.gui.model_menu import ModelMenu
from miqa_app.gui.rating_menu import RatingMenu
from miqa_app.gui.viewer.panel import ViewerPanel


def test_no_two_actions_share_a_key():
    keys = [(QKeySequence(key).toString(), row.id) for row in ACTIONS for key in row.keys]
    shared = [(a, b) for a, b in itertools.combinations(keys, 2) if a[0] == b[0]]
    assert not shared, (
        "the viewer lies inside the window, so its keys may not repeat the window's either"
    )


def test_every_key_is_one_that_qt_knows():
    assert all(QKeySequence(key).count() == 1 for row in ACTIONS for key in row.keys)


def test_every_slot_exists():
    classes = {
        "window": MainWindow, "viewer": ViewerPanel, "decisions": Decisions, "rating": RatingMenu,
        "model": ModelMenu, "keys": Keys,
    }  # fmt: skip
    for row in ACTIONS:
        target, method = row.slot.split(".")
        assert callable(getattr(classes[target], method)), row.slot


def test_ids_are_unique_and_menus_and_tools_refer_to_them():
    ids = [row.id for row in ACTIONS]
    assert len(set(ids)) == len(ids)
    assert {row.menu for row in ACTIONS} <= {*MENUS, "Grey window"}
    assert set(TOOLS) - {"|"} <= set(ids)


def test_the_sheet_shows_every_key():
    words = {text for _, rows in Bindings().sheet() for _, text in rows}
    for row in ACTIONS:
        if row.keys and not row.id.startswith("preset_"):
            assert row.text.rstrip("…") in words
