"""Models are shown as the registry has them, and only a signed decision changes which one scores."""

from __future__ import annotations

import shutil

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QAccessible, QDropEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QFileDialog, QLabel, QWidget

from miqa_app.gui import theme
from miqa_app.gui.models import forest as forest_module
from miqa_app.gui.models.forest import rows_of
from miqa_app.gui.models.import_dialog import FolderDialog, ImportDialog
from miqa_app.gui.models.promote_dialog import PromoteDialog
from miqa_app.gui.models.rollback_dialog import RollBackDialog
from miqa_app.gui.models.sign_dialog import SignDialog
from miqa_app.gui.models.window import ModelsWindow
from miqa_app.registry import default_model, find_model
from miqa_app.registry.signing import spoken
from miqa_app.registry.state import read_state
from miqa_app.settings import settings_file
from tests.gui.models.steps import decisions, opened
from tests.gui.waiting import until
from tests.registry.promotable import NAME, exported


def choose(window, name):
    """Choose a model and wait for its evidence and card."""
    names = [window.list.item(row).text() for row in range(window.list.count())]
    window.list.setCurrentRow(names.index(name))
    until(lambda: window.detail is not None and window.detail.name == name)


def states(window):
    """Return the state of every model by name."""
    from miqa_app.gui.models.model_list import ROW

    return {window.list.item(n).text(): str(window.list.item(n).data(ROW).state) for n in range(window.list.count())}  # fmt: skip


def promote(window, name=NAME, *, by="Dr Ada Byron", trial=False):
    """Promote a model by hand."""
    choose(window, name)
    window.promote.click()
    dialog = opened(PromoteDialog)
    assert not dialog.ok.isEnabled(), "nobody has signed yet"
    dialog.by.setText(by)
    dialog.trial.setChecked(trial)
    dialog.ok.click()
    until(lambda: states(window)[name] == ("shadow" if trial else "active"), 120)
    until(lambda: window.detail is not None)


def _axis(forest):
    """Return where zero lies on the axis."""
    left, right = forest_module._NAME + 20, forest.width() - forest_module._VALUE
    return [((left + right) / 2, "0")]


def drop(window, file):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(file))])
    window.dropEvent(QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier))  # fmt: skip


# ------------------------------------------------------------------ looking


def test_every_model_is_listed_with_what_it_is_to_the_site(window):
    found = states(window)
    assert found[default_model().name] == "active"
    assert found[NAME] == "candidate"
    assert window.list.row.name == default_model().name, "the one in use comes first"
    assert window.summary.values[0].text() == default_model().name
    assert window.summary.notes[0].text() == "came with the program"
    assert window.summary.values[1].text() == "None"
    assert "uncalibrated" in window.summary.notes[2].text()
    assert not window.promote.isEnabled(), "it is in use already"
    assert not window.back.isEnabled(), "there is nothing to go back to"


def test_the_tip_of_a_model_tells_how_it_ranks_where_that_was_measured(window):
    tips = {
        window.list.item(row).text(): window.list.item(row).toolTip()
        for row in range(window.list.count())
    }
    srocc = default_model().config["evaluation"]["pooled"]["srocc"]
    assert f"SROCC {srocc:.2f} on simulated artefacts" in tips[default_model().name]
    assert "SROCC" not in tips[NAME], "a candidate has evidence instead"


def test_the_evidence_is_shown_in_words_and_figures(window):
    choose(window, NAME)
    evidence, view = window.detail.evidence, window.evidence
    assert view.banner.title.text() == "Passed the gate"
    assert view.banner.words.text() == evidence.verdict.words
    assert len(view.criteria.sentences) == len(evidence.verdict.criteria)
    assert all(any(one.words in said for said in view.criteria.sentences) for one in evidence.verdict.criteria)  # fmt: skip
    figures = evidence.held_out.methods
    assert view._values[0].text() == f"{figures['active'].srocc.value:.3f} → {figures['candidate'].srocc.value:.3f}"  # fmt: skip
    difference = evidence.held_out.difference("srocc")
    assert rows_of(evidence)[0].value == difference.value
    assert f"{difference.value:+.3f}" in view.forest.accessibleName()
    assert window.card.toPlainText().strip().startswith("MIQANet")


