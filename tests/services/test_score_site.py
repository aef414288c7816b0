"""The scorer follows the site: what is active, what runs in its shadow, and with which thresholds."""

from __future__ import annotations

import shutil
from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from miqa_app.core.assessment import Assessment, SlicePrediction, Thresholds
from miqa_app.core.series import Series
from miqa_app.errors import BadModel
from miqa_app.registry import find_model
from miqa_app.registry.checkpoint import save_model
from miqa_app.registry.durable import write_whole
from miqa_app.registry.ledger import changing
from miqa_app.registry.promotion import promoted, with_thresholds
from miqa_app.registry.state import Held, SiteThresholds, registry_file
from miqa_app.services.registry import rollback, set_shadow
from miqa_app.services.score import Scorer
from miqa_app.training.finetune.priority import Courtesy
from tests.registry.promotable import CONFIG, NAME, prepared, tiny_network

WHEN = "2026-01-01T00:00:00+00:00"


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A site whose models are all small: the second candidate stands for what came with the program."""
    models = prepared(tmp_path, monkeypatch)
    save_model(models / "other", tiny_network(9), CONFIG, "# other\n")
    return models


@pytest.fixture(scope="module")
def series() -> Series:
    rows, columns = np.mgrid[:96, :96] - 48
    disc = np.where(rows**2 + columns**2 < 36**2, 600, 20)
    noise = np.random.default_rng(1).integers(0, 60, (4, 96, 96))
    return Series("key", "made up", (disc + noise).astype(np.int16))


def drained(steps: Generator[SlicePrediction, None, Any]) -> Any:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def activate(name: str, before: str, **more: Any) -> None:
    """Make a model active as a promotion does after its checks."""
    model, old = find_model(name), find_model(before)
    held = Held(name=name, sha256=model.sha256, since=WHEN, by=("Dr A",), **more)
    left = Held(name=before, sha256=old.sha256, since=WHEN, by=("Dr A",))
    with changing() as ledger:
        ledger.carry_out(promoted(ledger.state, held, left))


def test_a_promotion_and_a_rollback_count_from_the_next_series_on(series: Series) -> None:
    activate("other", NAME)
    scorer = Scorer(device="cpu")
    first: Assessment = drained(scorer.assess(series))
    activate(NAME, "other", calibrated=True)
    second: Assessment = drained(scorer.assess(series))
    rollback("Dr A")
    third: Assessment = drained(scorer.assess(series))
    assert [one.model.name for one in (first, second, third) if one.model] == [
        "other",
        NAME,
        "other",
    ]
    assert first.score == pytest.approx(third.score, abs=1e-3)
    assert abs((first.score or 0) - (second.score or 0)) > 0.01
    assert [one.thresholds.calibrated for one in (first, second, third)] == [False, True, False]


def test_a_series_that_is_being_scored_is_finished_with_the_model_it_began_with(
    series: Series,
) -> None:
    activate("other", NAME)
    scorer = Scorer(device="cpu")
    steps = scorer.assess(series)
    next(steps)
    activate(NAME, "other")
    assert drained(steps).model.name == "other"


def test_thresholds_count_for_their_model_alone(series: Series) -> None:
    activate("other", NAME)
    sha256 = find_model("other").sha256
    with changing() as ledger:
        fitted = SiteThresholds(
            version=1, name="other", sha256=sha256, accept=61, rescan=33, proposal="", since=WHEN, by=("Dr A",)
        )  # fmt: skip
        ledger.carry_out(with_thresholds(ledger.state, fitted))
    for scorer, thresholds in (
        (Scorer(device="cpu"), Thresholds(61, 33, calibrated=True)),
        (Scorer("other", device="cpu"), Thresholds(61, 33, calibrated=True)),
        (Scorer(NAME, device="cpu"), Thresholds()),
    ):
        result: Assessment = drained(scorer.assess(series))
        assert result.thresholds == thresholds
        assert result.score is not None
        assert result.verdict is thresholds.verdict(result.score)


def test_the_shadow_scores_beside_the_active_model_and_changes_nothing_of_it(
    series: Series,
) -> None:
    activate("other", NAME)
    scorer = Scorer(device="cpu")
    alone: Assessment = drained(scorer.assess(series))
    assert drained(scorer.shadow(series)) is None
    set_shadow(NAME, "Dr A")
    beside: Assessment = drained(scorer.assess(series))
    shadow: Assessment = drained(scorer.shadow(series))
    assert shadow.model is not None
    assert (shadow.model.name, shadow.series_key) == (NAME, "key")
    assert shadow.score == pytest.approx(
        drained(Scorer(NAME, "cpu").assess(series)).score, abs=1e-3
    )
    assert (beside.model, beside.verdict, beside.thresholds) == (
        alone.model,
        alone.verdict,
        alone.thresholds,
    )
    assert beside.score == pytest.approx(alone.score, abs=1e-3)
    set_shadow(None, "Dr A")
    assert drained(scorer.shadow(series)) is None


def test_a_shadow_that_was_changed_scores_nothing_and_leaves_the_active_model_alone(
    series: Series, models: Path
) -> None:
    activate("other", NAME)
    set_shadow(NAME, "Dr A")
    (models / NAME / "card.md").write_text("changed")
    scorer = Scorer(device="cpu")
    assert drained(scorer.assess(series)).model.name == "other"
    with pytest.raises(BadModel, match="cannot be used"):
        drained(scorer.shadow(series))


def test_without_a_sound_active_model_nothing_is_scored_and_a_named_one_still_scores(
    series: Series, models: Path
) -> None:
    activate("other", NAME)
    shutil.rmtree(models / "other")
    with pytest.raises(BadModel, match="'other' cannot be used"):
        drained(Scorer(device="cpu").assess(series))
    write_whole(registry_file(), b"{")
    with pytest.raises(BadModel, match="The registry"):
        drained(Scorer(device="cpu").assess(series))
    assert drained(Scorer(NAME, "cpu").assess(series)).model.name == NAME


def test_a_training_waits_while_a_slice_is_scored_and_not_while_the_caller_holds_the_result(
    series: Series, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []
    courtesy = Courtesy()
    scorer = Scorer(NAME, "cpu")
    from miqa_app.scoring.engine import Engine

    predict = Engine.predict

    def watched(self: Engine, planes: Any) -> Any:
        seen.append(courtesy._busy())
        return predict(self, planes)

    monkeypatch.setattr(Engine, "predict", watched)
    for _ in scorer.assess(series):
        seen.append(courtesy._busy())
    assert seen == [True, False] * 4
