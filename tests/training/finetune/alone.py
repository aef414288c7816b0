"""A fine-tuning in a process of its own: prints its events as JSON lines and leaves the weights as result.pt.

Run: python -m tests.training.finetune.alone FOLDER KEY=VALUE...   (values of the recipe, as JSON)
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from miqa_app.errors import MiqaError
from miqa_app.evaluation.rated.loading import Planes
from miqa_app.training.finetune.control import Control
from miqa_app.training.finetune.parallel import is_leader
from miqa_app.training.finetune.run import FineTuneTask, fine_tune
from tests.training.finetune.conftest import discs, hand_made_pool, short, tiny


def say(event: Mapping[str, Any]) -> None:
    print(json.dumps(event), flush=True)


def main() -> int:
    torch.set_num_threads(1)
    folder = Path(sys.argv[1])
    changes = dict(argument.split("=", 1) for argument in sys.argv[2:])
    recipe = short(**{name: json.loads(value) for name, value in changes.items()})
    rated = discs(folder / "rated", 6)
    task = FineTuneTask(rated, Planes(rated), range(16), range(16, 24), hand_made_pool())
    control = Control(folder / "control")
    try:
        tuned = fine_tune(tiny(), recipe, task, folder / "run", "cpu", control=control, report=say)
    except MiqaError as error:
        say({"event": "error", "kind": type(error).__name__, "text": str(error)})
        return 2
    if is_leader():
        torch.save(tuned.network.state_dict(), folder / "result.pt")
        (folder / "facts.json").write_text(json.dumps(tuned.facts), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
