"""The gate lets a better candidate through, and stops by name what should be stopped."""

from __future__ import annotations

from functools import cache
from itertools import combinations_with_replacement
from typing import Any

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, laplace

from miqa_app.artefacts import degrade
from miqa_app.errors import BadRecipe
from miqa_app.evaluation.evidence import (
    CanaryFacts,
    ScopeFacts,
    SplitFacts,
    evidence,
    judge,
    load_gate,
)
from miqa_app.evaluation.evidence.comparing import strata
from miqa_app.evaluation.evidence.record import Evidence
from miqa_app.evaluation.predictions import Predictions
from tests.evaluation.evidence_cases import (  # fmt: skip
    CHANGES,
    KINDS,
    checks,
    inputs,
    predictions,
    rehearsal,
)


@cache
def passing() -> Evidence:
    return evidence(inputs())


def verdict(**changes: Any):
    """Return the verdict on changed inputs; predictions are compared anew only where they have changed."""
    if changes.keys() & {"held_out", "rehearsal"}:
        return evidence(inputs(**changes)).verdict
    return judge(passing().model_copy(update=changes), load_gate())


def with_candidate(change) -> Predictions:
    known = predictions()
    methods = dict(known.methods)
    methods["candidate"] = change(known, methods["candidate"].copy())
    return predictions(methods=methods)


def test_a_better_candidate_passes_every_criterion() -> None:
    found = verdict()
    assert found.outcome == "pass"
    assert {one.outcome for one in found.criteria} == {"passed"}
    assert not any(one.blocking for one in found.criteria)
    assert found.words.startswith("Passed: 13 of 13")


def test_a_candidate_no_better_than_the_active_model_is_stopped() -> None:
    same = predictions()
    methods = {**same.methods, "candidate": same.methods["active"]}
    found = verdict(held_out=predictions(methods=methods)).of("better")
    assert (found.outcome, found.blocking) == ("failed", True)


def test_a_gain_that_may_be_chance_is_too_uncertain_to_promote() -> None:
    made = evidence(inputs(held_out=predictions(seed=4, gain=5.5, objects=12, each=10)))
    gap = made.held_out.difference("srocc")
    assert gap.low < 0 < gap.value
    assert made.verdict.of("better").outcome == "uncertain"
    assert made.verdict.outcome == "uncertain"
    assert "better ranking" in made.verdict.words


def test_a_candidate_that_always_says_the_same_is_stopped_in_words() -> None:
    found = verdict(held_out=with_candidate(lambda _, scores: np.full_like(scores, 60)))
    assert found.outcome == "fail"
    assert "the same score" in found.of("better").words
    assert "the same score" in found.of("calibration").words


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda scores: 110 - scores, "SROCC −"),
        (lambda scores: scores + 30, "RMSE +"),
    ],
)
@pytest.mark.parametrize("kind", ["motion", "zipper"])
def test_one_broken_stratum_is_stopped_by_name(change, named: str, kind: str) -> None:
    def broken(known: Predictions, scores: np.ndarray) -> np.ndarray:
        own = np.array(known.groups["kind"]) == kind
        scores[own] = change(scores[own])
        return scores

    stopped = verdict(held_out=with_candidate(broken))
    found = stopped.of("strata")
    assert found.outcome == "failed"
    assert found.strata[0] == f"kind: {kind}"
    # the anatomies hold images of the broken kind as well
    assert {name for name in found.strata if name.startswith("kind")} == {f"kind: {kind}"}
    assert f"kind: {kind}, " in found.words
    assert named in found.words
    assert stopped.outcome == "fail"
    assert f"strata (kind: {kind}" in stopped.words


def test_a_stratum_with_too_few_images_is_listed_and_does_not_block() -> None:
    labels = list(predictions().groups["kind"])
    labels[:5] = ["spike"] * 5
    found = verdict(held_out=predictions(groups={"kind": labels}))
    assert found.outcome == "pass"
    assert found.of("strata").outcome == "uncertain"
    assert not found.of("strata").blocking
    assert "spike (5)" in found.of("strata").words
    assert "strata (kind: spike)" in found.words


