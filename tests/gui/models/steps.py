"""What people of a site decided."""

from __future__ import annotations

import csv

import numpy as np
from PySide6.QtWidgets import QApplication

from tests.gui.waiting import until


def decisions(path, accept=72, rescan=38):
    """Write a table of 180 decisions that follow the score, and return it."""
    rng = np.random.default_rng(2)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["score", "decision"])
        writer.writeheader()
        for score in rng.uniform(0, 100, 180):
            felt = score + rng.normal(0, 6)
            said = "accept" if felt >= accept else "rescan" if felt < rescan else "check"
            writer.writerow({"score": f"{score:.2f}", "decision": said})
    return path


def opened(kind):
    """Wait for a dialog of a kind and return it."""

    def shown():
        return [w for w in QApplication.topLevelWidgets() if isinstance(w, kind) and w.isVisible()]

    until(shown)
    (dialog,) = shown()
    return dialog
