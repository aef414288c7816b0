"""What a part is worth: the same short training with one part of the loss, or the network, changed at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import yaml

from miqa_app.core.artefact_kinds import KEYS
from miqa_app.errors import BadRecipe
from miqa_app.evaluation.degradation import LOCAL_KINDS
from miqa_app.evaluation.measured import DAMAGED_FROM
from miqa_app.statistics.correlation import auc, plcc, srocc
from miqa_app.training.module import flattened, judged
from miqa_app.training.recipe import read_recipe

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from miqa_app.networks import QualityNetwork
    from miqa_app.training.crops import Crops
    from miqa_app.training.recipe import Recipe

_BATCH = 4


def read_ablation(path: Path) -> dict[str, list[Recipe]]:
    """Return the recipes of every variant by its name, one for each seed, the unchanged variant first.

    The file names a recipe beside it, what is changed in all variants, and per variant the parts of the loss or the keys
    of the recipe that differ: {recipe: lite.yaml, change: {epochs: 2}, seeds: [1, 2], variants: {all parts: {}, no rank:
    {rank: 0}, another network: {network: lariqa}}}. Without seeds it is that of the recipe alone.

    Raises:
        BadRecipe: a file is missing, no YAML, or a variant does not check out.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        base = read_recipe(path.parent / document["recipe"]).model_dump()
        base |= document.get("change", {})
        variants = document["variants"].items()
        seeds = list(document.get("seeds", [base["seed"]]))
    except (
        OSError,
        UnicodeDecodeError,
        yaml.YAMLError,
        TypeError,
        KeyError,
        AttributeError,
    ) as error:
        message = f"{path} is no list of variants of a recipe: see resources/recipes/ablation/losses.yaml for one ({error!r})."
        raise BadRecipe(message) from error
    return {
        str(name): [
            _variant(path, {**base, "seed": seed}, str(name), other or {}) for seed in seeds
        ]
        for name, other in variants
    }


def _variant(path: Path, base: Mapping[str, Any], name: str, other: Mapping[str, Any]) -> Recipe:
    from pydantic import ValidationError

    from miqa_app.training.recipe import Recipe

    own = {key: value for key, value in other.items() if key in Recipe.model_fields}
    loss = {key: value for key, value in other.items() if key not in own}
    short = "".join(letter if letter.isalnum() else "-" for letter in name.lower())
    run = f"{short}-{base['seed']}"
    try:
        return Recipe(**{**base, **own, "name": run, "loss": {**base["loss"], **loss}})
    except ValidationError as error:
        message = f"{path}: the variant '{name}' does not check out: {error.errors()[0]['msg']}."
        raise BadRecipe(message) from error


@torch.inference_mode()
def figures_on_crops(network: QualityNetwork, crops: Crops) -> dict[str, float]:
    """Return the figures of a network on fixed crops of the validation subjects.

    Returns:
        'srocc', 'plcc' against Q; 'order': share of the groups with different Q that are ranked right; 'kind_auc':
        mean over the artefact kinds; 'map_auc': score map against damage, local kinds only.
    """
    network = network.eval()
    loader = torch.utils.data.DataLoader(crops, batch_size=_BATCH)
    columns: dict[str, list[np.ndarray]] = {"score": [], "q": [], "kinds": [], "said": []}
    maps: list[float] = []
    for batch in loader:
        flat = flattened(batch)
        prediction = judged(network, flat)
        columns["score"].append(prediction.score.numpy())
        columns["said"].append(prediction.artefact_logits.numpy())
        columns["q"].append(flat["q"].numpy())
        columns["kinds"].append(flat["kinds"].numpy())
        maps += _map_aucs(prediction.score_map.numpy(), flat)
    score, q, kinds, said = (
        np.concatenate(columns[name]) for name in ("score", "q", "kinds", "said")
    )
    different = q[0::2] != q[1::2]
    right = (score[0::2] > score[1::2]) == (q[0::2] > q[1::2])
    return {
        "srocc": srocc(score, q),
        "plcc": plcc(score, q),
        "order": float(right[different].mean()),
        "kind_auc": float(np.nanmean([auc(said[:, k], kinds[:, k] > 0) for k in range(len(KEYS))])),
        "map_auc": float(np.nanmean(maps)) if maps else float("nan"),
    }


def _map_aucs(score_maps: np.ndarray, flat: Mapping[str, torch.Tensor]) -> list[float]:
    """Return how well low cells mark the damage, for every slice with one local artefact."""
    local = [KEYS.index(kind) for kind in LOCAL_KINDS]
    found = []
    for row in range(len(score_maps)):
        kinds = flat["kinds"][row]
        inside = flat["inside"][row].numpy()
        if kinds.sum() != 1 or not kinds[local].any():
            continue
        # a low target is much damage: from a quarter of the greatest loss on, a cell counts as damaged
        loss = 1 - flat["cells"][row].numpy()
        found.append(auc(-score_maps[row][inside], (loss > DAMAGED_FROM * loss.max())[inside]))
    return found
