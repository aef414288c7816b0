"""One step: the loss of a whole batch, judged in parts that fit into memory.

First all parts are judged, then the loss of all scores together gives each its gradient, then the parts are backpropagated.
So the step is the same however the batch is cut. While memory suffices the parts keep their graphs in between; after memory
has run out once, they are judged a second time instead, in parts of half the size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import torch

from miqa_app.errors import MiqaError
from miqa_app.training.finetune.loss import Batch, keeping_loss, score_gradient
from miqa_app.training.finetune.memory import is_out_of_memory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from torch import Tensor

    from miqa_app.networks import Prediction, QualityNetwork
    from miqa_app.training.finetune.bank import Bank, Entry, Key
    from miqa_app.training.finetune.pace import Pace
    from miqa_app.training.finetune.parallel import Workers
    from miqa_app.training.finetune.recipe import FineTuneRecipe

_Result = TypeVar("_Result")

_CPU_PART = 4
"""Crops between two looks at the commands on a processor, where a batch takes seconds."""
_KNOWN = ("q", "weight", "paired", "simulated")
_PARENT = ("logits", "severity", "log_variance", "map")


class Stepper:
    """Computes gradients.

    Attributes:
        part: crops that are judged at a time.
        halved: whether memory ran out.
    """

    def __init__(
        self,
        bank: Bank,
        recipe: FineTuneRecipe,
        workers: Workers,
        pace: Pace,
        note: Callable[[str], None],
    ) -> None:
        """Take crops from `bank`, and tell `note` when memory runs out."""
        self._bank, self._weights, self._workers = bank, recipe.loss, workers
        self._pace, self._note = pace, note
        slow = workers.device.type == "cpu"
        self._filled = _CPU_PART if slow else recipe.batch
        self.part = min(_CPU_PART, recipe.batch) if slow else recipe.batch
        self.halved = False

    def gradients(self, network: QualityNetwork, keys: Sequence[Key]) -> float:
        """Set the gradients of the loss of the groups, all processes together, and return the loss of the scores.

        Raises:
            Cancelled: by command.
            MiqaError: memory does not suffice for a single crop, or the loss is no number.
        """
        mine = self._workers.share(keys)
        own = [keys[place] for place in mine]
        self._fill(own)
        batch = self._bank.batch(own) if own else {}
        judged = self._halving(lambda: self._judged(network, batch))
        rows = [2 * place + member for place in mine for member in (0, 1)]
        whole = self._whole(judged, batch, rows, 2 * len(keys))
        loss, gradient = score_gradient(whole, self._weights)
        if not torch.isfinite(gradient).all():
            message = "The training diverged; lower the learning rates in the recipe."
            raise MiqaError(message)
        self._halving(
            lambda: self._backpropagated(network, batch, judged, gradient[rows], len(keys))
        )
        self._workers.sum_gradients(w for w in network.parameters() if w.requires_grad)
        return loss

    def _fill(self, keys: Sequence[Key]) -> None:
        """Have the bank cut what it lacks, in parts."""
        missing = self._bank.missing(keys)
        while missing:
            count = max(1, min(self.part, self._filled) // 2)
            self._pace.breathe()
            self._halving(lambda first=missing[:count]: self._bank.fill(first))  # type: ignore[misc]
            missing = self._bank.missing(keys)

    def _judged(self, network: QualityNetwork, batch: Entry) -> _Judged:
        """Judge a batch part by part."""
        judged = _Judged()
        for part in self._parts(batch):
            self._pace.breathe()
            with torch.set_grad_enabled(not self.halved):
                said = self._bank.said(network, _rows(batch, part))
            judged.scores.append(said.score.detach().float())
            if not self.halved:
                judged.graphs.append((part, said))
        return judged

    def _whole(self, judged: _Judged, batch: Entry, rows: Sequence[int], total: int) -> Batch:
        """Return the scores of all processes with what is known of their crops."""
        device = self._workers.device
        table = torch.zeros(0, 1 + len(_KNOWN), device=device)
        if judged.scores:
            known = [batch[name].float().to(device) for name in _KNOWN]
            table = torch.stack([torch.cat(judged.scores), *known], dim=1)
        score, q, weight, paired, simulated = self._workers.joined(table, rows, total).unbind(1)
        return Batch(score, q, weight, paired > 0.5, simulated > 0.5)

    def _backpropagated(
        self, network: QualityNetwork, batch: Entry, judged: _Judged, gradient: Tensor, groups: int
    ) -> None:
        """Add up the gradients of this process's parts."""
        network.zero_grad(set_to_none=True)
        graphs, judged.graphs = judged.graphs, []  # a second attempt finds none and judges anew
        if graphs:
            for part, said in graphs:
                self._backward(said, batch, part, gradient, groups)
            return
        for part in self._parts(batch):
            said = self._bank.said(network, _rows(batch, part))
            self._backward(said, batch, part, gradient, groups)

    def _backward(
        self, said: Prediction, batch: Entry, part: slice, gradient: Tensor, groups: int
    ) -> None:
        self._pace.breathe()
        parent = {name: batch[name][part].to(said.score.device) for name in _PARENT}
        kept = keeping_loss(said, parent, self._weights) / (2 * groups)
        ((said.score.float() * gradient[part]).sum() + kept).backward()  # type: ignore[no-untyped-call]

    def _parts(self, batch: Entry) -> Iterator[slice]:
        count = len(batch["q"]) if batch else 0
        yield from (slice(first, first + self.part) for first in range(0, count, self.part))

    def _halving(self, work: Callable[[], _Result]) -> _Result:
        """Return the result of some work, with parts of half the size after every time that memory runs out."""
        while True:
            try:
                return work()
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
            # outside of the handler, so that the error lets go of the tensors of its frames
            self._halve()

    def _halve(self) -> None:
        if self.part == 1:
            message = (
                "The memory does not suffice for a single crop; close other programs, or choose a recipe with "
                "smaller crops or fewer trained parts."
            )
            raise MiqaError(message)
        self.part, self.halved = self.part // 2, True
        if self._workers.device.type == "cuda":
            torch.cuda.empty_cache()
        self._note(
            f"Memory ran out; crops are now judged {self.part} at a time and their gradients added up, "
            "which gives the same steps and takes longer."
        )


class _Judged:
    """What the first pass over a batch leaves: scores, and where memory allows the graphs behind them."""

    def __init__(self) -> None:
        self.scores: list[Tensor] = []
        self.graphs: list[tuple[slice, Prediction]] = []


def _rows(batch: Entry, part: slice) -> Entry:
    return {name: value[part] for name, value in batch.items()}
