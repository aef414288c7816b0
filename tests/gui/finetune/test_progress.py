"""What is known of a fine-tuning is what its process told, in the right order, and the clock is honest."""

from __future__ import annotations

import pytest

from miqa_app.gui.finetune.progress import Progress
from tests.gui.finetune.steps import recorded

STEP = 0.25


def told(events, progress=None, start=0.0):
    """Tell events a quarter of a second apart; return the progress, and share and time left after each."""
    progress = progress or Progress(start)
    seen = []
    for number, event in enumerate(events, 1):
        now = start + STEP * number
        progress.take(event, now)
        seen.append((progress.share(now), progress.seconds_left(now)))
    return progress, seen


def test_every_epoch_of_every_seed_of_every_training_is_on_a_curve():
    events = recorded()
    progress, _ = told(events)
    epochs = [event for event in events if event["event"] == "epoch" and event["epoch"]]
    assert [one.number for one in progress.trainings] == [1, 2, 3, 4, 5, 6]
    assert progress.trainings[-1].candidate
    drawn = {
        (one.number, seed, point.epoch, point.srocc, point.plcc, point.rmse, point.loss)
        for one in progress.trainings
        for seed, curve in one.seeds.items()
        for point in curve
    }
    assert drawn == {
        (e["training"], e["seed"], e["epoch"], e["srocc"], e["plcc"], e["rmse"], e["loss"])
        for e in epochs
    }
    assert len(drawn) == len(epochs) > 40
    assert all(one.before is not None and one.before.loss is None for one in progress.trainings)
    assert progress.trainings[-1].wanted_seeds == 3


def test_the_name_the_end_and_the_memory_come_from_the_process():
    progress, _ = told(recorded())
    assert progress.run == progress.candidate == "small-site-20261121"
    assert progress.end["verdict"] == "fail"
    assert progress.memory_mb > 500
    assert progress.memory_free_mb > 1000


def test_how_much_is_done_never_goes_back_and_is_all_at_the_end():
    _, seen = told(recorded())
    shares = [share for share, _ in seen]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert shares[-2] < 1


def test_the_time_left_counts_all_trainings_that_come():
    events = recorded()
    third = next(n for n, e in enumerate(events) if e["event"] == "training" and e["number"] == 3)
    progress, seen = told(events[: third + 12])
    gone = STEP * (third + 12)
    left = seen[-1][1]
    whole = STEP * len(events)
    assert 0.4 * (whole - gone) < left < 2.5 * (whole - gone)


def test_before_the_first_training_the_dry_run_says_how_long_it_takes():
    events = recorded()
    dry = next(n for n, e in enumerate(events) if e["event"] == "dry-run")
    progress, seen = told(events[: dry + 1])
    assert seen[-1][1] == pytest.approx(events[dry]["seconds_estimated"])
    assert progress.seconds_left(STEP * (dry + 1) + 30) == pytest.approx(events[dry]["seconds_estimated"] - 30)  # fmt: skip


def test_a_pause_takes_no_time():
    events = recorded()
    progress, seen = told(events[:120])
    now = STEP * 120
    progress.hold(True, now)
    assert progress.paused
    assert progress.seconds_left(now + 500) == seen[-1][1]
    assert progress.share(now + 500) == pytest.approx(seen[-1][0], abs=1e-6)
    progress.hold(False, now + 500)
    assert progress.seconds_left(now + 500) == pytest.approx(seen[-1][1])


def test_a_run_that_goes_on_tells_its_epochs_again_and_they_are_drawn_once():
    events = recorded()
    begun = next(n for n, e in enumerate(events) if e["event"] == "training" and e["number"] == 6)
    epochs = [e for e in events[begun:] if e["event"] == "epoch"]
    progress, _ = told([events[begun], *epochs[:6], *epochs])
    assert [p.epoch for p in progress.training.seeds[1]] == list(range(1, 9))


def test_an_event_of_a_later_version_is_no_fault():
    progress, _ = told([{"event": "weather", "words": "rain"}, *recorded()[:3]])
    assert progress.total == 45
