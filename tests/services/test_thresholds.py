"""Thresholds come from the site's decisions, belong to one model, and count once a person put them in force."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from miqa_app.core.assessment import Thresholds
from miqa_app.errors import BadRequest
from miqa_app.registry import default_model, find_model
from miqa_app.registry.state import read_state
from miqa_app.services import thresholds
from miqa_app.services.assessments import decide
from miqa_app.services.registry import rollback
from miqa_app.settings import settings_file
from miqa_app.store import Archive
from tests.registry.promotable import NAME, prepared
from tests.services.test_registry import promoted
from tests.store.made_assessments import kept, shadow_of


@pytest.fixture(autouse=True)
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return prepared(tmp_path, monkeypatch)


def table(path: Path, accept: float = 80, rescan: float = 40, **more: str) -> str:
    rng = np.random.default_rng(2)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, ["score", "decision", *more])
        writer.writeheader()
        for score in rng.uniform(0, 100, 200):
            felt = score + rng.normal(0, 3)
            said = "accept" if felt >= accept else "rescan" if felt < rescan else "check"
            writer.writerow({"score": f"{score:.2f}", "decision": said, **more})
    return str(path)


def test_a_proposal_counts_only_once_a_person_put_it_in_force(tmp_path: Path) -> None:
    proposal = thresholds.fit(table(tmp_path / "decisions.csv"))
    assert abs(proposal.accept.score - 80) <= 4
    assert abs(proposal.rescan.score - 40) <= 4
    assert proposal.sha256 == default_model().sha256
    now = thresholds.show()
    assert (now.thresholds, now.fitted, now.waiting) == (Thresholds(), None, proposal)
    words = thresholds.promote("Dr Ada")
    assert words.startswith(f"lite: accept from {proposal.accept.score}")
    now = thresholds.show()
    assert now.thresholds == Thresholds(proposal.accept.score, proposal.rescan.score, True)
    assert now.fitted is not None
    assert (now.fitted.version, now.fitted.by, now.waiting) == (1, ("Dr Ada",), None)
    assert now.proposal == proposal
    with pytest.raises(BadRequest, match="in force already"):
        thresholds.promote("Dr Ada")
    thresholds.fit(table(tmp_path / "more.csv", accept=60))
    thresholds.promote("Dr Bob")
    assert [one.version for one in read_state().thresholds] == [1, 2]
    assert [one.what for one in read_state().history] == ["thresholds promoted"] * 2


def test_thresholds_stay_with_their_model_over_promotion_and_rollback(tmp_path: Path) -> None:
    thresholds.fit(table(tmp_path / "decisions.csv"))
    thresholds.promote("Dr Ada")
    own = thresholds.show().thresholds
    thresholds.fit(table(tmp_path / "shadow.csv", accept=60, rescan=30), model=NAME)
    assert thresholds.show().thresholds == own
    promoted(thresholds=True)
    state = read_state()
    assert [one.what for one in state.history][-2:] == ["model promoted", "thresholds promoted"]
    fitted = thresholds.show().thresholds
    assert fitted.calibrated
    assert abs(fitted.accept - 60) <= 4
    rollback("Dr Bob")
    assert thresholds.show().thresholds == own


def test_a_promotion_with_thresholds_that_were_never_fitted_changes_nothing() -> None:
    before = read_state()
    with pytest.raises(BadRequest, match="No thresholds were fitted"):
        promoted(thresholds=True)
    assert read_state() == before


def test_thresholds_need_the_signatures_that_the_site_asks_for(tmp_path: Path) -> None:
    settings_file().write_text("two_signatures: true\n")
    thresholds.fit(table(tmp_path / "decisions.csv"))
    with pytest.raises(BadRequest, match="two persons"):
        thresholds.promote("Dr Ada")
    thresholds.promote("Dr Ada", "Dr Bob")
    assert read_state().history[-1].by == ("Dr Ada", "Dr Bob")


def test_rows_of_other_models_are_left_out(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="too few"):
        thresholds.fit(table(tmp_path / "a.csv", model_sha256="0" * 64))
    own = find_model("lite").sha256
    assert sum(thresholds.fit(table(tmp_path / "b.csv", model_sha256=own)).counts.values()) == 200


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("score\n50\n", "lacks the column 'decision'"),
        ("score,decision\nfifty,accept\n", "line 2: 'fifty' is no score"),
        ("score,decision\n50,perhaps\n", "'perhaps' is none of"),
        ("score,decision\n150,accept\n", "between 0 and 100"),
        ("score,decision\n50,accept\n", "too few"),
        ("", "lacks the column"),
    ],
)
def test_a_table_that_makes_no_sense_is_refused_in_words(
    tmp_path: Path, content: str, words: str
) -> None:
    (tmp_path / "x.csv").write_text(content)
    with pytest.raises(BadRequest, match=words):
        thresholds.fit(str(tmp_path / "x.csv"))
    with pytest.raises(BadRequest, match="cannot be read"):
        thresholds.fit(str(tmp_path / "gone.csv"))


def test_the_words_give_sensitivity_specificity_and_intervals(tmp_path: Path) -> None:
    lines = thresholds.words_of(thresholds.fit(table(tmp_path / "a.csv"), sensitivity=0.95))
    assert lines[0].startswith("lite: 200 decisions (")
    assert "sensitivity 0.9" in lines[1] or "sensitivity 1.0" in lines[1]
    assert "95 % interval" in lines[2]
    assert "left out of the fit" in lines[2]


def test_decisions_of_the_store_count_for_the_model_that_scored_and_for_its_shadow() -> None:
    lite, other = find_model("lite").identity, find_model(NAME).identity
    rng = np.random.default_rng(1)
    with Archive() as archive:
        scores = rng.uniform(0, 100, 90)
        made = [
            replace(kept(number), model=lite, score=float(score))
            for number, score in enumerate(scores, start=1)
        ]
        archive.add_assessments(made)
        for one, score in zip(made, scores, strict=True):
            archive.add_shadow(replace(shadow_of(one), model=other, score=float(score) / 2))
            if 50 < score < 70:
                decide(archive, one.key, "check", by="Dr A")
            reason = {} if score > 50 else {"reason": "motion"}
            decide(archive, one.key, "accept" if score > 50 else "rescan", by="Dr A", **reason)
    own, shadow = thresholds.fit(), thresholds.fit(model=NAME)
    assert abs(own.accept.score - 70) <= 3
    assert abs(own.rescan.score - 50) <= 3
    assert abs(shadow.accept.score - 35) <= 2
    assert own.counts == {
        "accept": int((scores >= 70).sum()),
        "check": int(((scores > 50) & (scores < 70)).sum()),
        "rescan": int((scores <= 50).sum()),
    }
    assert any("saw the advice" in line for line in thresholds.words_of(own))
    with pytest.raises(BadRequest, match="too few"):
        thresholds.fit(model="base")
