"""One training on one or several processes, which all end with the same weights.

Every process backpropagates its share of the crops; scores and gradients are summed over all of them, so that the step is
that of the whole batch whatever the number of processes. torchrun says how many there are; one alone needs nothing.
"""

from __future__ import annotations

import logging
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import torch
from lightning.fabric import Fabric

from miqa_app.scoring.engine import pick_device

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from torch import Tensor

_ACCELERATORS = {"cuda": "gpu", "mps": "mps", "cpu": "cpu"}


def is_leader() -> bool:
    """Return whether this process writes files and talks: the only one, or rank 0 of torchrun."""
    return int(os.environ.get("RANK", "0")) == 0


def processes() -> int:
    """Return how many processes train together, 1 without torchrun."""
    return int(os.environ.get("WORLD_SIZE", "1"))


class Workers:
    """The processes of a training.

    Attributes:
        rank: of this one, 0 leads.
        world: how many there are.
        device: on which this one computes.
        precision: '32-true' or 'bf16-mixed'.
    """

    def __init__(self, device: str, precision: str) -> None:
        """Meet the other processes.

        Raises:
            BadRequest: the device is not there.
        """
        target = pick_device(device)
        self.precision = _precision(target) if precision == "auto" else precision
        for name in ("lightning.fabric", "lightning.pytorch"):
            logging.getLogger(name).setLevel(logging.ERROR)
        several = processes() > 1
        local = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
        self._fabric = Fabric(
            accelerator=_ACCELERATORS[target.type],
            devices=local if several else 1,
            num_nodes=max(1, processes() // local),
            strategy="ddp" if several else "auto",
            precision=self.precision,  # type: ignore[arg-type]
        )
        self._fabric.launch()
        self.rank, self.world = self._fabric.global_rank, self._fabric.world_size
        self.device: torch.device = self._fabric.device

    @property
    def leads(self) -> bool:
        """Return whether this process writes files and talks."""
        return self.rank == 0

    @property
    def words(self) -> str:
        """Return on what the training runs."""
        if self.device.type == "cuda":
            return f"{self.world} × {torch.cuda.get_device_name(self.device)}"
        threads = torch.get_num_threads()
        return f"{self.device.type.upper()}, processes × threads: {self.world} × {threads}"

    @contextmanager
    def arithmetic(self) -> Iterator[None]:
        """Compute in the precision of the recipe."""
        with self._fabric.autocast():
            yield

    def share(self, items: Sequence[Any]) -> list[int]:
        """Return the places of this process's share of the items."""
        return list(range(self.rank, len(items), self.world))

    def joined(self, rows: Tensor, places: Sequence[int], total: int) -> Tensor:
        """Return (total, …) on this device from the rows of all processes, each at its places."""
        whole = torch.zeros(total, *rows.shape[1:], dtype=rows.dtype, device=self.device)
        whole[list(places)] = rows.to(self.device)
        return self._summed(whole)

    def sum_gradients(self, weights: Iterable[Tensor]) -> None:
        """Replace the gradients of all weights by their sum over the processes."""
        if self.world == 1:
            return
        weights = list(weights)
        flat = torch.cat(
            [(torch.zeros_like(w) if w.grad is None else w.grad).flatten() for w in weights]
        )
        parts = torch.split(self._summed(flat), [w.numel() for w in weights])
        for weight, part in zip(weights, parts, strict=True):
            weight.grad = part.view_as(weight).clone()

    def _summed(self, values: Tensor) -> Tensor:
        if self.world == 1:
            return values
        total: Any = self._fabric.all_reduce(values, reduce_op="sum")
        return cast("Tensor", total)

    def agreed(self, value: Any) -> Any:
        """Return the leader's value in every process."""
        return self._fabric.broadcast(value) if self.world > 1 else value


def _precision(device: torch.device) -> str:
    """Return the arithmetic that is quickest on a device without being imprecise."""
    units = getattr(torch.cpu, "_is_avx512_bf16_supported", bool)
    quick = torch.cuda.is_bf16_supported if device.type == "cuda" else units
    return "bf16-mixed" if device.type != "mps" and quick() else "32-true"
