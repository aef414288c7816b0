"""What a network knows before it meets a rated image: nothing, ImageNet, or what a model of this program learnt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from miqa_app.errors import BadRecipe
from miqa_app.networks import build
from miqa_app.registry.checkpoint import load_model
from miqa_app.registry.folders import find_model
from miqa_app.training.first_weights import take_model
from miqa_app.training.imagenet import IMAGENET, imagenet_identity, take_imagenet

if TYPE_CHECKING:
    from pathlib import Path

    from miqa_app.networks import Design, QualityNetwork

RANDOM = "random"


@dataclass(frozen=True)
class Start:
    """What was taken.

    Attributes:
        words: for the record of the results.
        learnt: the encoders, by the names of `QualityNetwork.encoders`, that do not begin at random.
    """

    words: str
    learnt: tuple[str, ...] = ()


def starting_network(
    config: Design, start: str, seed: int, imagenet: Path | None = None
) -> tuple[QualityNetwork, Start]:
    """Return the network of a design with its starting weights, and what they are.

    Args:
        config: the design.
        start: 'random', 'imagenet', or the name or folder of a model.
        seed: of everything that begins at random.
        imagenet: folder with `<name of timm>.safetensors`, such as resnet34.tv_in1k.safetensors; timm downloads the
            weights where none is given.

    Raises:
        BadRecipe: the weights cannot be had, or do not belong to this design.
        BadModel: the model is missing or damaged.
    """
    torch.manual_seed(seed)
    network = build(config)
    if start == RANDOM:
        refuse_frozen_at_random(network)
        return network, Start(f"random weights, seed {seed}")
    if start == IMAGENET:
        return network, Start(*take_imagenet(network, imagenet))
    return network, _from_model(network, start)


def refuse_frozen_at_random(network: QualityNetwork) -> None:
    """Raise BadRecipe where a design keeps its encoders as they are and these have learnt nothing."""
    if network.config.frozen:
        name = network.config.name
        message = (
            f"The network {name} keeps its encoders as they were learnt, and random ones have learnt nothing; start it from "
            "'imagenet' (with --imagenet FOLDER for local files) or from a model, or choose one that trains them, such as "
            "loda_tiny."
        )
        raise BadRecipe(message)


def start_identity(config: Design, start: str, imagenet: Path | None = None) -> str:
    """Return what tells one start from another: the hash of a model, or of the files of ImageNet weights.

    Raises:
        BadRecipe: a file of ImageNet weights is missing.
        BadModel: the model is missing or damaged.
    """
    if start == RANDOM:
        return RANDOM
    if start != IMAGENET:
        return find_model(start).sha256
    return imagenet_identity(config, imagenet)


def _from_model(network: QualityNetwork, start: str) -> Start:
    source = load_model(start, start=True)
    config, other = network.config, source.network.config
    if (config.channels, config.norm) != (other.channels, other.norm):
        message = (
            f"The network {config.name} sees '{config.channels}' channels and the model {start} '{other.channels}'; "
            "start it from imagenet or random."
        )
        raise BadRecipe(message)
    share = take_model(network, source)
    if share == 0:
        message = f"The model {start} has no weight that fits {config.name}; start it from random."
        raise BadRecipe(message)
    same = config.backbones.items() & other.backbones.items()
    words = (
        f"model {start} (sha256 {source.folder.sha256[:12]}), {100 * share:.0f} % of the weights"
    )
    return Start(words, tuple(sorted(branch for branch, _ in same)))
