"""Recipes and lists for cross-validation on rated sets: small YAML files, checked before anything runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from miqa_app.errors import BadRecipe
from miqa_app.networks import named_config
from miqa_app.paths import bundled

if TYPE_CHECKING:
    from collections.abc import Mapping

Positive = Annotated[int, Field(ge=1)]
Weight = Annotated[float, Field(ge=0)]
Rate = Annotated[float, Field(gt=0)]


class RatedLoss(BaseModel):
    """Weights of the loss of a rated image, which has a score and nothing else (models.md 1.1.3).

    Attributes:
        mse: mean squared error on the scale 0-1. Without it the scale of the score stays open, and is fitted to the
            training images at the end.
        plcc: (1 - PLCC) / 2 over the batch.
        rank: hinge on the order of two images of one reference.
        plcc_squared: (1 - PLCC²) / 4, which the code of LoDa halves and adds to half of `plcc`, its paper not.
        mappings: the squared error of the same images in other colour spaces or grey scales, `intensity.mappings`, summed over these.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    mse: Weight = 1.0
    plcc: Weight = 1.0
    rank: Weight = 0.0
    plcc_squared: Weight = 0.0
    mappings: Weight = 0.0


class Schedule(BaseModel):
    """How a network learns from rated images (models.md 1.1.3).

    Attributes:
        epochs: passes, each with `crops` random crops of every image.
        crops: per image and epoch.
        batch: crops per step, an even number of at least 8, which the correlation in the loss needs.
        crop: edge of a crop in pixels, a multiple of 32.
        learning_rate: peak for layers that begin at random, and for the heads.
        backbone_rate: peak for encoders that begin with learnt weights.
        weight_decay: AdamW's; none on biases, norms and relative positions.
        ema: decay of the averaged weights per step.
        precision: Lightning's name of the arithmetic.
        batchnorm: 'frozen' keeps the statistics of learnt encoders, 'trained' lets them move; 'auto' freezes them with a
            batch below 16 or fewer than 2000 images.
        loss: weights of its parts.
        frozen_epochs: first passes in which the encoders stay as they are.
        patience: passes without a better validation after which the training ends.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    epochs: Positive = 50
    crops: Positive = 4
    batch: Annotated[int, Field(ge=8, multiple_of=2)] = 16
    crop: Annotated[int, Field(ge=64, multiple_of=32)] = 224
    learning_rate: Rate = 1e-4
    backbone_rate: Rate = 2e-5
    weight_decay: Weight = 0.05
    ema: Annotated[float, Field(ge=0, lt=1)] = 0.999
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = "32-true"
    batchnorm: Literal["auto", "frozen", "trained"] = "auto"
    loss: RatedLoss = RatedLoss()
    frozen_epochs: Annotated[int, Field(ge=0)] = 0
    patience: Positive = 10


class Stage(Schedule):
    """A stage before the cross-validation: learn from all images of another rated set.

    Attributes:
        set: name of the set; where it lies is said on the command line.
    """

    set: str


class RatedRecipe(BaseModel):
    """All that a cross-validation depends on beside the rated set itself.

    Attributes:
        name: of the recipe, part of the folder of results.
        method: 'train' the whole network, 'ridge' regression on its frozen pooled features, or 'frozen', the network's
            own score without looking at the set at all.
        network: a named configuration of `networks`.
        start: 'random', 'imagenet' (encoders only), or the name or folder of a model.
        stages: sets to learn from first, in order.
        schedule: of the cross-validated training.
        validation: 'reference' keeps one further group of the training part to choose the epoch, 'fixed' takes the last.
        seed: of weights, crops and batches; further seeds count up from it.
        remark: what a reader of the results should know.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    method: Literal["train", "ridge", "frozen"] = "train"
    network: str = "lite"
    start: str = "lite"
    stages: tuple[Stage, ...] = ()
    schedule: Schedule = Schedule()
    validation: Literal["fixed", "reference"] = "fixed"
    seed: int = 0
    remark: str = ""

    @field_validator("network")
    @classmethod
    def _known(cls, value: str) -> str:
        """Refuse a network that the table lacks."""
        return named_config(value).name


