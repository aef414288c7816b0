"""Fixtures of the workstation's tests: no screen, small series, and nothing left running."""

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import gc

import numpy as np
import pytest
from PySide6.QtCore import QThreadPool, QTimer
from PySide6.QtWidgets import QApplication

from miqa_app.core import window as windows
from miqa_app.core.assessment import (
    Assessment,
    EngineIdentity,
    ModelIdentity,
    SlicePrediction,
    Thresholds,
    Verdict,
)
from miqa_app.core.geometry import Geometry
from miqa_app.core.series import Series


@pytest.fixture(scope="package", autouse=True)
def what_was_imported_is_not_searched_again():
    """Every test of the windows looks for what is left running; modules and their caches need no second look."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(autouse=True)
def nothing_left_running(qapp):
    """Fail a test that leaves a pool task, a running timer or a window behind."""
    yield
    QApplication.sendPostedEvents(None, 52)  # deferred deletes
    qapp.processEvents()
    gc.collect()
    left = [f"window {w}" for w in QApplication.topLevelWidgets() if w.isVisible()]
    # by type(), for isinstance() wakes the lazy attributes of every object that other libraries keep
    objects = gc.get_objects()
    pools = [o for o in objects if issubclass(type(o), QThreadPool)]
    left += [f"pool {p}" for p in pools if _alive(p) and p.activeThreadCount()]
    timers = [o for o in objects if issubclass(type(o), QTimer)]
    left += [f"timer of {t.parent()}" for t in timers if _alive(t) and t.isActive()]
    assert not left, left


def _alive(thing):
    from shiboken6 import isValid

    return isValid(thing)


@pytest.fixture(autouse=True)
def settings_in_a_sandbox(monkeypatch, tmp_path):
    """Keep the user's settings folder and store out of the tests."""
    monkeypatch.setattr("miqa_app.paths.user_settings", lambda: tmp_path)
    monkeypatch.setenv("MIQA_STORE", str(tmp_path / "store.sqlite"))


def axial(frames=1, spacing=1.0, z=0.0, step=5.0, rows=1.0):
    """Return the geometry of an axial stack as a scanner writes it: right is L, down is P."""
    origins = np.stack([np.array([-10.0, -10.0, z + step * k]) for k in range(frames)])
    return Geometry(origins, np.array([1.0, 0, 0]), np.array([0, 1.0, 0]), rows, spacing, step)


def make_series(shape=(6, 32, 40), dtype=np.uint16, key="a", **more):
    """Return a series with a ramp in every frame."""
    frames, rows, columns = shape
    plane = np.add.outer(np.arange(rows), np.arange(columns))
    voxels = np.stack([plane + 10 * k for k in range(frames)]).astype(dtype)
    given = {
        "description": "T2",
        "geometry": axial(frames),
        "windows": (windows.from_limits(0, 100),),
    } | more
    return Series(key=key, source=f"/scans/{key}", voxels=voxels, **given)


def make_assessment(series, score=43.0, calibrated=False, **more):
    """Return a judged series: scores rise with the frame, the upper left of each map is bad."""
    cells = (-(-series.shape[0] // 8), -(-series.shape[1] // 8))
    values = np.linspace(score - 5, score + 20, series.frames)
    grid = np.full(cells, 90, np.float32)
    grid[: cells[0] // 2, : cells[1] // 2] = 5
    slices = tuple(
        SlicePrediction(
            k, float(v), 4.0, 0.4, grid, np.ones_like(grid), {}, {}, np.zeros(4, np.float32)
        )
        for k, v in enumerate(values)
    )
    thresholds = Thresholds(calibrated=calibrated)
    given = {
        "verdict": thresholds.verdict(score), "score": score, "interval": (score - 8, score + 9), "suspected": "motion",
        "artefacts": {"motion": 0.81}, "slices": slices, "worst": (0, 1, 2), "thresholds": thresholds,
        "model": ModelIdentity("lite", "9f3ac2d1e5b7aa", "three sources"), "engine": EngineIdentity("torch", "cpu", "fp32"),
    }  # fmt: skip
    return Assessment(series.key, **(given | more))


def refused(series, reason="phase image"):
    """Return the assessment of a series that must not be scored."""
    return Assessment(series.key, Verdict.NOT_ASSESSED, reason=reason)


@pytest.fixture
def series():
    return make_series()
