"""The sheet of keys: all of it on the screen at once, block after block."""

import json
import os
import subprocess
import sys

import pytest
from PySide6.QtWidgets import QLabel

from miqa_app.gui.bindings import Bindings
from miqa_app.gui.dialogs import ShortcutSheet

PROGRAM = """
from PySide6.QtWidgets import QScrollArea
from miqa_app.gui import theme
from miqa_app.gui.app import application
from miqa_app.gui.bindings import Bindings
from miqa_app.gui.dialogs import ShortcutSheet

app = application()
theme.apply(app, theme.DARK)
sheet = ShortcutSheet(Bindings().sheet())
sheet.show()
app.processEvents()
scroll, room = sheet.findChild(QScrollArea), app.primaryScreen().availableGeometry()
print(room.width(), scroll.verticalScrollBar().maximum(), scroll.horizontalScrollBar().maximum())
print(sheet.width() < room.width() and sheet.height() < room.height())
"""


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (1366, 768)])
def test_all_keys_are_seen_without_scrolling(width, height, tmp_path):
    screen = {"name": "desk", "x": 0, "y": 0, "width": width, "height": height}
    screen |= {"logicalDpi": 96, "logicalBaseDpi": 96, "dpr": 1}
    config = tmp_path / "screens.json"
    config.write_text(json.dumps({"screens": [screen]}))
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"QT_QPA_PLATFORM": f"offscreen:configfile={config}"},
    )
    assert done.stdout.split() == [str(width), "0", "0", "True"], done.stderr


def test_blocks_stay_in_their_order_and_columns_are_nearly_alike(qtbot):
    blocks = Bindings().sheet()
    sheet = ShortcutSheet(blocks)
    qtbot.addWidget(sheet)
    columns = sheet.findChildren(QLabel)
    text = "".join(column.text() for column in columns)
    places = [text.index(f"<h3>{heading}</h3>") for heading, _ in blocks]
    assert places == sorted(places)
    rows = [column.text().count("<tr>") + 2 * column.text().count("<h3>") for column in columns]
    total = sum(len(rows) + 2 for _, rows in blocks)
    largest = max(len(rows) + 2 for _, rows in blocks)
    assert max(rows) < total / len(columns) + largest
