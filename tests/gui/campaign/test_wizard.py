"""The wizard makes the study that was chosen, says what is missing where it is missing, and stores nothing else."""

import shlex
from dataclasses import replace

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QApplication,
    QLabel,
    QLineEdit,
    QWidget,
)

from miqa_app.core.artefact_kinds import KEYS
from miqa_app.gui import theme
from miqa_app.gui.campaign.change_protocol import ChangeProtocol
from miqa_app.gui.campaign.command_line import started_as
from miqa_app.gui.campaign.open import create_study
from miqa_app.gui.campaign.rows import DETAIL
from miqa_app.gui.campaign.wizard import CreateStudy
from miqa_app.rating.protocol import preset
from miqa_app.services import study_create
from miqa_app.services.study_create import Step
from miqa_app.store import Archive
from tests.gui.campaign.steps import make, repeated_exam, to_images, to_size, until


def press(window, key):
    QTest.keyClick(window.focusWidget() or window, key)
    QApplication.processEvents()


def studies(store):
    with Archive(store) as archive:
        return archive.studies()


def choose(window, kinds, severities=(0.3, 0.9)):
    for key, tile in window.material.degradation.tiles.tiles.items():
        tile.setChecked(key in kinds)
    for value, chip in window.material.degradation.chips.items():
        chip.setChecked(value in severities)


def test_the_way_by_keyboard_ends_with_the_study_that_was_chosen(wizard, store):
    assert wizard.focusWidget() is wizard.protocol.name
    QTest.keyClicks(wizard.protocol.name, "Heads, spring")
    press(wizard, Qt.Key.Key_Return)
    assert wizard.page is wizard.material
    choose(wizard, ("motion", "blur"))
    wizard.material.slices.setValue(1)
    press(wizard, Qt.Key.Key_Return)
    assert wizard.page is wizard.size_page
    until(lambda: wizard.size_page.plan is not None)
    shown = dict(wizard.size_page.plan.counts)
    seed = wizard.size_page.seed.value()
    press(wizard, Qt.Key.Key_Return)
    until(lambda: wizard.making.study is not None)
    (study,) = studies(store)
    assert (study.name, study.protocol, study.seed) == ("Heads, spring", preset("sds"), seed)
    assert {role: sum(i.role == role for i in study.items) for role in shown} == shown
    rated = {item.test for item in study.items if item.role == "rated"}
    made = {
        (s.provenance["kind"], s.provenance["severity"]) for s in study.stimuli if s.key in rated
    }
    assert made == {(kind, severity) for kind in ("motion", "blur") for severity in (0.3, 0.9)}
    command = shlex.split(wizard.making.command.text.text())
    assert command[len(started_as()) :][:4] == ["study", "rate", "Heads, spring", "--rater"]
    assert study.model_uncertainty == {}


def test_the_model_is_asked_only_where_the_coordinator_wants_its_order(wizard, monkeypatch):
    asked = []

    def unsure(items, contents):
        yield Step(1, 1, "Asking the model")
        asked.append(len(contents))
        return {item.key: 5.0 for item in items}

    # what the model says is proved with the real one in tests/services/test_study_create.py
    monkeypatch.setattr(study_create, "_unsure", unsure)
    to_images(wizard)
    choose(wizard, ("blur",), (0.5,))
    to_size(wizard)
    assert not wizard.size_page.informative.isChecked()
    wizard.size_page.informative.click()
    study = make(wizard)
    assert len(asked) == 1
    assert study.model_uncertainty == {item.key: 5.0 for item in study.items}


def test_poor_scans_and_degraded_ones_go_into_one_study(qtbot, store, tmp_path, heads):
    window = CreateStudy([], theme.DARK, store)
    qtbot.addWidget(window)
    window.show()
    until(lambda: window.protocol._shelf is not None)
    to_images(window, "Both")
    choose(window, ("blur",), (0.5,))
    window.material.scans.add([repeated_exam(tmp_path, heads)])
    until(lambda: "2 of 2 chosen" in window.material.scans.note.text())
    window.material.way("repeats").setChecked(True)
    until(lambda: window.material.repeats.list.count() == 1)
    assert "= 2 to rate" in window.material.sum.text()
    window.material.repeats.degrade_too.click()
    assert "(1 artefact at severity 0.5)" in window.material.repeats.degrade_too.text()
    assert "= 4 to rate" in window.material.sum.text()
    to_size(window)
    planned = window.size_page.plan.counts
    study = make(window)
    rated = [item for item in study.items if item.role == "rated"]
    assert len(rated) == planned["rated"] == 4
    facts = {s.key: s.provenance for s in study.stimuli}
    assert (
        sorted(facts[item.test]["kind"] for item in rated) == ["blur"] * 2 + ["poor first scan"] * 2
    )


