"""The slice view: known pixels, true proportions, a heatmap that lies where it should, and the mouse."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QWheelEvent
from PySide6.QtWidgets import QApplication

from miqa_app.core.heatmap import upsample
from miqa_app.core.window import Window, from_limits, greys
from miqa_app.gui.viewer.annotations import corners
from miqa_app.gui.viewer.orientation import ALL_TURNS, Turn
from miqa_app.gui.viewer.pixels import GreyTable, presets, shrink
from miqa_app.gui.viewer.slice_view import SliceView
from miqa_app.gui.viewer.state import Display
from tests.gui.conftest import axial, make_assessment, make_series

BARE = Display(texts=False)


@pytest.fixture
def view(qtbot):
    widget = SliceView()
    qtbot.addWidget(widget)
    widget.resize(320, 320)
    widget.show()
    widget.set_display(BARE)
    return widget


def picture(widget):
    """Return the widget as (rows, columns, 3) bytes."""
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : image.width() * 3].reshape(image.height(), image.width(), 3).astype(int)


def pixel_at(widget, column, row):
    """Return the screen colour at a place of the image."""
    ratio = widget.devicePixelRatioF()
    place = widget.image_to_widget().map(QPointF(column, row))
    return picture(widget)[int(place.y() * ratio), int(place.x() * ratio)]


def _flat(value, dtype, shape, **more):
    series = make_series(shape, dtype, **more)
    series.voxels[:] = value
    return series


@pytest.mark.parametrize(
    "dtype", [np.uint8, np.int16, np.uint16, np.int32, np.float32, np.dtype(">i2")]
)
def test_the_level_is_mid_grey_and_the_ends_are_black_and_white(view, dtype):
    window = Window(100.5, 101)
    for value, grey in ((100, 127), (20, 0), (160, 255)):
        view.show_series(_flat(value, dtype, (1, 32, 32), windows=(window,)))
        assert np.abs(pixel_at(view, 8, 8) - grey).max() <= 1


def test_table_and_arithmetic_agree_on_every_signed_value():
    series = _flat(0, np.int16, (1, 2, 2))
    values = np.arange(-32768, 32768, dtype=np.int16).reshape(256, 256)
    window = Window(-40, 300)
    assert np.array_equal(GreyTable().greys(values, window, series), greys(values, window))


def test_monochrome1_shows_the_smallest_value_white(view):
    view.show_series(_flat(0, np.uint16, (1, 32, 32), inverted=True))
    assert pixel_at(view, 8, 8).min() == 255


@pytest.mark.parametrize("dtype", [np.int16, np.float32])
def test_padding_is_black_whatever_the_window(view, dtype):
    view.show_series(_flat(-2000, dtype, (1, 32, 32), inverted=True, padding=(-2000, -2000)))
    assert pixel_at(view, 8, 8).max() == 0


def test_pixels_that_are_not_square_show_at_true_proportions(view):
    view.show_series(make_series((1, 20, 40), geometry=axial(rows=2.0)))
    area = view.image_to_widget().mapRect(np_rect(40, 20))
    assert area.width() == pytest.approx(area.height())


def np_rect(columns, rows):
    from PySide6.QtCore import QRectF

    return QRectF(0, 0, columns, rows)


@pytest.mark.parametrize("turn", ALL_TURNS, ids=str)
@pytest.mark.parametrize(("zoom", "pan"), [(1.0, (0, 0)), (3.3, (41, -17)), (0.6, (5, 5))])
def test_heatmap_and_image_lie_on_one_another_to_half_a_pixel(view, turn, zoom, pan):
    """An edge in the image and the same edge in the map must meet on screen, however it is zoomed and turned."""
    series = make_series((1, 64, 64), windows=(from_limits(0, 100),))
    series.voxels[:] = 0
    series.voxels[:, 20:44, 28:52] = 100
    result = make_assessment(series)
    cells = np.full((64, 64), 100, np.float32)
    cells[20:44, 28:52] = 0
    view.show_series(series)
    view.set_turn(turn)
    view.state.zoom, view.state.pan = zoom, QPointF(*pan)
    white = picture(view).sum(2) > 380
    series.voxels[:] = 0
    view.refresh()
    view._layers._levels = np.rint(cells * 2.55).astype(np.uint8)  # a value for every pixel
    view._layers._levels_key = (0, False)
    view._predictions = {0: result.slices[0]}
    view.set_display(Display(texts=False, overlay=True, opacity=1.0))
    yellow = picture(view)[..., 0] > 120
    scale = view.scale() * view.devicePixelRatioF()
    keep = np.ones_like(white)
    keep[:, int(white.shape[1] - 90) :] = False  # the colour bar stands there
    assert (white & keep).sum() > 100
    for mask_axis in (0, 1):
        first = np.nonzero((white & keep).any(1 - mask_axis))[0]
        second = np.nonzero((yellow & keep).any(1 - mask_axis))[0]
        if first[0] > 0 and first[-1] < len(keep) - 100:
            assert abs(int(first[0]) - int(second[0])) <= max(0.5 * scale, 1)


def test_the_map_of_eight_pixel_cells_centres_on_its_cell(view):
    cells = np.full((8, 8), 100, np.float32)
    cells[3, 5] = 0
    scores = upsample(cells, (64, 64))
    row, column = np.unravel_index(np.argmin(scores), scores.shape)
    weight = (100 - scores) / (100 - scores).sum()
    assert (weight.sum(1) * np.arange(64)).sum() == pytest.approx(3 * 8 + 3.5, abs=0.5)
    assert (weight.sum(0) * np.arange(64)).sum() == pytest.approx(5 * 8 + 3.5, abs=0.5)
    assert 24 <= row < 32
    assert 40 <= column < 48


def test_heatmap_is_off_until_asked_for_and_hides_while_held(view):
    series = _flat(0, np.uint16, (1, 64, 64))
    view.show_series(series)
    view.set_predictions({0: make_assessment(series).slices[0]})
    assert pixel_at(view, 5, 5).max() == 0
    view.set_display(Display(texts=False, overlay=True))
    assert pixel_at(view, 5, 5).max() > 60
    view.set_display(Display(texts=False, overlay=True, held=True))
    assert pixel_at(view, 5, 5).max() == 0


def test_scores_above_the_threshold_stay_clear(view):
    series = _flat(0, np.uint16, (1, 64, 64))
    view.show_series(series)
    view.set_predictions({0: make_assessment(series).slices[0]})
    view.set_display(Display(texts=False, overlay=True, threshold=50))
    assert pixel_at(view, 5, 5).max() > 60
    assert pixel_at(view, 20, 60).max() == 0


def _looked_at_the_right(series):
    """A prediction whose upper left is bad, but which looked at the right-hand half."""
    prediction = make_assessment(series).slices[0]
    prediction.attention_map[:] = 0.01
    prediction.attention_map[:, prediction.attention_map.shape[1] // 2 :] = 0.2
    return prediction


def test_attention_lies_elsewhere_than_bad_scores_and_in_other_colours(view):
    series = _flat(0, np.uint16, (1, 64, 64))
    view.show_series(series)
    view.set_predictions({0: _looked_at_the_right(series)})
    view.set_display(Display(texts=False, overlay=True, threshold=50))
    bad = pixel_at(view, 5, 5)
    assert bad[0] > bad[2] + 40  # warm
    assert pixel_at(view, 60, 60).max() == 0
    # the threshold is one of scores: attention is shown whole
    view.set_display(Display(texts=False, overlay=True, threshold=50, attention=True))
    looked = pixel_at(view, 60, 60)
    assert min(looked[1], looked[2]) > looked[0] + 25  # cool
    assert looked.max() > 100
    assert pixel_at(view, 5, 5).max() < 15
    view.set_display(Display(texts=False, overlay=True, attention=True, held=True))
    assert pixel_at(view, 60, 60).max() == 0


@pytest.mark.parametrize(
    ("side", "words"), [(600, "where the model looked"), (300, "Attention map")]
)
def test_the_image_says_that_it_shows_attention_whatever_the_room(side, words):
    series = make_series((1, 64, 64))
    look = Display(overlay=True, attention=True, texts=False)
    args = (series, 0, Window(50, 100), 1.0)
    assert words in corners(*args, look, side).notice
    assert "ttention" not in corners(*args, replace(look, overlay=False), side).notice
    assert "ttention" not in corners(*args, replace(look, attention=False), side).notice
    assert "ttention" not in corners(*args, replace(look, held=True), side).notice


def test_the_corner_names_the_map_on_screen():
    series = make_series((1, 64, 64))
    texts = [
        corners(series, 0, Window(50, 100), 1.0, Display(overlay=True, attention=on), 600)
        for on in (False, True)
    ]
    assert "Score map linear, 8-pixel cells" in texts[0].bottom_right
    assert "Attention map linear, 8-pixel cells" in texts[1].bottom_right


@pytest.mark.parametrize(
    ("lowest", "words"),
    [(84.2, "No weak area: lowest local score 84"), (31.0, "Lowest local score 31")],
)
def test_a_heatmap_without_colour_says_that_there_is_no_weak_area(lowest, words):
    series = make_series((1, 64, 64))
    args = (series, 0, Window(50, 100), 1.0)
    assert words in corners(*args, Display(overlay=True), 600, lowest).bottom_right
    assert words not in corners(*args, Display(overlay=False), 600, lowest).bottom_right
    assert words not in corners(*args, Display(overlay=True), 600, None).bottom_right


def test_turning_moves_the_pixels_with_the_letters(view):
    series = _flat(0, np.uint16, (1, 64, 64))
    series.voxels[:, :, :8] = 100
    view.show_series(series)
    assert view.letters()["left"] == "R"
    assert picture(view)[160, 10].min() == 255
    view.set_turn(Turn(1))
    assert view.letters()["top"] == "R"
    assert picture(view)[10, 160].min() > 200
    view.set_turn(Turn(0, mirrored=True))
    assert view.letters()["right"] == "R"
    assert picture(view)[100, 310].min() == 255


def test_no_letters_but_a_notice_where_the_file_has_no_geometry(view):
    view.show_series(make_series(geometry=None))
    assert view.letters() == {}
    from miqa_app.gui.viewer.annotations import corners

    texts = corners(view.series, 0, view.window_in_force, 1.0, Display(), 500)
    assert "Sides unknown" in texts.notice
    assert "convention" not in texts.bottom


def test_texts_hide_step_by_step_and_identity_is_off_by_default():
    from miqa_app.gui.viewer.annotations import corners

    series = make_series(
        study_description="DOE^JANE knee", identity={"Patient": "DOE^JANE"}, facts={"TE": "90 ms"}
    )
    window = series.windows[0]
    full = corners(series, 0, window, 1.0, Display(), 600)
    assert "Radiological convention" in full.bottom
    assert not any("DOE" in line for line in full.top_left)
    assert any(
        "DOE" in line
        for line in corners(series, 0, window, 1.0, Display(identity=True), 600).top_left
    )
    assert corners(series, 0, window, 1.0, Display(identity=True), 300).top_right == ()
    assert corners(series, 0, window, 1.0, Display(), 200).top_left == ()
    assert corners(series, 0, window, 1.0, Display(), 90).bottom_left == ()


def wheel(view, notches, modifiers=Qt.KeyboardModifier.NoModifier):
    place = QPointF(100, 100)
    event = QWheelEvent(
        place,
        place,
        QPoint(),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        modifiers,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(view, event)


def test_wheel_moves_through_slices_without_a_click_and_stops_at_the_ends(view):
    view.show_series(make_series())
    view.set_frame(0)
    wheel(view, -1)
    assert view.frame == 1
    wheel(view, 5)
    assert view.frame == 0
    wheel(view, -50)
    assert view.frame == 5


def test_ctrl_and_wheel_zooms_about_the_pointer(view):
    view.show_series(make_series())
    before, _ = view.image_to_widget().inverted()
    under = before.map(QPointF(100, 100))
    wheel(view, 3, Qt.KeyboardModifier.ControlModifier)
    after, _ = view.image_to_widget().inverted()
    assert view.state.zoom > 1.5
    assert (after.map(QPointF(100, 100)) - under).manhattanLength() < 1e-6


def drag(qtbot, view, button, start, end):
    qtbot.mousePress(view, button, pos=QPoint(*start))
    event_steps = 4
    for step in range(1, event_steps + 1):
        x = start[0] + (end[0] - start[0]) * step // event_steps
        y = start[1] + (end[1] - start[1]) * step // event_steps
        from PySide6.QtGui import QMouseEvent

        place = QPointF(x, y)
        QApplication.sendEvent(
            view,
            QMouseEvent(
                QMouseEvent.Type.MouseMove,
                place,
                view.mapToGlobal(place),
                Qt.MouseButton.NoButton,
                button,
                Qt.KeyboardModifier.NoModifier,
            ),
        )
    qtbot.mouseRelease(view, button, pos=QPoint(*end))


def test_left_drag_across_widens_and_up_and_down_moves_the_level(qtbot, view):
    view.show_series(make_series())
    before = view.window_in_force
    drag(qtbot, view, Qt.MouseButton.LeftButton, (100, 100), (180, 100))
    assert view.window_in_force.width > before.width
    assert view.window_in_force.level == before.level
    drag(qtbot, view, Qt.MouseButton.LeftButton, (100, 100), (100, 60))
    assert view.window_in_force.level > before.level


def test_middle_drag_pans_and_right_drag_zooms(qtbot, view):
    view.show_series(make_series())
    drag(qtbot, view, Qt.MouseButton.MiddleButton, (100, 100), (120, 90))
    assert (view.state.pan.x(), view.state.pan.y()) == (20, -10)
    drag(qtbot, view, Qt.MouseButton.RightButton, (100, 200), (100, 120))
    assert view.state.zoom > 1.5


def test_right_click_asks_for_the_menu_and_double_click_to_be_alone(qtbot, view):
    view.show_series(make_series())
    with qtbot.waitSignal(view.menu_asked):
        qtbot.mouseClick(view, Qt.MouseButton.RightButton, pos=QPoint(50, 50))
    with qtbot.waitSignal(view.maximise_asked):
        qtbot.mouseDClick(view, Qt.MouseButton.LeftButton, pos=QPoint(50, 50))


def test_window_survives_scrolling_and_reset_brings_back_that_of_the_file(view):
    view.show_series(make_series())
    view.set_window(Window(5, 10))
    view.step(1)
    assert view.window_in_force == Window(5, 10)
    view.reset()
    assert view.window_in_force == view.series.windows[0]


def test_a_slice_that_is_not_there_yet_says_so_and_does_not_break(view):
    series = make_series(windows=())
    series.ready[:] = False
    view.show_series(series)
    picture(view)
    series.ready[view.frame] = True
    view.refresh()
    assert view.window_in_force.width > 0
    picture(view)


def test_presets_offer_those_of_the_file_first_and_a_view_of_the_air():
    series = make_series(windows=(Window(50, 100, "BRAIN"), Window(30, 60)))
    offered = presets(series, 0)
    assert offered[0].name == "BRAIN"
    assert "air" in offered[-1].name
    assert offered[-1].limits[1] < offered[0].limits[1] / 4


@pytest.mark.parametrize("dtype", [np.int16, np.float32])
def test_shrinking_keeps_the_mean_and_the_type(dtype):
    plane = np.arange(64, dtype=dtype).reshape(8, 8)
    small = shrink(plane, 2, 4)
    assert small.shape == (4, 2)
    assert small.dtype == dtype
    assert small[0, 0] == pytest.approx(plane[:2, :4].mean(), abs=0.5)


def test_four_dimensional_series_move_in_time_on_the_same_slice(view):
    view.show_series(make_series((12, 16, 16), time_points=3, geometry=axial(12)))
    view.set_frame(1)
    view.step_time(1)
    assert view.frame == 5
    view.step(10)
    assert view.frame == 7
    view.step_time(5)
    assert view.frame == 11
