"""Encoders that learnt on ImageNet: timm's names of their weights, from a local folder or by download."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

import timm
from timm.models import get_pretrained_cfg

from miqa_app.errors import BadRecipe

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from torch import Tensor, nn

    from miqa_app.networks import Design, QualityNetwork

IMAGENET = "imagenet"
"""What recipes call this start."""

TIMM_WEIGHTS = {
    "efficientnet_b0": "efficientnet_b0.ra_in1k",
    "efficientnet_lite0": "tf_efficientnet_lite0.in1k",
    "mobilenetv3_large_100": "mobilenetv3_large_100.ra_in1k",
    "mobilenetv3_small_100": "mobilenetv3_small_100.lamb_in1k",
    "mobilenetv3_small_050": "mobilenetv3_small_050.lamb_in1k",
    "resnet50": "resnet50.a1_in1k",
    "vit_tiny": "vit_tiny_patch16_224.augreg_in21k_ft_in1k",
    "vit_small": "vit_small_patch16_224.augreg_in21k_ft_in1k",
    "vit_base": "vit_base_patch16_224.augreg2_in21k_ft_in1k",
    "vgg16": "vgg16.tv_in1k",
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


class Taken(NamedTuple):
    """What a network took.

    Attributes:
        words: what every encoder begins with, under what licence where that is known.
        learnt: the encoders, by the names of `QualityNetwork.encoders`, that do not begin at random.
    """

    words: str
    learnt: tuple[str, ...]


def take_imagenet(network: QualityNetwork, folder: Path | None, only: Sequence[str] = ()) -> Taken:
    """Give the encoders of a network the weights of ImageNet classifiers; the rest of it stays as it is.

    Encoders that see three views of a slice (`channels: views`) take them as well: each view is about zero mean and unit
    spread, as normalised photographs are. Their first layer meets views where it learnt colours, and learns on.

    Args:
        network: gets the weights.
        folder: holds `<name of timm>.safetensors`, such as resnet34.tv_in1k.safetensors; timm downloads the weights where
            it is None.
        only: the encoders to give weights to, by the names of `QualityNetwork.encoders`; all that have some when empty.

    Raises:
        BadRecipe: the weights cannot be had, do not fit, or there are none for an encoder that is asked for.
    """
    names = _wanted(network.config, only)
    words = []
    for branch, encoder in network.config.backbones.items():
        if branch not in names:
            why = "" if encoder in TIMM_WEIGHTS else " (there are none from ImageNet)"
            words.append(f"{encoder} from random weights{why}")
            continue
        body: nn.Module = getattr(network, branch).body
        body.load_state_dict(_fitting(body, _state(names[branch], folder), encoder))
        words.append(f"{encoder} from ImageNet ({_described(names[branch], folder)})")
    return Taken(", ".join(words), tuple(names))


def check_imagenet(config: Design, folder: Path | None, only: Sequence[str] = ()) -> None:
    """Read the weights that `take_imagenet` would take, so that a run without them ends before its long work.

    Raises:
        BadRecipe: they cannot be had, there are none for an encoder that is asked for, or an encoder would rest at random.
    """
    names = _wanted(config, only)
    random = [branch for branch in config.backbones if branch not in names]
    if config.frozen and random:
        message = (
            f"The network {config.name} keeps its encoders as they were learnt, so all of them need weights; without "
            f"there would be: {', '.join(random)}."
        )
        raise BadRecipe(message)
    for name in names.values():
        _state(name, folder)


def _wanted(config: Design, only: Sequence[str]) -> dict[str, str]:
    """Return timm's names of the weights to take by encoder."""
    known = {
        branch: TIMM_WEIGHTS[name]
        for branch, name in config.backbones.items()
        if name in TIMM_WEIGHTS
    }
    if not known:
        message = f"There are no ImageNet weights for {config.name}; start it from random."
        raise BadRecipe(message)
    strange = [branch for branch in only if branch not in known]
    if strange:
        message = (
            f"There are no ImageNet weights for {', '.join(strange)} of {config.name}; there are some for: "
            f"{', '.join(known)}."
        )
        raise BadRecipe(message)
    return {branch: name for branch, name in known.items() if not only or branch in only}


def imagenet_identity(config: Design, folder: Path | None) -> str:
    """Return what tells the ImageNet weights of a design from others: timm's names, and the hashes of local files.

    Raises:
        BadRecipe: a file is missing.
    """
    names = [TIMM_WEIGHTS[name] for name in config.backbones.values() if name in TIMM_WEIGHTS]
    return " ".join(names + [_sha256(name, folder) for name in names if folder])


def _described(name: str, folder: Path | None) -> str:
    """Return timm's name of weights, the licence that timm states for them, and the hash of a local file."""
    facts = [name]
    known = get_pretrained_cfg(name)
    if known is not None and known.license:
        facts.append(f"licence {known.license}")
    if folder:
        facts.append(f"file sha256 {_sha256(name, folder)[:12]}")
    return ", ".join(facts)


def _sha256(name: str, folder: Path) -> str:
    return hashlib.sha256(_local(folder, name).read_bytes()).hexdigest()


def _state(name: str, folder: Path | None) -> Mapping[str, Tensor]:
    """Return the weights of a classifier of timm, from a local file or by download."""
    overlay = {"file": str(_local(folder, name))} if folder else None
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


def _local(folder: Path, name: str) -> Path:
    path = folder / f"{name}.safetensors"
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
