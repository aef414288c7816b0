"""Which crops make up the steps of an epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from miqa_app.training.finetune.bank import Key

if TYPE_CHECKING:
    from miqa_app.training.finetune.bank import Bank
    from miqa_app.training.finetune.recipe import FineTuneRecipe


def steps_per_epoch(bank: Bank, recipe: FineTuneRecipe) -> int:
    """Return the number of steps in which every rated group comes up once."""
    rated = recipe.batch // 2 - _simulated(bank, recipe)
    return max(1, round(bank.rated_groups / rated))


def plan(bank: Bank, recipe: FineTuneRecipe, seed: int, epoch: int) -> list[list[Key]]:
    """Return the groups of every step of an epoch, the same in every process.

    The rated groups are dealt evenly, so that no last step is too small for a correlation.

    Args:
        bank: of the groups.
        recipe: gives the size of a step and the share of simulated crops.
        seed: of the run.
        epoch: 0 and up.
    """
    rng = np.random.default_rng([seed, epoch])
    # seeds begin at different turns, so that they differ in more than the order
    turn = (epoch + seed) % bank.cycle
    simulated = _simulated(bank, recipe)
    dealt = np.array_split(rng.permutation(bank.rated_groups), steps_per_epoch(bank, recipe))
    steps = []
    for groups in dealt:
        drawn = rng.integers(max(1, bank.simulated_groups), size=simulated)
        rated = [Key(simulated=False, group=int(group), turn=turn) for group in groups]
        steps.append(rated + [Key(simulated=True, group=int(g), turn=0) for g in drawn])
    return steps


def _simulated(bank: Bank, recipe: FineTuneRecipe) -> int:
    """Return the simulated groups of every step."""
    if not bank.simulated_groups or not recipe.rehearsal:
        return 0
    return max(1, round(recipe.batch // 2 * recipe.rehearsal))
