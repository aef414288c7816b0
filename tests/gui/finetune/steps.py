"""What lies in the store before a model learns from it."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from miqa_app.rating.design import Design
from miqa_app.rating.protocol import preset
from miqa_app.services.study_create import create
from miqa_app.store import Archive
from tests.gui.campaign.steps import drained, small_heads, vote

RECORDED = Path(__file__).with_name("recorded.jsonl")
"""Every event of a real fine-tuning of the small model: five trial models, the candidate, the evidence."""


def recorded():
    """Return the events of a real run."""
    return [json.loads(line) for line in RECORDED.read_text(encoding="utf-8").splitlines()]


def studies(store):
    """Fill a store with two studies of two heads."""
    heads = small_heads(Path(tempfile.mkdtemp()))
    with Archive(store) as archive:
        design = Design(("motion", "white_noise"), (0.3, 0.9), slices=2)
        for name, raters in (("Knee TSE, spring", 3), ("Brain FLAIR pilot", 1)):
            study = drained(create(archive, name, preset("sds"), heads, design, seed=7))
            for number in range(raters):
                vote(archive, study, f"R-{number:02d}")
