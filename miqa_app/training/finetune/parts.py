"""Which weights a recipe trains, and the low-rank change of all others (LoRA, Hu et al., ICLR 2022)."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

if TYPE_CHECKING:
    from collections.abc import Iterator

    from miqa_app.networks import QualityNetwork
    from miqa_app.training.finetune.recipe import FineTuneRecipe

_STAGE = re.compile(r"^(\w+)\.body\.(?:layers?_?|blocks\.)(\d+)\.")
"""A stage of an encoder of timm: layer3 of a ResNet, layers_2 of a Swin, blocks.11 of a ViT or a mobile network."""


class LowRank(nn.Module):
    """A weight plus a change of low rank, which is zero at the start.

    The weight (out, …) is taken as a matrix of `out` rows; the change is B A with A (rank, columns) and B (out, rank).
    """

    def __init__(self, weight: Tensor, rank: int) -> None:
        """Build the change for a weight of this shape; a rank above the matrix's own is cut down to it."""
        super().__init__()
        rows, columns = weight.shape[0], weight[0].numel()
        rank = min(rank, rows, columns)
        self.down = nn.Parameter(torch.empty(rank, columns, device=weight.device))
        self.up = nn.Parameter(torch.zeros(rows, rank, device=weight.device))
        nn.init.kaiming_uniform_(self.down, a=math.sqrt(5))

    def forward(self, weight: Tensor) -> Tensor:
        """Return the changed weight."""
        return weight + (self.up @ self.down).view_as(weight)


def prepare(network: QualityNetwork, recipe: FineTuneRecipe) -> list[dict[str, object]]:
    """Freeze what the recipe leaves alone, put adapters in where it wants them, and return the optimiser's groups.

    Args:
        network: changed in place; `merge` makes it plain again.
        recipe: says which parts are trained, at which rates.
    """
    learnt = _learnt(network, recipe)
    for name, weight in network.named_parameters():
        weight.requires_grad_(name in learnt)
    if recipe.parts == "adapter":
        _adapt(network, recipe.adapter_rank, learnt)
    groups: dict[float, list[nn.Parameter]] = {}
    for name, weight in network.named_parameters():
        if weight.requires_grad:
            fast = name.startswith(network.parts.heads) or ".parametrizations." in name
            rate = recipe.learning_rate if fast else recipe.backbone_rate
            groups.setdefault(rate, []).append(weight)
    return [{"params": weights, "lr": rate} for rate, weights in groups.items()]


def merge(network: QualityNetwork) -> QualityNetwork:
    """Write the adapters of a network into its weights, in place, and return it."""
    for module in list(network.modules()):
        if parametrize.is_parametrized(module):
            for name in list(module.parametrizations):  # type: ignore[arg-type]
                parametrize.remove_parametrizations(module, name, leave_parametrized=True)
    return network


def plain_state(network: QualityNetwork) -> dict[str, Tensor]:
    """Return the weights as a plain network of this design has them, adapters merged in, copies on the CPU."""
    state: dict[str, Tensor] = {}
    with torch.no_grad(), parametrize.cached():
        for name, value in network.state_dict().items():
            if ".parametrizations." not in name:
                state[name] = value.detach().cpu().clone()
        for prefix, module in network.named_modules():
            if parametrize.is_parametrized(module):
                for name in module.parametrizations:
                    state[f"{prefix}.{name}"] = getattr(module, name).detach().cpu().clone()
    return state


def _learnt(network: QualityNetwork, recipe: FineTuneRecipe) -> set[str]:
    """Return the names of the weights that are trained themselves."""
    names = [name for name, _ in network.named_parameters()]
    parts = network.parts
    if recipe.parts == "full":
        return set(names)
    if recipe.parts == "last":
        # a design that leaves its encoders as they were learnt trains what stands between them and the heads
        last = () if network.encoders_frozen else tuple(_last_stages(names))
        return {name for name in names if name.startswith((*parts.heads, *parts.joints, *last))}
    return {name for name in names if name.startswith(parts.heads)}


def _last_stages(names: list[str]) -> Iterator[str]:
    """Yield the prefix of the last stage of each encoder that has stages."""
    found: dict[str, tuple[int, str]] = {}
    for name in names:
        match = _STAGE.match(name)
        if match:
            stage = (int(match[2]), match[0])
            found[match[1]] = max(found.get(match[1], stage), stage)
    yield from (prefix for _, prefix in found.values())


def _adapt(network: QualityNetwork, rank: int, learnt: set[str]) -> None:
    """Put a low-rank change on every matrix and convolution that is not trained itself."""
    for prefix, module in list(network.named_modules()):
        if not isinstance(module, nn.Linear | nn.Conv2d) or f"{prefix}.weight" in learnt:
            continue
        if prefix.startswith((*network.parts.encoders, *network.parts.joints)):
            parametrize.register_parametrization(module, "weight", LowRank(module.weight, rank))