def test_a_scan_with_bright_air_loses_its_tick_and_says_why(qtbot, phantom, store):
    turned = replace(phantom[0], key="turned", voxels=phantom[0].voxels.max() - phantom[0].voxels)
    window = CreateStudy([turned, phantom[1]], theme.DARK, store)
    qtbot.addWidget(window)
    window.show()
    scans = window.material.scans
    until(lambda: "1 of 2 chosen" in scans.note.text())
    item = scans.list.item(0)
    assert "left out: its air is as bright as tissue" in item.data(
        Qt.ItemDataRole.AccessibleTextRole
    )
    assert not item.flags() & Qt.ItemFlag.ItemIsEnabled
    assert [scan.series for scan in window.draft.chosen] == [phantom[1]]
    window.reject()


def test_escape_closes_the_wizard_and_nothing_is_stored(wizard, store):
    to_images(wizard)
    press(wizard, Qt.Key.Key_Escape)
    assert not wizard.isVisible()
    assert studies(store) == ()


def test_stopped_on_the_way_the_study_is_not_there(wizard, store):
    to_images(wizard)
    to_size(wizard)
    wizard.proceed()
    assert wizard.busy
    until(lambda: wizard.making.bar.value() > 0)
    press(wizard, Qt.Key.Key_Escape)
    until(lambda: wizard.page is wizard.size_page)
    assert wizard.isVisible()
    assert "nothing was stored" in wizard.fault.text()
    assert studies(store) == ()
    with Archive(store) as archive:
        assert archive.verify() == []


def test_a_study_without_a_name_is_refused_at_the_name(wizard):
    wizard.material.scans.list.setFocus()
    wizard.proceed()
    assert wizard.page is wizard.protocol
    assert "name" in wizard.protocol.name_fault.text()
    assert wizard.protocol.name.accessibleDescription() == wizard.protocol.name_fault.text()
    assert wizard.focusWidget() is wizard.protocol.name


def test_a_name_that_is_taken_is_said_at_once(qtbot, phantom, filled):
    window = CreateStudy(phantom, theme.DARK, filled)
    qtbot.addWidget(window)
    window.show()
    until(lambda: window.protocol._shelf is not None)
    window.protocol.name.setText(" Heads ")
    assert "already" in window.protocol.name_fault.text()
    window.proceed()
    assert window.page is window.protocol
    window.protocol.name.setText("Heads 2")
    assert window.protocol.name_fault.text() == ""
    window.reject()


def test_a_store_that_cannot_be_opened_is_said_at_the_name(qtbot, phantom):
    window = CreateStudy(phantom, theme.DARK, "mysql://somewhere/else")
    qtbot.addWidget(window)
    window.show()
    until(lambda: window.protocol.name_fault.text())
    assert "store" in window.protocol.name_fault.text()
    window.protocol.name.setText("Heads")
    window.proceed()
    assert window.page is window.protocol
    window.reject()


@pytest.mark.parametrize(
    ("spoil", "where", "said"),
    [
        (lambda m: choose_none(m), "scans", "Tick at least one scan."),
        (
            lambda m: [t.setChecked(False) for t in m.degradation.tiles.tiles.values()],
            "kinds",
            "artefact",
        ),
        (
            lambda m: [c.setChecked(False) for c in m.degradation.chips.values()],
            "severity",
            "severity",
        ),
        (lambda m: m.way("repeats").setChecked(True), "repeats", "no pair"),
    ],
    ids=["no scan", "no artefact", "no severity", "no repeat"],
)
def test_what_is_missing_is_said_where_it_is_missing(wizard, spoil, where, said):
    to_images(wizard)
    material = wizard.material
    spoil(material)
    QTest.qWait(50)
    wizard.proceed()
    assert wizard.page is material
    faults = {
        "scans": material.scans.fault,
        "kinds": material.degradation.kinds_fault,
        "severity": material.degradation.severity_fault,
        "repeats": material.repeats.fault,
    }
    assert {name for name, fault in faults.items() if fault.text()} == {where}
    assert said in faults[where].text()


def choose_none(material):
    for row in range(material.scans.list.count()):
        material.scans.list.item(row).setCheckState(Qt.CheckState.Unchecked)


