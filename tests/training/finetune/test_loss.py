"""The loss: weighted by intervals, the same however a batch is cut, and zero where the parent's word is kept."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from miqa_app.evaluation.rated import RatedSet
from miqa_app.networks import MIQANet, Prediction
from miqa_app.training.finetune.features import FeatureStore, stacked
from miqa_app.training.finetune.loss import (
    Batch,
    keeping_loss,
    parent_word,
    precisions,
    score_gradient,
    score_loss,
)
from miqa_app.training.finetune.recipe import FineTuneLoss
from miqa_app.training.finetune.scale import fitted_line, least_squares_line, rescaled_network
from miqa_app.training.module import judged

WEIGHTS = FineTuneLoss(mse=2.0, plcc=0.5, rank=0.5, rehearsal=3.0)


def batch() -> Batch:
    generator = torch.Generator().manual_seed(3)
    score, q = torch.rand(2, 12, generator=generator)
    simulated = torch.arange(12) >= 8
    return Batch(score, q, torch.rand(12, generator=generator) + 0.5, ~simulated, simulated)


def said(network: MIQANet, seed: int = 0) -> Prediction:
    image = torch.rand(3, 1, 64, 64, generator=torch.Generator().manual_seed(seed))
    return judged(network, {"image": image, "valid": torch.ones(3, 1, 64, 64, dtype=torch.bool)})


def test_simulated_crops_count_in_the_rehearsal_alone_and_rated_ones_in_all_else() -> None:
    whole = batch()
    parts = score_loss(whole, WEIGHTS)
    moved = whole._replace(q=whole.q + 0.3 * whole.simulated)
    changed = {n for n, v in score_loss(moved, WEIGHTS).items() if not torch.equal(v, parts[n])}
    assert changed == {"rehearsal", "loss"}
    error = (whole.score - whole.q)[:8] ** 2
    expected = (error * whole.weight[:8]).sum() / whole.weight[:8].sum()
    torch.testing.assert_close(parts["mse"], expected)
    total = sum(getattr(WEIGHTS, n) * v for n, v in parts.items() if n != "loss")
    torch.testing.assert_close(parts["loss"], total)


def test_the_gradient_of_the_scores_is_that_of_the_loss() -> None:
    whole = batch()
    loss, gradient = score_gradient(whole, WEIGHTS)
    assert loss == pytest.approx(float(score_loss(whole, WEIGHTS)["loss"]))
    for place in range(12):
        step = torch.zeros(12, dtype=torch.float64)
        step[place] = 1e-4
        exact = Batch(whole.score.double(), whole.q.double(), *whole[2:])
        ahead, behind = (
            float(score_loss(exact._replace(score=exact.score + s), WEIGHTS)["loss"])
            for s in (step, -step)
        )
        assert float(gradient[place]) == pytest.approx((ahead - behind) / 2e-4, abs=2e-4)


def test_a_batch_of_one_sort_has_no_part_of_the_other() -> None:
    whole = batch()
    rated = Batch(*(value[:8] for value in whole))
    assert float(score_loss(rated, WEIGHTS)["rehearsal"]) == 0
    assert torch.isfinite(score_gradient(rated, WEIGHTS)[1]).all()


def test_the_parents_own_word_costs_nothing_and_another_costs_something(parent: MIQANet) -> None:
    word = parent_word(said(parent))
    assert float(keeping_loss(said(parent), word, WEIGHTS)) == pytest.approx(0, abs=1e-6)
    assert float(keeping_loss(said(parent, 1), word, WEIGHTS)) > 1e-6


def test_a_shift_of_the_whole_score_map_costs_nothing(parent: MIQANet) -> None:
    own = said(parent)
    shifted = own._replace(score=own.score + 0.2, score_map=own.score_map + 0.2)
    assert float(keeping_loss(shifted, parent_word(own), WEIGHTS)) == pytest.approx(0, abs=1e-6)


# ----------------------------------------------------------------- intervals


def test_narrow_intervals_weigh_more_and_none_as_much_as_the_median(rated: RatedSet) -> None:
    images = list(rated.images)
    for place, ci in enumerate((2.0, 4.0, 6.0, 8.0, None)):
        images[place] = replace(images[place], ci=ci)
    few = replace(rated, images=tuple(images))
    places = range(5)
    weights = precisions(few, places, weighted=True)[:5]
    assert weights[0] > weights[1] > weights[2] > weights[3]
    assert weights.mean() == pytest.approx(1)
    # median 5: (8² + 5²) / (2² + 5²)
    assert weights[0] / weights[3] == pytest.approx(89 / 29)
    assert weights[4] / weights[0] == pytest.approx(29 / 50)
    assert np.array_equal(precisions(few, places, weighted=False), np.ones(len(few)))
    bare = replace(few, images=tuple(replace(image, ci=None) for image in images))
    assert np.array_equal(precisions(bare, places, weighted=True), np.ones(len(few)))


# ------------------------------------------------------- features and scale


@pytest.mark.parametrize("shape", [(64, 64), (72, 80), (65, 90)])
def test_heads_on_stored_features_say_what_the_network_says(
    parent: MIQANet, shape: tuple[int, int]
) -> None:
    rng = np.random.default_rng(0)
    planes = [rng.random(shape, dtype=np.float32), rng.random((96, 70), dtype=np.float32)]
    store, device = FeatureStore(parent), torch.device("cpu")
    features = stacked([store.of(plane, device) for plane in planes])
    with torch.no_grad():
        head = parent.judge(features.fused.float(), features.summary, features.valid)
        for row, plane in enumerate(planes):
            whole = parent(torch.from_numpy(plane)[None, None])
            for name in ("score", "artefact_logits", "severity", "log_variance"):
                one, other = getattr(head, name)[row], getattr(whole, name)[0]
                torch.testing.assert_close(one, other, rtol=0, atol=2e-3)


def test_fuse_and_judge_are_the_two_halves_of_the_network(parent: MIQANet) -> None:
    image, valid = torch.rand(2, 1, 64, 96), torch.rand(2, 8, 12) > 0.2
    with torch.no_grad():
        whole = parent.predict_padded(image, valid)
        halves = parent.judge(*parent.fuse(image, valid), valid)
    for one, other in zip(halves, whole, strict=True):
        assert torch.equal(one, other)


def test_features_are_computed_once_per_content(
    parent: MIQANet, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    fuse = MIQANet.fuse
    monkeypatch.setattr(
        MIQANet, "fuse", lambda self, *values: asked.append(1) or fuse(self, *values)
    )
    plane = np.random.default_rng(0).random((64, 64), dtype=np.float32)
    store, device = FeatureStore(parent), torch.device("cpu")
    store.of(plane, device)
    store.of(plane.copy(), device)
    assert len(asked) == 1
    store.of(plane + np.float32(0.01), device)
    assert len(asked) == 2


def test_a_line_is_folded_in_exactly(parent: MIQANet) -> None:
    line = fitted_line([0.2, 0.4, 0.6], [0.5, 0.6, 0.7])
    assert line == pytest.approx((0.5, 0.4))
    own, other = said(parent), said(rescaled_network(parent, line))
    for name in ("score", "score_map"):
        torch.testing.assert_close(getattr(other, name), 0.5 * getattr(own, name) + 0.4)
    deviation = (0.5 * (other.log_variance - own.log_variance)).exp()
    torch.testing.assert_close(deviation, torch.full_like(deviation, 0.5))
    torch.testing.assert_close(other.artefact_logits, own.artefact_logits)


def test_the_last_line_has_the_least_error_and_never_turns_the_order() -> None:
    rng = np.random.default_rng(1)
    x = rng.random(50)
    y = 0.3 + 0.4 * x + 0.1 * rng.standard_normal(50)
    gain, offset = least_squares_line(x, y)
    assert (gain, offset) == pytest.approx(tuple(np.polyfit(x, y, 1)))
    assert least_squares_line(x, -y).gain > 0
    assert fitted_line(x, [0.5] * 50).gain == 1
