"""Pictures of the windows of fine-tuning and of models: python -m tests.gui.models.shots FOLDER."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest
from PySide6.QtCore import QEvent, QSize
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from miqa_app.gui import theme
from miqa_app.gui.app import application
from miqa_app.gui.finetune.session import Session
from miqa_app.gui.finetune.window import FineTuneWindow
from miqa_app.gui.models.import_dialog import ImportDialog
from miqa_app.gui.models.promote_dialog import PromoteDialog
from miqa_app.gui.models.rollback_dialog import RollBackDialog
from miqa_app.gui.models.window import ModelsWindow
from miqa_app.services.finetune_request import FineTuneRequest
from tests.gui.finetune import tiny
from tests.gui.finetune.steps import studies
from tests.gui.models.steps import decisions, opened
from tests.gui.waiting import until
from tests.registry.promotable import NAME, candidate

SIZES = {"": QSize(1280, 760), "_large": QSize(1920, 1080)}


class Camera:
    """Photographs windows in one theme and size."""

    def __init__(self, folder, look, size, tail):
        self.folder, self.theme, self.size, self.tail = folder, look, size, tail

    def shoot(self, window, name):
        """Write the window as it is."""
        QTest.qWait(120)
        window.grab().save(str(self.folder / f"{name}_{self.theme.name}{self.tail}.png"))

    def show(self, window):
        """Show a window in the size of this camera."""
        window.resize(self.size)
        window.show()
        QTest.qWait(80)
        return window


def shut(window):
    """Close a window and delete it now: left to the garbage collector it could go on another thread."""
    window.close()
    window.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def choosing(camera, session, table, store):
    """Photograph the first page."""
    window = camera.show(FineTuneWindow(camera.theme, session, store))
    until(lambda: window.start_page.model.count())
    camera.shoot(window, "01_choose")
    window.start_page.sources.add_table(table)
    until(lambda: window.dry_run is not None, 120)
    camera.shoot(window, "02_checked")
    window.start_page.sources.add_table(table.with_name("few.csv"))
    until(lambda: window.dry_run is not None and window.dry_run.stopped, 120)
    camera.shoot(window, "03_refused")
    shut(window)


def following(camera, session, name):
    """Photograph the second or last page as it stands."""
    window = camera.show(FineTuneWindow(camera.theme, session))
    if not session.running:
        until(lambda: window.end_page.evidence.criteria.sentences or window.end_page.currentIndex() == 1)  # fmt: skip
    camera.shoot(window, name)
    shut(window)


def cameras(folder):
    """Yield a camera for each theme and size, the theme applied."""
    for look in (theme.DARK, theme.LIGHT):
        theme.apply(QApplication.instance(), look)
        for tail, size in SIZES.items():
            if os.environ.get("MIQA_SHOTS", tail) == tail:
                yield Camera(folder, look, size, tail)


def train(folder, table, recipe):
    """Run a real fine-tuning in its process; photograph it on the way, stopped and at its end."""
    session = Session()
    session.begin(FineTuneRequest(str(table), recipe=recipe, device="cpu"))
    seen = {"trial": lambda p: p.training and p.training.number == 3 and p.training.seeds,
            "candidate": lambda p: p.training and p.training.candidate and p.seed == 2 and p.epoch >= 3}  # fmt: skip
    for number, (name, reached) in enumerate(seen.items(), 4):
        until(lambda reached=reached: session.progress.end or reached(session.progress), 600)
        session.pause(True)
        for camera in cameras(folder):
            following(camera, session, f"0{number}_{name}")
        session.pause(False)
    session.cancel()
    begun = time.monotonic()
    until(lambda: not session.running, 30)
    print(f"cancelled after {time.monotonic() - begun:.1f} s")
    for camera in cameras(folder):
        following(camera, session, "06_cancelled")
        window = camera.show(FineTuneWindow(camera.theme, Session()))
        until(lambda window=window: window.start_page.sources.cards)
        camera.shoot(window, "07_stopped")
        shut(window)
    session.begin(FineTuneRequest(resume=session.progress.run))
    until(lambda: not session.running, 600)
    for camera in cameras(folder):
        following(camera, session, "08_end")
    session.shut_down()
    return session


def models(camera, step):
    """Photograph the window of the models."""
    window = camera.show(ModelsWindow(camera.theme, open_series=3))
    until(lambda: window.detail is not None)
    camera.shoot(window, f"{step}_in_use")
    for row in range(window.list.count()):
        window.list.setCurrentRow(row)
        until(lambda: window.detail is not None)
        camera.shoot(window, f"{step}_{row}_{window.list.row.state}_{window.list.row.verdict}")
    window.tabs.setCurrentIndex(1)
    camera.shoot(window, f"{step}_card")
    window.tabs.setCurrentIndex(0)
    for part, name in ((1, "thresholds"), (2, "history"), (0, "")):
        window.parts.setCurrentIndex(part)
        if name:
            camera.shoot(window, f"{step}_{name}")
    return window


def dialog(camera, window, kind, name, *, close=True):
    """Photograph the dialog that has opened before a window."""
    found = opened(kind)
    camera.shoot(found, name)
    if close:
        found.reject()
        QTest.qWait(50)
    return found


def deciding(camera, archive):
    """Photograph every dialog."""
    window = models(camera, 10)
    names = [window.list.item(row).text() for row in range(window.list.count())]
    for row, _ in enumerate(names):
        window.list.setCurrentRow(row)
        if window.promote.isEnabled():
            window.promote.click()
            dialog(camera, window, PromoteDialog, f"11_promote_{window.list.row.verdict}")
    window.decisions.bring_in(archive)
    dialog(camera, window, ImportDialog, "12_import")
    shut(window)


def promote(camera):
    """Promote for real, and photograph what is said afterwards."""
    theme.apply(QApplication.instance(), camera.theme)
    window = camera.show(ModelsWindow(camera.theme, wanted=NAME, open_series=3))
    until(lambda: window.detail is not None and window.list.row.name == NAME)
    window.promote.click()
    found = dialog(camera, window, PromoteDialog, "13_signed", close=False)
    found.by.setText("Dr Ada Byron")
    found.accept()
    until(lambda: window.list.row.state == "active", 120)
    camera.shoot(window, "14_promoted")
    shut(window)


def main():
    """Write all pictures."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    application()
    place = Path(tempfile.mkdtemp())
    with pytest.MonkeyPatch.context() as patch:
        tiny.settle(place, patch)
        patch.setenv("MIQA_STORE", str(place / "store.sqlite"))
        studies(str(place / "store.sqlite"))
        columns = {"ci": 4, "votes": 12}
        table = tiny.ratings(place / "knee ratings", references=9, per_reference=5, columns=columns)
        few = tiny.ratings(place / "few", references=3, columns={**columns, "subject": "same"})
        table.with_name("few.csv").write_bytes(few.read_bytes())
        for image in few.parent.glob("images/*"):
            (table.parent / "images" / image.name).exists() or image.rename(table.parent / "images" / image.name)  # fmt: skip
        for camera in cameras(folder):
            choosing(camera, Session(), table, str(place / "store.sqlite"))
        train(folder, table, tiny.recipe(place, epochs=10))
        from miqa_app.paths import user_data
        from miqa_app.registry.exchange import export_archive

        made = candidate(user_data() / "models", NAME)
        archive = place / "from-another-site.miqa"
        export_archive(made, archive)
        (user_data() / "keys" / "site-ed25519.pem").unlink()
        seen = list(cameras(folder))
        for camera in cameras(folder):
            deciding(camera, archive)
        promote(seen[0])
        table = decisions(place / "decisions.csv")
        for camera in cameras(folder):
            window = models(camera, 20)
            window.parts.setCurrentIndex(1)
            window.thresholds.fit_asked.emit(str(table))
            until(lambda window=window: window.thresholds.promote.isEnabled() and window.site.thresholds.waiting is not None, 60)  # fmt: skip
            camera.shoot(window, "21_proposed")
            window.back.click()
            dialog(camera, window, RollBackDialog, "22_roll_back")
            shut(window)


if __name__ == "__main__":
    main()
