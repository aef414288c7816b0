"""The canary set: a few bundled slices whose scores must come out as they did when the model was made.

A model that was copied whole can still speak otherwise on another machine or with another version of a library. The
slices are those of the bundled phantom, so nobody's scan travels with a model. They are scored on the CPU in fp32,
where machines differ by rounding only.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from miqa_app.errors import BadModel
from miqa_app.paths import bundled
from miqa_app.registry.durable import write_whole
from miqa_app.registry.state import Sha256

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from miqa_app.registry.checkpoint import LoadedModel

SCHEMA = "miqa.canary/1"
TOLERANCE = 0.05
"""Points of 100. Other processors and libraries move a score by rounding only, a wrong weight by far more."""

_SERIES = ("clean", "motion")
_PLACES = (0.3, 0.5, 0.7)
"""Where the slices lie in the stack, from its first to its last: in the middle of the head."""


class CanaryOutput(BaseModel):
    """What the model said of one slice.

    Attributes:
        name: series and frame.
        sha256: of the stored pixels.
        score: 0–100.
        deviation: of the score, in points of 100.
        map_mean: mean of the score map, 0–100.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^(clean|motion) [0-9]{1,3}$")
    sha256: str = Sha256
    score: float = Field(allow_inf_nan=False)
    deviation: float = Field(allow_inf_nan=False)
    map_mean: float = Field(allow_inf_nan=False)


class Canary(BaseModel):
    """What a model said of the canary set when it was made.

    Attributes:
        model: SHA-256 of the model's content.
        tolerance: points of 100 by which an output may differ.
        outputs: one per slice.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str = Sha256
    tolerance: float = Field(default=TOLERANCE, ge=0, le=TOLERANCE)
    outputs: tuple[CanaryOutput, ...] = Field(min_length=1)


@dataclass(frozen=True)
class CanaryCheck:
    """Whether the canary set came out as stored.

    Attributes:
        passed: whether it did.
        largest: largest difference, points of 100; NaN where nothing could be compared.
        words: one sentence.
    """

    passed: bool
    largest: float
    words: str


def canary_file(folder: Path) -> Path:
    """Return where the canary of a model folder lies: beside the content that is its identity."""
    return folder / "evidence" / "canary.json"


def store_canary(folder: Path) -> Canary:
    """Score the canary set with a saved model and keep the outputs in its folder.

    Raises:
        BadModel: the model cannot be loaded.
    """
    canary = canary_of(_loaded(folder))
    keep_canary(canary, folder)
    return canary


def keep_canary(canary: Canary, folder: Path) -> None:
    """Write a canary into a model folder, whole or not at all."""
    document = {"schema": SCHEMA, **canary.model_dump(mode="json")}
    write_whole(canary_file(folder), (json.dumps(document, indent=1) + "\n").encode())


def read_canary(folder: Path) -> Canary | None:
    """Return the canary of a model folder, or None where it has none.

    Raises:
        BadModel: it is damaged.
    """
    path = canary_file(folder)
    if not path.is_file():
        return None
    try:
        document = json.loads(path.read_bytes())
        known = document.pop("schema", None) == SCHEMA
        canary = Canary.model_validate_json(json.dumps(document)) if known else None
    except (OSError, ValueError, AttributeError, TypeError) as error:
        message = f"The canary {path} is damaged; make or import the model again."
        raise BadModel(message) from error
    if canary is None:
        message = f"The canary {path} is not of the version that this program knows ({SCHEMA}); make the model again."
        raise BadModel(message)
    return canary


def check_canary(folder: Path) -> CanaryCheck:
    """Score the canary set of a model folder anew and compare.

    Raises:
        BadModel: the model cannot be loaded, or its canary is damaged.
    """
    stored = read_canary(folder)
    if stored is None:
        return _failed(
            f"{folder.name} has no canary, so whether it still scores as it did is not known."
        )
    model = _loaded(folder)
    if stored.model != model.folder.sha256:
        return _failed(f"The canary of {folder.name} belongs to another model.")
    fresh = canary_of(model)
    if [item.sha256 for item in fresh.outputs] != [item.sha256 for item in stored.outputs]:
        return _failed(
            f"The canary of {folder.name} was made with other slices than this program brings."
        )
    largest, name = max(
        (_gap(before, now), now.name)
        for before, now in zip(stored.outputs, fresh.outputs, strict=True)
    )
    if largest <= stored.tolerance:
        words = f"{len(fresh.outputs)} canary slices came out as stored (largest difference {largest:.3f} points)."
        return CanaryCheck(True, largest, words)
    words = (
        f"The canary of {folder.name} came out otherwise than stored: slice '{name}' by {largest:.2f} points "
        f"({stored.tolerance} are allowed); this machine or its libraries do not compute as those that made the model."
    )
    return CanaryCheck(False, largest, words)


def canary_of(model: LoadedModel) -> Canary:
    """Return what a model says of the canary set, on the CPU.

    Raises:
        BadModel: it says something that is no number.
    """
    from miqa_app.scoring.engine import Engine

    engine = Engine(model.network, "cpu")
    outputs = []
    for name, digest, plane in _slices():
        with _one_thread():
            said = next(iter(engine.predict([plane])))
        if not np.isfinite([said.score, said.deviation, said.score_map.mean()]).all():
            message = f"The model {model.folder.path} gives no number for the phantom slice '{name}'; it is damaged."
            raise BadModel(message)
        output = CanaryOutput(
            name=name,
            sha256=digest,
            score=round(said.score, 4),
            deviation=round(said.deviation, 4),
            map_mean=round(float(said.score_map.mean()), 4),
        )
        outputs.append(output)
    return Canary(model=model.folder.sha256, outputs=tuple(outputs))


def _slices() -> Iterator[tuple[str, str, NDArray[np.float32]]]:
    """Yield name, SHA-256 of the stored pixels, and network plane of every slice of the set."""
    from miqa_app.core.slices import network_plane, series_scale
    from miqa_app.imaging import load

    for name in _SERIES:
        (series,) = load(bundled("resources") / "phantom" / name)
        scale = series_scale(series)
        for place in _PLACES:
            frame = round(place * (series.frames - 1))
            # not of the plane: its scale is a percentile, whose last bit depends on the library
            digest = hashlib.sha256(series.voxels[frame].astype("<i4").tobytes()).hexdigest()
            yield f"{name} {frame + 1}", digest, network_plane(series, frame, scale)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let torch sum in one order whatever the number of cores; on a busy machine it is also quicker."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _gap(before: CanaryOutput, now: CanaryOutput) -> float:
    """Return the largest difference, points of 100."""
    return max(
        abs(before.score - now.score),
        abs(before.deviation - now.deviation),
        abs(before.map_mean - now.map_mean),
    )


def _failed(words: str) -> CanaryCheck:
    return CanaryCheck(False, float("nan"), words)


def _loaded(folder: Path) -> LoadedModel:
    from miqa_app.registry.checkpoint import load_model

    return load_model(str(folder.absolute()))
