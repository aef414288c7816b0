"""Fitting the scope check: what it learns from, how its threshold comes about, and that it works on real scans."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from miqa_app.core.artefact_kinds import KEYS
from miqa_app.errors import BadRecipe
from miqa_app.evaluation import scope_samples
from miqa_app.evaluation.made_up import FAMILIES
from miqa_app.evaluation.pictures import PICTURES
from miqa_app.evaluation.scope_fit import balanced_quantile, fit_scope, from_samples
from miqa_app.evaluation.scope_samples import Samples, collect
from miqa_app.evaluation.sources import Source
from miqa_app.paths import bundled
from miqa_app.registry.checkpoint import load_model
from miqa_app.scoring.engine import Engine
from miqa_app.scoring.scope import ScopeModel

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZE = 10


def samples(seed: int = 0) -> Samples:
    """Three sources, each with its own offset, two families, and a validation set, of known Gaussians."""
    rng = np.random.default_rng(seed)
    rows, groups, parts = [], [], []
    for place, name in enumerate(("a", "b", "c")):
        rows.append(rng.normal(size=(80, SIZE)) + 0.5 * np.eye(SIZE)[place])
        groups += [name] * 80
        parts += ["train"] * 80
    for place, name in enumerate(("x", "y")):
        rows.append(rng.normal(size=(40, SIZE)) + 7 * np.eye(SIZE)[place + 5])
        groups += [name] * 40
        parts += ["made up"] * 40
    rows.append(rng.normal(size=(50, SIZE)))
    groups += ["a"] * 50
    parts += ["validation"] * 50
    features = np.vstack(rows).astype(np.float32)
    return Samples(features, np.array(groups), np.full(len(features), -1), np.array(parts))


def test_every_group_weighs_the_same_in_the_threshold() -> None:
    many, few = np.zeros(1000), np.array([1.0, 2.0])
    assert balanced_quantile([many, few], 0.5) == 0
    assert balanced_quantile([many, few], 0.75) == 1
    assert balanced_quantile([many, few], 1.0) == 2


def test_the_threshold_lets_the_wanted_share_of_unseen_sources_pass() -> None:
    model = from_samples(samples(), 0.95)
    assert set(model.unseen) == {"a", "b", "c", "validation"}
    assert np.mean(list(model.unseen.values())) == pytest.approx(0.05, abs=0.01)
    fresh = samples(1)
    refused = model.ratios(fresh.features) > model.threshold
    assert refused[fresh.part == "train"].mean() < 0.1
    assert refused[fresh.part == "made up"].all()


def test_the_threshold_falls_with_the_level() -> None:
    assert from_samples(samples(), 0.8).threshold < from_samples(samples(), 0.99).threshold


def test_tested_pictures_are_made_by_other_code_than_those_learnt_from() -> None:
    """Noise and phase are made by other functions on other scans, and known as kinds; the card says so."""
    assert not {maker.__module__ for maker in FAMILIES.values()} & {
        maker.__module__ for maker in PICTURES.values()
    }


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine(load_model("lite").network, "cpu")


@pytest.fixture(scope="module")
def monkeypatch_module() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture
def demo_folder() -> Path:
    return bundled("resources") / "phantom"


def scan(path: str, name: str) -> Source:
    return Source(name=name, subject=name, path=path, licence="own", anatomy="head")


def test_samples_are_balanced_counted_and_the_same_each_time(
    engine: Engine, demo_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scope_samples, "PER_SOURCE", 4)
    monkeypatch.setattr(scope_samples, "PER_FAMILY", 1)
    monkeypatch.setattr(scope_samples, "_STACK", 1)
    train = [scan("clean", "one"), scan("motion.nii.gz", "two")]
    steps = list(collect(train, [scan("motion", "three")], demo_folder, engine, 3))
    found = steps[-1]
    assert isinstance(found, Samples)
    total = 2 * 4 + len(FAMILIES) + len(KEYS) + 1
    assert steps[:-1] == [(number + 1, total) for number in range(total)]
    assert len(found.features) == total
    assert (found.group[found.part == "train"] == "one").sum() == 4
    assert (found.part == "validation").sum() == len(KEYS) + 1
    assert np.isfinite(found.features).all()


def test_a_missing_scan_is_named(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(BadRecipe, match=r"names nowhere\.nii"):
        next(fit_scope([scan("nowhere.nii", "x")], [], tmp_path, engine))


@pytest.fixture(scope="module")
def real(engine: Engine, shared: Path, monkeypatch_module: pytest.MonkeyPatch) -> ScopeModel:
    """A small check fitted on four training sources."""
    monkeypatch_module.setattr(scope_samples, "PER_SOURCE", 16)
    monkeypatch_module.setattr(scope_samples, "PER_FAMILY", 12)
    monkeypatch_module.setattr(scope_samples, "_STACK", 1)
    train = [
        scan("open_ms_data/patient12/study1_T1W.nii.gz", "brain"),
        scan("picai_prep_prostatex/ProstateX-0000/tfl3d_pd_ref", "pelvis"),
        scan("sct_testing_data/t2s_t2s_uncropped.nii.gz", "neck"),
        scan("oro_dicom/Abdo.dcm", "abdomen"),
    ]
    validation = [scan("open_ms_data/patient20/study2_T1W.nii.gz", "brain")]
    model = list(fit_scope(train, validation, shared, engine))[-1]
    assert isinstance(model, ScopeModel)
    return model


def distance(model: ScopeModel, engine: Engine, plane: np.ndarray) -> float:
    return model.distance(plane, next(iter(engine.predict([plane]))).embedding)


@pytest.mark.slow
@pytest.mark.shared
def test_a_check_fitted_on_real_scans_refuses_noise_and_keeps_damaged_scans(
    real: ScopeModel, engine: Engine, shared: Path
) -> None:
    rng = np.random.default_rng(8)
    for noise in (rng.random((160, 160)), np.abs(rng.normal(size=(160, 160))) / 5):
        assert distance(real, engine, np.clip(noise, 0, 1).astype(np.float32)) > 1
    source = scan("open_ms_data/patient20/study2_FLAIR.nii.gz", "brain")
    (stack,) = scope_samples._stacks(source, shared, 1)
    distances = [
        distance(real, engine, scope_samples._damaged(stack[0], kind, severity, 5))
        for kind in KEYS
        for severity in (0.3, 1.0)
    ]
    assert np.mean(np.array(distances) <= 1) >= 0.85