class Row(BaseModel):
    """One row of a table: a network, or a measure that needs no training.

    Attributes:
        label: its name in the table.
        network: takes the place of the recipe's.
        start: takes the place of the recipe's.
        method: takes the place of the recipe's.
        recipe: another recipe for this row alone, by name or path.
        measure: a full-reference or reference-free measure instead of a network.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: str = Field(min_length=1)
    network: str | None = None
    start: str | None = None
    method: Literal["train", "ridge", "frozen"] | None = None
    recipe: str | None = None
    measure: str | None = None

    @model_validator(mode="after")
    def _one_thing(self) -> Row:
        """Refuse a measure that is also a network."""
        if self.measure and (self.network or self.start or self.method or self.recipe):
            message = f"the row '{self.label}' is a measure, which takes no network, start, method or recipe"
            raise ValueError(message)
        return self

    def applied(self, recipe: RatedRecipe) -> RatedRecipe:
        """Return the recipe of this row.

        Raises:
            BadRecipe: the recipe that the row names is missing or does not check out.
        """
        chosen = read_rated_recipe(self.recipe) if self.recipe else recipe
        changes = {
            name: value
            for name in ("network", "start", "method")
            if (value := getattr(self, name)) is not None
        }
        return parsed(RatedRecipe, {**chosen.model_dump(), **changes}, self.label)


class ConfigList(BaseModel):
    """A table of the paper as a list of rows.

    Attributes:
        name: of the table, part of the names of its files.
        title: its heading.
        ours: label of the row against which the others are tested; empty for the last row.
        rows: in the order of the table.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    title: str
    ours: str = ""
    rows: tuple[Row, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _labels(self) -> ConfigList:
        """Refuse labels that stand twice and an `ours` that is no row."""
        labels = [row.label for row in self.rows]
        double = next((label for label in labels if labels.count(label) > 1), None)
        if double:
            raise ValueError(f"two rows are called '{double}'")
        if self.ours and self.ours not in labels:
            raise ValueError(f"ours names '{self.ours}', which is no row")
        return self


def read_rated_recipe(name: str) -> RatedRecipe:
    """Return the recipe of a name (of resources/recipes/rated) or at a path.

    Raises:
        BadRecipe: it is missing, no YAML, or does not check out.
    """
    return parsed(RatedRecipe, read_yaml(name, "recipes/rated"), name)


def read_config_list(name: str) -> ConfigList:
    """Return the list of a name (of resources/recipes/tables) or at a path.

    Raises:
        BadRecipe: it is missing, no YAML, or does not check out.
    """
    return parsed(ConfigList, read_yaml(name, "recipes/tables"), name)


def read_yaml(name: str, folder: str) -> Mapping[str, Any]:
    """Return the content of a YAML file, by its path or its name among the bundled ones.

    Args:
        name: ends in .yaml or .yml for a path.
        folder: of the bundled ones, within resources.

    Raises:
        BadRecipe: it is missing, or no YAML with keys.
    """
    place = bundled("resources") / folder
    plain = not name.endswith((".yaml", ".yml"))
    path = place / f"{name}.yaml" if plain else Path(name)
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        known = ", ".join(sorted(file.stem for file in place.glob("*.yaml")))
        message = (
            f"There is no recipe or list {name}; give a path that ends in .yaml or one of {known}."
        )
        raise BadRecipe(message) from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        words = str(error).splitlines()[0]
        raise BadRecipe(f"{path} is not a YAML file that can be read: {words}.") from error
    if not isinstance(values, dict):
        raise BadRecipe(f"{path} is no table of settings; see {place} for examples.")
    return values


_Model = TypeVar("_Model", bound=BaseModel)


def parsed(model: type[_Model], values: Mapping[str, Any], where: str) -> _Model:
    """Return the checked values.

    Raises:
        BadRecipe: they do not check out; the message names the first fault.
    """
    try:
        return model(**values)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "recipe"
        message = f"{where}: {place}: {first['msg'].removeprefix('Value error, ')}."
        raise BadRecipe(message.replace("..", ".")) from error
