"""The scorer without a stutter: heavy libraries come in while the window goes on painting.

Importing torch stops every thread of the interpreter for about half a second while the system links a gigabyte of
libraries, and again for tenths of a second whenever the garbage collector walks the hundreds of thousands of objects
that the import makes. Linking through a foreign call lets the other threads run, and the collector can wait.
Measured on two cores: worst stall of the event loop 470–560 ms without, 55–71 ms with this.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import importlib.util
import os
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from miqa_app.core.assessment import Assessment, SlicePrediction
    from miqa_app.core.series import Series
    from miqa_app.services.score import Scorer

_LIBRARIES = ("c10", "torch_cpu", "c10_cuda", "torch_cuda", "torch", "torch_python")


class QuietScorer:
    """The real scorer, made when the first series is scored, on the thread that scores."""

    def __init__(self, model: str | None = None) -> None:
        """Remember the model; the site's active one by default."""
        self._model = model
        self._scorer: Scorer | None = None

    def assess(self, series: Series) -> Generator[SlicePrediction, None, Assessment]:
        """Do as `Scorer.assess`; the first step, which loads the network, keeps the collector off."""
        if self._scorer is not None:
            return (yield from self._scorer.assess(series))
        with collector_off():
            link_torch()
            from miqa_app.services.score import Scorer

            scorer = Scorer(self._model)
            work = scorer.assess(series)
            try:
                first = next(work)
            except StopIteration as end:  # refused before anything was predicted
                result: Assessment = end.value
                return result
        self._scorer = scorer
        yield first
        return (yield from work)


@contextmanager
def collector_off() -> Iterator[None]:
    """Keep the garbage collector from running, then exempt what has come from its later walks."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        atexit.register(gc.unfreeze)  # at the end everything must be released in order
        gc.enable()


def link_torch() -> None:
    """Map and link torch's libraries without holding the interpreter; a failure is left to the import to report."""
    found = importlib.util.find_spec("torch")
    if "torch" in sys.modules or found is None or not found.origin or sys.platform == "win32":
        return  # on Windows torch itself loads its libraries through a foreign call
    suffix = ".dylib" if sys.platform == "darwin" else ".so"
    link = ctypes.CDLL(None).dlopen
    link.argtypes, link.restype = [ctypes.c_char_p, ctypes.c_int], ctypes.c_void_p
    for name in _LIBRARIES:
        library = Path(found.origin).parent / "lib" / f"lib{name}{suffix}"
        if library.exists():
            link(os.fsencode(library), os.RTLD_NOW | os.RTLD_LOCAL)