def test_a_changed_protocol_shows_its_name_at_once_and_goes_into_the_study(wizard, store):
    wizard.protocol.change.click()
    (dialog,) = wizard.findChildren(ChangeProtocol)
    assert dialog.title.text() == preset("sds").title
    dialog.seconds.setValue(6)
    dialog.confidence.setChecked(True)
    assert dialog.title.text().endswith(", changed")
    assert "sds+changed" in dialog.note.text()
    dialog.use.click()
    assert wizard.protocol.list.currentItem().text().endswith(", changed")
    to_images(wizard)
    choose(wizard, ("blur",))
    to_size(wizard)
    study = make(wizard)
    assert (study.protocol.id, study.protocol.changed_from) == ("sds+changed", "sds 1")
    assert (study.protocol.least_seconds, study.protocol.asks_confidence) == (6.0, True)


def test_a_protocol_changed_back_is_the_preset_again(wizard):
    dialog = ChangeProtocol(preset("sds"), preset("sds"), wizard)
    dialog.repeats.setValue(20)
    assert dialog.protocol.id == "sds+changed"
    dialog.repeats.setValue(5)
    assert dialog.protocol == preset("sds")


def test_a_break_after_the_end_is_refused_at_its_field(wizard):
    dialog = ChangeProtocol(preset("sds"), preset("sds"), wizard)
    dialog.pause.setValue(40)
    assert not dialog.use.isEnabled()
    assert "before the session ends" in dialog.pause.accessibleDescription()


def test_every_preset_tells_what_it_asks_and_its_source(wizard):
    for row, shown in enumerate(wizard.protocol._presets):
        wizard.protocol.list.setCurrentRow(row)
        texts = " ".join(label.text() for label in wizard.protocol.findChildren(QLabel))
        assert shown.question in texts
        assert shown.source.rstrip(".") in texts
        assert wizard.draft.protocol == shown


def test_scans_by_themselves_need_a_protocol_of_single_images(wizard):
    to_images(wizard)
    assert not wizard.material.way("as acquired").isEnabled()
    wizard.go_back()
    ids = [shown.id for shown in wizard.protocol._presets]
    wizard.protocol.list.setCurrentRow(ids.index("single"))
    wizard.proceed()
    wizard.material.way("as acquired").setChecked(True)
    to_size(wizard)
    wizard.go_back()
    wizard.go_back()
    wizard.protocol.list.setCurrentRow(ids.index("sds"))
    wizard.proceed()
    assert wizard.draft.way == "degraded"


def test_scans_as_they_are_become_a_study_of_single_images(wizard):
    ids = [shown.id for shown in wizard.protocol._presets]
    wizard.protocol.list.setCurrentRow(ids.index("single"))
    to_images(wizard)
    wizard.material.way("as acquired").setChecked(True)
    to_size(wizard)
    study = make(wizard)
    rated = {item.test for item in study.items if item.role == "rated"}
    assert {s.provenance["made"] for s in study.stimuli if s.key in rated} == {"as acquired"}


def test_an_unticked_scan_stays_out_of_the_study(wizard, phantom):
    to_images(wizard)
    choose(wizard, ("blur",))
    wizard.material.scans.list.item(1).setCheckState(Qt.CheckState.Unchecked)
    to_size(wizard)
    study = make(wizard)
    assert {s.provenance["source"] for s in study.stimuli} == {phantom[0].description}


def test_a_scan_that_cannot_be_rated_says_why_and_cannot_be_ticked(qtbot, phantom, store):
    window = CreateStudy(
        [replace(phantom[0], refusal="phase image"), phantom[1]], theme.DARK, store
    )
    qtbot.addWidget(window)
    item = window.material.scans.list.item(0)
    assert "phase image" in item.data(Qt.ItemDataRole.AccessibleTextRole)
    assert not item.flags() & Qt.ItemFlag.ItemIsEnabled
    assert window.material.scans.current.series is phantom[1]
    window.reject()


def test_a_dropped_folder_is_read_and_a_file_that_is_no_scan_is_named(
    qtbot, store, tmp_path, heads
):
    window = CreateStudy([], theme.DARK, store)
    qtbot.addWidget(window)
    window.show()
    scans = window.material.scans
    junk = tmp_path / "notes.txt"
    junk.write_text("nothing")
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in (heads[0], junk)])
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    scans.dropEvent(QDropEvent(QPointF(QPoint(5, 5)), Qt.DropAction.CopyAction, mime, left, none))
    until(lambda: "1 of 1 chosen" in scans.note.text())
    assert scans.list.count() == 1
    assert "notes.txt" in scans.note.text()
    window.reject()


