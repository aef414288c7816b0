"""Small rating studies of degraded pictures, for the tests of sessions, of the service and of the window."""

from __future__ import annotations

import uuid

import numpy as np

from miqa_app.artefacts.simulate import degrade
from miqa_app.rating.protocol import changed, preset
from miqa_app.rating.stimulus import Stimulus, packed
from miqa_app.rating.study import Item, StimulusInfo, Study

KINDS = ("ghosting", "white_noise", "motion", "blur")
QUICK = {"least_seconds": 0.0, "pause_seconds": 0.0, "training_items": 2, "stabilising_items": 1}


def head(size=96, slices=1, seed=0):
    """Return (slices, size, size) float32: an oval with rings, blobs and a bright rim."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[-1 : 1 : complex(size), -1 : 1 : complex(size)]
    result = []
    for k in range(slices):
        shrink = 1 - 0.04 * abs(k - slices // 2)
        r = np.hypot(x / 0.72, y / 0.88) / shrink
        image = np.where(r < 1, 500 + 120 * np.cos(9 * r), 0) + np.where(
            (r > 0.9) & (r < 1), 350, 0
        )
        for _ in range(6):
            cy, cx, width = (
                rng.uniform(-0.45, 0.45),
                rng.uniform(-0.4, 0.4),
                rng.uniform(0.03, 0.12),
            )
            blob = np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * width**2))
            image = image + (r < 0.85) * rng.uniform(-260, 320) * blob
        result.append(np.clip(image, 0, None))
    return np.stack(result).astype(np.float32)


def stimulus(volume, white=1100.0, aspect=1.0):
    """Return (slices, rows, columns) values as a stimulus."""
    return Stimulus(np.clip(np.rint(volume), 0, 65535).astype(np.uint16), 0.0, float(white), aspect)


def made_study(
    protocol="sds", rated=4, training=2, repeats=0, checks=0, anchors=0, slices=1, size=96, name="Heads",
    sources=None, white=1100.0, **changes,
):  # fmt: skip
    """Return a study and the packed stimuli by key.

    Args:
        protocol: id of the preset.
        rated: number of rated items; the further ones go by role.
        training: the same.
        repeats: the same.
        checks: the same.
        anchors: the same.
        slices: of each stimulus.
        size: rows and columns.
        name: of the study.
        sources: (slices, rows, columns) volumes to take instead of drawn heads.
        white: stored value of white.
        changes: of the protocol, over quick ones.
    """
    rules = changed(preset(protocol), **(QUICK | changes))
    sources = sources or [head(size, slices, seed) for seed in range(3)]
    contents, infos = {}, {}

    def keep(volume, **provenance):
        made = stimulus(volume, white)
        contents[made.key] = packed(made)
        infos[made.key] = StimulusInfo(made.key, provenance)
        return made.key

    single = rules.images == "single"
    references = [
        keep(volume, made="as acquired", source=f"secret-scan-{n}", content=f"place-{n}")
        for n, volume in enumerate(sources)
    ]

    def pair(number):
        n, kind = number % len(sources), KINDS[number % len(KINDS)]
        severity = 0.2 + 0.75 * ((number * 7) % 10) / 10
        image = degrade(sources[n], kind, severity, seed=number).image
        key = keep(
            np.maximum(image, 0), made="simulated", source=f"secret-scan-{n}", kind=kind, severity=severity,
            seed=number, content=f"place-{n}",
        )  # fmt: skip
        return key, "" if single else references[n]

    items = [Item(f"item-{n:03d}", *pair(n)) for n in range(rated)]
    for n in range(repeats):
        first = items[n]
        items.append(
            Item(f"item-{len(items):03d}", first.test, first.reference, "repeat", first.key)
        )
    for n in range(checks):
        key = references[n % len(references)]
        items.append(Item(f"item-{len(items):03d}", key, key, "reference check"))
    for n in range(anchors):
        key = references[1] if n % 2 == 0 else items[1].test
        items.append(Item(f"item-{len(items):03d}", key, "" if single else references[1], "anchor"))
    for n in range(training):
        items.append(Item(f"item-{len(items):03d}", *pair(rated + n), "training"))
    study = Study(
        uuid.uuid4().hex, name, "2026-11-21T08:00:00.000+00:00", rules, 11, tuple(items), tuple(infos.values())
    )  # fmt: skip
    return study, contents
