"""The frozen list of the scope check, its cases and its rates."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch

from miqa_app.core.series import Series
from miqa_app.errors import BadRecipe
from miqa_app.evaluation.made_up import FAMILIES, made_up
from miqa_app.evaluation.pictures import PICTURES
from miqa_app.evaluation.scope_check import (
    WAYS,
    Judged,
    as_table,
    cases,
    check_scope,
    load_scope_list,
    network,
    rates,
)
from miqa_app.networks import build
from miqa_app.paths import bundled
from miqa_app.scoring.engine import Engine
from miqa_app.training.recipe import read_recipe

FROZEN = "495cfcf4fd7da82c30b43cd42d57d3d45aff1cdb164449abe83d90bf16fbb426"
RECIPES = sorted((bundled("resources") / "recipes").glob("*.yaml"))


def test_the_list_is_the_one_that_was_frozen() -> None:
    """Rates of different models can be compared only on the same bytes: add a new list beside it instead."""
    content = (bundled("resources") / "evaluation" / "scope-1.yaml").read_bytes()
    assert hashlib.sha256(content).hexdigest() == FROZEN


def test_a_list_that_is_not_there_is_named() -> None:
    with pytest.raises(BadRecipe, match="'scope-99' cannot be read"):
        load_scope_list("scope-99")


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_no_recipe_fits_or_calibrates_on_what_is_listed(path: Path) -> None:
    recipe = read_recipe(path)
    used = {source.path for source in (*recipe.train, *recipe.validation)}
    listed = load_scope_list()
    tested = {item.path for item in listed.items} | set(listed.degraded.paths)
    assert not used & tested
    assert not [one for one in used for other in tested if one.startswith(f"{other}/")]
    assert not [one for one in used for other in tested if other.startswith(f"{one}/")]


def test_what_is_damaged_is_accepted_when_it_is_not() -> None:
    listed = load_scope_list()
    accepted = {item.path for item in listed.items if item.expected == "accept"}
    assert {item.split("/")[0] for item in listed.degraded.paths} <= {
        item.split("/")[0] for item in accepted
    }
    assert max(listed.degraded.severities) == 1.0


def test_a_missing_scan_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadRecipe, match="acr_ge_premier_t1"):
        next(cases(load_scope_list(), tmp_path))


@pytest.mark.parametrize("kind", PICTURES)
def test_pictures_are_reproducible_and_finite(kind: str, plane: np.ndarray) -> None:
    for number in (0, 5, 11):
        one, other = (PICTURES[kind](number, plane, np.random.default_rng(4)) for _ in range(2))
        assert one.ndim == 2
        assert min(one.shape) >= 48
        assert np.isfinite(one).all()
        assert one.std() > 0
        assert np.array_equal(one, other)


@pytest.mark.parametrize("family", FAMILIES)
def test_made_up_pictures_are_planes(family: str, plane: np.ndarray) -> None:
    for seed in range(3):
        one, other = (made_up(family, plane, np.random.default_rng(seed)) for _ in range(2))
        assert one.dtype == np.float32
        assert one.min() >= 0
        assert one.max() <= 1
        assert np.array_equal(one, other)


def test_planes_are_taken_from_where_the_object_is() -> None:
    voxels = np.zeros((9, 64, 64), np.float32)
    voxels[3:6, 16:48, 16:48] = 100
    planes = network(Series("k", "s", voxels), 2)
    assert len(planes) == 2
    assert all(plane.max() == 1 for plane in planes)


def judged(
    way: str, expected: str, by: str, scan: str = "", distance: float | None = None
) -> Judged:
    return Judged("thing", expected, way, scan or "name", scan or "name", by, distance, "")  # type: ignore[arg-type]


def test_rates_count_refusals_by_what_refused() -> None:
    values = rates(
        [
            judged("as read", "refuse", "reader"),
            judged("as read", "refuse", "scope", distance=1.5),
            judged("as read", "refuse", "", distance=0.5),
            judged("as read", "accept", "", "a", 0.4),
            judged("as read", "accept", "scope", "b", 1.2),
            judged("as read", "accept", "scope", "b", 1.3),
            judged("as read", "accept", "unfit", "c"),
            judged("as read", "either", "scope", distance=1.1),
        ]
    )
    refuse, accept = values["pooled"]["as read, refuse"], values["pooled"]["as read, accept"]
    assert (refuse["refused"], refuse["series"]) == (2, 3)
    assert refuse["by"] == {"reader": 1, "scope": 1, "scored": 1}
    assert refuse["median_distance"] == 1.0
    assert (accept["refused"], accept["series"]) == (2, 4)
    assert (accept["scans_wrong"], accept["scans"]) == (1, 3)
    assert len(values["wrong"]) == 3
    assert "| 2 of 3 | 66.7% | reader 1, scope 1, scored 1 | 1.00 |" in as_table(values)


def test_without_a_check_nothing_is_refused_by_it(shared: Path) -> None:
    """Real files, random weights: only what reader and headers refuse."""
    torch.manual_seed(0)
    listed = load_scope_list()
    few = listed.model_copy(
        update={
            "items": [
                item
                for item in listed.items
                if item.path
                in ("odd/pydicom/CT_small.dcm", "odd/not_a_dicom.jfif", "odd/ge_eFilm.dcm")
            ],
            "generated": 0,
            "degraded": listed.degraded.model_copy(update={"paths": []}),
        }
    )
    found = list(check_scope(few, shared, Engine(build("lite"), "cpu"), None))
    assert [(item.way, item.by) for item in found] == [
        ("as read", ""),
        ("pixels only", ""),
        ("as read", "header"),
        ("pixels only", ""),
        ("as read", "reader"),
    ]
    assert {item.way for item in found} <= set(WAYS)
