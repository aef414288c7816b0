"""Reader and scorer without a stutter: heavy libraries come in while the window goes on painting.

Importing torch stops every thread of the interpreter for about half a second while the system links a gigabyte of
libraries, and again for tenths of a second whenever the garbage collector walks the hundreds of thousands of objects
that the import makes. Linking through a foreign call lets the other threads run, and the collector can wait.
Worst stall of the event loop on two cores: 470–560 ms without, 37–63 ms with this (python -m tests.benchmarks gui).
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
_CUDA = (
    "cublasLt", "cublas", "cudnn", "nvrtc", "nvrtc-builtins", "cudart", "cupti", "cufft", "nvJitLink",
    "cusparse", "cusparseLt", "cusolver", "nccl", "nvshmem_host", "cufile",
)  # fmt: skip
"""What torch loads before its own libraries, in its order: cublas must find its own cublasLt."""

_TURN_S = 0.001
_YOUNG = (700, 10, 100_000)


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
            from miqa_app.services.score import Scorer

            scorer = Scorer(self._model)
            if scorer.needs_torch():
                link_torch()
            work = scorer.assess(series)
            try:
                first = next(work)
            except StopIteration as end:  # refused before anything was predicted
                result: Assessment = end.value
                return result
        self._scorer = scorer
        yield first
        return (yield from work)

    def shadow(self, series: Series) -> Generator[SlicePrediction, None, Assessment | None]:
        """Do as `Scorer.shadow`; None before anything was scored."""
        if self._scorer is None:
            return None
        return (yield from self._scorer.shadow(series))


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


def give_way() -> None:
    """Make busy threads hand the interpreter to the window sooner, and leave full collections to `tidy_up`.

    A repaint asks for the interpreter dozens of times, and each time may wait a whole turn of 5 ms; the headers of a
    large folder make the collector walk everything in the middle of the reading (78 ms for 500 files).
    """
    sys.setswitchinterval(_TURN_S)
    gc.set_threshold(*_YOUNG)


def tidy_up() -> None:
    """Collect what `give_way` put off; for moments when nothing runs."""
    gc.collect()


def link_readers() -> None:
    """Link the libraries that read scans without holding the interpreter, before their import does it."""
    _link("SimpleITK", "_SimpleITK*")
    _link("_gdcm", "_gdcmswig*")


def link_torch() -> None:
    """Link torch's libraries without holding the interpreter, before its import does it."""
    for name in _CUDA:
        _link("torch", f"../nvidia/*/lib/lib{name}.so*")
    _link("triton", "_C/libtriton*")
    for name in _LIBRARIES:
        _link("torch", f"lib/lib{name}.*")


def _link(package: str, pattern: str) -> None:
    """Map and link libraries of a package; a failure is left to the import to report."""
    if package in sys.modules or sys.platform == "win32":
        return  # on Windows torch itself loads its libraries through a foreign call
    found = importlib.util.find_spec(package)
    if found is None or not found.origin:
        return
    link = ctypes.CDLL(None).dlopen
    link.argtypes, link.restype = [ctypes.c_char_p, ctypes.c_int], ctypes.c_void_p
    for library in Path(found.origin).parent.glob(pattern):
        if ".so" in library.suffixes or library.suffix == ".dylib":
            link(os.fsencode(library), os.RTLD_NOW | os.RTLD_LOCAL)
