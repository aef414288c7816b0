"""What a network knows before it meets a rated image: nothing, ImageNet, or what a model of this program learnt."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import timm
import torch

from miqa_app.errors import BadRecipe
from miqa_app.networks import build
from miqa_app.registry.checkpoint import load_model
from miqa_app.registry.folders import find_model
from miqa_app.training.first_weights import take_weights

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torch import Tensor, nn

    from miqa_app.networks import Design, QualityNetwork

RANDOM, IMAGENET = "random", "imagenet"

TIMM_WEIGHTS = {
    "efficientnet_b0": "efficientnet_b0.ra_in1k",
    "mobilenetv3_large_100": "mobilenetv3_large_100.ra_in1k",
    "mobilenetv3_small_100": "mobilenetv3_small_100.lamb_in1k",
    "mobilenetv3_small_050": "mobilenetv3_small_050.lamb_in1k",
    "resnet50": "resnet50.a1_in1k",
    "vit_tiny": "vit_tiny_patch16_224.augreg_in21k_ft_in1k",
    "vit_small": "vit_small_patch16_224.augreg_in21k_ft_in1k",
    "vit_base": "vit_base_patch16_224.augreg2_in21k_ft_in1k",
    "vgg19": "vgg19.tv_in1k",
    "resnet10t": "resnet10t.c3_in1k",
    "resnet18": "resnet18.tv_in1k",
    "resnet34": "resnet34.tv_in1k",
    "resnet101": "resnet101.tv_in1k",
    "resnet152": "resnet152.tv_in1k",
    "swin_tiny": "swin_tiny_patch4_window7_224.ms_in1k",
    "swin_small": "swin_small_patch4_window7_224.ms_in1k",
    "swin_base": "swin_base_patch4_window7_224.ms_in1k",
    "swin_large": "swin_large_patch4_window7_224.ms_in22k_ft_in1k",
}
"""timm's names of the ImageNet weights of our encoders; the largest Swin and the ViTs exist only with ImageNet-21k before."""


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
        return network, _from_imagenet(network, imagenet)
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
    names = [TIMM_WEIGHTS[name] for name in config.backbones.values() if name in TIMM_WEIGHTS]
    files = [_local(imagenet, name) for name in names] if imagenet else []
    return " ".join(names + [hashlib.sha256(file.read_bytes()).hexdigest() for file in files])


def _from_imagenet(network: QualityNetwork, imagenet: Path | None) -> Start:
    words, learnt = [], []
    for branch, name in network.config.backbones.items():
        if name not in TIMM_WEIGHTS:
            words.append(f"{name} from random weights (there are none from ImageNet)")
            continue
        body: nn.Module = getattr(network, branch).body
        body.load_state_dict(_fitting(body, _imagenet_state(TIMM_WEIGHTS[name], imagenet), name))
        words.append(f"{name} from ImageNet ({TIMM_WEIGHTS[name]})")
        learnt.append(branch)
    if not learnt:
        message = f"There are no ImageNet weights for {network.config.name}; start it from random."
        raise BadRecipe(message)
    return Start(", ".join(words), tuple(learnt))


def _imagenet_state(name: str, imagenet: Path | None) -> Mapping[str, Tensor]:
    """Return the weights of a classifier of timm, from a local file or by download."""
    overlay = {"file": str(_local(imagenet, name))} if imagenet else None
    try:
        model = timm.create_model(name, pretrained=True, pretrained_cfg_overlay=overlay)
    except Exception as error:  # noqa: BLE001 timm, its hub and sockets raise what they like
        words = str(error).splitlines()[0] if str(error) else type(error).__name__
        message = (
            f"The ImageNet weights {name} could not be had: {words.rstrip('.')}; allow the download, or put "
            f"{name}.safetensors into a folder and name it with --imagenet."
        )
        raise BadRecipe(message) from error
    state: Mapping[str, Tensor] = model.state_dict()
    return state


def _local(imagenet: Path, name: str) -> Path:
    path = imagenet / f"{name}.safetensors"
    if not path.exists():
        message = f"{path} is missing; put timm's weights {name} there as safetensors."
        raise BadRecipe(message)
    return path


def _fitting(body: nn.Module, state: Mapping[str, Tensor], name: str) -> dict[str, Tensor]:
    """Return the state of an encoder with the weights of the classifier it is a part of.

    Encoders with features alone call their parts layers_0 where the classifier says layers.0.
    """
    own = body.state_dict()
    flat = {key.replace(".", "_"): value for key, value in state.items()}
    taken = {
        key: flat[key.replace(".", "_")]
        for key, value in own.items()
        if key.replace(".", "_") in flat and flat[key.replace(".", "_")].shape == value.shape
    }
    if len(taken) < len(own):
        missing = next(key for key in own if key not in taken)
        message = (
            f"The ImageNet weights of {name} do not fit: {missing} is missing; use timm's own file."
        )
        raise BadRecipe(message)
    return taken


def _from_model(network: QualityNetwork, start: str) -> Start:
    source = load_model(start)
    config, other = network.config, source.network.config
    if (config.channels, config.norm) != (other.channels, other.norm):
        message = (
            f"The network {config.name} sees '{config.channels}' channels and the model {start} '{other.channels}'; "
            "start it from imagenet or random."
        )
        raise BadRecipe(message)
    share = take_weights(network, source.network)
    if share == 0:
        message = f"The model {start} has no weight that fits {config.name}; start it from random."
        raise BadRecipe(message)
    same = config.backbones.items() & other.backbones.items()
    words = (
        f"model {start} (sha256 {source.folder.sha256[:12]}), {100 * share:.0f} % of the weights"
    )
    return Start(words, tuple(sorted(branch for branch, _ in same)))
