"""Training recipes: small YAML files, checked before anything runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from miqa_app.errors import BadRecipe
from miqa_app.evaluation.sources import Source  # noqa: TC001 pydantic needs the class at run time

if TYPE_CHECKING:
    from pathlib import Path

Positive = Annotated[int, Field(ge=1)]
Weight = Annotated[float, Field(ge=0)]


class LossWeights(BaseModel):
    """Weights of the parts of the loss, see `losses.total_loss`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    score: Weight = 4.0
    plcc: Weight = 0.5
    rank: Weight = 1.0
    kind: Weight = 0.5
    severity: Weight = 0.2
    map: Weight = 0.5
    kind_map: Weight = 0.5
    spread: Weight = 0.1
    teacher: Weight = 0.0
    agreement: Weight = 0.0


class Recipe(BaseModel):
    """All that a training run depends on.

    Attributes:
        name: name of the model that comes out.
        network: a named configuration of `networks`.
        quality_index: version of Q.
        evaluation: name of the frozen evaluation, whose sources must not be trained on.
        more_evaluations: names of others that the card shows beside it, none of whose sources may be trained on either.
        seed: of the pool, the initial weights and the order of batches.
        groups: groups of two degraded slices of one clean slice.
        validation_groups: the same from the validation sources.
        fresh: share of the groups that every epoch after the first replaces by newly simulated ones, 0-1.
        workers: processes per device that cut crops and simulate beside the training; 0 does it in between.
        epochs: passes over the pool.
        batch: slices per step over all devices; each device takes an even number.
        devices: GPUs, or processes where there is none.
        crop: edge of a training crop in pixels, a multiple of 32.
        last_epochs: how many epochs at the end see larger crops.
        last_crop: edge of those.
        learning_rate: peak of the one cosine.
        weight_decay: AdamW's.
        ema: decay of the averaged weights per step.
        precision: Lightning's name of the arithmetic.
        warm_start: model whose weights are the start, as far as they fit; 'imagenet' for encoders that learnt on ImageNet
            and a random rest; random weights when empty.
        pretrained: with 'imagenet', the encoders that take such weights (cnn, transformer, whole, detail); all that have
            some when empty.
        teacher: model whose scores, maps and artefacts the network also learns to repeat (loss part 'teacher').
        remark: what the card should say of this run beside its figures.
        loss: weights of the loss parts.
        train: sources to learn from.
        validation: sources of other subjects for early stopping and calibration.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    network: str
    quality_index: str
    evaluation: str
    more_evaluations: list[str] = []
    seed: int = 0
    groups: Positive
    validation_groups: Positive
    fresh: Annotated[float, Field(ge=0, le=1)] = 0.0
    workers: Annotated[int, Field(ge=0)] = 0
    epochs: Positive
    batch: Annotated[int, Field(ge=4, multiple_of=2)]
    devices: Positive = 1
    crop: Annotated[int, Field(ge=64, multiple_of=32)]
    last_epochs: Annotated[int, Field(ge=0)] = 0
    last_crop: Annotated[int, Field(ge=64, multiple_of=32)] = 192
    learning_rate: Annotated[float, Field(gt=0)]
    weight_decay: Weight = 0.05
    ema: Annotated[float, Field(ge=0, lt=1)] = 0.998
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = "32-true"
    warm_start: str = ""
    pretrained: list[str] = []
    teacher: str = ""
    remark: str = ""
    loss: LossWeights = LossWeights()
    train: list[Source]
    validation: list[Source]

    @model_validator(mode="after")
    def _groups_stay_together(self) -> Recipe:
        """Refuse a batch that would part the two members of a group."""
        if self.batch % (2 * self.devices):
            message = f"the batch must be a multiple of {2 * self.devices}, two slices per device, not {self.batch}"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _pretrained_means_imagenet(self) -> Recipe:
        """Refuse a choice of encoders where none takes weights of ImageNet."""
        if self.pretrained and self.warm_start != "imagenet":
            message = (
                "pretrained chooses encoders for 'warm_start: imagenet', which this recipe lacks"
            )
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _a_teacher_counts(self) -> Recipe:
        """Refuse a teacher whose word has no weight, and a weight without a teacher."""
        if bool(self.teacher) != bool(self.loss.teacher):
            message = (
                "a teacher needs a weight above 0 in loss.teacher, and the weight needs a teacher"
            )
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _subjects_stay_on_one_side(self) -> Recipe:
        """Refuse a subject that stands in training and in validation."""
        both = {(s.name, s.subject) for s in self.train} & {
            (s.name, s.subject) for s in self.validation
        }
        if both:
            names = ", ".join("/".join(pair) for pair in sorted(both))
            message = f"these subjects stand in training and in validation: {names}"
            raise ValueError(message)
        return self


def read_recipe(path: Path) -> Recipe:
    """Return the checked recipe.

    Raises:
        BadRecipe: the file is missing, not YAML, or does not check out; the message names the first fault.
    """
    try:
        return Recipe(**yaml.safe_load(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "recipe"
        message = f"{path}: {place}: {first['msg']}."
    except FileNotFoundError:
        message = f"{path}: there is no such recipe; check the path."
    except (OSError, TypeError, UnicodeDecodeError, yaml.YAMLError):
        message = (
            f"{path} is not a recipe: a recipe is a YAML file such as resources/recipes/lite.yaml."
        )
    raise BadRecipe(message)
