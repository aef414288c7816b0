"""The scope check: the measure on known distributions, its stored form, and what becomes of a series outside."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from miqa_app.core.assessment import Assessment, ModelIdentity, Scope, Verdict
from miqa_app.core.series import Series
from miqa_app.errors import BadModel
from miqa_app.imaging import load
from miqa_app.imaging.write import write_nifti
from miqa_app.networks import build
from miqa_app.paths import bundled
from miqa_app.scoring.assess import assess
from miqa_app.scoring.engine import Engine
from miqa_app.scoring.interval import Calibration
from miqa_app.scoring.phantoms import DEMO_NOTE, is_demo_phantom, named_phantom
from miqa_app.scoring.plane_statistics import plane_statistics
from miqa_app.scoring.scope import (
    ScopeModel,
    fitted,
    scope_features,
    shrunk_covariance,
    signed_values,
    spread_over,
)

PHANTOM = bundled("resources") / "phantom"


def clouds(
    seed: int = 0, size: int = 12, apart: float = 6.0
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Scans around the origin; two families away from it along the first and the second axis."""
    rng = np.random.default_rng(seed)
    scans = rng.normal(size=(300, size))
    families = [rng.normal(size=(60, size)) + apart * np.eye(size)[axis] for axis in (0, 1)]
    return scans, families


def test_the_covariance_of_a_known_gaussian_is_found() -> None:
    rng = np.random.default_rng(1)
    true = np.diag([4.0, 1.0, 0.25])
    found = shrunk_covariance(rng.multivariate_normal(np.zeros(3), true, 20000))
    assert found == pytest.approx(true, abs=0.1)


def test_the_covariance_of_few_values_is_shrunk_until_it_can_be_inverted() -> None:
    few = np.random.default_rng(2).normal(size=(5, 40))
    assert np.linalg.cond(shrunk_covariance(few)) < 100
    assert np.linalg.matrix_rank(np.cov(few.T)) == 4


def test_the_directions_are_those_along_which_the_families_lie() -> None:
    model = fitted(*clouds())
    scaled = model.projection * (1 / model.deviation)[:, None]
    strength = np.linalg.norm(scaled, axis=1)
    assert set(np.argsort(strength)[-2:]) == {0, 1}


def test_scans_are_near_and_families_far() -> None:
    model = fitted(*clouds(0))
    scans, families = clouds(1)
    assert np.median(model.ratios(scans)) < 0.5
    assert all(np.median(model.ratios(family)) > 2 for family in families)
    assert (model.ratios(scans) < 1).mean() > 0.97


def test_the_ratio_is_that_of_the_fifth_neighbours() -> None:
    model = ScopeModel(
        np.zeros(1, np.float32),
        np.ones(1, np.float32),
        np.ones((1, 1), np.float32),
        np.array([[0.1], [0.2], [0.3], [0.4], [0.5], [3]], np.float32),
        np.array([[-1], [-1], [-1], [-1], [-2]], np.float32),
    )
    assert model.ratios(np.zeros((1, 1)))[0] == pytest.approx(0.5 / 2)


def test_the_stored_form_gives_the_same_distances() -> None:
    scans, families = clouds()
    model = replace(fitted(scans, families), threshold=0.7, level=0.95, unseen={"a": 0.02})
    text = json.dumps(model.as_config())
    assert len(text) < 60_000
    again = ScopeModel.from_config({"scope": json.loads(text)})
    assert again is not None
    other, _ = clouds(5)
    assert again.ratios(other) == pytest.approx(model.ratios(other), rel=0.02)
    assert (again.threshold, again.level, again.unseen) == (0.7, 0.95, {"a": 0.02})


def test_a_model_without_scope_data_has_no_check() -> None:
    assert ScopeModel.from_config({"network": {}}) is None


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ({"version": "other"}, "of version other"),
        ({"scans": {"shape": [2], "type": "<f2", "base64": "AAAA"}}, "damaged"),
        ({"threshold": None}, "damaged"),
    ],
)
def test_damaged_scope_data_is_refused_in_one_sentence(damage: dict[str, Any], words: str) -> None:
    stored = fitted(*clouds()).as_config() | damage
    with pytest.raises(BadModel, match=words):
        ScopeModel.from_config({"scope": stored})


