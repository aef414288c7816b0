"""Where a run begins: random weights, ImageNet, another model's, or averaged weights of the same run from elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from miqa_app.errors import BadRecipe
from miqa_app.networks import named_config
from miqa_app.registry.checkpoint import load_model
from miqa_app.training.imagenet import IMAGENET, check_imagenet, take_imagenet
from miqa_app.training.recipe import Recipe

if TYPE_CHECKING:
    from pathlib import Path

    from miqa_app.networks import QualityNetwork
    from miqa_app.registry.checkpoint import LoadedModel

_OF_THE_MACHINE = {"devices", "precision", "workers"}
"""Parts of a recipe that may differ when a run goes on elsewhere."""


@dataclass(frozen=True)
class Start:
    """What was done before the first step.

    Attributes:
        taken: share of the weights that came from another model, 0-1.
        words: what every encoder began with where that was ImageNet, else ''.
        steps: of the same recipe, done elsewhere.
        epochs: the same in epochs.
        minutes: the same in minutes.
    """

    taken: float = 0.0
    words: str = ""
    steps: int = 0
    epochs: int = 0
    minutes: float = 0.0


def check_start(recipe: Recipe, going_on_from: str | None, imagenet: Path | None) -> None:
    """Refuse what `begin` would refuse after the pool has been made: ImageNet weights that are not wanted or not there.

    Raises:
        BadRecipe: the recipe does not start from ImageNet, or the weights cannot be had.
    """
    wanted = recipe.warm_start == IMAGENET
    if imagenet and not wanted:
        message = (
            f"The recipe {recipe.name} does not start from ImageNet; leave --imagenet out, or write "
            f"'warm_start: {IMAGENET}' into it."
        )
        raise BadRecipe(message)
    if wanted and not going_on_from:
        check_imagenet(named_config(recipe.network), imagenet, recipe.pretrained)


def begin(
    recipe: Recipe,
    network: QualityNetwork,
    going_on_from: str | None,
    imagenet: Path | None = None,
) -> Start:
    """Give the network its first weights.

    Args:
        recipe: may name a model or 'imagenet' for a warm start.
        network: gets the weights.
        going_on_from: name or folder of a model that the same recipe has trained up to some step, or None.
        imagenet: folder of ImageNet weights, see `imagenet.take_imagenet`; timm downloads them where it is None.

    Raises:
        BadModel: a model is missing or damaged.
        BadRecipe: the model was trained by another recipe, or to its end; ImageNet weights cannot be had; or the network
            would stay random.
    """
    if going_on_from:
        model = load_model(going_on_from)
        training = _checked(recipe, model)
        network.load_state_dict(model.network.state_dict())
        return Start(
            taken=1.0,
            words=training.get("start", ""),
            steps=training["steps"],
            epochs=training["epochs"],
            minutes=training.get("minutes", 0.0),
        )
    if recipe.warm_start == IMAGENET:
        return Start(words=take_imagenet(network, imagenet, recipe.pretrained).words)
    if recipe.warm_start:
        return Start(take_model(network, load_model(recipe.warm_start, start=True)))
    if network.config.frozen:
        message = (
            f"The network {recipe.network} keeps its encoders as they were learnt, and without warm_start they have learnt "
            "nothing; name imagenet or a model as warm_start, or a network that trains them, such as loda_tiny."
        )
        raise BadRecipe(message)
    return Start()


def _checked(recipe: Recipe, model: LoadedModel) -> dict[str, Any]:
    """Return what a model says of its training, if this recipe can go on from there."""
    training: dict[str, Any] = model.folder.config["training"]
    wanted = recipe.model_dump(mode="json", exclude=_OF_THE_MACHINE)
    made_by = {
        key: value
        for key, value in training.get("recipe", {}).items()
        if key not in _OF_THE_MACHINE
    }
    # a key that is younger than the model stood at its default
    other = sorted(key for key in wanted if made_by.get(key, _default(key)) != wanted[key])
    if other:
        message = f"The model {model.folder.path} was trained by another recipe (they differ in {', '.join(other)}); to start from its weights, name it as warm_start."
        raise BadRecipe(message)
    if training["epochs"] >= recipe.epochs:
        message = f"The model {model.folder.path} was trained to the end of the recipe {recipe.name}; there is nothing to go on with."
        raise BadRecipe(message)
    return training


def _default(key: str) -> Any:
    """Return what a recipe says where it does not name a key, or None where it must."""
    field = Recipe.model_fields[key]
    return None if field.is_required() else field.get_default()


def take_model(network: QualityNetwork, model: LoadedModel) -> float:
    """Copy what fits of a model, and return its share of the network, 0-1: see `take_weights`.

    Of a model whose score was never trained (`miqa pretrain`) that is its encoders: its heads are random, and new ones of
    the network's own seed serve better.
    """
    parts = () if model.folder.judges else model.network.parts.encoders
    return take_weights(network, model.network, parts)


def take_weights(
    network: QualityNetwork, source: QualityNetwork, parts: tuple[str, ...] = ()
) -> float:
    """Copy every weight whose name and shape agree in both networks, and return their share of the target, 0-1.

    Between networks of one design that is all of them. A deeper ResNet takes the blocks of a shallower one; its other
    blocks begin as identity (the last norm of a block starts at zero), so its features begin where the other's ended.

    Args:
        network: gets the weights.
        source: has them.
        parts: how the names of those weights begin that are copied; all when empty.
    """
    own = network.state_dict()
    fitting = {
        name: value
        for name, value in source.state_dict().items()
        if name in own and own[name].shape == value.shape and name.startswith(parts or "")
    }
    network.load_state_dict({**own, **fitting})
    copied, whole = (sum(v.numel() for v in state.values()) for state in (fitting, own))
    return float(copied / whole)