def test_only_the_ticked_pair_of_repeats_becomes_items(qtbot, store, tmp_path, heads):
    window = CreateStudy([], theme.DARK, store)
    qtbot.addWidget(window)
    window.show()
    until(lambda: window.protocol._shelf is not None)
    to_images(window, "Repeats")
    window.material.scans.add([repeated_exam(tmp_path, heads)])
    until(lambda: "2 of 2 chosen" in window.material.scans.note.text())
    window.material.way("repeats").setChecked(True)
    pairs = window.material.repeats.list
    until(lambda: pairs.count() == 1)
    assert "08:15:00 and again at 08:21:00" in pairs.item(0).toolTip()
    pairs.item(0).setCheckState(Qt.CheckState.Unchecked)
    window.proceed()
    assert "Tick at least one pair" in window.material.repeats.fault.text()
    pairs.item(0).setCheckState(Qt.CheckState.Checked)
    to_size(window)
    study = make(window)
    rated = [item for item in study.items if item.role == "rated"]
    assert len(rated) == 2
    facts = {s.key: s.provenance for s in study.stimuli}
    assert {facts[item.test]["source"] for item in rated} == {"T2 TSE ax"}
    assert {facts[item.reference]["source"] for item in rated} == {"T2 TSE ax repeat"}


def test_every_artefact_shows_its_own_picture_of_the_chosen_scan(wizard):
    to_images(wizard)
    tiles = wizard.material.degradation.tiles.tiles
    until(lambda: all(tile.picture is not None for tile in tiles.values()))
    pictures = [bytes(tile.picture.constBits()) for tile in tiles.values()]
    assert len(set(pictures)) == len(KEYS)
    before = dict(zip(tiles, pictures, strict=True))
    wizard.material.scans.list.setCurrentRow(1)
    assert {tile.drawing for tile in tiles.values()} == {True}  # no picture of the other scan stays
    until(lambda: all(tile.picture is not None for tile in tiles.values()))
    assert all(bytes(t.picture.constBits()) != before[k] for k, t in tiles.items())


def test_arrow_keys_go_from_tile_to_tile_and_space_ticks(wizard):
    to_images(wizard)
    tiles = list(wizard.material.degradation.tiles.tiles.values())
    tiles[0].setFocus()
    press(wizard, Qt.Key.Key_Right)
    assert tiles[1].hasFocus()
    was = tiles[1].isChecked()
    press(wizard, Qt.Key.Key_Space)
    assert tiles[1].isChecked() != was
    press(wizard, Qt.Key.Key_Down)
    assert tiles[8].hasFocus()


def test_another_seed_makes_other_images(wizard):
    to_images(wizard)
    to_size(wizard)
    before = wizard.size_page.seed.value()
    wizard.size_page.draw.click()
    assert wizard.draft.seed == wizard.size_page.seed.value() != before


def test_a_scan_without_signal_is_refused_in_a_sentence(qtbot, phantom, store):
    empty = replace(phantom[0], key="empty", voxels=phantom[0].voxels * 0)
    window = CreateStudy([empty], theme.DARK, store)
    qtbot.addWidget(window)
    window.show()
    until(lambda: window.protocol._shelf is not None)
    to_images(window)
    window.proceed()
    until(lambda: window.size_page.fault.text())
    said = f"{phantom[0].description} shows nothing that could be judged; untick it."
    assert window.size_page.fault.text() == said
    assert not window.go_on.isEnabled()
    window.reject()


def test_series_that_are_still_being_read_are_left_out(qtbot, phantom, store):
    half = replace(phantom[0], ready=phantom[0].ready & False)
    parent = QWidget()
    qtbot.addWidget(parent)
    window = create_study(parent, [half, phantom[1]], theme.DARK, store)
    assert [scan.series for scan in window.draft.scans] == [phantom[1]]
    window.reject()


def pages(wizard):
    yield wizard.protocol
    to_images(wizard)
    choose(wizard, ("blur",), (0.5,))
    yield wizard.material
    to_size(wizard)
    yield wizard.size_page
    make(wizard)
    yield wizard.making


def test_every_page_fits_a_screen_of_1024_by_600_and_every_control_has_a_name(wizard):
    wizard.resize(1000, 560)
    for page in pages(wizard):
        QApplication.processEvents()
        least = wizard.minimumSizeHint()
        assert (least.width() <= 1000, least.height() <= 560) == (True, True), page.accessibleName()
        for kind in (QAbstractButton, QLineEdit, QAbstractSpinBox):
            for control in wizard.findChildren(kind):
                inner = isinstance(control.parent(), QAbstractSpinBox)
                if control.isVisible() and not inner and not control.objectName().startswith("qt_"):
                    assert control.accessibleName(), (page.accessibleName(), control)