def test_a_check_fitted_for_another_network_says_so() -> None:
    with pytest.raises(BadModel, match="measure the model anew"):
        fitted(*clouds()).distance(np.zeros((64, 64), np.float32), np.zeros(3, np.float32))


def test_a_series_takes_the_median_of_its_slices() -> None:
    model = fitted(*clouds())
    assert model.judge([0.2, 0.4, 9.0]) == Scope(True, 0.4)
    assert model.judge([0.2, 1.5, 9.0]) == Scope(False, 1.5)
    assert model.judge([1.0]).in_scope
    assert model.judge([]) == Scope()


def test_long_series_are_judged_on_sixteen_slices_from_end_to_end() -> None:
    frames = list(range(100, 300))
    chosen = spread_over(frames)
    assert len(chosen) == 16
    assert {100, 299} <= chosen
    assert spread_over([3, 5]) == {3, 5}


@pytest.mark.parametrize(
    "plane",
    [
        np.zeros((48, 64)),
        np.ones((64, 48)),
        np.eye(96),
        np.random.default_rng(0).random((130, 61)),
    ],
)
def test_statistics_are_finite_and_of_one_length_for_any_plane(plane: np.ndarray) -> None:
    values = plane_statistics(plane.astype(np.float32))
    assert values.shape == (47,)
    assert np.isfinite(values).all()


