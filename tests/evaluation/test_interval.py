"""The interval of a series score holds the truth as often as it says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from miqa_app.core.artefact_kinds import KEYS
from miqa_app.evaluation.interval import calibrate, conformal_quantile
from miqa_app.evaluation.sources import Source
from miqa_app.networks import build
from miqa_app.scoring.assess import Calibration
from miqa_app.scoring.engine import Engine


@pytest.mark.parametrize("level", [0.8, 0.9])
def test_the_interval_covers_fresh_errors_at_its_level(level: float) -> None:
    """Heavy-tailed errors over a spread that is itself wrong by a common factor, as a network's is."""
    rng = np.random.default_rng(0)
    covered = []
    for _ in range(1500):
        ratios = np.abs(rng.standard_t(3, 60)) * rng.uniform(0.2, 5)
        covered.append(ratios[-1] <= conformal_quantile(ratios[:-1].tolist(), level))
    assert level - 0.02 < np.mean(covered) < level + 0.04


@given(st.lists(st.floats(0, 100), min_size=1, max_size=60), st.floats(0.05, 0.99))
def test_the_quantile_is_the_smallest_ratio_with_enough_at_or_below_it(
    ratios: list[float], level: float
) -> None:
    value = conformal_quantile(ratios, level)
    rank = int(np.ceil((len(ratios) + 1) * level))
    assert value in ratios
    if rank <= len(ratios):
        assert sum(ratio <= value for ratio in ratios) >= rank
        assert sum(ratio < value for ratio in ratios) < rank
    else:
        assert value == max(ratios)


def test_nine_ratios_give_their_largest_at_ninety_percent() -> None:
    assert conformal_quantile([3, 1, 2, 9, 4, 5, 6, 8, 7], 0.9) == 9
    assert conformal_quantile(list(range(1, 20)), 0.9) == 18


def test_calibration_goes_through_every_kind_and_severity_of_every_series(phantom: Path) -> None:
    torch.manual_seed(0)
    engine = Engine(build("lite"), "cpu")
    source = Source(
        name="p", subject="a", path="clean.nii.gz", licence="own", anatomy="head", frames=1
    )
    *progress, last = calibrate([source], phantom, engine, level=0.8)
    assert progress == [(n, len(KEYS) * 3) for n in range(1, len(KEYS) * 3 + 1)]
    assert isinstance(last, Calibration)
    assert last.level == 0.8
    assert 0 < last.factor < 1000
