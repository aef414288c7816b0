"""The checks of a model find nothing between a model and itself, and something in a model whose maps were spoilt."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import pytest
import torch

from miqa_app.errors import BadRequest
from miqa_app.evaluation.evidence import ModelChecks
from miqa_app.evaluation.evidence.model_checks import bundled_planes, measured_checks
from miqa_app.networks import MIQANet
from miqa_app.registry.checkpoint import load_model
from tests.evaluation.evidence_cases import CHANGES


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Threads that wait for one another on a busy machine make minutes of seconds."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def network() -> MIQANet:
    return load_model("lite").network


def checked(candidate: MIQANet, active: MIQANet, planes) -> ModelChecks:
    *steps, last = measured_checks(candidate, active, planes, device="cpu", seed=1)
    assert steps == [(done, len(planes) + 1) for done in range(1, len(planes) + 2)]
    assert isinstance(last, ModelChecks)
    return last


def test_a_model_differs_in_nothing_from_itself(network: MIQANet) -> None:
    plane = bundled_planes(1)[0][40:152, 24:136]
    found = checked(network, copy.deepcopy(network), [plane])
    assert found.candidate.changes == found.active.changes
    assert found.candidate.maps == found.active.maps
    assert set(found.candidate.changes) == set(CHANGES)
    assert found.candidate.changes["shift by 2 pixels"].images == 2
    assert (found.rows, found.columns, found.device) == (112, 112, "cpu")
    # other work on the machine falls on both alike, but not to the millisecond
    assert 0.4 < found.slower < 2.5


@pytest.mark.slow
def test_maps_of_a_spoilt_model_point_nowhere(network: MIQANet) -> None:
    spoilt = copy.deepcopy(network)
    with torch.no_grad():
        for name, weight in spoilt.named_parameters():
            if name.startswith(("decoder", "score_head", "weight_head")) and weight.ndim > 1:
                weight.copy_(weight[torch.randperm(weight.shape[0], generator=torch.manual_seed(0))])  # fmt: skip
    found = checked(spoilt, network, bundled_planes(3))
    assert found.active.maps.pointing > 0.75
    assert found.active.maps.blind < 0.65
    assert found.active.maps.randomised < 0.35
    assert found.candidate.maps.pointing < found.active.maps.pointing - 0.05


def test_slices_of_the_phantom_stand_in_where_a_site_has_no_clean_image() -> None:
    planes = bundled_planes(4)
    assert len({plane.tobytes() for plane in planes}) == 4
    assert all(plane.min() >= 0 and plane.max() <= 1 for plane in planes)


def test_no_slice_is_refused(network: MIQANet) -> None:
    with pytest.raises(BadRequest, match="no clean slice"):
        next(iter(measured_checks(network, network, [])))
