"""One seed: epochs of steps, averaged weights, early stopping, and a state on disk after every epoch.

Everything random is drawn from the seed and the epoch, and the network is trained in evaluation mode: its batch statistics
stay those of the parent and nothing is dropped at random. So a seed that was stopped and gone on with ends with the same
weights as one that was not, and the same as on several processes, up to rounding.
"""

from __future__ import annotations

import copy
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from miqa_app.errors import MiqaError
from miqa_app.training.finetune.judge import Figures
from miqa_app.training.finetune.keeping import read_state, write_state
from miqa_app.training.finetune.parts import plain_state, prepare
from miqa_app.training.finetune.plan import plan, steps_per_epoch
from miqa_app.training.finetune.telling import rounded
from miqa_app.training.module import cosine

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from torch import Tensor

    from miqa_app.networks import QualityNetwork
    from miqa_app.training.finetune.bank import Bank, Key
    from miqa_app.training.finetune.judge import Judge
    from miqa_app.training.finetune.pace import Pace
    from miqa_app.training.finetune.parallel import Workers
    from miqa_app.training.finetune.recipe import FineTuneRecipe
    from miqa_app.training.finetune.step import Stepper

_CLIP = 1.0
_EPSILON = 1e-6
_EMA_RAMP = 10


@dataclass(frozen=True, eq=False)
class Tools:
    """What all seeds of a run share."""

    recipe: FineTuneRecipe
    bank: Bank
    judge: Judge
    stepper: Stepper
    pace: Pace
    workers: Workers
    stepped: Callable[[], None]
    """Called after every step."""


@dataclass
class Learnt:
    """What a seed gave.

    Attributes:
        weights: plain state of the best epoch, on the CPU.
        figures: of these weights.
        best_epoch: 1 and up.
        curve: loss and figures of every epoch.
        steps: taken.
        seconds: spent, over all parts of a seed that was stopped.
        trained: number of values that were trained.
    """

    weights: dict[str, Tensor] = field(default_factory=dict)
    figures: Figures = Figures(None, None, None, None)
    best_epoch: int = 0
    curve: list[dict[str, Any]] = field(default_factory=list)
    steps: int = 0
    seconds: float = 0.0
    trained: int = 0


