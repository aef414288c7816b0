"""Every engine of this machine says what torch in fp32 says: the exact ones to 0.05 points of 100, the fast ones to 1.5."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from miqa_app.core.slices import network_plane, series_scale
from miqa_app.imaging import load
from miqa_app.scoring.engine import Engine
from miqa_app.scoring.prediction import PlanePrediction
from tests.scoring.engines.machine import (
    BUNDLED,
    ENGINES,
    EXACT,
    engine_of,
    network_of,
    phantom_of,
)

SIZES = ((61, 50), (181, 217))
ALL_SIZES = (*SIZES, (224, 224), (512, 512), (48, 300), (256, 1100))
FULL = ("lite", "base", "loda_tiny", "lodapro_tiny", "lodapro_lite", "lariqa")


@pytest.mark.parametrize("kind", ENGINES)
def test_an_engine_says_what_torch_says(kind: str) -> None:
    compare(kind, "lite", [phantom_of(*size) for size in SIZES])


@pytest.mark.parametrize("name", ["loda", "lodapro", "lariqa"])
def test_a_graph_of_the_other_families_says_what_torch_says(name: str) -> None:
    compare("openvino fp32", name, [phantom_of(*size) for size in SIZES])


@pytest.mark.slow
@pytest.mark.parametrize("kind", ENGINES)
@pytest.mark.parametrize("name", FULL)
def test_an_engine_says_what_torch_says_at_every_size(kind: str, name: str) -> None:
    compare(kind, name, [phantom_of(*size) for size in ALL_SIZES])


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.parametrize("kind", ENGINES)
@pytest.mark.parametrize("name", BUNDLED)
def test_an_engine_says_what_torch_says_of_real_scans(kind: str, name: str, shared: Path) -> None:
    compare(kind, name, real_planes(shared))


def real_planes(folder: Path) -> list[np.ndarray]:
    """The middle slices of real scans that the reader takes, at most eight."""
    planes = []
    for path in sorted(folder.rglob("*.nii.gz"))[:8]:
        for series in load(path)[:1]:
            plane = network_plane(series, series.frames // 2, series_scale(series))
            if min(plane.shape) >= 48:
                planes.append(plane)
    assert planes
    return planes


def compare(kind: str, name: str, planes: list[np.ndarray]) -> None:
    engine, most = engine_of(kind, name), ENGINES[kind]
    if engine is None:
        pytest.skip(f"this machine has no {kind}")
    reference = Engine(network_of(name), "cpu")
    for plane in planes:
        (wanted,), (found,) = (list(one.predict([plane])) for one in (reference, engine))
        gaps = distances(wanted, found, every_cell=most == EXACT)
        print(kind, name, plane.shape, {key: round(gap, 4) for key, gap in gaps.items()})
        assert max(gaps.values()) <= most, (plane.shape, gaps)


def distances(
    wanted: PlanePrediction, found: PlanePrediction, *, every_cell: bool
) -> dict[str, float]:
    """How far two predictions lie apart, all in points of 100; of maps the largest distance of a cell, or the mean."""
    assert found.score_map.shape == wanted.score_map.shape
    kinds, over = wanted.artefacts, np.max if every_cell else np.mean
    return {
        "score": abs(found.score - wanted.score),
        "deviation": abs(found.deviation - wanted.deviation),
        "score map": float(over(np.abs(found.score_map - wanted.score_map))),
        "attention": float(over(np.abs(found.attention_map - wanted.attention_map))) * 100,
        "artefacts": 100 * max(abs(found.artefacts[key] - kinds[key]) for key in kinds),
    }
