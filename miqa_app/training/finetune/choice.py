"""One network from several seeds, and not further from the start than pays."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from miqa_app.training.finetune.telling import figures_words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from miqa_app.networks import QualityNetwork
    from miqa_app.training.finetune.judge import Figures, Judge
    from miqa_app.training.finetune.learner import Learnt

    State = Mapping[str, Tensor]

AGREEMENT = 0.97
"""Least rank correlation with the parent on simulated slices; decision 0012 has the figures that set it.

Measured on other people and other anatomies than a site's: down to here the correlation with the quality index fell by
0.006 at most (after 1000 ratings, 95 % down to 0.019), while a candidate is refused at 0.02.
"""
CHANCE = 0.02
"""Merit by which the best seed must beat the average: the best of three does by chance on a few dozen images."""
_HALVINGS = 5


@dataclass(frozen=True, eq=False)
class Chosen:
    """What is kept.

    Attributes:
        network: plain, in evaluation mode.
        figures: of it.
        name: 'average' or 'seed 2'.
        blend: share of the way from the start to it, above 0 and at most 1.
        words: a sentence or two on what was measured.
    """

    network: QualityNetwork
    figures: Figures
    name: str
    blend: float
    words: str


def chosen_network(start: QualityNetwork, seeds: Sequence[Learnt], judge: Judge) -> Chosen:
    """Return the average of all seeds' weights, or the best seed where that is clearly better on the validation images.

    All seeds begin with the same weights and end near to one another, where an average is often better than each
    (model soups, Wortsman et al., ICML 2022). Then only as much of the way from the start to there is gone (Wortsman et
    al., CVPR 2022) as leaves the order of simulated slices what it was.
    """
    network = copy.deepcopy(start)
    averaged = _averaged([seed.weights for seed in seeds])
    network.load_state_dict(averaged)
    figures = judge.figures(network)
    best = max(range(len(seeds)), key=lambda place: seeds[place].figures.merit)
    what, rival = f"the average of {len(seeds)} seeds", f"seed {best + 1}"
    name, state, words = "average", averaged, f"Kept is {what}; no validation images chose."
    if figures.srocc is None:
        pass
    elif figures.merit >= seeds[best].figures.merit - CHANCE:
        words = f"Kept is {what} ({figures_words(figures)}); {rival}, the best, had {figures_words(seeds[best].figures)}."
    else:
        name, state = rival, seeds[best].weights
        words = f"Kept is {rival} ({figures_words(seeds[best].figures)}); {what} had {figures_words(figures)}."
        figures = seeds[best].figures
    blend = _blended(network, start, state, judge)
    if blend < 1:
        figures = judge.figures(network)
        words += (
            f" Of the way to it from the start {100 * blend:.0f} % were gone, so that what was known before is kept "
            f"({figures_words(figures)})."
        )
    return Chosen(network.eval(), figures, name, blend, words)


def _blended(network: QualityNetwork, start: QualityNetwork, end: State, judge: Judge) -> float:
    """Give the network the blend of start and end that goes as far as `AGREEMENT` allows; return its share of the end."""
    first = {name: value.detach().cpu() for name, value in start.state_dict().items()}

    def kept_at(share: float) -> bool:
        network.load_state_dict(_mixed(first, end, share))
        agreement = judge.agreement(network)
        return agreement is None or agreement >= AGREEMENT

    if kept_at(1.0):
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if kept_at(middle) else (low, middle)
    share = max(low, 2.0**-_HALVINGS)
    network.load_state_dict(_mixed(first, end, share))
    return share


def _mixed(first: State, end: State, share: float) -> dict[str, Tensor]:
    return {
        name: torch.lerp(first[name], value, share) if value.is_floating_point() else value
        for name, value in end.items()
    }


def _averaged(states: Sequence[State]) -> dict[str, Tensor]:
    """Return the mean of the weights; counters are the first one's."""
    return {
        name: torch.stack([state[name].double() for state in states]).mean(0).to(value.dtype)
        if value.is_floating_point()
        else value
        for name, value in states[0].items()
    }
