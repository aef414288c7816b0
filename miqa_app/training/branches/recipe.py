"""Recipes for the branches of LAR-IQA: which sets teach which branch, and how."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from miqa_app.networks import named_config
from miqa_app.training.rated_recipe import Schedule, parsed, read_yaml

BranchName = Literal["whole", "detail"]
BRANCHES: tuple[BranchName, ...] = ("whole", "detail")
"""The branch that sees whole slices made small, the paper's authentic one, and that of full resolution, its synthetic one."""


class Branch(Schedule):
    """How one branch learns.

    The edge `crop` is that of a crop for the branch of full resolution, and that of the square which a whole slice becomes
    for the other.

    Attributes:
        sets: names of the rated sets, each a task with a head of its own; where they lie is said on the command line.
        batch: images per step, in chunks of eight of one set.
        frozen_epochs: none, as the encoder is all that is kept.
    """

    sets: tuple[str, ...] = Field(min_length=1)
    batch: Annotated[int, Field(ge=8, multiple_of=8)] = 16
    frozen_epochs: Literal[0] = 0

    @field_validator("sets")
    @classmethod
    def _once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        """Refuse a set that stands twice."""
        double = next((name for name, count in Counter(value).items() if count > 1), None)
        if double:
            raise ValueError(f"the set {double} stands twice")
        return value


class BranchRecipe(BaseModel):
    """All that the training of the branches depends on beside the rated sets.

    Attributes:
        name: of the recipe, and of the model folder that it makes.
        network: a named configuration of LAR-IQA.
        start: 'random', 'imagenet' (encoders only), or the name or folder of a model.
        whole: how the branch of whole slices learns.
        detail: how the branch of full resolution learns.
        held_back: least share of the images of each set that is kept out of the training, whole references at a time.
            They choose the epoch (section 4.5 of the paper).
        photographs: sets that are given as tables hold photographs, whose values count as they are, in colour.
        seed: of weights, crops, batches and of what is held back.
        remark: what a reader of the card should know.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    network: str = "lariqa_paper"
    start: str = "imagenet"
    whole: Branch
    detail: Branch
    held_back: Annotated[float, Field(gt=0, le=0.5)] = 0.1
    photographs: bool = False
    seed: int = 0
    remark: str = ""

    @field_validator("network")
    @classmethod
    def _two_branches(cls, value: str) -> str:
        """Refuse a network that is no LAR-IQA."""
        if named_config(value).family != "lariqa":
            raise ValueError(f"{value} has no branches of LAR-IQA; name lariqa or lariqa_paper")
        return value

    def branch(self, name: BranchName) -> Branch:
        """Return how a branch learns."""
        return self.whole if name == "whole" else self.detail

    @property
    def sets(self) -> tuple[str, ...]:
        """Return the names of all sets, each once."""
        return tuple(dict.fromkeys((*self.whole.sets, *self.detail.sets)))


def read_branch_recipe(name: str) -> BranchRecipe:
    """Return the recipe of a name (of resources/recipes/branches) or at a path.

    Raises:
        BadRecipe: it is missing, no YAML, or does not check out.
    """
    return parsed(BranchRecipe, read_yaml(name, "recipes/branches"), name)
