"""Everything a person can do, as one table: menus, built-in keys and tool bar all come from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Action:
    """One thing to do.

    Attributes:
        id: name in code and tests.
        text: what the menu says.
        keys: built-in key sequences, see `bindings.py`; the first is shown.
        menu: the menu it stands in, or '' for none.
        slot: 'target.method'; target is 'window', 'viewer', 'decisions', 'rating', 'model' or 'keys'.
        context: 'window' works everywhere in the window, 'viewer' only while an image has the focus.
        argument: given to the method, if not None.
        checkable: it is on or off, and the method takes which.
        icon: name of its icon, or ''.
        needs_series: it is greyed out while nothing is open.
    """

    id: str
    text: str
    keys: tuple[str, ...]
    menu: str
    slot: str
    context: str = "window"
    argument: Any = None
    checkable: bool = False
    icon: str = ""
    needs_series: bool = True


def _free(id: str, text: str, keys: tuple[str, ...], menu: str, slot: str, **more: Any) -> Action:
    """Return an action that works with nothing open."""
    return Action(id, text, keys, menu, slot, needs_series=False, **more)


ACTIONS: tuple[Action, ...] = (
    _free("open_files", "Open files…", ("Ctrl+O",), "File", "window.open_files", icon="files"),
    _free(
        "open_folder",
        "Open folder…",
        ("Ctrl+Shift+O",),
        "File",
        "window.open_folder",
        icon="folder",
    ),
    _free("open_demo", "Open demo", (), "File", "window.open_demo", icon="demo"),
    Action(
        "export_report",
        "Export report…",
        ("Ctrl+E",),
        "File",
        "window.export_report",
        icon="report",
    ),
    Action(
        "save_screenshot",
        "Save screenshot…",
        ("Ctrl+S",),
        "File",
        "window.save_screenshot",
        icon="camera",
    ),
    Action("score_again", "Score again", ("Ctrl+R",), "File", "window.score_again"),
    Action("close_all", "Close all", ("Ctrl+W",), "File", "window.close_all"),
    _free("quit", "Quit", ("Ctrl+Q",), "File", "window.close"),
    Action("slice_next", "Next slice", ("Down",), "Slices", "viewer.step", "viewer", 1),
    Action("slice_previous", "Previous slice", ("Up",), "Slices", "viewer.step", "viewer", -1),
    Action(
        "slice_next_ten", "Ten slices on", ("Shift+Down",), "Slices", "viewer.step", "viewer", 10
    ),
    Action(
        "slice_previous_ten",
        "Ten slices back",
        ("Shift+Up",),
        "Slices",
        "viewer.step",
        "viewer",
        -10,
    ),
    Action("slice_first", "First slice", ("Home",), "Slices", "viewer.step", "viewer", -(10**9)),
    Action("slice_last", "Last slice", ("End",), "Slices", "viewer.step", "viewer", 10**9),
    Action("slice_worst", "Worst slice", ("W",), "Slices", "viewer.show_worst"),
    Action("time_next", "Next time point", ("Right",), "Slices", "viewer.step_time", "viewer", 1),
    Action(
        "time_previous",
        "Previous time point",
        ("Left",),
        "Slices",
        "viewer.step_time",
        "viewer",
        -1,
    ),
    Action("series_next", "Next series", ("PgDown",), "Slices", "window.step_series", argument=1),
    Action(
        "series_previous", "Previous series", ("PgUp",), "Slices", "window.step_series", argument=-1
    ),
    Action(
        "reset", "Reset view", ("Space", "Esc"), "Image", "viewer.reset", "viewer", icon="reset"
    ),
    Action("zoom_in", "Zoom in", ("+", "="), "Image", "viewer.zoom_by", argument=1.25),
    Action("zoom_out", "Zoom out", ("-",), "Image", "viewer.zoom_by", argument=0.8),
    Action("rotate", "Turn clockwise", ("T",), "Image", "viewer.rotate", icon="rotate"),
    Action("mirror", "Mirror left and right", ("X",), "Image", "viewer.mirror", icon="mirror"),
    Action(
        "smooth", "Interpolate between pixels", ("N",), "Image", "viewer.set_smooth", checkable=True
    ),
    Action(
        "window_to_all",
        "Use this grey window in all views",
        ("Shift+A",),
        "Image",
        "viewer.window_to_all",
    ),
    *(
        Action(
            f"preset_{n}",
            f"Grey window {n}",
            (str(n),),
            "Grey window",
            "viewer.use_preset",
            argument=n - 1,
        )
        for n in range(1, 10)
    ),
    Action(
        "overlay",
        "Heatmap",
        ("M",),
        "Heatmap",
        "viewer.set_overlay",
        checkable=True,
        icon="overlay",
    ),
    Action(
        "attention",
        "Attention instead of scores",
        ("Shift+M",),
        "Heatmap",
        "viewer.set_attention",
        checkable=True,
    ),
    Action("hide_overlay", "Hide heatmap while held", ("H",), "Heatmap", "viewer.hold_overlay"),
    Action("opacity_up", "Stronger", ("Ctrl+Up",), "Heatmap", "viewer.change_opacity", argument=10),
    Action(
        "opacity_down", "Fainter", ("Ctrl+Down",), "Heatmap", "viewer.change_opacity", argument=-10
    ),
    Action("accept", "Accept", ("A",), "Decision", "decisions.accept"),
    Action("rescan", "Rescan…", ("R",), "Decision", "decisions.rescan"),
    Action("look", "Look before deciding", ("L",), "Decision", "decisions.look"),
    Action("undo_decision", "Undo decision", ("Ctrl+Z",), "Decision", "decisions.undo"),
    _free(
        "keep_assessments",
        "Keep assessments",
        (),
        "Decision",
        "decisions.set_keeping",
        checkable=True,
    ),
    _free(
        "layout_1", "One view", ("Ctrl+1",), "View", "viewer.set_layout", argument=1, icon="layout1"
    ),
    _free(
        "layout_2",
        "Two views",
        ("Ctrl+2",),
        "View",
        "viewer.set_layout",
        argument=2,
        icon="layout2",
    ),
    _free(
        "layout_4",
        "Four views",
        ("Ctrl+4",),
        "View",
        "viewer.set_layout",
        argument=4,
        icon="layout4",
    ),
    _free(
        "link",
        "Link views as they stand",
        ("K",),
        "View",
        "viewer.set_manual_link",
        checkable=True,
        icon="link",
    ),
    Action("info", "Texts on the image", ("I",), "View", "viewer.set_texts", checkable=True),
    Action(
        "identity", "Show who the patient is", ("P",), "View", "viewer.set_identity", checkable=True
    ),
    _free(
        "neurological",
        "Neurological convention",
        (),
        "View",
        "viewer.set_neurological",
        checkable=True,
    ),
    _free("full_screen", "Full screen", ("F11",), "View", "window.set_full_screen", checkable=True),
    _free(
        "light",
        "Light theme",
        ("Ctrl+T",),
        "View",
        "window.set_light",
        checkable=True,
        icon="theme",
    ),
    _free("new_study", "New study…", (), "Rating", "rating.new_study"),
    _free("rate", "Rate…", ("Ctrl+Shift+R",), "Rating", "rating.rate"),
    _free("campaigns", "Campaigns…", (), "Rating", "rating.campaigns"),
    _free("finetune", "Fine-tune…", (), "Model", "model.finetune"),
    _free("models", "Models…", (), "Model", "model.models"),
    _free("drift", "Drift…", (), "Model", "model.drift"),
    _free("shortcuts", "Keys and mouse", ("?",), "Help", "keys.show_sheet", icon="help"),
    _free("keys", "Change keys and mouse…", (), "Help", "keys.change"),
    _free("about", "About", (), "Help", "window.show_about"),
)

MENUS = ("File", "View", "Image", "Slices", "Heatmap", "Decision", "Rating", "Model", "Help")
TOOLS = ("open_files", "open_folder", "|", "layout_1", "layout_2", "layout_4", "link", "|", "overlay", "rotate", "mirror", "reset", "|", "export_report", "save_screenshot", "|", "light", "shortcuts")  # fmt: skip


class ActionBook(QObject):
    """The table come to life: one QAction per row, wired to the methods of the window and the viewer."""

    def __init__(
        self, targets: dict[str, QObject], places: dict[str, QWidget], parent: QObject
    ) -> None:
        """Make the actions.

        Args:
            targets: object by name in `Action.slot`.
            places: widget by context; the action's keys work in it.
            parent: owner.
        """
        super().__init__(parent)
        self._targets = targets
        self._rows = {row.id: row for row in ACTIONS}
        self._actions: dict[str, QAction] = {}
        for row in ACTIONS:
            action = QAction(row.text, self)
            action.setObjectName(row.id)
            action.setCheckable(row.checkable)
            action.setAutoRepeat(row.id != "hide_overlay")
            whole = row.context == "window"
            scope = Qt.ShortcutContext
            action.setShortcutContext(
                scope.WindowShortcut if whole else scope.WidgetWithChildrenShortcut
            )
            action.triggered.connect(self._run)
            places[row.context].addAction(action)
            self._actions[row.id] = action

    def __getitem__(self, id: str) -> QAction:
        """Return the action of a row."""
        return self._actions[id]

    def set_keys(self, keys: Mapping[str, tuple[str, ...]]) -> None:
        """Give every action its keys, by id."""
        for id, sequences in keys.items():
            self._actions[id].setShortcuts([QKeySequence(key) for key in sequences])

    def in_menu(self, menu: str) -> list[QAction]:
        """Return the actions of a menu in the order of the table."""
        return [self._actions[row.id] for row in ACTIONS if row.menu == menu]

    def set_series_open(self, is_open: bool) -> None:
        """Grey out what needs a series while there is none."""
        for row in ACTIONS:
            if row.needs_series:
                self._actions[row.id].setEnabled(is_open)

    def _run(self, checked: bool) -> None:
        row = self._rows[self.sender().objectName()]
        target, method = row.slot.split(".")
        call = getattr(self._targets[target], method)
        if row.checkable:
            call(checked)
        elif row.argument is not None:
            call(row.argument)
        else:
            call()
