"""Every part of the loss has the value worked out by hand."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, tensor

from miqa_app.networks import build
from miqa_app.training.losses import (
    AIR_WEIGHT,
    COPIED_EVERY,
    COPIED_GAIN,
    RANK_MARGIN,
    agreement_loss,
    harmless_copies,
    kind_map_loss,
    map_loss,
    plcc_loss,
    rank_loss,
    spread_loss,
    teacher_loss,
    total_loss,
)
from miqa_app.training.recipe import LossWeights


def test_plcc_is_0_for_a_linear_relation_and_1_for_its_opposite() -> None:
    target = tensor([0.1, 0.4, 0.5, 0.9])
    assert plcc_loss(target, target).item() == pytest.approx(0, abs=1e-4)
    assert plcc_loss(0.3 * target + 0.2, target).item() == pytest.approx(0, abs=1e-4)
    assert plcc_loss(-target, target).item() == pytest.approx(1, abs=1e-4)
    assert plcc_loss(tensor([1.0, -1, 1, -1]), tensor([1.0, 1, -1, -1])).item() == 0.5


def test_plcc_of_a_constant_is_finite_with_a_finite_gradient() -> None:
    score = torch.full((4,), 0.5, requires_grad=True)
    loss = plcc_loss(score, tensor([0.1, 0.2, 0.3, 0.4]))
    loss.backward()
    assert loss.item() == 0.5
    assert score.grad is not None
    assert torch.isfinite(score.grad).all()


@pytest.mark.parametrize(
    ("score", "target", "expected"),
    [
        ([0.9, 0.2], [0.8, 0.3], 0.0),  # right by more than the margin
        ([0.52, 0.50], [0.8, 0.3], 0.03),  # right by too little: margin − 0.02
        ([0.2, 0.9], [0.8, 0.3], 0.75),  # wrong: margin + 0.7
        ([0.5, 0.5], [0.42, 0.40], 0.02),  # the margin is at most the true distance
        ([0.9, 0.1], [0.5, 0.5], 0.0),  # equal targets have no order
        ([0.9, 0.2, 0.2, 0.9], [0.8, 0.3, 0.8, 0.3], 0.375),  # a mean over groups
    ],
)
def test_the_hinge_ranks_the_two_members_of_a_group(
    score: list[float], target: list[float], expected: float
) -> None:
    assert RANK_MARGIN == 0.05
    assert rank_loss(tensor(score), tensor(target)).item() == pytest.approx(expected, abs=1e-6)


def test_the_map_counts_air_a_quarter_and_padding_not_at_all() -> None:
    inside = torch.zeros(1, 4, 4, dtype=torch.bool)
    inside[0, :2] = True
    valid = torch.ones_like(inside)
    valid[0, 3] = False
    target, found = torch.full((1, 4, 4), 0.5), torch.full((1, 4, 4), 0.5)
    found[0, 3] = 99
    assert map_loss(found, target, inside, valid).item() == 0
    mass = 8 + 4 * AIR_WEIGHT
    found[0, 0, 0] = 0.9  # Huber below 0.5: 0.4²/2
    assert map_loss(found, target, inside, valid).item() == pytest.approx(0.08 / mass)
    found[0, 0, 0] = 2.5  # Huber above 0.5: 0.5 · (2 − 0.25)
    assert map_loss(found, target, inside, valid).item() == pytest.approx(0.875 / mass)
    found[0, 0, 0], found[0, 2, 0] = 0.5, 0.9
    assert map_loss(found, target, inside, valid).item() == pytest.approx(0.02 / mass)
    assert map_loss(found, target, inside, torch.zeros_like(valid)).item() == 0


def test_a_kind_is_looked_for_where_its_slice_is_damaged() -> None:
    kinds = torch.zeros(1, 13)
    kinds[0, 2] = 1
    damaged = torch.zeros(1, 4, 4, dtype=torch.bool)
    damaged[0, 1] = True
    inside = valid = torch.ones(1, 4, 4, dtype=torch.bool)
    right = torch.full((1, 13, 4, 4), -20.0)
    right[0, 2, 1] = 20
    assert kind_map_loss(right, kinds, damaged, inside, valid).item() == pytest.approx(0, abs=1e-6)
    even = torch.zeros(1, 13, 4, 4)
    assert kind_map_loss(even, kinds, damaged, inside, valid).item() == pytest.approx(math.log(2))
    wrong = right.clone()
    wrong[0, 2, 0, 0] = 20  # one cell of sixteen, one kind of thirteen, off by 20
    expected = 20 / 13 / 16
    assert kind_map_loss(wrong, kinds, damaged, inside, valid).item() == pytest.approx(expected)


def test_clean_slices_count_three_times_in_the_score() -> None:
    torch.manual_seed(0)
    network = build("lite").eval()
    batch = {
        "q": tensor([0.2, 0.9]),
        "kinds": torch.eye(13)[:2],
        "severity": torch.rand(2, 13),
        "cells": torch.rand(2, 8, 8),
        "damaged": torch.ones(2, 8, 8, dtype=torch.bool),
        "inside": torch.ones(2, 8, 8, dtype=torch.bool),
    }
    batch["kinds"][1] = 0
    with torch.no_grad():
        prediction = network(torch.rand(2, 1, 64, 64))
    error = (prediction.score - batch["q"]) ** 2
    parts = total_loss(prediction, batch, LossWeights())
    assert parts["score"].item() == pytest.approx(float(error[0] + 3 * error[1]) / 4, rel=1e-5)


def test_the_spread_is_best_at_the_true_error_and_leaves_the_score_alone() -> None:
    score = tensor([0.5, 0.7], requires_grad=True)
    target = tensor([0.4, 0.8])

    def at(log_variance: float) -> Tensor:
        return spread_loss(score, torch.full((2,), log_variance), target)

    best = math.log(0.01)
    assert at(best).item() == pytest.approx(0.5 * (best + 1), abs=1e-5)
    assert at(best) < at(best + 0.3)
    assert at(best) < at(best - 0.3)
    assert at(50).item() == at(2).item()  # bounded
    free = torch.zeros(2, requires_grad=True)
    spread_loss(score, free, target).backward()
    assert score.grad is None
    assert free.grad is not None


def test_the_total_is_the_weighted_sum_of_its_parts() -> None:
    torch.manual_seed(0)
    network = build("lite").eval()
    batch = {
        "q": tensor([0.2, 0.9, 0.5, 0.4]),
        "kinds": torch.zeros(4, 13),
        "severity": torch.rand(4, 13),
        "cells": torch.rand(4, 8, 8),
        "damaged": torch.rand(4, 8, 8) > 0.5,
        "inside": torch.ones(4, 8, 8, dtype=torch.bool),
    }
    with torch.no_grad():
        prediction = network(torch.rand(4, 1, 64, 64))
    weights = LossWeights(
        score=2, plcc=3, rank=5, kind=7, severity=11, map=13, kind_map=19, spread=17
    )
    parts = total_loss(prediction, batch, weights)
    own = set(LossWeights.model_fields) - {"teacher", "agreement"}
    total = sum(getattr(weights, name) * parts[name] for name in own)
    assert set(parts) == {"loss", *own}
    assert parts["loss"].item() == pytest.approx(float(total), rel=1e-5)
    assert parts["score"].item() == pytest.approx(
        float(((prediction.score - batch["q"]) ** 2).mean()), rel=1e-5
    )


def test_a_student_that_repeats_its_teacher_has_nothing_to_learn() -> None:
    torch.manual_seed(1)
    network = build("lite").eval()
    with torch.no_grad():
        said = network(torch.rand(2, 1, 64, 64))
    assert teacher_loss(said, said).item() == pytest.approx(0, abs=1e-6)
    other = said._replace(score=said.score + 0.3)
    assert teacher_loss(other, said).item() == pytest.approx(0.09, rel=1e-4)
    shifted = said._replace(score_map=said.score_map - 0.2)
    assert teacher_loss(shifted, said).item() == pytest.approx(0.02, rel=1e-3)  # Huber: 0.2²/2
    unsure = said._replace(artefact_logits=torch.zeros_like(said.artefact_logits))
    assert teacher_loss(unsure, said).item() > 0.1


def test_copies_are_flipped_slices_of_nearly_the_same_brightness() -> None:
    torch.manual_seed(3)
    image, valid = torch.rand(8, 1, 32, 32) * 0.8, torch.rand(8, 1, 32, 32) > 0.2
    axes = set()
    for _ in range(20):
        copies, real = harmless_copies(image, valid)
        assert len(copies) == len(real) == 8 // COPIED_EVERY
        axis = next(a for a in (-1, -2) if bool((valid[::COPIED_EVERY].flip(a) == real).all()))
        axes.add(axis)
        gain = copies / image[::COPIED_EVERY].flip(axis)
        assert torch.allclose(gain, gain[:, :, :1, :1].expand_as(gain), rtol=1e-4)
        assert float((gain - 1).abs().max()) <= COPIED_GAIN + 1e-4
    assert axes == {-1, -2}


def test_disagreement_with_a_copy_costs_its_square() -> None:
    assert agreement_loss(tensor([0.5, 0.8]), tensor([0.5, 0.6])).item() == pytest.approx(0.02)
