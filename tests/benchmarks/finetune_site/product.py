"""The product's own way: `miqa finetune` as a process of its own, in a home of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from miqa_app.evaluation.predictions import read_predictions

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Candidate:
    """What `miqa finetune` gave.

    Attributes:
        folder: its model folder.
        said: its scores, 0-100, of the test images by name.
        verdict: of the gate.
        words: of the gate.
        named: strata that the gate found worse, by name.
        recipe: that was chosen.
        minutes: from the call to the evidence.
        learning: minutes of training alone.
    """

    folder: str
    said: Mapping[str, float]
    verdict: str
    words: str
    named: tuple[str, ...]
    recipe: str
    minutes: float
    learning: float


def home(folder: Path) -> dict[str, str]:
    """Return an environment in which the product keeps everything below `folder`."""
    places = {
        f"XDG_{name}_HOME": str(folder / name.lower()) for name in ("DATA", "CONFIG", "CACHE")
    }
    return {**os.environ, **places}


def fine_tuned(table: Path, out: Path, model: str, recipe: str) -> Candidate:
    """Fine-tune on a table and return the candidate; a candidate of an earlier call is taken as it is.

    Raises:
        RuntimeError: the product refused; its last lines are in the message.
    """
    kept = out / f"{table.stem}.result.json"
    if kept.exists():
        return _read(json.loads(kept.read_text(encoding="utf-8")))
    command = [
        sys.executable,
        "-m",
        "miqa_app",
        "finetune",
        str(table),
        "--model",
        model,
        "--json-lines",
    ]
    command += ["--recipe", recipe] if recipe else []
    begun = time.monotonic()
    log = out / f"{table.stem}.jsonl"
    with log.open("w", encoding="utf-8") as lines:
        code = subprocess.run(command, env=home(out / "home"), stdout=lines, check=False).returncode
    events = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    if code or not events or events[-1]["event"] != "done":
        last = "\n".join(json.dumps(event) for event in events[-3:])
        raise RuntimeError(f"{' '.join(command)} ended with {code}:\n{last}")
    result = {**events[-1], "minutes": (time.monotonic() - begun) / 60}
    kept.write_text(json.dumps(result), encoding="utf-8")
    return _read(result)


def _read(result: Mapping[str, Any]) -> Candidate:
    folder = Path(result["folder"])
    evidence = json.loads((folder / "evidence" / "evidence.json").read_text(encoding="utf-8"))
    criteria = evidence["verdict"]["criteria"]
    held_out = read_predictions(folder / "evidence" / "local" / "predictions.csv")
    said = zip(held_out.images, held_out.methods["candidate"].tolist(), strict=True)
    return Candidate(
        str(folder),
        dict(said),
        result["verdict"],
        result["words"],
        tuple(name for one in criteria if one["outcome"] == "failed" for name in one["strata"]),
        evidence["learning"]["recipe"],
        float(result["minutes"]),
        evidence["learning"]["seconds"] / 60,
    )
