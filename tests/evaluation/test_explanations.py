"""The score maps of the bundled model can be believed; and the checks that say so would notice if they could not."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
import torch

from miqa_app.errors import BadRequest
from miqa_app.evaluation.explanations import (
    FILLS,
    PASTED,
    STEPS,
    Pasted,
    Row,
    as_table,
    cascade,
    explained,
    explanation_figures,
    paste,
    regions,
    repaired,
    worst_region,
)
from miqa_app.evaluation.sources import CleanSlice, Source, clean_slices
from miqa_app.networks import MIQANet
from miqa_app.registry.checkpoint import load_model


@pytest.fixture(scope="module")
def network() -> MIQANet:
    return load_model("lite").network


@pytest.fixture(scope="module")
def few_slices(slices: list[CleanSlice]) -> list[CleanSlice]:
    """Two slices of the bundled phantom and one of a brain that nibabel brings."""
    folder = Path(nibabel.__file__).parent / "tests" / "data"
    brain = Source(
        name="nibabel", subject="a", path="example4d.nii.gz", licence="MIT", anatomy="brain"
    )
    return [slices[6], slices[10], list(clean_slices([brain], folder))[12]]


@pytest.fixture(scope="module")
def measured(network: MIQANet, few_slices: list[CleanSlice]) -> dict[str, Any]:
    return explanation_figures(list(explained(network, few_slices, seed=1, device="cpu")))


def test_maps_of_networks_with_random_weights_are_uncorrelated_with_the_real_ones(
    measured: dict[str, Any],
) -> None:
    # nine draws of about ±0.15 each
    assert measured["images"] == 9
    assert abs(measured["randomisation"]["all weights"]["mean"]) < 0.2
    assert measured["randomisation"]["all weights"]["mean_absolute"] < 0.35


def test_repairing_the_worst_region_raises_the_score_more_than_repairing_a_random_one(
    measured: dict[str, Any],
) -> None:
    clean = measured["deletion"]["clean"]
    assert clean["gain_worst"] > clean["gain_random"] + 1
    assert clean["share_worst_gains_more"] > 0.4  # a region far from the artefact gains exactly 0
    assert measured["deletion"]["smooth"]["share_worst_gains_more"] > 0.4


def test_a_pasted_artefact_is_found_where_it_was_pasted(measured: dict[str, Any]) -> None:
    found = measured["pointing"]["all"]
    assert found["hit"] > 3 * found["chance"]
    assert found["auc"] > 0.65
    assert abs(found["random_auc"] - 0.5) < 0.2


@pytest.mark.shared
def test_all_three_hold_on_real_scans_that_training_never_saw(
    network: MIQANet, shared: Path
) -> None:
    facts = {"subject": "a", "licence": "-", "anatomy": "-"}
    sources = [
        Source(name="knee", path="pymskt_knee_mese", stacks=1, **facts),
        Source(name="brain", path="dcm_qa_decubitus/HFS_t1_fl2d_sag", **facts),
    ]
    chosen = [list(clean_slices([source], shared))[12] for source in sources]
    values = explanation_figures(list(explained(network, chosen, seed=1, device="cpu")))
    print(as_table(values))
    assert abs(values["randomisation"]["all weights"]["mean"]) < 0.25
    clean = values["deletion"]["clean"]
    assert clean["gain_worst"] > clean["gain_random"] + 1
    assert values["pointing"]["all"]["hit"] > 3 * values["pointing"]["all"]["chance"]
    assert values["pointing"]["all"]["auc"] > 0.75


def test_the_figures_are_the_same_for_the_same_seed(
    network: MIQANet, few_slices: list[CleanSlice]
) -> None:
    first, second, other = (
        next(iter(explained(network, few_slices[:1], seed=seed, device="cpu")))
        for seed in (3, 3, 4)
    )
    assert vars(first) == vars(second)
    assert vars(first) != vars(other)


def test_a_cascade_draws_more_and_more_weights_anew_and_leaves_the_trained_ones_alone(
    network: MIQANet,
) -> None:
    before = {name: value.clone() for name, value in network.state_dict().items()}
    share = []
    for step, other in cascade(network, 5):
        state = other.state_dict()
        changed = {name for name, value in before.items() if not torch.equal(value, state[name])}
        share.append(len(changed))
        assert not other.training
        if step == "score head":
            assert {name.split(".")[0] for name in changed} == {"score_head", "weight_head"}
    assert share == sorted(set(share))
    assert share[-1] > 0.8 * len(before)  # the rest starts with the value it ends with
    assert all(torch.equal(value, network.state_dict()[name]) for name, value in before.items())


def test_two_seeds_give_two_random_networks_and_the_callers_random_numbers_stay(
    network: MIQANet,
) -> None:
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    first, second = (dict(cascade(network, seed))["all weights"] for seed in (1, 2))
    assert torch.equal(torch.rand(1), expected)
    one, two = first.state_dict(), second.state_dict()
    assert not torch.equal(one["score_head.output.weight"], two["score_head.output.weight"])


@pytest.mark.parametrize("kind", PASTED)
def test_a_pasted_artefact_lies_in_one_place_on_the_object(kind: str, plane: np.ndarray) -> None:
    item = paste(plane, kind, PASTED[kind], 3)
    changed = np.argwhere(np.abs(item.plane - item.clean) > 1e-6)
    extent = np.ptp(changed, axis=0).max()
    assert 0 < extent <= item.across * 8 + 16
    assert 0 < item.damaged.mean() < 0.25
    assert item.plane.min() >= 0
    assert item.plane.max() <= 1
    assert item.damaged.shape == item.inside.shape == (24, 20)
    rows, columns = changed[:, 0] // 8, changed[:, 1] // 8
    reach = np.zeros_like(item.damaged)
    reach[
        max(rows.min() - 1, 0) : rows.max() + 2, max(columns.min() - 1, 0) : columns.max() + 2
    ] = True
    assert not (item.damaged & ~reach).any()


def test_there_is_nothing_to_paste_on_an_empty_slice() -> None:
    with pytest.raises(BadRequest, match="no object"):
        paste(np.zeros((96, 96), np.float32), "zipper", 0.7, 1)


def _item(across: int = 2) -> Pasted:
    """A grey slice of 12×12 cells with a black square of 2×2 cells at cell (4, 6)."""
    clean = np.full((96, 96), 0.5, np.float32)
    plane = clean.copy()
    plane[32:48, 48:64] = 0
    damaged = np.zeros((12, 12), bool)
    damaged[4:6, 6:8] = True
    return Pasted(plane, clean, damaged, np.ones((12, 12), bool), across)


def test_both_fills_repair_a_black_square_in_a_grey_slice() -> None:
    item = _item()
    for fill in FILLS:
        assert repaired(item, (4, 6), fill) == pytest.approx(item.clean, abs=1e-5)
        assert repaired(item, (0, 0), fill) == pytest.approx(item.plane, abs=0.02)
    assert item.plane[40, 50] == 0


def test_the_worst_region_is_the_square_of_lowest_mean_that_lies_on_the_object() -> None:
    inside = np.zeros((12, 12), bool)
    inside[2:10, 2:10] = True
    scores = np.full((12, 12), 90, np.float32)
    scores[4:6, 6:8] = 20
    scores[0, 0] = 0  # in the air
    corners = regions(inside, 2)
    assert worst_region(scores, corners, 2) == (4, 6)
    assert {tuple(c) for c in corners.tolist()} == set(itertools.product(range(2, 9), repeat=2))


def test_on_a_thin_object_the_regions_that_hold_most_of_it_are_taken() -> None:
    inside = np.zeros((12, 12), bool)
    inside[5] = True
    corners = regions(inside, 4)
    assert {row for row, _ in corners.tolist()} == {2, 3, 4, 5}


def _row(kind: str, **changes: Any) -> Row:
    made = Row(
        source="s",
        slice="s/1",
        kind=kind,
        correlation=dict.fromkeys(STEPS, 0.1),
        gain_worst={"clean": 5.0, "smooth": -1.0},
        gain_random={"clean": [0.0, 6.0, 0.0], "smooth": [-2.0, -3.0, -4.0]},
        hit=1.0,
        auc=0.9,
        chance=0.05,
        random_hit=0.0,
        random_auc=0.5,
    )
    return replace(made, **changes)


def test_the_figures_of_rows_made_by_hand_are_the_ones_worked_out_by_hand() -> None:
    rows = [
        _row("zipper"),
        _row("white_noise", hit=0.0, auc=math.nan, correlation=dict.fromkeys(STEPS, -0.3)),
    ]
    values = explanation_figures(rows)
    assert (values["slices"], values["images"]) == (1, 2)
    assert values["randomisation"]["all weights"] == pytest.approx(
        {"mean": -0.1, "mean_absolute": 0.2}
    )
    assert values["deletion"]["clean"] == pytest.approx(
        {"share_worst_gains_more": 2 / 3, "gain_worst": 5, "gain_random": 2}
    )
    assert values["deletion"]["smooth"] == pytest.approx(
        {"share_worst_gains_more": 1, "gain_worst": -1, "gain_random": -3}
    )
    assert values["pointing"]["all"] == pytest.approx(
        {"hit": 0.5, "chance": 0.05, "random_hit": 0, "auc": 0.9, "random_auc": 0.5}
    )
    assert math.isnan(values["pointing"]["signal_loss"]["hit"])
    assert "| zipper | 1.000 | 0.050 | 0.000 | 0.900 | 0.500 |" in as_table(values)


def test_without_slices_there_is_one_clear_sentence() -> None:
    with pytest.raises(BadRequest, match="no slice to check"):
        explanation_figures([])
