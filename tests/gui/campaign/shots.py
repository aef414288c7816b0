"""Pictures of every page of the coordinator's windows: python -m tests.gui.campaign.shots FOLDER SCAN…"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QSize
from PySide6.QtTest import QTest

from miqa_app.gui import theme
from miqa_app.gui.app import application
from miqa_app.gui.campaign.change_protocol import ChangeProtocol
from miqa_app.gui.campaign.export_study import ExportStudy
from miqa_app.gui.campaign.look import sheet
from miqa_app.gui.campaign.overview import CampaignOverview
from miqa_app.gui.campaign.plot_picture import LargePlot
from miqa_app.gui.campaign.wizard import CreateStudy
from miqa_app.imaging import load
from miqa_app.rating.protocol import changed, preset
from miqa_app.store import Archive
from tests.gui.campaign.steps import repeated_exam, until, vote

SIZES = {"": QSize(1000, 560), "_large": None}


class Camera:
    """Photographs windows in one theme and size."""

    def __init__(self, folder, look, size, tail):
        self.folder, self.theme, self.size, self.tail = folder, look, size, tail

    def shoot(self, window, name):
        """Write the window as it is."""
        QTest.qWait(80)
        window.grab().save(str(self.folder / f"{name}_{self.theme.name}{self.tail}.png"))

    def show(self, window):
        """Show a window in the size of this camera."""
        if self.size is not None:
            window.resize(self.size)
        window.show()
        QTest.qWait(80)
        return window


def wizard(camera, series, store, repeats=()):
    """Photograph the way through the wizard; return the study's name."""
    window = camera.show(CreateStudy(series, camera.theme, store))
    until(lambda: window.protocol._shelf is not None)
    camera.shoot(window, "01_protocol")
    window.proceed()
    camera.shoot(window, "02_no_name")
    window.protocol.name.setText("Brain FLAIR, spring pilot")
    window.protocol._use(changed(preset("sds"), least_seconds=5, asks_confidence=True), "sds")
    camera.shoot(window, "03_protocol_changed")
    window.protocol._restore()
    window.proceed()
    tiles = window.material.degradation.tiles.tiles
    until(lambda: all(tile.picture is not None for tile in tiles.values()))
    camera.shoot(window, "05_images")
    for tile in tiles.values():
        tile.setChecked(False)
    window.proceed()
    camera.shoot(window, "06_no_artefact")
    for key in ("motion", "ghosting", "white_noise", "blur"):
        tiles[key].setChecked(True)
    window.material.way("repeats").setChecked(True)
    QTest.qWait(300)
    camera.shoot(window, "07_no_repeats")
    if repeats:
        window.material.scans.add(repeats)
        until(lambda: window.draft.suggestions)
        camera.shoot(window, "08_repeats")
    window.material.way("degraded").setChecked(True)
    for scan in window.draft.scans[len(series) :]:
        window.draft.tick(scan, False)
    window.proceed()
    until(lambda: window.size_page.plan is not None)
    camera.shoot(window, "10_size")
    window.proceed()
    until(lambda: window.making.bar.maximum() > 0 and window.making.bar.value() > 0)
    camera.shoot(window, "11_making")
    until(lambda: window.making.study is not None)
    camera.shoot(window, "12_made")
    name = window.making.study.name
    window.close()
    return name


def overview(camera, store):
    """Photograph the overview."""
    # as for most people: the store lies where the environment says, and no command needs to
    os.environ["MIQA_STORE"] = store
    window = camera.show(CampaignOverview(camera.theme))
    until(lambda: window._standing is not None)
    camera.shoot(window, "20_raters")
    window.tabs.setCurrentIndex(1)
    camera.shoot(window, "21_images")
    window.tabs.setCurrentIndex(2)
    camera.shoot(window, "22_results_closed")
    window.results.show_button.click()
    until(lambda: window.results.pictures)
    camera.shoot(window, "23_results")
    window.results.pictures[0].opened.emit()
    (large,) = window.findChildren(LargePlot)
    camera.shoot(large, "23_results_opened")
    large.close()
    study = window.study
    window.close()
    export = ExportStudy(study, store)
    export.folder.setText(tempfile.mkdtemp() + "/export")
    export.setStyleSheet(window.styleSheet())
    export.show()
    camera.shoot(export, "24_export")
    export.write.click()
    until(lambda: export.link.isVisible())
    camera.shoot(export, "25_exported")
    export.close()


def main():
    """Write all pictures."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    series = load([Path(name) for name in sys.argv[2:]])
    app = application()
    repeats = [repeated_exam(Path(tempfile.mkdtemp()))]
    for look in (theme.DARK, theme.LIGHT):
        theme.apply(app, look)
        for tail, size in SIZES.items():
            if os.environ.get("MIQA_SHOTS", tail) != tail:
                continue
            camera = Camera(folder, look, size, tail)
            store = str(Path(tempfile.mkdtemp()) / "store.sqlite")
            name = wizard(camera, series, store, repeats)
            dialog = ChangeProtocol(preset("sds"), changed(preset("sds"), least_seconds=5))
            dialog.setStyleSheet(sheet(look))
            dialog.show()
            camera.shoot(dialog, "04_change")
            dialog.close()
            with Archive(store) as archive:
                study = archive.study(name)
                for number, share in enumerate((1, 1, 1, 0.6, 0.15), 1):
                    vote(
                        archive,
                        study,
                        f"R-{number:02d}",
                        share,
                        how="finished" if share == 1 else "tired",
                    )
            overview(camera, store)


if __name__ == "__main__":
    main()