def test_a_difference_above_zero_is_drawn_to_the_right_in_green(window):
    choose(window, NAME)
    until(lambda: window.evidence.forest.isVisible())
    forest = window.evidence.forest
    image = forest.grab().toImage()
    green = [x for x in range(image.width()) for y in range(24, 49) if image.pixelColor(x, y).name() == theme.DARK.good]  # fmt: skip
    lines = [x for x in range(image.width()) if all(image.pixelColor(x, y) != image.pixelColor(0, 0) for y in range(30, 70))]  # fmt: skip
    assert lines, "there is no axis"
    marks = {label: x for x, label in _axis(forest)}
    assert min(green) > marks["0"]
    assert any(abs(x - marks["0"]) < 2 for x in lines)


def test_a_model_that_the_gate_stopped_says_why_and_cannot_be_signed(stopped, window):
    choose(window, stopped)
    assert window.evidence.banner.title.text() == "Stopped by the gate"
    assert window.evidence.criteria.sentences[0].startswith("Better ranking")
    window.promote.click()
    dialog = opened(PromoteDialog)
    said = [label.text() for label in dialog.findChildren(QLabel)]
    assert f"{stopped} cannot be promoted" in said
    assert any("The gate did not pass it" in one for one in said)
    assert not dialog.ok.isVisible()
    assert not dialog.by.isVisible()
    dialog.reject()
    assert default_model().name != stopped


# ------------------------------------------------------------------ deciding


def test_a_signature_and_the_canary_set_put_a_model_in_use_and_one_action_brings_the_other_back(window):  # fmt: skip
    """With the real canary set."""
    before = default_model()
    told, asked = [], []
    window.scoring_changed.connect(told.append)
    window.score_again_asked.connect(lambda: asked.append(True))
    promote(window)
    assert default_model().sha256 == find_model(NAME).sha256
    assert read_state().active.by == ("Dr Ada Byron",)
    assert told[0].startswith(f"{NAME} is active; before it was {before.name}")
    assert window.said.text() == told[0]
    assert window.summary.values[0].text().replace("\u200b", "") == NAME
    assert "decided by Dr Ada Byron" in window.summary.notes[0].text()
    assert window.again.isVisible()
    window.again.click()
    assert asked == [True]
    assert not window.promote.isEnabled()
    window.back.click()
    dialog = opened(RollBackDialog)
    assert dialog.to.currentText() == before.name
    dialog.by.setText("Dr Bob")
    dialog.ok.click()
    until(lambda: len(told) == 2)
    until(lambda: states(window)[before.name] == "active")
    assert default_model().sha256 == before.sha256
    assert states(window)[NAME] == "retired"
    rows = [[window.history.table.item(n, c).text() for c in (1, 2, 3, 4)] for n in range(window.history.table.rowCount())]  # fmt: skip
    assert rows == [
        ["rolled back to", before.name, NAME, "Dr Bob"],
        ["promoted", NAME, before.name, "Dr Ada Byron"],
    ]


@pytest.mark.usefixtures("quick")
def test_where_the_site_asks_for_two_persons_one_name_is_not_enough(window):
    settings_file().parent.mkdir(parents=True, exist_ok=True)
    settings_file().write_text("two_signatures: true\n", encoding="utf-8")
    choose(window, NAME)
    window.promote.click()
    dialog = opened(PromoteDialog)
    dialog.by.setText("Dr Ada")
    assert not dialog.ok.isEnabled()
    dialog.second.setText("dr ada")
    dialog.ok.click()
    until(lambda: "must be another person's" in window.said.text())
    assert default_model().name != NAME
    window.promote.click()
    dialog = opened(PromoteDialog)
    dialog.by.setText("Dr Ada")
    dialog.second.setText("Dr Bob")
    dialog.ok.click()
    until(lambda: states(window)[NAME] == "active")
    assert read_state().active.by == ("Dr Ada", "Dr Bob")