def test_tab_reaches_every_control_of_every_page(wizard):
    for page in pages(wizard):
        QApplication.processEvents()
        wanted = {
            one
            for kind in (QAbstractButton, QLineEdit, QAbstractSpinBox)
            for one in wizard.findChildren(kind)
            if one.isVisible() and one.isEnabled() and one.focusPolicy() & Qt.FocusPolicy.TabFocus
            and not isinstance(one.parent(), QAbstractSpinBox)
        }  # fmt: skip
        reached = set()
        for _ in range(80):
            press(wizard, Qt.Key.Key_Tab)
            reached.add(wizard.focusWidget())
        # Tab goes to one button of a group, arrow keys to the others
        groups = {one.group() for one in reached if isinstance(one, QAbstractButton)} - {None}
        missed = {
            one
            for one in wanted - reached
            if not (isinstance(one, QAbstractButton) and one.group() in groups)
        }
        assert not missed, (page.accessibleName(), missed)


def test_no_two_controls_of_a_page_share_a_key(wizard):
    for page in pages(wizard):
        QApplication.processEvents()
        shown = [one for kind in (QAbstractButton, QLabel) for one in wizard.findChildren(kind)]
        keys = [
            text[text.index("&") + 1].lower()
            for one in shown
            if one.isVisible() and (not isinstance(one, QLabel) or one.buddy())
            for text in [one.text()]
            if "&" in text
        ]
        assert len(keys) == len(set(keys)), (page.accessibleName(), sorted(keys))


def test_localizers_and_scans_of_others_that_lie_open_are_not_ticked(qtbot, phantom, store):
    other = replace(
        phantom[1], key="other", identity={"Patient ID": "B"}, study_uid="9", files=(), source="/b"
    )
    scout = replace(phantom[0], key="scout", description="t2_localizer", files=(), source="/s")
    window = CreateStudy([scout, phantom[0], other, phantom[1]], theme.DARK, store)
    qtbot.addWidget(window)
    window.show()
    assert [scan.series for scan in window.draft.chosen] == list(phantom)
    scans = window.material.scans
    said = [scans.list.item(row).data(DETAIL).split("\n")[0] for row in range(4)]
    assert said[0].startswith("localizer · 10 slices")
    assert said[2].startswith("another patient · 10 slices")
    assert "not ticked by themselves" in scans.note.text()
    window._errands.shut_down()


def test_what_cannot_be_chosen_says_why_in_sight(wizard):
    to_images(wizard)
    page = wizard.material
    assert not page.way("as acquired").isEnabled()
    assert page.why_not.isVisible()
    assert "single images" in page.why_not.text()
    wizard.go_back()
    wizard.protocol.list.setCurrentRow([one.id for one in wizard.protocol._presets].index("single"))
    wizard.proceed()
    assert page.way("as acquired").isEnabled()
    assert not page.why_not.isVisible()


def test_a_tile_says_that_it_is_being_drawn_until_its_picture_is_there(wizard):
    tiles = wizard.material.degradation.tiles.tiles
    to_images(wizard)
    assert {tile.drawing for tile in tiles.values()} == {True}
    assert all(tile.picture is None for tile in tiles.values())
    written = tiles["spike"].grab().toImage()
    until(lambda: all(tile.picture is not None for tile in tiles.values()))
    assert not any(tile.drawing for tile in tiles.values())
    tiles["spike"].show_picture(None, None)
    blank = tiles["spike"].grab().toImage()
    inside = [(x, y) for x in range(25, blank.width() - 25) for y in range(25, 60)]
    assert {blank.pixelColor(x, y).name() for x, y in inside} == {"#000000"}
    assert {written.pixelColor(x, y).name() for x, y in inside} != {"#000000"}


def test_the_words_for_raters_agree_on_where_they_sit(wizard):
    to_images(wizard)
    choose(wizard, ("blur",))
    to_size(wizard)
    make(wizard)
    page = wizard.making
    assert page._where.text() == "For raters, at this computer"
    assert "comes here" in page._elsewhere.text()
    page.take_shelf(replace(page._shelf, served=True, where="server/miqa"))
    page._made(page.study)
    assert page._where.text() == "For raters here and in other reading rooms"
    assert "comes here" not in page._elsewhere.text()
