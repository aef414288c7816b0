"""How fast the workstation answers: scrolling, grey window, and the worst stall while a large series loads and is scored."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtCore import QElapsedTimer, QTimer
from PySide6.QtWidgets import QApplication

from miqa_app import paths
from miqa_app.core import window as windows
from miqa_app.core.assessment import SlicePrediction
from miqa_app.core.series import Series
from miqa_app.core.window import Window
from miqa_app.errors import MiqaError
from miqa_app.gui import theme
from miqa_app.gui.app import application
from miqa_app.gui.desk import Desk
from miqa_app.gui.main_window import MainWindow
from miqa_app.gui.memory import Memory
from miqa_app.gui.viewer.slice_view import SliceView
from miqa_app.gui.viewer.state import Display

Row = tuple[str, float, str]


def run() -> list[Row]:
    """Return name, value and unit of each figure; times are 95th percentiles over at least 60 repaints."""
    app = application()
    theme.apply(app, theme.DARK)
    rows = [(f"scroll with heatmap, {side}²", _scroll(side), "ms, p95") for side in (512, 1024)]
    rows += [(f"window/level, {side}²", _drag(side), "ms, p95") for side in (1024, 4096)]
    return [*rows, *_loading(app)]


def _scroll(side: int) -> float:
    view = _view(side, 12)
    frames = iter(range(10_000))
    return _p95(lambda: view.set_frame(next(frames) % 12), view)


def _drag(side: int) -> float:
    view = _view(side, 1)
    widths = iter(range(200, 10_000))
    return _p95(lambda: view.set_window(Window(300, next(widths))), view)


def _view(side: int, frames: int) -> SliceView:
    """Return a shown view of 1024² pixels on noise of a given size, heatmap on."""
    random = np.random.default_rng(0)
    voxels = random.integers(0, 1000, (frames, side, side)).astype(np.int16)
    series = Series(
        key="bench", source="bench", voxels=voxels, windows=(windows.from_limits(0, 1000),)
    )
    cells = -(-side // 8)
    none = np.zeros(1, np.float32)
    predictions = {
        k: SlicePrediction(
            k,
            50,
            4,
            0.4,
            random.uniform(0, 100, (cells, cells)).astype(np.float32),
            none,
            {},
            {},
            none,
        )
        for k in range(frames)
    }
    view = SliceView()
    view.resize(1024, 1024)
    view.show_series(series)
    view.set_predictions(predictions)
    view.set_display(Display(overlay=True))
    view.show()
    application().processEvents()  # a window that is not exposed yet skips its repaints
    return view


def _p95(change: Callable[[], object], view: SliceView) -> float:
    """Return the 95th percentile of change and repaint in milliseconds."""
    times = []
    for _ in range(70):
        begun = time.perf_counter()
        change()
        view.repaint()
        times.append((time.perf_counter() - begun) * 1000)
    view.close()
    return float(np.percentile(times[10:], 95))


def _loading(app: QApplication) -> list[Row]:
    """Load 300 slices of 512² through the real reader, then 500; the first time the libraries come in as well."""
    cold, with_imports = _opened(app, 300)
    first, later = _opened(app, 500)
    reading, scoring = (with_imports[part] + later[part] for part in ("reading", "scoring"))
    rows = [
        ("first of 300 slices on screen, first series of the day", cold, "s"),
        ("first of 500 slices on screen, the next series", first, "s"),
        ("worst stall while either loads", max(reading), "ms"),
    ]
    if _has_model() and scoring:
        rows.append(("worst stall while they are scored", max(scoring), "ms"))
    return rows


def _opened(app: QApplication, slices: int) -> tuple[float, dict[str, list[float]]]:
    """Read a series and score some of it; return the seconds to its first slice and the stalls of the event loop in ms."""
    with tempfile.TemporaryDirectory() as folder:
        write_series(Path(folder) / "scan", slices)
        memory = Memory(Path(folder) / "w.ini")
        # made-up slices do not belong into anybody's record
        memory.set("keep_assessments", False)
        window = MainWindow(Desk(), memory)
        window.show()
        app.processEvents()
        stalls: dict[str, list[float]] = {"reading": [], "scoring": []}
        first = _watch(app, window, str(Path(folder) / "scan"), stalls)
        window.close()
        window.deleteLater()
        app.processEvents()
    return first, stalls


def _watch(
    app: QApplication, window: MainWindow, path: str, stalls: dict[str, list[float]]
) -> float:
    """Open a path, gather the gaps between 5 ms ticks, scroll all the while; return when the first slice was there."""
    clock, since = QElapsedTimer(), time.perf_counter()
    first: list[float] = []
    ticker = QTimer()

    def tick() -> None:
        gap = clock.restart() - 5
        entries = list(window.desk.entries.values())
        reading = not entries or not all(entry.series.complete for entry in entries)
        stalls["reading" if reading else "scoring"].append(max(gap, 0))
        if entries and entries[0].series.ready.any() and not first:
            first.append(time.perf_counter() - since)
        window.viewer.step(1 if int(time.perf_counter() * 2) % 2 else -1)

    ticker.timeout.connect(tick)
    clock.start()
    ticker.start(5)
    limit = time.perf_counter() + 60
    window.desk.open([path])
    while window.desk.busy and time.perf_counter() < limit:
        app.processEvents()
        time.sleep(0.0005)
        scored = sum(len(entry.predictions) for entry in window.desk.entries.values())
        if scored > 60:
            window.desk.cancel()
    ticker.stop()
    return first[0] if first else float("nan")


def write_series(folder: Path, slices: int) -> None:
    """Write DICOM slices of 512², shuffled by name."""
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, generate_uid

    folder.mkdir()
    random = np.random.default_rng(0)
    rows, columns = np.mgrid[:512, :512]
    head = 600 * np.exp(-((((rows - 256) / 160) ** 2 + ((columns - 256) / 130) ** 2) ** 3))
    study, series, frame = generate_uid(), generate_uid(), generate_uid()
    for number in range(slices):
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.4"
        meta.MediaStorageSOPInstanceUID = generate_uid()
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        data = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
        data.SOPClassUID, data.SOPInstanceUID = (
            meta.MediaStorageSOPClassUID,
            meta.MediaStorageSOPInstanceUID,
        )
        data.StudyInstanceUID, data.SeriesInstanceUID, data.FrameOfReferenceUID = (
            study,
            series,
            frame,
        )
        data.Modality, data.SeriesDescription, data.InstanceNumber = "MR", "Benchmark", number + 1
        data.ImagePositionPatient, data.ImageOrientationPatient = (
            [-128, -128, float(number)],
            [1, 0, 0, 0, 1, 0],
        )
        data.PixelSpacing, data.SliceThickness = [0.5, 0.5], 1
        data.Rows = data.Columns = 512
        data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
        data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 12, 11, 0
        data.ImageType = ["ORIGINAL", "PRIMARY", "M"]
        data.PixelData = (
            np.clip(head + random.normal(20, 8, head.shape), 0, 4095).astype(np.uint16).tobytes()
        )
        data.save_as(folder / f"{(number * 7919) % slices:04d}.dcm")


def _has_model() -> bool:
    try:
        return (paths.bundled("models") / "lite" / "config.json").is_file()
    except MiqaError:
        return False


if __name__ == "__main__":
    for name, value, unit in run():
        print(f"{name:45s} {value:8.2f} {unit}")