def test_a_stratum_that_may_be_worse_is_listed_without_being_called_worse() -> None:
    def shaken(known: Predictions, scores: np.ndarray) -> np.ndarray:
        own = np.flatnonzero(np.array(known.groups["kind"]) == "wrap")
        scores[own[:6]] += np.where(np.arange(6) % 2, 26, -26)
        return scores

    found = verdict(held_out=with_candidate(shaken)).of("strata")
    assert found.outcome == "uncertain"
    assert found.strata == ("kind: wrap",)
    assert "not certainly" in found.words


def test_forgetting_is_stopped_and_an_untested_memory_is_no_pass() -> None:
    found = verdict(rehearsal=rehearsal(lost=12))
    assert found.of("forgetting").outcome == "failed"
    assert found.outcome == "fail"
    without = verdict(rehearsal=None)
    assert without.of("forgetting").outcome == "uncertain"
    assert without.outcome == "uncertain"


def test_small_losses_do_not_add_up_unseen_over_many_rounds() -> None:
    known = rehearsal()
    rng = np.random.default_rng(3)
    methods = {**known.methods, "shipped": known.targets + rng.normal(0, 3, len(known))}
    worn = Predictions(known.images, known.references, known.targets, methods)
    found = verdict(rehearsal=worn).of("forgetting")
    assert found.outcome == "failed"
    assert "against the shipped one" in found.words


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        (lambda scores: scores + 12, "failed"),
        (lambda scores: 0.5 * scores + 27, "failed"),
        (lambda scores: scores + 3, "passed"),
    ],
)
def test_the_scale_must_agree_with_the_raters(change, outcome: str) -> None:
    found = verdict(held_out=with_candidate(lambda _, scores: change(scores)))
    assert found.of("calibration").outcome == outcome


@pytest.mark.parametrize("leak", ["leaking_references", "leaking_subjects", "leaking_duplicates"])
def test_a_leak_is_stopped(leak: str) -> None:
    facts: dict[str, Any] = {"leaking_references": 0, "leaking_subjects": 0, "leaking_duplicates": 0}  # fmt: skip
    found = verdict(split=SplitFacts(design="nested", folds=8, **(facts | {leak: 2})))
    assert found.of("split").outcome == "failed"
    assert "2 " in found.of("split").words


def test_too_little_data_is_stopped_and_unknown_raters_are_listed() -> None:
    few = verdict(held_out=predictions(objects=7, each=12))
    assert few.of("data").outcome == "failed"
    known = inputs().data
    two = verdict(data=known.model_copy(update={"raters": 2}))
    assert two.of("raters").outcome == "failed"
    counted = verdict(data=known.model_copy(update={"raters": None, "votes_per_image": 2.0}))
    assert counted.of("raters").outcome == "failed"
    assert "2 votes for the middle image" in counted.of("raters").words
    nobody = verdict(data=known.model_copy(update={"raters": None, "votes_per_image": None}))
    assert (nobody.of("raters").outcome, nobody.outcome) == ("uncertain", "pass")
    assert "Too uncertain to say: raters." in nobody.words


MAPS = {"images": 12, "randomised": 0.14, "pointing": 0.86, "blind": 0.5}


