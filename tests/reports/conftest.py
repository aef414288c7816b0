"""Real assessments of the bundled phantom by a small network with random weights."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from miqa_app.core.assessment import Assessment, ModelIdentity
from miqa_app.core.series import Series
from miqa_app.imaging import load
from miqa_app.networks import build, named_config
from miqa_app.paths import bundled
from miqa_app.scoring.assess import assess
from miqa_app.scoring.engine import Engine
from miqa_app.scoring.interval import Calibration

MODEL = ModelIdentity("test", "0" * 64, "random weights")


@pytest.fixture(scope="session")
def entries() -> list[tuple[Series, Assessment]]:
    """Return both phantom series, assessed, and one that was not, with identity and a hostile description."""
    torch.manual_seed(3)
    engine = Engine(build(named_config("lite")).eval(), "cpu")
    found = []
    for name in ("clean", "motion"):
        series = load(bundled("resources") / "phantom" / name)[0]
        series = replace(series, voxels=series.voxels[::4], slope=series.slope[::4],
                         intercept=series.intercept[::4], ready=series.ready[::4],
                         geometry=replace(series.geometry, origins=series.geometry.origins[::4]),
                         identity={"Patient": "DOE^JANE", "Patient ID": "4711"},
                         study_description="DOE^JANE knee", source=f"/home/anna/scans/{name}",
                         description=f"T2 <b>{name}</b> Größe")  # fmt: skip
        found.append((series, drained(assess(series, engine, MODEL, Calibration(1.5)))))
    refused = replace(
        found[0][0],
        key="phase",
        refusal="a phase image is not assessed",
        warnings=("2 slices are missing.",),
    )
    found.append((refused, drained(assess(refused, engine, MODEL, Calibration(1.5)))))
    return found


def drained(steps):
    """Return what a generator returns."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value