class SeedRun:
    """Trains one seed."""

    def __init__(self, parent: QualityNetwork, seed: int, folder: Path, tools: Tools) -> None:
        """Begin with the parent's weights, or where the folder's state stands."""
        self._seed, self._folder, self._tools = seed, folder, tools
        recipe = tools.recipe
        # adapters begin at random
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self._network = copy.deepcopy(parent).eval()
            groups = prepare(self._network, recipe)
        self._network.to(tools.workers.device)
        # what keeps the parent's word begins with gradients of zero, whose rounding errors a smaller eps would blow up
        self._optimizer = torch.optim.Adam(groups, lr=recipe.learning_rate, eps=_EPSILON)
        self._peaks = [group["lr"] for group in self._optimizer.param_groups]
        self._learnt = {n: w for n, w in self._network.named_parameters() if w.requires_grad}
        self._began = {weight: weight.detach().clone() for weight in self._learnt.values()}
        self._average = {n: w.detach().clone() for n, w in self._learnt.items()}
        self._epoch, self._ended, self.result = 0, False, Learnt()
        self._restore()
        self.result.trained = sum(weight.numel() for weight in self._learnt.values())

    @property
    def ended(self) -> bool:
        """Return whether nothing is left to do."""
        return self._ended or self._epoch >= self._tools.recipe.epochs

    def epoch(self) -> dict[str, Any]:
        """Do one epoch, keep its state, and return its loss and figures.

        Raises:
            Cancelled: by command; the epochs before are kept.
            MiqaError: the training diverged, or the disk is full.
        """
        begun, paused = time.monotonic(), self._tools.pace.paused
        losses = [
            self._step(keys)
            for keys in plan(self._tools.bank, self._tools.recipe, self._seed, self._epoch)
        ]
        self._epoch += 1
        figures = self._judged()
        row = {"epoch": self._epoch, "loss": round(float(np.mean(losses)), 5), **rounded(figures)}
        self.result.curve.append(row)
        self.result.seconds += time.monotonic() - begun - (self._tools.pace.paused - paused)
        recipe = self._tools.recipe
        self._ended = self._epoch - self.result.best_epoch >= recipe.patience
        self._keep()
        return row

    def _step(self, keys: list[Key]) -> float:
        tools = self._tools
        tools.pace.next_step()
        loss = tools.stepper.gradients(self._network, keys)
        torch.nn.utils.clip_grad_norm_(self._learnt.values(), _CLIP)
        total = tools.recipe.epochs * steps_per_epoch(tools.bank, tools.recipe)
        share = cosine(self.result.steps / max(1, total))
        for group, peak in zip(self._optimizer.param_groups, self._peaks, strict=True):
            group["lr"] = peak * share
        self._optimizer.step()
        self._pull_back()
        self.result.steps += 1
        decay = min(tools.recipe.ema, self.result.steps / (_EMA_RAMP + self.result.steps))
        with torch.no_grad():
            for name, weight in self._learnt.items():
                self._average[name].lerp_(weight, 1 - decay)
        tools.stepped()
        return loss

    def _pull_back(self) -> None:
        """Draw the weights towards where they began."""
        with torch.no_grad():
            for group in self._optimizer.param_groups:
                share = min(1.0, group["lr"] * self._tools.recipe.weight_decay)
                for weight in group["params"]:
                    weight.lerp_(self._began[weight], share)

    def _judged(self) -> Figures:
        """Judge the averaged weights, and take them as the result where they are the best so far."""
        trained = {name: weight.detach().clone() for name, weight in self._learnt.items()}
        self._put(self._average)
        figures = self._tools.judge.figures(self._network)
        # without a validation every epoch is as good as the one before, and the last is taken
        if not self.result.best_epoch or figures.merit >= self.result.figures.merit:
            self.result.weights = plain_state(self._network)
            self.result.figures, self.result.best_epoch = figures, self._epoch
        self._put(trained)
        if not all(torch.isfinite(weight).all() for weight in self._average.values()):
            message = "The training diverged; lower the learning rates in the recipe."
            raise MiqaError(message)
        return figures

    def _put(self, weights: dict[str, Tensor]) -> None:
        with torch.no_grad():
            for name, weight in self._learnt.items():
                weight.copy_(weights[name])

    def _keep(self) -> None:
        if not self._tools.workers.leads:
            return
        result = self.result
        state = {
            "epoch": self._epoch,
            "ended": self._ended,
            "best_epoch": result.best_epoch,
            "figures": list(result.figures),
            "curve": result.curve,
            "steps": result.steps,
            "seconds": result.seconds,
            "best": result.weights,
        }
        if not self.ended:
            state |= {
                "weights": {name: weight.detach().cpu() for name, weight in self._learnt.items()},
                "average": {name: weight.cpu() for name, weight in self._average.items()},
                "optimizer": self._optimizer.state_dict(),
            }
        write_state(self._folder, state)

    def _restore(self) -> None:
        """Take up the state of the folder, the leader's in every process."""
        workers = self._tools.workers
        state = workers.agreed(read_state(self._folder) if workers.leads else None)
        if state is None:
            return
        self._epoch, self._ended = state["epoch"], state["ended"]
        self.result = Learnt(
            state["best"],
            Figures(*state["figures"]),
            state["best_epoch"],
            state["curve"],
            state["steps"],
            state["seconds"],
        )
        if "optimizer" in state:
            self._put(state["weights"])
            self._average = {n: w.to(workers.device) for n, w in state["average"].items()}
            self._optimizer.load_state_dict(state["optimizer"])
