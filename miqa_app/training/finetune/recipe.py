"""Recipes of fine-tuning: small YAML files, checked before anything runs, and the choice among them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from miqa_app.errors import BadRecipe
from miqa_app.paths import bundled
from miqa_app.training.rated_recipe import parsed

Positive = Annotated[int, Field(ge=1)]
Weight = Annotated[float, Field(ge=0)]
Rate = Annotated[float, Field(gt=0)]

Parts = Literal["heads", "last", "full", "adapter"]


class FineTuneLoss(BaseModel):
    """Weights of the parts of the loss, see `loss.score_loss` and `loss.keeping_loss`.

    Attributes:
        mse: squared error of the score, 0-1, each item weighted by the precision of its rating.
        plcc: (1 - PLCC) / 2 over the rated part of the batch (LoDa, eq. 7).
        rank: hinge on the order of two rated images of one reference.
        rehearsal: squared distance of the score of simulated crops from what the network said of them before.
        kinds: how far artefact kinds, severity and log variance move from the parent's, over the whole batch.
        map: how far the departures of the cells of the score map from the score move from the parent's.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    mse: Weight = 4.0
    plcc: Weight = 0.5
    rank: Weight = 0.5
    rehearsal: Weight = 4.0
    kinds: Weight = 0.5
    map: Weight = 0.5


class FineTuneRecipe(BaseModel):
    """How a model learns from the ratings of a site.

    Attributes:
        name: of the recipe.
        parts: what is trained: 'heads' the decoder and the heads of score and weight on frozen features; 'last' also
            necks, alignment and the last stage of both encoders; 'full' everything; 'adapter' the heads, and a low-rank
            change of every other weight matrix and convolution, which is merged at the end.
        adapter_rank: rank of that change.
        epochs: passes over the set at most.
        crops: random crops of every image per epoch.
        batch: crops per step, simulated ones included; an even number of at least 8, which the correlation needs.
        crop: edge of a crop in pixels, a multiple of 32.
        learning_rate: peak for heads and adapters.
        backbone_rate: peak for weights of necks and encoders that are trained themselves.
        weight_decay: pull of all trained weights towards where they began, per step and unit of rate (L2-SP, Li et
            al., ICML 2018).
        ema: decay of the averaged weights per step.
        patience: epochs without a better validation after which a seed ends.
        seeds: how often it is trained, with other crops and batches; at least 3.
        rehearsal: share of every batch that is simulated, 0-0.5.
        precision: arithmetic of the forward pass in Lightning's words; 'auto' takes bf16 where the processor has units
            for it, else fp32.
        interval_weights: weigh an item by the width of the 95 % interval of its rating.
        loss: weights of its parts.
        remark: what a reader should know.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    parts: Parts
    adapter_rank: Annotated[int, Field(ge=1, le=64)] = 8
    epochs: Positive = 12
    crops: Positive = 2
    batch: Annotated[int, Field(ge=8, multiple_of=2)] = 16
    crop: Annotated[int, Field(ge=64, multiple_of=32)] = 224
    learning_rate: Rate = 5e-4
    backbone_rate: Rate = 5e-5
    weight_decay: Weight = 0.05
    ema: Annotated[float, Field(ge=0, lt=1)] = 0.99
    patience: Positive = 4
    seeds: Annotated[int, Field(ge=3)] = 3
    rehearsal: Annotated[float, Field(ge=0, le=0.5)] = 0.25
    precision: Literal["auto", "32-true", "bf16-mixed"] = "auto"
    interval_weights: bool = True
    loss: FineTuneLoss = FineTuneLoss()
    remark: str = ""


def read_finetune_recipe(name: str) -> FineTuneRecipe:
    """Return the recipe of a name (of resources/recipes/finetune) or at a path that ends in .yaml.

    Raises:
        BadRecipe: it is missing, no YAML, or does not check out; the message names the first fault.
    """
    place = bundled("resources") / "recipes" / "finetune"
    path = Path(name) if name.endswith((".yaml", ".yml")) else place / f"{name}.yaml"
    try:
        values: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        known = ", ".join(recipe_names())
        message = f"There is no recipe {name}; give a path that ends in .yaml or one of {known}."
        raise BadRecipe(message) from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        words = str(error).splitlines()[0]
        raise BadRecipe(f"{path} is not a YAML file that can be read: {words}.") from error
    if not isinstance(values, dict):
        raise BadRecipe(f"{path} is no table of settings; see {place} for examples.")
    return parsed(FineTuneRecipe, values, name)


def recipe_names() -> list[str]:
    """Return the names of the bundled recipes, in order."""
    return sorted(file.stem for file in (bundled("resources") / "recipes/finetune").glob("*.yaml"))


def choose_recipe(images: int, references: int, *, cuda: bool) -> tuple[FineTuneRecipe, str]:
    """Return the bundled recipe that suits a set, and one sentence that says why.

    Args:
        images: rated images to learn from.
        references: clean images or scans from which they come.
        cuda: whether a GPU trains.
    """
    what = f"{images} rated images of {references} references"
    if not cuda:
        name, why = "heads", "learnt by the heads alone, the quickest way without a GPU"
    elif images < 500 or references < 40:
        name, why = "adapter", "few, so heads and a low-rank change of the rest are trained"
    elif images < 2000 or references < 200:
        name, why = "last", "enough for the heads and the last stages of the encoders"
    else:
        name, why = "full", "enough for the whole network"
    return read_finetune_recipe(name), f"Recipe '{name}': {what} are {why}."
