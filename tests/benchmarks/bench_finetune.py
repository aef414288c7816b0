"""How long a scanner waits for a score while a model is being fine-tuned on the same machine.

A series of the bundled phantom is scored alone, then again while `miqa finetune` learns from a drawn site in a process of its
own, started as the window starts it. Only times while the training was in its steps count.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from miqa_app.imaging import load
from miqa_app.paths import bundled
from miqa_app.services.finetune_process import start_finetune_process
from miqa_app.services.finetune_request import FineTuneRequest
from miqa_app.services.score import Scorer
from tests.services.rated_site import Site, write_site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from miqa_app.services.finetune_process import FineTuneProcess

_REPEATS = 8
_PATIENCE = 600
_SPLIT = {"split": lambda row, reference, image: "test" if reference > 4 else "train"}


def run() -> Iterator[tuple[str, float, str]]:
    """Yield figure, value, unit."""
    home = os.environ.get("XDG_DATA_HOME")
    with tempfile.TemporaryDirectory() as name:
        os.environ["XDG_DATA_HOME"] = str(Path(name) / "data")
        try:
            yield from _measured(write_site(Path(name) / "site", Site(edge=192, columns=_SPLIT)))
        finally:
            os.environ.pop("XDG_DATA_HOME")
            if home is not None:
                os.environ["XDG_DATA_HOME"] = home


def _measured(table: Path) -> Iterator[tuple[str, float, str]]:
    scorer = Scorer()
    _score(scorer)
    alone = [_score(scorer) for _ in range(_REPEATS)]
    # a recipe that computes all the time, on what the scorer computes on
    process = start_finetune_process(FineTuneRequest(str(table), recipe="last"))
    learning = threading.Event()
    listener = threading.Thread(target=_listen, args=(process, learning))
    listener.start()
    during: list[float] = []
    until = time.monotonic() + _PATIENCE
    while listener.is_alive() and time.monotonic() < until and not learning.wait(0.1):
        pass
    while len(during) < _REPEATS and learning.is_set():
        seconds = _score(scorer)
        if learning.is_set():
            during.append(seconds)
        time.sleep(0.5)
    process.cancel()
    listener.join()
    if not during:
        raise RuntimeError("The training ended before a series was scored beside it.")
    yield "scoring a phantom series alone, median", statistics.median(alone), "s"
    yield "scoring a phantom series alone, longest", max(alone), "s"
    yield "the same while a model learns, median", statistics.median(during), "s"
    yield "the same while a model learns, longest", max(during), "s"
    yield (
        "while a model learns / alone, medians",
        statistics.median(during) / statistics.median(alone),
        "×",
    )


def _listen(process: FineTuneProcess, learning: threading.Event) -> None:
    event: dict[str, Any]
    for event in process.events():
        if event["event"] == "step" and "training" in event:
            learning.set()
        elif event["event"] in ("done", "cancelled", "error", "stage"):
            learning.clear()


def _score(scorer: Scorer) -> float:
    series = load(bundled("resources") / "phantom" / "motion")[0]
    begun = time.perf_counter()
    for _ in scorer.assess(series):
        pass
    return time.perf_counter() - begun
