"""Running out of memory, and how much there is."""

from __future__ import annotations

import psutil
import torch

_WORDS = ("can't allocate memory", "not enough memory", "out of memory", "bad_alloc", "bad alloc")
_MIB = 1 << 20


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error says that memory ran out: of a GPU, of torch's allocator of the CPU, or of Python."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(words in text for words in _WORDS)


def memory_figures(device: torch.device) -> dict[str, int]:
    """Return the MiB that the training takes and those that are left, of the GPU where one trains."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        used = torch.cuda.max_memory_reserved(device)
    else:
        free, used = psutil.virtual_memory().available, psutil.Process().memory_info().rss
    return {"memory_mb": used // _MIB, "memory_free_mb": free // _MIB}
