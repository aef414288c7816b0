"""Run by test_ledger: kills a change of the registry at every moment at which it touches the disk, and looks at what is left.

Each moment is a process of its own that is killed by the system (SIGKILL), so nothing can tidy up behind it. Prints one
JSON object per moment.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import sys

from sqlalchemy import Engine, event

from miqa_app.paths import user_data
from miqa_app.registry.ledger import changing, interrupted
from miqa_app.registry.promotion import promoted, with_thresholds
from miqa_app.registry.state import Held, SiteThresholds, read_state
from miqa_app.store import Archive

TOUCHES = {"open", "os.rename", "os.remove", "os.mkdir", "sqlite3.connect"}
MOST = 400


def held(name: str) -> Held:
    return Held(
        name=name, sha256=name[0] * 64, since="2026-01-01T00:00:00+00:00", by=("Dr A", "Dr B")
    )


def change(name: str) -> None:
    """Promote a model with thresholds, as the product does after its checks."""
    with changing() as ledger:
        after = promoted(ledger.state, held(name), held("first"))
        fitted = SiteThresholds(
            version=len(after.thresholds) + 1, name=name, sha256=name[0] * 64, accept=70, rescan=50,
            proposal="c" * 64, since="2026-01-01T00:00:00+00:00", by=("Dr A", "Dr B"),
        )  # fmt: skip
        ledger.carry_out(with_thresholds(after, fitted))


def killed_at(moment: int) -> bool:
    """Promote 'b' in a process that dies at a moment; return whether it died before it was done."""
    child = os.fork()
    if child == 0:
        count = 0

        def touched(*_: object) -> None:
            nonlocal count
            count += 1
            if count == moment:
                os.kill(os.getpid(), signal.SIGKILL)

        def audited(name: str, _: object) -> None:
            if name in TOUCHES:
                touched()

        sys.addaudithook(audited)
        event.listen(Engine, "before_cursor_execute", touched)
        event.listen(Engine, "commit", touched)
        change("b")
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def log() -> list[tuple[str, int]]:
    with sqlite3.connect(user_data() / "miqa.sqlite") as database:
        rows = database.execute("SELECT action, detail FROM audit ORDER BY sequence").fetchall()
    return [(action, json.loads(detail)["change"]) for action, detail in rows]


def main() -> None:
    Archive().close()
    change("a")
    template = user_data().with_name("template")
    shutil.copytree(user_data(), template)
    for moment in range(1, MOST):
        shutil.rmtree(user_data())
        shutil.copytree(template, user_data(), dirs_exist_ok=True)
        died = killed_at(moment)
        state = read_state()
        cut_off = [one.number for one in interrupted()]
        with Archive() as archive:
            sound = archive.verify()
        change("c")
        after = read_state()
        found = {
            "moment": moment,
            "died": died,
            "active": state.active.name if state.active else "",
            "changes": [one.number for one in state.history],
            "thresholds": len(state.thresholds),
            "cut_off": cut_off,
            "faults": sound,
            "next": after.active.name if after.active else "",
            "numbers": [one.number for one in after.history],
            "left": sorted(path.name for path in user_data().iterdir()),
            "log": log(),
        }
        sys.stdout.write(json.dumps(found) + "\n")
        if not died:
            return


if __name__ == "__main__":
    main()
