"""How unsure a model is of what a study shows: the votes that teach it most are those it cannot foresee."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from miqa_app.core.slices import robust_scale
from miqa_app.rating.stimulus import unpacked
from miqa_app.registry.checkpoint import load_model
from miqa_app.scoring.engine import Engine
from miqa_app.services.score import interval_of

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from numpy.typing import NDArray

    from miqa_app.rating.stimulus import Stimulus
    from miqa_app.rating.study import Item


def model_uncertainty(
    items: Sequence[Item], contents: Mapping[str, bytes], model: str | None = None
) -> Generator[tuple[int, int], None, dict[str, float]]:
    """Yield (stimuli judged, stimuli) and return by item key the half width of the model's interval, points of 100.

    Every stimulus is judged alone, on its own grey scale; items that show the same image get the same number.

    Args:
        items: of a study.
        contents: packed stimuli by key.
        model: name or folder; the active one by default.

    Raises:
        BadModel: the model is missing, damaged, or was never measured.
    """
    loaded = load_model(model)
    engine = Engine(loaded.network)
    interval = interval_of(loaded.folder)
    keys = list(dict.fromkeys(item.test for item in items))
    widths: dict[str, float] = {}
    for key in keys:
        planes = _planes(unpacked(contents[key]))
        widths[key] = interval.half_width(list(engine.predict(planes)))
        yield len(widths), len(keys)
    return {item.key: widths[item.test] for item in items}


def _planes(stimulus: Stimulus) -> list[NDArray[np.float32]]:
    """Return the frames as the network sees a series: 0 to 1 between robust percentiles of them all."""
    values = stimulus.frames.astype(np.float32)
    scale = robust_scale(values.reshape(-1))
    planes = np.clip((values - scale.low) / (scale.high - scale.low), 0, 1)
    return [np.ascontiguousarray(plane, dtype=np.float32) for plane in planes]