@pytest.mark.usefixtures("quick")
def test_on_trial_a_model_scores_unseen_and_the_one_in_use_stays(window):
    before, told = default_model().name, []
    window.scoring_changed.connect(told.append)
    promote(window, trial=True)
    assert default_model().name == before
    assert window.summary.values[1].text().replace("\u200b", "") == NAME
    assert window.trial.text().replace("&", "") == "Take off trial"
    window.trial.click()
    until(lambda: states(window)[NAME] == "candidate")
    assert window.trial.text().replace("&", "") == "Put on trial"
    window.trial.click()
    until(lambda: states(window)[NAME] == "shadow")
    assert told == [], "the verdicts have not changed"
    assert [one.what for one in read_state().history] == ["model promoted to shadow", "shadow model taken off", "shadow model set"]  # fmt: skip


def test_a_promotion_that_fails_is_one_sentence_and_changes_nothing(window, site):
    choose(window, NAME)
    window.promote.click()
    dialog = opened(PromoteDialog)
    weights = next((site / NAME).glob("*.safetensors"))
    content = bytearray(weights.read_bytes())
    content[-1] ^= 255
    weights.write_bytes(bytes(content))
    dialog.by.setText("Dr Ada")
    dialog.ok.click()
    until(lambda: window.notice.objectName() == "failed" and window.notice.isVisible())
    assert NAME in window.said.text()
    assert read_state().active is None


# ------------------------------------------------------------------ between sites


def test_a_model_goes_out_as_a_signed_file_with_its_fingerprint(window, tmp_path, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "for them"), ""))
    choose(window, NAME)
    window.send.click()
    until(lambda: (tmp_path / "for them.miqa").is_file() and "fingerprint" in window.said.text(), 60)  # fmt: skip
    assert str(tmp_path / "for them.miqa") in window.said.text()


def test_a_dropped_archive_of_an_unknown_site_waits_for_its_fingerprint(window, site, tmp_path):
    from miqa_app.paths import user_data
    from miqa_app.services.exchange import inspect

    shutil.rmtree(site / NAME)
    (user_data() / "keys" / "site-ed25519.pem").unlink()
    archive = tmp_path / "theirs.miqa"
    archive.write_bytes(exported())
    drop(window, archive)
    dialog = opened(ImportDialog)
    shown = " ".join(label.text() for label in dialog.findChildren(QLabel)).replace("\n", " ")
    assert spoken(inspect(archive).fingerprint) in shown
    dialog.by.setText("Dr Ada")
    assert not dialog.ok.isEnabled(), "nobody has compared it yet"
    dialog.same.setChecked(True)
    dialog.ok.click()
    until(lambda: "has come in as a candidate" in window.said.text() or window.notice.objectName() == "failed")  # fmt: skip
    until(lambda: window.list.row.name not in (NAME, default_model().name))
    name = window.list.row.name
    assert states(window)[name] == "candidate"
    assert default_model().name != name
    until(lambda: {"imported", "another site trusted"} <= {window.history.table.item(n, 1).text() for n in range(window.history.table.rowCount())})  # fmt: skip


def test_an_archive_of_a_trusted_site_comes_in_at_once_and_only_once(window, tmp_path):
    archive = tmp_path / "ours.miqa"
    archive.write_bytes(exported())
    before = set(states(window))
    drop(window, archive)
    until(lambda: "was here already" in window.said.text())
    assert set(states(window)) == before


