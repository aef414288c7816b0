"""Whether a network is being written down as a graph, which must serve slices of every size."""

from __future__ import annotations

import torch


def makes_graph() -> bool:
    """Return whether torch is tracing: what is a plain number then stays that number in the graph for ever."""
    return bool(torch.jit.is_tracing())  # type: ignore[attr-defined, no-untyped-call]
