"""What a coordinator does at the wizard, and what raters leave behind in a store."""

from __future__ import annotations

import time

import numpy as np
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from miqa_app.rating import order
from miqa_app.rating.votes import Display, Vote

DISPLAY = Display("Eizo RX360 4711", 1536, 2048, 1.0, 2.0, "passed")


def until(condition, seconds=60.0):
    """Let the windows work until something is so."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come"
        QTest.qWait(10)
    QApplication.processEvents()


def vote(archive, study, rater, share=1.0, noise=9.0, how="finished"):
    """Have a made-up rater go through a share of the study: severity lowers the score, noise moves it."""
    rng = np.random.default_rng(abs(hash_of(rater)))
    archive.add_rater(study.key, rater, {"years": "6-10"})
    number = archive.begin_session(study.key, rater, DISPLAY, "0.1.0")
    bias = rng.normal(0, 4)
    shown = [*order.training(study, rater)]
    counted = order.main(study, rater)
    shown += counted[: round(share * len(counted))]
    facts = {info.key: info.provenance for info in study.stimuli}
    for n, presentation in enumerate(shown):
        item = study.item(presentation.item)
        severity = (
            float(facts[item.test].get("severity", 0.0)) if item.test != item.reference else 0.0
        )
        score = float(np.clip(92 - 75 * severity + bias + rng.normal(0, noise), 0, 100))
        archive.add_vote(
            Vote(
                study.key, rater, number, presentation, {} if n == 9 else {"test": score},
                f"2026-11-21T08:{n // 60:02d}:{n % 60:02d}.000+00:00", f"2026-11-21T08:{n // 60:02d}:{n % 60:02d}.900+00:00",
                6.5, 2, DISPLAY, "0.1.0", f"{study.protocol.id} {study.protocol.version}",
            )
        )  # fmt: skip
    if how:
        archive.end_session(study.key, rater, number, how)


def hash_of(words):
    """Return a number that is the same in every run."""
    return sum(ord(letter) * (place + 1) for place, letter in enumerate(words))


def drained(work):
    """Run a generator to its end and return its result."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value


def small_heads(folder):
    """Write the clean and the moved head of the demo with ten slices of half the matrix; return their folders."""
    import pydicom

    from miqa_app.services.demo import demo_paths

    for source in demo_paths():
        place = folder / source.name
        place.mkdir()
        for file in sorted(source.glob("*.dcm"))[5:15]:
            header = pydicom.dcmread(file)
            header.PixelData = np.ascontiguousarray(header.pixel_array[::2, ::2]).tobytes()
            header.Rows, header.Columns = header.Rows // 2, header.Columns // 2
            header.PixelSpacing = [2 * float(width) for width in header.PixelSpacing]
            header.save_as(place / file.name)
    return tuple(folder / source.name for source in demo_paths())


def repeated_exam(folder, heads=None):
    """Write the phantom, or other heads, twice as one exam, first moved, then still, and return the folder."""
    import pydicom

    from miqa_app.services.demo import demo_paths

    clean, moved = heads or demo_paths()
    takes = ((moved, "T2 TSE ax", "081500"), (clean, "T2 TSE ax repeat", "082100"))
    for number, (source, name, clock) in enumerate(takes):
        place = folder / f"take {number + 1}"
        place.mkdir()
        for file in sorted(source.glob("*.dcm")):
            header = pydicom.dcmread(file)
            header.SeriesDescription = name
            header.AcquisitionDate, header.AcquisitionTime = "20261121", clock
            header.save_as(place / file.name)
    return folder


def to_images(window, name="Pilot"):
    """Go to the second step of the wizard."""
    window.protocol.name.setText(name)
    window.proceed()
    assert window.page is window.material


def to_size(window):
    """Go on to the third step and wait for its numbers."""
    window.proceed()
    assert window.page is window.size_page
    until(lambda: window.size_page.plan is not None)


def make(window):
    """Have the study made and return it."""
    window.proceed()
    until(lambda: window.making.study is not None)
    return window.making.study
