"""PySide6 6.12 on Python 3.11 loses a reference to None on every paint; the version we pin must not."""

import sys

import pytest

from miqa_app.gui.viewer.slice_view import SliceView
from tests.gui.conftest import make_series


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="None is immortal from Python 3.12 on")
def test_painting_and_signals_leave_the_count_of_none_flat(qtbot, qapp):
    view = SliceView()
    qtbot.addWidget(view)
    view.resize(200, 200)
    view.show_series(make_series())
    view.show()
    qapp.processEvents()
    painted = []
    paint = view._paint_image
    view._paint_image = lambda painter: (painted.append(1), paint(painter))[1]

    def rounds(times):
        for number in range(times):
            view.set_frame(number % 6)
            view.set_turn(None)
            view.repaint()

    rounds(50)
    before = sys.getrefcount(None)
    rounds(400)
    assert len(painted) >= 450, "the view was never painted"
    assert abs(sys.getrefcount(None) - before) < 200