@pytest.mark.parametrize(
    ("key", "changes"),
    [
        ("maps", {"checks": checks({"maps": MAPS | {"pointing": 0.7}})}),
        ("maps", {"checks": checks({"maps": MAPS | {"randomised": 0.6}})}),
        ("maps", {"checks": checks({"maps": MAPS | {"randomised": None}})}),
        ("robustness", {"checks": checks({"changes": {n: {"mean": 7.0, "p95": 9.0, "images": 8} for n in CHANGES}})}),
        ("latency", {"checks": checks(slower=1.6)}),
        ("canary", {"canary": None}),
        ("canary", {"canary": CanaryFacts(inputs=3, largest_change=0.0)}),
        ("canary", {"canary": CanaryFacts(inputs=8, largest_change=0.2)}),
        ("scope", {"scope": ScopeFacts(images=300, candidate_outside=40, active_outside=2)}),
    ],
)  # fmt: skip
def test_each_check_of_the_model_can_stop_it(key: str, changes: dict[str, Any]) -> None:
    found = verdict(**changes)
    assert found.of(key).outcome == "failed"
    assert [one.key for one in found.criteria if one.outcome == "failed"] == [key]
    assert found.outcome == "fail"


def test_without_checks_nothing_is_promoted() -> None:
    found = verdict(checks=None)
    assert found.outcome == "uncertain"
    assert {one.key for one in found.criteria if one.outcome == "uncertain"} == {"maps", "robustness", "latency"}  # fmt: skip


def test_what_the_active_model_has_seen_is_said() -> None:
    facts = SplitFacts(design="held-out", leaking_references=0, leaking_subjects=0, leaking_duplicates=0, seen_by_active=3)  # fmt: skip
    assert "learnt from 3 of the test references" in verdict(split=facts).of("split").words


def test_a_verdict_written_by_hand_does_not_agree_with_its_own_figures() -> None:
    stopped = evidence(inputs(rehearsal=rehearsal(lost=12)))
    assert judge(stopped, load_gate()) == stopped.verdict
    forged = stopped.verdict.model_copy(update={"outcome": "pass"})
    edited = Evidence(**dict(stopped) | {"verdict": forged})
    assert judge(edited, load_gate(edited.verdict.gate)).outcome == "fail"


def test_rules_that_are_missing_are_named() -> None:
    with pytest.raises(BadRecipe, match="nothing"):
        load_gate("nothing")


# ------------------------------------------------ candidates that really learnt


def pictures(count: int, seed: int) -> list[np.ndarray]:
    """Objects of a few tissues in air, (80, 80) float32 in [0, 1]."""
    rng = np.random.default_rng(seed)
    rows, columns = np.indices((80, 80))
    found = []
    for _ in range(count):
        plane = np.zeros((80, 80))
        for size in (0.8, 0.5, 0.3, 0.2, 0.15, 0.1):
            y, x = rng.uniform(-0.3, 0.3, 2) * (1 - size) * 80 + 40
            a, b = size * rng.uniform(26, 38, 2)
            inside = ((rows - y) / a) ** 2 + ((columns - x) / b) ** 2 < 1
            plane[inside & ((plane > 0) | (size == 0.8))] = rng.uniform(0.25, 0.9)
        found.append(gaussian_filter(plane, 0.7).astype(np.float32))
    return found


def measures(plane: np.ndarray) -> list[float]:
    """What a plain model sees: edges, fine structure along rows and columns, and how much and what lies in the air."""
    power = np.abs(np.fft.fftshift(np.fft.fft2(plane))) ** 2
    ends = [float(np.log(side[:12].sum() / side.sum() + 1e-9)) for side in (power.sum(1), power.sum(0))]  # fmt: skip
    edges = float(np.log(np.abs(laplace(plane)).mean() + 1e-4))
    steep = float(np.log(np.quantile(np.hypot(*np.gradient(plane)), 0.98) + 1e-4))
    values = [*ends, edges, steep, float(plane.mean())]
    for air in (np.vstack([plane[:5], plane[-5:]]), np.hstack([plane[:, :5], plane[:, -5:]]).T):
        along, level = air.mean(0), air.mean() + 1e-3
        rough = np.abs(np.diff(air, axis=1)).mean() / level
        values += [float(np.log(level)), float(np.log(along.max() / level + 0.1)), float(rough)]
    return [*values, *(a * b for a, b in combinations_with_replacement(values, 2))]


