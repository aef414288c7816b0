"""Q is 100 for a clean slice and falls with the severity of every artefact."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from miqa_app.core.artefact_kinds import KEYS
from miqa_app.errors import MiqaError
from miqa_app.evaluation.degradation import Applied, make_sample
from miqa_app.evaluation.quality_index import (
    FACTORS,
    METRICS,
    VERSION,
    fit_quality_index,
    full_reference,
    load_quality_index,
)

# Poses of a moving object may cancel by chance, so its Q may rise by this much from one severity to the next.
TOLERANCE = {"motion": 5.0}


def test_a_clean_slice_has_exactly_100(plane: np.ndarray) -> None:
    sample = make_sample(plane, [])
    assert load_quality_index().q(sample.metrics, sample.energies) == 100


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("seed", [1, 2])
def test_q_falls_with_severity(plane: np.ndarray, kind: str, seed: int) -> None:
    index = load_quality_index()
    samples = [
        make_sample(plane, [Applied(kind, severity, seed)])
        for severity in (0.08, 0.2, 0.4, 0.65, 1.0)
    ]
    values = [index.q(sample.metrics, sample.energies) for sample in samples]
    assert max(np.diff(values)) < TOLERANCE.get(kind, 0)
    assert 60 < values[0] < 100
    assert 0 <= values[-1] < values[0] - 10


def test_a_second_artefact_never_helps_the_severity_term(plane: np.ndarray) -> None:
    index = load_quality_index()
    one = make_sample(plane, [Applied("blur", 0.4, 1)])
    two = make_sample(plane, [Applied("blur", 0.4, 1), Applied("zipper", 0.4, 2)])
    assert index.severity_term(two.energies) < index.severity_term(one.energies)
    assert index.q(two.metrics, two.energies) < index.q(one.metrics, one.energies)


def test_a_slice_beside_itself_has_the_best_value_of_every_metric(plane: np.ndarray) -> None:
    assert full_reference(plane, plane) == pytest.approx([1] * len(METRICS), abs=1e-4)
    assert len(full_reference(plane[:40, :60], plane[:40, :60])) == len(METRICS)


def test_every_metric_falls_with_noise(plane: np.ndarray) -> None:
    values = [
        full_reference(
            plane, make_sample(plane, [Applied("rician_noise", s, 1)], brightest=1.0).plane
        )
        for s in (0.1, 0.3, 0.9)
    ]
    assert (np.diff(values, axis=0) < 0).all()


def test_structured_artefacts_weigh_more_than_unstructured_and_white_more_than_coloured() -> None:
    assert set(FACTORS) == set(KEYS)
    assert FACTORS["ghosting"] > FACTORS["white_noise"] > FACTORS["coloured_noise"]
    assert all(0 < factor <= 1 for factor in FACTORS.values())


def test_the_frozen_mapping_covers_all_metrics_and_kinds() -> None:
    index = load_quality_index()
    assert index.version == VERSION
    assert set(index.metric_quantiles) == set(METRICS)
    assert set(index.energy_quantiles) == set(index.factor) == set(KEYS)
    for quantiles in [*index.metric_quantiles.values(), *index.energy_quantiles.values()]:
        assert len(quantiles) == 101
        assert (np.diff(quantiles) >= 0).all()


def test_a_fitted_mapping_gives_ranks_and_survives_json(tmp_path: Path) -> None:
    metrics = np.linspace(0, 1, 201)[:, None].repeat(len(METRICS), 1)
    index = fit_quality_index(metrics, {kind: [0, 1, 2, 3, 4] for kind in KEYS}, "q-test")
    assert index.effective_severity("blur", 2.0) == pytest.approx(0.5)
    assert index.effective_severity("blur", -1) == 0
    assert index.effective_severity("blur", 99) == 1
    # 0.6 · 0.5 + 0.4 · (1 − 1.0 · 0.5^1.5) for ghosting in the middle of everything
    assert index.q([0.5] * 5, {"ghosting": 2.0}) == pytest.approx(
        100 * (0.3 + 0.4 * (1 - 0.5**1.5))
    )
    assert index.q([0.0] * 5, {"ghosting": 4.0}) == pytest.approx(0)
    path = tmp_path / "q.json"
    path.write_text(json.dumps(asdict(index)))
    assert load_quality_index(path) == index


@pytest.mark.parametrize("content", [None, "no json", '{"version": 1}', "[]"])
def test_a_damaged_mapping_is_one_sentence(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "q.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(MiqaError, match=r"cannot be read from .*install miqa_app again\.$"):
        load_quality_index(path)