def test_statistics_from_the_surroundings_of_the_object_are_those_of_the_whole_frame(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows, columns = np.mgrid[:150, :170]
    disc = (rows - 60) ** 2 + (columns - 20) ** 2 < 45**2
    noise = np.random.default_rng(3).random(disc.shape)
    plane = (0.5 * disc + 0.1 * noise).astype(np.float32)
    near = plane_statistics(plane)
    monkeypatch.setattr("miqa_app.scoring.plane_statistics._REACH", 1000)
    assert (near == plane_statistics(plane)).all()


def test_statistics_hardly_change_with_a_mirror_image() -> None:
    plane = np.random.default_rng(3).random((64, 64)).astype(np.float32)
    plane[:, 40:] *= 0.1
    assert plane_statistics(plane[:, ::-1].copy()) == pytest.approx(
        plane_statistics(plane), abs=0.15
    )


# ------------------------------------------------------------ in the judgement


@pytest.fixture(scope="module")
def engine() -> Engine:
    torch.manual_seed(1)
    return Engine(build("lite"), "cpu")


def head(frames: int = 3, edge: int = 64, **facts: Any) -> Series:
    y, x = np.mgrid[:edge, :edge] - edge / 2
    disc = (np.hypot(x, y) < edge * 0.4) * (300 + 40 * np.sin(x / 3))
    noise = np.random.default_rng(0).normal(0, 4, (frames, edge, edge))
    return Series(key="k", source="scan", voxels=np.abs(disc + noise).astype(np.int16), **facts)


def constant(ratio_over_threshold: float, engine: Engine) -> ScopeModel:
    """A check for which everything lies at one distance."""
    plane = np.zeros((64, 64), np.float32)
    size = scope_features(plane, next(iter(engine.predict([plane]))).embedding).size
    return ScopeModel(
        np.zeros(size, np.float32),
        np.ones(size, np.float32),
        np.zeros((size, 1), np.float32),
        np.full((5, 1), ratio_over_threshold, np.float32),
        np.ones((5, 1), np.float32),
    )


def run(series: Series, engine: Engine, scope: ScopeModel | None) -> Assessment:
    steps = assess(
        series, engine, ModelIdentity("test", "0" * 64, ""), Calibration(2.0), scope=scope
    )
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: Assessment = end.value
            return result


def test_outside_there_is_a_reason_and_no_number(engine: Engine) -> None:
    result = run(head(), engine, constant(1.5, engine))
    assert result.verdict is Verdict.NOT_ASSESSED
    assert result.score is None
    assert not result.slices
    assert result.scope == Scope(False, pytest.approx(1.5))
    assert "unlike the patient scans that this model was shown" in result.reason
    assert result.model is not None


def test_inside_the_score_carries_its_distance(engine: Engine) -> None:
    result = run(head(), engine, constant(0.5, engine))
    assert result.score is not None
    assert result.scope == Scope(True, pytest.approx(0.5))


def test_without_a_check_the_scope_is_unknown_and_the_score_the_same(engine: Engine) -> None:
    plain = run(head(), engine, None)
    assert plain.scope == Scope()
    assert plain.score == run(head(), engine, constant(0.5, engine)).score


def test_values_below_zero_are_refused_only_where_no_header_explains_them(engine: Engine) -> None:
    hounsfield = replace(head(), voxels=head().voxels - np.int16(1000))
    result = run(hounsfield, engine, constant(0.5, engine))
    assert result.verdict is Verdict.NOT_ASSESSED
    assert result.scope == Scope(False, None)
    assert "below zero" in result.reason
    assert not signed_values(replace(hounsfield, uid="1.2"))
    assert not signed_values(replace(head(), voxels=head().voxels - np.int16(5)))
    assert run(hounsfield, engine, None).score is not None


def test_a_scan_whose_header_names_a_phantom_is_refused(engine: Engine) -> None:
    result = run(head(uid="1.2", description="ACR Phantom T1"), engine, None)
    assert result.verdict is Verdict.NOT_ASSESSED
    assert result.scope.in_scope is False
    assert "a phantom, as its series description says" in result.reason


@pytest.mark.parametrize(
    ("facts", "place"),
    [
        ({"facts": {"Body part": "PHANTOM"}}, "body part"),
        ({"study_description": "weekly QA phantom"}, "study description"),
        ({"identity": {"Patient name": "Phantom^Daily"}}, "patient name"),
        ({"description": "phantom", "uid": ""}, ""),
        ({"description": "T2 TSE", "uid": "1"}, ""),
    ],
)
def test_where_a_header_names_a_phantom(facts: dict[str, Any], place: str) -> None:
    """A file name alone, which is the description of a NIfTI file, decides nothing."""
    assert named_phantom(head(**facts)) == place


@pytest.mark.parametrize("name", ["clean", "motion", "clean.nii.gz", "motion.nii.gz"])
def test_the_demo_phantom_is_known_in_both_formats(name: str) -> None:
    assert is_demo_phantom(load(PHANTOM / name)[0])


def test_a_changed_copy_of_the_demo_phantom_is_known_by_its_manufacturer_only(
    tmp_path: Any,
) -> None:
    series = load(PHANTOM / "clean")[0]
    values = np.stack([series.values(frame) for frame in range(series.frames)]) + 1
    write_nifti(series, values, tmp_path / "copy.nii.gz", "")
    assert is_demo_phantom(replace(series, voxels=series.voxels + 1))
    assert not is_demo_phantom(load(tmp_path / "copy.nii.gz")[0])


def test_the_demo_phantom_is_scored_and_marked_wherever_it_lies(engine: Engine) -> None:
    series = load(PHANTOM / "clean")[0]
    thin = replace(
        series, voxels=series.voxels[8:11], ready=series.ready[8:11], files=series.files[8:11],
        slope=series.slope[8:11], intercept=series.intercept[8:11], geometry=None,
    )  # fmt: skip
    for ratio in (0.5, 2.0):
        result = run(thin, engine, constant(ratio, engine))
        assert result.score is not None
        assert result.notes[0] == DEMO_NOTE
        assert result.scope.in_scope is (ratio < 1)


def test_a_patient_gets_no_note_of_a_phantom(engine: Engine) -> None:
    assert DEMO_NOTE not in run(head(), engine, None).notes