def test_an_archive_that_was_tampered_with_is_refused(window, tmp_path):
    archive = tmp_path / "theirs.miqa"
    content = bytearray(exported())
    content[len(content) // 2] ^= 255
    archive.write_bytes(bytes(content))
    before = set(states(window))
    drop(window, archive)
    until(lambda: window.notice.objectName() == "failed" and window.notice.isVisible())
    assert "theirs.miqa" in window.said.text()
    assert set(states(window)) == before


def test_a_dropped_folder_asks_first_and_arrives_without_evidence(window, site, tmp_path):
    stick = tmp_path / "update"
    shutil.copytree(site / NAME, stick)
    card = stick / "card.md"
    card.write_text(card.read_text(encoding="utf-8") + "\nA newer one.\n", encoding="utf-8")
    drop(window, stick)
    dialog = opened(FolderDialog)
    assert str(stick) in " ".join(label.text() for label in dialog.findChildren(QLabel))
    dialog.by.setText("Dr Ada")
    dialog.ok.click()
    until(lambda: "without evidence" in window.said.text())
    until(lambda: window.detail is not None and window.detail.name == "update")
    assert states(window)["update"] == "candidate"
    assert window.detail.evidence is None
    until(lambda: "imported unsigned" in {window.history.table.item(n, 1).text() for n in range(window.history.table.rowCount())})  # fmt: skip


# ------------------------------------------------------------------ thresholds


def test_thresholds_are_fitted_shown_with_their_figures_and_signed(window, tmp_path):
    window.parts.setCurrentIndex(1)
    view = window.thresholds
    assert "uncalibrated" in view.said.text()
    view.fit_asked.emit(str(decisions(tmp_path / "decisions.csv")))
    until(lambda: view.promote.isVisible() and view.promote.isEnabled())
    waiting = window.site.thresholds.waiting
    assert view.next.accessibleName() == f"Accept from {waiting.accept.score}, consider a rescan below {waiting.rescan.score}"  # fmt: skip
    assert "sensitivity" in view.proposed.text()
    assert "uncalibrated" in window.summary.notes[2].text(), "nobody has signed yet"
    told = []
    window.scoring_changed.connect(told.append)
    view.promote.click()
    dialog = opened(SignDialog)
    dialog.by.setText("Dr Ada")
    dialog.ok.click()
    until(lambda: window.site.thresholds.fitted is not None)
    assert window.site.status.thresholds.calibrated
    assert window.summary.notes[2].text() == "calibrated by this site"
    assert view.now.accessibleName() == f"Accept from {waiting.accept.score}, consider a rescan below {waiting.rescan.score}"  # fmt: skip
    assert "by Dr Ada" in view.said.text()
    assert len(told) == 1


def test_too_few_decisions_are_one_sentence(window):
    window.parts.setCurrentIndex(1)
    window.thresholds.fit.click()
    until(lambda: window.thresholds.fault.isVisible())
    assert window.thresholds.fault.text()
    assert window.thresholds.fit.isEnabled()


# ------------------------------------------------------------------ for everybody


def test_a_damaged_registry_is_said_and_nothing_else_breaks(qtbot, site):
    (site.parent / "registry.json").write_text("no registry", encoding="utf-8")
    made = ModelsWindow(theme.DARK)
    qtbot.addWidget(made)
    made.show()
    until(lambda: made.notice.isVisible())
    assert "registry.json" in made.said.text()
    made.errands.shut_down()


def test_every_control_has_a_name_and_fits_on_a_small_screen(window):
    choose(window, NAME)
    window.resize(window.minimumSize())
    for part in range(3):
        window.parts.setCurrentIndex(part)
        QApplication.processEvents()
        assert (window.width(), window.height()) <= (1024, 600)
        for widget in window.findChildren(QWidget):
            if not widget.isVisible():
                continue
            if widget.focusPolicy() & Qt.FocusPolicy.TabFocus or isinstance(widget, QAbstractButton | QComboBox):  # fmt: skip
                found = QAccessible.queryAccessibleInterface(widget)
                assert found.text(QAccessible.Text.Name).strip(), (part, widget)
            if isinstance(widget, QLabel) and widget.text() and not widget.wordWrap():
                assert widget.width() >= widget.sizeHint().width(), (part, widget.text())
