"""Only a person with evidence makes a model active, and one action brings the earlier one back."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import socket
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest

from miqa_app.errors import BadModel, BadRequest, MiqaError
from miqa_app.registry import default_model, find_model
from miqa_app.registry.acceptance import evidence_file
from miqa_app.registry.canary import canary_file
from miqa_app.registry.durable import write_whole
from miqa_app.registry.state import ModelState, read_state, registry_file
from miqa_app.services.models import evidence_page, models, status
from miqa_app.services.registry import promote, promotion, rollback, set_shadow
from miqa_app.settings import settings_file
from miqa_app.store import Archive
from tests.registry.promotable import NAME, give_evidence, prepared, rebound


@pytest.fixture(autouse=True)
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return prepared(tmp_path, monkeypatch)


def promoted(name: str = NAME, by: str = "Dr Ada", second: str | None = None, **how: bool) -> str:
    steps = promote(name, by, second, **how)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return str(end.value)


def refusal(*arguments: Any, **how: Any) -> str:
    """Return the sentence with which a promotion is refused; the registry and the log stay as they are."""
    before = read_state()
    with pytest.raises(MiqaError) as caught:
        promoted(*arguments, **how)
    assert read_state() == before
    return str(caught.value)


def log(site: Path) -> list[tuple[str, str, dict[str, Any]]]:
    with sqlite3.connect(site.parent / "miqa.sqlite") as database:
        rows = database.execute("SELECT actor, action, detail FROM audit ORDER BY sequence")
        return [(actor, action, json.loads(detail)) for actor, action, detail in rows]


def test_a_candidate_with_evidence_a_canary_and_a_person_becomes_active(site: Path) -> None:
    before, candidate = default_model(), find_model(NAME)
    assert promotion(NAME).refusals == ()
    words = promoted()
    assert "6 canary slices came out as stored" in words
    state = read_state()
    assert state.active is not None
    assert state.active.is_of(NAME, candidate.sha256)
    assert state.active.by == ("Dr Ada",)
    assert default_model().sha256 == candidate.sha256
    assert [(one.name, one.sha256) for one in state.retired] == [(before.name, before.sha256)]
    ((actor, action, detail),) = log(site)
    assert (actor, action) == ("Dr Ada", "model promoted")
    assert detail["sha256"] == candidate.sha256
    assert detail["evidence"] == state.active.evidence
    assert Archive().verify() == []
    assert detail["registry"] == hashlib.sha256(registry_file().read_bytes()).hexdigest()


def test_rollback_is_one_action_and_takes_less_than_a_second(
    monkeypatch: pytest.MonkeyPatch, site: Path
) -> None:
    before = default_model()
    promoted()

    def no_network(*_: object, **__: object) -> None:
        raise AssertionError("a rollback must not open a connection")

    monkeypatch.setattr(socket, "socket", no_network)
    # what rollback needs is the earlier model alone
    shutil.rmtree(site / NAME)
    assert status().active is None
    assert "is gone" in status().problem
    started = time.monotonic()
    assert rollback("Dr Bob") == f"{before.name} is active again."
    seconds = time.monotonic() - started
    print(f"rollback in {seconds:.2f} s")
    assert seconds < 30
    assert default_model().sha256 == before.sha256
    assert [action for _, action, _ in log(site)] == ["model promoted", "model rolled back"]
    with pytest.raises(BadRequest, match="No earlier model"):
        rollback("Dr Bob")


def test_rollback_works_while_the_store_cannot_be_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    promoted()
    monkeypatch.setenv("MIQA_STORE", "postgresql://nobody@127.0.0.1:9/nothing")
    started = time.monotonic()
    assert "audit log gets its entry" in rollback("Dr Bob")
    assert time.monotonic() - started < 30
    assert status().unaudited == 1


def test_a_rolled_back_model_can_be_promoted_again_and_named_to_go_back_to() -> None:
    shipped = default_model().name
    promoted()
    rollback("Dr Bob")
    promoted()
    assert default_model().name == NAME
    rollback("Dr Bob", to=shipped)
    rollback("Dr Bob", to=NAME)
    assert default_model().name == NAME
    for wrong in ("base", "nothing", NAME):
        with pytest.raises(BadRequest):
            rollback("Dr Bob", to=wrong)


def test_an_update_of_the_program_that_replaced_the_bundled_model_does_not_block_the_way_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    promoted()
    document = json.loads(registry_file().read_text())
    document["retired"][0]["sha256"] = "0" * 64  # what was bundled then
    write_whole(registry_file(), json.dumps(document).encode())
    assert rollback("Dr Bob") == "lite is active again."
    assert default_model().name == "lite"


def test_rollback_to_a_model_that_was_changed_since_is_refused(site: Path) -> None:
    promoted()
    rollback("Dr Bob")
    (site / NAME / "card.md").write_text("changed")
    with pytest.raises(BadModel, match="its content"):
        rollback("Dr Bob", to=NAME)
    assert default_model().name == "lite"


# ---------------------------------------------------------------- refusals


def test_without_evidence_or_canary_nothing_is_promoted(site: Path) -> None:
    canary_file(site / NAME).unlink()
    assert "no canary set" in refusal()
    evidence_file(site / NAME).unlink()
    assert "without evidence is never promoted" in refusal()
    assert any("without evidence" in one for one in promotion(NAME).refusals)


def test_a_candidate_that_is_no_better_is_stopped_by_the_gate(site: Path) -> None:
    give_evidence(find_model(NAME), noise=14.5)
    words = refusal()
    assert "The gate did not pass it" in words
    row = promotion(NAME).model
    assert row.verdict in ("fail", "uncertain")
    for by_hand in (row.verdict, "pass"):
        path = evidence_file(site / NAME)
        document = json.loads(path.read_text())
        document["verdict"]["outcome"] = by_hand
        path.write_text(json.dumps(document))
        assert re.search("did not pass|changed after it was made", refusal())


def test_evidence_for_another_content_does_not_count(site: Path) -> None:
    (site / NAME / "card.md").write_text("changed")
    assert "was made for another content" in refusal()


def test_evidence_against_a_model_that_is_not_active_any_more_does_not_count(site: Path) -> None:
    path = evidence_file(site / NAME)
    document = json.loads(path.read_text())
    document["active"] = {"name": "lite-before", "sha256": "1" * 64}
    path.write_text(json.dumps(document))
    assert "compares" in refusal()
    assert "fine-tune again" in refusal()


@pytest.mark.parametrize("content", ["", "{}", "[]", "not json"])
def test_damaged_evidence_is_refused(site: Path, content: str) -> None:
    evidence_file(site / NAME).write_text(content)
    assert NAME in refusal()


def test_a_canary_that_comes_out_otherwise_stops_the_promotion(site: Path) -> None:
    path = canary_file(site / NAME)
    document = json.loads(path.read_text())
    document["outputs"][2]["score"] += 0.1
    path.write_text(json.dumps(document))
    assert "came out otherwise than stored" in refusal()
    assert not (site.parent / "miqa.sqlite").exists()


def test_damaged_weights_stop_the_promotion_even_with_evidence_bound_to_them(site: Path) -> None:
    file = site / NAME / "model.safetensors"
    content = bytearray(file.read_bytes())
    content[-50] ^= 64
    file.write_bytes(content)
    rebound(site / NAME)
    assert "differs from the file that was released" in refusal()


@pytest.mark.parametrize("by", ["", " ", "A", "12345", "Dr\x07Ada", "x" * 200])
def test_a_promotion_needs_the_name_of_a_person(by: str) -> None:
    assert "is no name of a person" in refusal(NAME, by)


def test_two_persons_sign_where_the_site_asks_for_it() -> None:
    settings_file().write_text("two_signatures: true\n")
    assert promotion(NAME).signatures == 2
    assert "asks for two persons" in refusal()
    assert "must be another person" in refusal(NAME, "Dr Ada", "dr  ada ")
    promoted(NAME, "Dr  Ada", "Dr Bob")
    state = read_state()
    assert state.active is not None
    assert state.active.by == ("Dr Ada", "Dr Bob")
    rollback("Dr Bob")  # in need one person is enough


def test_a_store_out_of_reach_stops_a_promotion(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIQA_STORE", "/proc/nowhere/store.sqlite")
    assert refusal()


def test_models_that_are_missing_or_lie_elsewhere_are_refused(site: Path, tmp_path: Path) -> None:
    assert "There is no model 'huge'" in refusal("huge")
    shutil.copytree(site / NAME, tmp_path / "outside")
    assert "outside the site's models" in refusal(str(tmp_path / "outside"))
    assert "active model already" in refusal("lite")


# ---------------------------------------------------------------- shadow, list, state


def test_a_shadow_is_promoted_shown_and_taken_off(site: Path) -> None:
    assert "in the shadow of lite" in promoted(shadow=True)
    assert default_model().name == "lite"
    now = status()
    assert now.shadow is not None
    assert (now.shadow.name, now.shadow.state, now.shadow.by) == (
        NAME,
        ModelState.SHADOW,
        ("Dr Ada",),
    )
    promoted()
    assert status().shadow is None
    rollback("Dr Bob")
    set_shadow(NAME, "Dr Ada")
    assert "no more" in set_shadow(None)
    assert [change.what for change in status().history] == [
        "model promoted to shadow",
        "model promoted",
        "model rolled back",
        "shadow model set",
        "shadow model taken off",
    ]
    assert [action for _, action, _ in log(site)] == [one.what for one in status().history]
    with pytest.raises(BadRequest, match="no shadow model"):
        set_shadow(None)
    with pytest.raises(BadRequest, match="is the active model"):
        set_shadow("lite")


def test_the_list_says_what_every_model_is(site: Path) -> None:
    found = {row.name: row for row in models()}
    assert {name: str(row.state) for name, row in found.items()} == {
        NAME: "candidate",
        "base": "bundled",
        "lite": "active",
        "lodapro_lite": "bundled",
    }
    assert found[NAME].verdict == "pass"
    assert found[NAME].evidence == evidence_page(NAME) == evidence_file(site / NAME)
    promoted()
    rollback("Dr Bob")
    assert {row.name: str(row.state) for row in models()}[NAME] == "retired"
    with pytest.raises(BadModel, match="has no evidence"):
        evidence_page("base")


def test_the_mark_uncalibrated_goes_with_enough_ratings_and_comes_back_on_rollback() -> None:
    assert not status().thresholds.calibrated
    promoted()
    assert status().thresholds.calibrated
    rollback("Dr Bob")
    assert not status().thresholds.calibrated


def test_the_mark_uncalibrated_stays_with_few_ratings() -> None:
    found = give_evidence(find_model(NAME), references=9)
    assert found.data.images < 100
    assert found.verdict.outcome == "pass"
    promoted()
    assert not status().thresholds.calibrated
