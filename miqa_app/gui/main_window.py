"""The main window: study list, viewer and result card, and the wires between them and the desk."""

from __future__ import annotations

import html
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, Qt
from PySide6.QtGui import QAction, QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QMainWindow

from miqa_app.gui import dialogs, menus, theme
from miqa_app.gui.actions import ActionBook
from miqa_app.gui.decisions import Decisions
from miqa_app.gui.engine_start import EngineStart
from miqa_app.gui.image_menu import ImageMenu
from miqa_app.gui.keys import Keys
from miqa_app.gui.model_menu import ModelMenu
from miqa_app.gui.panes import panes
from miqa_app.gui.rating_menu import RatingMenu
from miqa_app.gui.result.card import ResultCard
from miqa_app.gui.status_line import StatusLine
from miqa_app.gui.studies.problems import ProblemPanel
from miqa_app.gui.studies.study_list import StudyList
from miqa_app.gui.viewer.panel import ViewerPanel
from miqa_app.gui.welcome import Welcome
from miqa_app.services.demo import demo_paths

if TYPE_CHECKING:
    from miqa_app.core.series import Problem
    from miqa_app.gui.desk import Desk
    from miqa_app.gui.memory import Memory
    from miqa_app.gui.viewer.state import Display
    from miqa_app.services.engine_choice import EngineChoice


