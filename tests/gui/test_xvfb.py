"""On a real X server: the program as a user starts it, with real keys and a real pointer."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]

PROGRAM = """
import sys, tempfile
from pathlib import Path
from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from miqa_app.gui.app import application, open_window
from miqa_app.gui.desk import entries_of
from miqa_app.gui.memory import Memory
from tests.gui.conftest import make_series, make_assessment
app = application()
window = open_window(Memory(Path(tempfile.mkdtemp()) / "w.ini"))
QTest.qWaitForWindowExposed(window)
series = [make_series((6, 64, 64), key=k) for k in "ab"]
window.desk.place(entries_of([(s, make_assessment(s)) for s in series]))
window.activateWindow()
view = window.viewer.active.view
view.setFocus()
QTest.qWait(100)
"""

KEYS = """
assert QGuiApplication.platformName() == "xcb"
for key in (Qt.Key_Home, Qt.Key_Down, Qt.Key_Down): QTest.keyClick(view, key)
assert view.frame == 2, view.frame
QTest.keyClick(view, Qt.Key_M)
assert view.display.heat
QTest.keyPress(view, Qt.Key_H); assert not view.display.heat
QTest.keyRelease(view, Qt.Key_H); assert view.display.heat
QTest.keyClick(view, Qt.Key_PageDown)
assert window.viewer.active.entry.key == "b"
window.close()
print("done")
"""

COPY = """
from miqa_app.core.series import Problem
window.desk.problem_found.emit(Problem("/x/IM1", "truncated"))
window.problems.copy()
QTest.qWait(50)
assert QGuiApplication.clipboard().text() == "/x/IM1\\ttruncated"
QTest.mouseDClick(view, Qt.LeftButton, pos=QPoint(30, 30))
assert window.viewer.count == 2
window.set_full_screen(True); QTest.qWait(100); window.set_full_screen(False)
picture = window.grab().toImage()
assert len({picture.pixel(x, 300) for x in range(0, picture.width(), 7)}) > 20
window.close()
print("done")
"""


@pytest.mark.xvfb
@pytest.mark.parametrize("steps", [KEYS, COPY], ids=["keys", "clipboard and layout"])
def test_on_a_real_x_server(steps):
    if not (shutil.which("xvfb-run") and shutil.which("Xvfb")):
        pytest.skip("xvfb-run is not installed")
    env = os.environ | {"QT_QPA_PLATFORM": "xcb"}
    command = [
        "xvfb-run",
        "-a",
        "-s",
        "-screen 0 1600x1000x24",
        sys.executable,
        "-c",
        PROGRAM + steps,
    ]
    done = subprocess.run(
        command, env=env, capture_output=True, text=True, check=False, cwd=CHECKOUT, timeout=120
    )
    assert "could not load the Qt platform plugin" not in done.stderr.lower(), done.stderr
    assert done.stdout.strip() == "done", done.stdout + done.stderr