LEARNT_KINDS = ("white_noise", "motion", "blur", "zipper")


@pytest.fixture(scope="module")
def site():
    """40 references, each clean and degraded by four kinds at three severities: features, Q, opinions and labels."""
    features, quality, opinions, kinds, references = [], [], [], [], []
    for number, clean in enumerate(pictures(40, seed=8)):
        rng = np.random.default_rng([8, number])
        drawn = [("clean", 0.0)] + [(k, s) for k in LEARNT_KINDS for s in (0.25, 0.55, 0.9)]
        for kind, severity in drawn:
            plane = clean if kind == "clean" else degrade(clean, kind, severity, number).image
            features.append(measures(np.clip(plane, 0, 1)))
            q = 95 - 75 * severity
            stern = {"motion": 14, "zipper": 8, "white_noise": -14}.get(kind, 0)
            quality.append(q)
            opinions.append(35 + 0.5 * (q - stern * severity * 2) + rng.normal(0, 2))
            kinds.append(kind)
            references.append(f"reference {number}")
    return np.array(features), np.array(quality), np.array(opinions), kinds, references


def learnt(features: np.ndarray, targets: np.ndarray):
    """Return a ridge regression that has learnt the targets."""
    centre, spread = features.mean(0), features.std(0)
    table = np.column_stack([(features - centre) / spread, np.ones(len(features))])
    weights = np.linalg.solve(table.T @ table + 0.5 * np.eye(table.shape[1]), table.T @ targets)
    return lambda other: np.column_stack([(other - centre) / spread, np.ones(len(other))]) @ weights


def judged(site, targets: np.ndarray):
    """Train on the first 16 references with the given targets and judge on the other 24."""
    features, quality, opinions, kinds, references = site
    train, test = slice(0, 16 * 13), slice(16 * 13, None)
    active, candidate = learnt(features[train], quality[train]), learnt(features[train], targets)
    held_out = Predictions(
        [str(number) for number in range(len(features[test]))],
        references[test],
        opinions[test],
        {name: model(features[test]) for name, model in (("candidate", candidate), ("active", active), ("shipped", active))},
        {"kind": kinds[test]},
    )  # fmt: skip
    return evidence(inputs(held_out=held_out)).verdict


def test_a_model_that_learnt_the_opinions_gains_and_one_that_learnt_shuffled_ones_is_stopped(
    site,
) -> None:
    opinions = site[2][: 16 * 13]
    sound = judged(site, opinions)
    assert sound.of("better").outcome == "passed"
    assert sound.of("strata").outcome != "failed"
    shuffled = judged(site, np.random.default_rng(1).permutation(opinions))
    assert shuffled.outcome == "fail"
    assert shuffled.of("better").outcome == "failed"


@pytest.mark.parametrize("kind", ["motion", "white_noise"])
def test_a_model_taught_one_kind_upside_down_is_stopped_by_its_name(site, kind: str) -> None:
    opinions = site[2][: 16 * 13].copy()
    own = np.array(site[3][: 16 * 13]) == kind
    opinions[own] = opinions[own].max() + opinions[own].min() - opinions[own]
    found = judged(site, opinions)
    assert found.outcome == "fail"
    assert f"kind: {kind.replace('_', ' ')}" in found.of("strata").strata


@pytest.mark.slow
def test_a_candidate_as_good_everywhere_is_rarely_stopped_for_a_stratum() -> None:
    stopped = []
    for seed in range(60):
        held_out = predictions(seed=100 + seed, gain=3.0)
        names = [*KINDS, "gibbs", "spike", "signal_loss"]
        kinds = np.random.default_rng(seed).choice(names, len(held_out)).tolist()
        found = strata(predictions(seed=100 + seed, gain=3.0, groups={"kind": kinds}))
        stopped.append(verdict(strata=found).of("strata").outcome == "failed")
    assert sum(stopped) <= 3