class MainWindow(QMainWindow):
    """Everything the user sees; it computes nothing."""

    def __init__(self, desk: Desk, memory: Memory) -> None:
        super().__init__()
        self.desk, self.memory = desk, memory
        self.theme = theme.by_name(memory.get("theme", "dark"))
        self.setWindowTitle("MIQA workstation")
        self.setAcceptDrops(True)
        self.setMinimumSize(1024, 600)
        self.studies = StudyList(self.theme)
        self.problems = ProblemPanel()
        self.viewer = ViewerPanel()
        self.card = ResultCard(self.theme)
        self.setCentralWidget(panes((self.studies, self.problems), self.viewer, (self.card,)))
        self.decisions, self.models = Decisions(self), ModelMenu(self)
        self.engine, self.keys = EngineStart(desk, self), Keys(self)
        self.actions_by_id = ActionBook(
            {
                "window": self,
                "viewer": self.viewer,
                "decisions": self.decisions,
                "rating": RatingMenu(self),
                "model": self.models,
                "keys": self.keys,
            },
            {"window": self, "viewer": self.viewer.grid},
            self,
        )
        self._menus()
        self.keys.bind(self.keys.bindings)
        self.status = StatusLine(self.statusBar())
        self.status.cancelled.connect(desk.cancel)
        self._turn_to_next = False
        self._welcome = Welcome(
            [self.actions_by_id[name] for name in ("open_folder", "open_files", "open_demo")],
            self.viewer.grid,
        )
        self._connect()
        self._restore()

    # ---------------------------------------------------------------- building

    def _menus(self) -> None:
        self._recent, windows = menus.add_menus(self, self.actions_by_id)
        self._recent.aboutToShow.connect(self._fill_recent)
        self._image_menu = ImageMenu(self, windows)
        menus.add_tools(self, self.actions_by_id)
        menus.paint_icons(self, self.actions_by_id, self.theme)

    def _connect(self) -> None:
        desk, viewer = self.desk, self.viewer
        desk.opened.connect(self._opened)
        desk.changed.connect(self._changed)
        desk.pixels_came.connect(viewer.take_pixels)
        desk.problem_found.connect(self._problem)
        desk.worked.connect(self.status.work)
        desk.told.connect(self.say)
        desk.exported.connect(self._exported)
        desk.rested.connect(self._rest)
        self.engine.found.connect(self._engine_found)
        self.models.model_changed.connect(self.engine.look)
        desk.cleared.connect(self._cleared)
        self.studies.chosen.connect(self.show_series)
        self.card.frame_asked.connect(viewer.show_frame)
        self.card.log_copied.connect(self._say_copied)
        self.problems.copied.connect(self._say_copied)
        viewer.entry_activated.connect(self._activated)
        viewer.display_changed.connect(self._display_changed)
        viewer.layout_changed.connect(self._fill_cells)
        viewer.menu_asked.connect(self._image_menu.popup)

    def _restore(self) -> None:
        self.actions_by_id.set_series_open(False)
        self.actions_by_id["keep_assessments"].setChecked(self.decisions.keeping)
        self.actions_by_id["light"].setChecked(self.theme.name == "light")
        self._display_changed(self.viewer.display)
        geometry = self.memory.get("geometry", QByteArray())
        if (
            not isinstance(geometry, QByteArray)
            or geometry.isEmpty()
            or not self.restoreGeometry(geometry)
        ):
            self.resize(1366, 768)

    # ---------------------------------------------------------------- actions

    def open_paths(self, paths: list[str]) -> None:
        """Read and score what lies under these paths, beside what is already open."""
        for path in paths:
            self.memory.remember(path)
        self.status.forget()
        self._turn_to_next = bool(paths)
        self.desk.open(paths)

    def open_files(self) -> None:
        """Ask for files."""
        files, _ = QFileDialog.getOpenFileNames(self, "Open files", self._folder())
        self.open_paths(files)

    def open_folder(self) -> None:
        """Ask for a folder."""
        folder = QFileDialog.getExistingDirectory(self, "Open folder", self._folder())
        self.open_paths([folder] if folder else [])

    def open_demo(self) -> None:
        """Open the phantom that comes with the program."""
        self.desk.open([str(path) for path in demo_paths()])

    def export_report(self) -> None:
        """Ask where to, then write the report in the background."""
        if not any(entry.assessment for entry in self.desk.entries.values()):
            self.say("There is no result yet to report.")
            return
        dialog = dialogs.ExportDialog(self.memory.get("report_folder", str(Path.home())), self)
        if dialog.exec():
            self.memory.set("report_folder", str(dialog.folder))
            self.status.forget()
            self.desk.export(dialog.folder, identify=dialog.identify)
        dialog.deleteLater()

    def save_screenshot(self) -> None:
        """Ask where to, then save the window as it stands."""
        picture = self.grab()
        name, _ = QFileDialog.getSaveFileName(
            self, "Save screenshot", self._folder() + "/miqa.png", "PNG (*.png)"
        )
        if name:
            self.say(f"Saved {name}" if picture.save(name) else f"{name} could not be written.")

    def score_again(self) -> None:
        """Score the series of the active view again."""
        if self.viewer.active.entry is not None:
            self.desk.score(self.viewer.active.entry.key)

    def close_all(self) -> None:
        """Close every series and forget the problems."""
        self.desk.close_all()

    def step_series(self, rows: int) -> None:
        """Turn to the next or the previous series."""
        self.studies.step(rows)

    def set_full_screen(self, on: bool) -> None:
        """Fill the screen or go back to a window."""
        self.setWindowState(
            self.windowState() ^ Qt.WindowState.WindowFullScreen
            if on != self.isFullScreen()
            else self.windowState()
        )

    def set_light(self, on: bool) -> None:
        """Change between light and dark; images stay on black."""
        self.theme = theme.LIGHT if on else theme.DARK
        self.memory.set("theme", self.theme.name)
        theme.apply(QApplication.instance(), self.theme)
        self.studies.set_theme(self.theme)
        self.card.set_theme(self.theme)
        self.models.repaint()
        menus.paint_icons(self, self.actions_by_id, self.theme)

    def show_about(self) -> None:
        """Say what this is."""
        engine = self.engine.choice
        dialogs.put_before(dialogs.about(self, engine.words if engine else ""))

    def show_first_notice(self) -> None:
        """Say once that this is advisory."""
        if not self.memory.get("notice_read", False):
            self.memory.set("notice_read", True)
            dialogs.put_before(dialogs.first_start(self))

    def show_series(self, key: str) -> None:
        """Show a series in the active view and its result on the card."""
        entry = self.desk.entries.get(key)
        if entry is not None:
            self.viewer.turn_to(entry)
            self.card.show_entry(entry)

    def say(self, words: str) -> None:
        """Say one sentence at the foot of the window."""
        self.status.say(words)

    def _folder(self) -> str:
        recent = self.memory.recent
        return str(Path(recent[0]).parent) if recent else str(Path.home())

    def _fill_recent(self) -> None:
        self._recent.clear()
        for path in self.memory.recent:
            action = self._recent.addAction(path.replace("&", "&&"))
            action.setData(path)
            action.triggered.connect(self._open_recent)
        if self._recent.isEmpty():
            self._recent.addAction("Nothing yet").setEnabled(False)

    def _open_recent(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self.open_paths([action.data()])

    # ---------------------------------------------------------------- what the desk tells

    def _opened(self, key: str) -> None:
        entry = self.desk.entries[key]
        self.studies.put(entry)
        self.viewer.swap_entry(entry)
        self._welcome.hide()
        self.actions_by_id.set_series_open(True)
        if self._turn_to_next or self.viewer.active.entry is None or not self.studies.current_key():
            self._turn_to_next = False
            self.studies.choose(key)
            self.show_series(key)
            self.viewer.active.view.setFocus()
        elif self.viewer.empty_cells():
            self.viewer.show_entry(entry, self.viewer.empty_cells()[0])

    def _changed(self, key: str) -> None:
        entry = self.desk.entries.get(key)
        if entry is not None:
            self.studies.put(entry)
            self.viewer.take_change(entry)
            if self.viewer.active.entry is entry:
                self.card.show_entry(entry)

    def _problem(self, problem: Problem) -> None:
        self.problems.add(problem)

    def _rest(self) -> None:
        self.status.rest(len(self.desk.entries), len(self.desk.problems))

    def _exported(self, files: list[Path]) -> None:
        """Say where the report lies, with a link to its page."""
        pages = [file for file in files if file.suffix == ".html"] or files
        if pages:
            where = html.escape(str(pages[0].parent))
            link = f'<a href="{pages[0].resolve().as_uri()}">Open the report</a>'
            self.status.say(f"The report is written to {where}. {link}", link=True)

    def _cleared(self) -> None:
        self.studies.empty()
        self.problems.clear()
        self.viewer.clear()
        self._welcome.show()
        self.card.show_entry(None)
        self.actions_by_id.set_series_open(False)
        self.status.forget()
        self._rest()

    def _engine_found(self, choice: EngineChoice) -> None:
        self.say(choice.words)

    def _say_copied(self, *_: object) -> None:
        self.say("Copied to the clipboard.")

    # ---------------------------------------------------------------- what the viewer tells

    def _activated(self, key: str) -> None:
        if key:
            self.studies.choose(key)
            self.card.show_entry(self.desk.entries.get(key))

    def _display_changed(self, display: Display) -> None:
        states = {"overlay": display.overlay, "info": display.texts, "identity": display.identity}
        states |= {"smooth": display.smooth, "neurological": display.neurological}
        states["attention"] = display.attention
        for name, on in states.items():
            self.actions_by_id[name].setChecked(on)
        self.studies.set_identity(display.identity)

    def _fill_cells(self, count: int) -> None:
        """Put series that are not yet on screen into cells that have become visible."""
        shown = {cell.entry.key for cell in self.viewer.cells[:count] if cell.entry is not None}
        waiting = [key for key in self.studies.series_keys() if key not in shown]
        for cell, key in zip(self.viewer.empty_cells(), waiting, strict=False):
            self.viewer.show_entry(self.desk.entries[key], cell)

    # ---------------------------------------------------------------- Qt

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files and folders that are dragged over the window."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open what was dropped; a model goes to the window of the models."""
        # here, because it brings a quarter of the time in which the window opens
        from miqa_app.registry.intake import holds_model

        dropped = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        models = [path for path in dropped if holds_model(Path(path))]
        self.open_paths([path for path in dropped if path not in models])
        for path in models[:1]:
            self.models.bring_in(Path(path))
        event.acceptProposedAction()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Stop all jobs, remember the window's place, and go; a training is not ended without asking."""
        if not self.models.may_close():
            event.ignore()
            return
        self.memory.set("geometry", self.saveGeometry())
        self.models.shut_down()
        self.decisions.shut_down()
        self.engine.shut_down()
        self.desk.shut_down()
        event.accept()
