"""From a design to a network with random weights."""

from __future__ import annotations

import torch

from miqa_app.networks.config import NetworkConfig
from miqa_app.networks.dbcnn import DbCnn
from miqa_app.networks.design import Design, named_config
from miqa_app.networks.families import DbCnnConfig, LarIqaConfig, LoDaConfig, LoDaProConfig
from miqa_app.networks.lariqa import LarIqa
from miqa_app.networks.loda import LoDa
from miqa_app.networks.lodapro import LoDaPro
from miqa_app.networks.miqanet import MIQANet
from miqa_app.networks.network import QualityNetwork


def build(config: Design | str) -> QualityNetwork:
    """Build a network with random weights.

    Args:
        config: the design, or its name in the table of named networks.

    Returns:
        The network, on the CPU and in training mode, but for encoders that its design freezes.
    """
    design = named_config(config) if isinstance(config, str) else config
    # modules are made in training mode; `train` knows which of them stay out of it
    return _made(design).train()


def _made(design: Design) -> QualityNetwork:
    match design:
        case NetworkConfig():
            return MIQANet(design)
        case LoDaConfig():
            return LoDa(design)
        case LoDaProConfig():
            return LoDaPro(design)
        case LarIqaConfig():
            return LarIqa(design)
        case DbCnnConfig():
            return DbCnn(design)


def count_parameters(config: Design | str) -> int:
    """Count the weights of a design without taking memory for them.

    Args:
        config: the design, or its name in the table of named networks.

    Returns:
        The number of weights, frozen ones too.
    """
    with torch.device("meta"):
        return sum(parameter.numel() for parameter in build(config).parameters())
