"""Where a run begins: random weights, another model's, or the averaged weights of the same run on another machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from miqa_app.errors import BadRecipe
from miqa_app.registry.checkpoint import load_model

if TYPE_CHECKING:
    from miqa_app.networks import QualityNetwork
    from miqa_app.registry.checkpoint import LoadedModel
    from miqa_app.training.recipe import Recipe

_OF_THE_MACHINE = {"devices", "precision", "workers"}
"""Parts of a recipe that may differ when a run goes on elsewhere."""


@dataclass(frozen=True)
class Start:
    """What was done before the first step.

    Attributes:
        taken: share of the weights that came from another model, 0-1.
        steps: of the same recipe, done elsewhere.
        epochs: the same in epochs.
        minutes: the same in minutes.
    """

    taken: float = 0.0
    steps: int = 0
    epochs: int = 0
    minutes: float = 0.0


def begin(recipe: Recipe, network: QualityNetwork, going_on_from: str | None) -> Start:
    """Give the network its first weights.

    Args:
        recipe: may name a model for a warm start.
        network: gets the weights.
        going_on_from: name or folder of a model that the same recipe has trained up to some step, or None.

    Raises:
        BadModel: a model is missing or damaged.
        BadRecipe: the model was trained by another recipe, or to its end; or the network would stay random.
    """
    if going_on_from:
        model = load_model(going_on_from)
        training = _checked(recipe, model)
        network.load_state_dict(model.network.state_dict())
        return Start(1.0, training["steps"], training["epochs"], training.get("minutes", 0.0))
    if recipe.warm_start:
        return Start(take_weights(network, load_model(recipe.warm_start).network))
    if network.config.frozen:
        message = (
            f"The network {recipe.network} keeps its encoders as they were learnt, and without warm_start they have learnt "
            "nothing; name a model as warm_start, or a network that trains them, such as loda_tiny."
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
    other = sorted(key for key in wanted if made_by.get(key) != wanted[key])
    if other:
        message = f"The model {model.folder.path} was trained by another recipe (they differ in {', '.join(other)}); to start from its weights, name it as warm_start."
        raise BadRecipe(message)
    if training["epochs"] >= recipe.epochs:
        message = f"The model {model.folder.path} was trained to the end of the recipe {recipe.name}; there is nothing to go on with."
        raise BadRecipe(message)
    return training


def take_weights(network: QualityNetwork, source: QualityNetwork) -> float:
    """Copy every weight whose name and shape agree in both networks, and return their share of the target, 0-1.

    Between networks of one design that is all of them. A deeper ResNet takes the blocks of a shallower one; its other
    blocks begin as identity (the last norm of a block starts at zero), so its features begin where the other's ended.
    """
    own = network.state_dict()
    fitting = {
        name: value
        for name, value in source.state_dict().items()
        if name in own and own[name].shape == value.shape
    }
    network.load_state_dict({**own, **fitting})
    copied, whole = (sum(v.numel() for v in state.values()) for state in (fitting, own))
    return float(copied / whole)
