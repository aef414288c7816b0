"""A study from the scans to its MOS: rated through the real window on a real X server, killed in the middle, resumed."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
from pathlib import Path

import pytest
from scipy.stats import t

from miqa_app.paths import bundled
from miqa_app.rating import order
from miqa_app.rating.design import Design
from miqa_app.rating.pooled import stimulus_names
from miqa_app.rating.protocol import changed, preset
from miqa_app.services.study_create import create
from miqa_app.services.study_export import export
from miqa_app.store import Archive

CHECKOUT = Path(__file__).parents[2]
PHANTOM = bundled("resources") / "phantom" / "clean"
BIAS = {"rater-1": 0, "rater-2": 4, "rater-3": -3}


@pytest.fixture
def screen():
    """The number of a private X server."""
    if not shutil.which("Xvfb"):
        pytest.skip("Xvfb is not installed")
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "1366x768x24", "-nolisten", "tcp"],
        pass_fds=[write], stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(write)
    with os.fdopen(read) as pipe:
        number = pipe.readline().strip()
    yield f":{number}"
    server.terminate()
    server.wait(10)


def finished(steps):
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


class Campaign:
    """A study in a store, raters at windows, and what they think."""

    def __init__(self, folder, screen, kinds, severities, slices=1, **changes):
        self.folder, self.screen = folder, screen
        self.seated = []
        self.store = folder / "store.sqlite"
        quick = {"least_seconds": 0.02, "pause_seconds": 0.01, "training_items": 2, "stabilising_items": 1}  # fmt: skip
        protocol = changed(preset("sds"), **(quick | changes))
        with Archive(self.store) as archive:
            self.study = finished(create(archive, "Phantom", protocol, [PHANTOM], Design(kinds, severities, slices), seed=3))  # fmt: skip

    def opinion(self, rater, key):
        """What a rater thinks of a stimulus: worse the more severe, each with a bias of the own."""
        severity = float(self.study.stimulus(key).provenance.get("severity", 0.0))
        spread = int(key[:2], 16) % 3  # raters do not agree on everything
        return round(min(100, max(0, 93 - 80 * severity + BIAS[rater] + spread * BIAS[rater] / 4)))

    def seat(self, rater, hold=""):
        """Start a rater at the window."""
        file = self.folder / f"{rater}.json"
        file.write_text(json.dumps({s.key: self.opinion(rater, s.key) for s in self.study.stimuli}))
        env = os.environ | {"QT_QPA_PLATFORM": "xcb", "DISPLAY": self.screen, "PYTHONPATH": str(CHECKOUT)}  # fmt: skip
        seated = subprocess.Popen(
            [sys.executable, "-X", "faulthandler", "-m", "tests.end_to_end.rater_at_window", str(self.store),
             "Phantom", rater, str(file), hold],
            env=env, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.seated.append(seated)
        return seated

    def send_home(self):
        """Leave no program running and no pipe open, however the test ended."""
        for seated in self.seated:
            if seated.poll() is None:
                seated.kill()
            if not seated.stdout.closed:
                seated.communicate()

    def kill(self, rater):
        """Wait until a rater holds still, kill the program the hard way, and return how many votes it left."""
        assert rater.stdout.readline() == "holding\n", rater.communicate()[1]
        os.kill(rater.pid, signal.SIGKILL)
        rater.communicate()
        assert rater.returncode == -signal.SIGKILL

    def wait(self, *raters):
        for rater in raters:
            said, complaints = rater.communicate(timeout=180)
            assert (rater.returncode, said) == (0, "done\n"), complaints
            assert complaints.strip() == ""


def check_order(archive, study, rater, sessions):
    """Everything was shown once in the rater's own order, on the same sides, whatever happened in between."""
    votes = [v for v in archive.votes(study.key, rater, history=True) if v.presentation.part == "main"]  # fmt: skip
    assert tuple(vote.presentation for vote in votes) == order.main(study, rater)
    assert all(vote.revision == 0 for vote in votes)
    assert [session.how for session in archive.sessions(study.key, rater)] == sessions
    assert all(vote.display.columns == 1366 and vote.display.check == "passed" for vote in votes)


def check_mos(campaign, folder):
    """The exported opinion scores are the mean of the known votes, with Student's interval, computed here."""
    study = campaign.study
    tests = {item.test for item in study.items if item.counted}
    with (folder / "votes.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    names = stimulus_names(study)
    told = {(row["observer"], row["stimulus"]): float(row["score"]) for row in rows}
    raters = sorted({row["observer"] for row in rows})
    assert told == {(rater, names[key]): campaign.opinion(rater, key) for rater in raters for key in tests}  # fmt: skip
    once = {item.test for item in study.items if item.counted} - {
        item.test for item in study.items if item.role == "repeat"
    }
    found = {row["stimulus"]: row for row in json.loads((folder / "mos.json").read_text())["stimuli"]}  # fmt: skip
    assert set(found) == {names[key] for key in tests}
    for key in tests:
        scores = [campaign.opinion(rater, key) for rater in raters]
        assert found[names[key]]["mos"] == pytest.approx(statistics.mean(scores), abs=1e-9)
        if key in once:
            n = len(scores)
            half = t.ppf(0.975, n - 1) * statistics.stdev(scores) / n**0.5
            assert found[names[key]]["ci_high"] == pytest.approx(statistics.mean(scores) + half, abs=1e-6)  # fmt: skip
    return len(rows)


@pytest.mark.xvfb
def test_thirty_items_rated_by_three_through_the_window_killed_twice_resumed_and_exported_give_the_known_mos(
    tmp_path, screen, request
):
    kinds = ("ghosting", "white_noise", "motion", "blur", "spike", "wrap")
    campaign = Campaign(tmp_path, screen, kinds, (0.25, 0.75), 2, repeats=0.17, reference_checks=0.08)  # fmt: skip
    request.addfinalizer(campaign.send_home)
    study = campaign.study
    roles = [item.role for item in study.items if item.counted]
    assert [roles.count(role) for role in ("rated", "repeat", "reference check")] == [24, 4, 2]
    first, second = campaign.seat("rater-1", "half 13"), campaign.seat("rater-2", "after 20")
    third = campaign.seat("rater-3")
    campaign.kill(first)
    campaign.kill(second)
    with Archive(campaign.store) as archive:
        assert len(archive.votes(study.key, "rater-1")) == 12
        assert len(archive.votes(study.key, "rater-2")) == 20
    campaign.wait(campaign.seat("rater-1"), campaign.seat("rater-2"), third)
    with Archive(campaign.store) as archive:
        for rater, sessions in (("rater-1", ["", "finished"]), ("rater-2", ["", "finished"]), ("rater-3", ["finished"])):  # fmt: skip
            check_order(archive, study, rater, sessions)
        assert archive.verify() == []
        finished(export(archive, study, tmp_path / "export", "raw"))
    assert check_mos(campaign, tmp_path / "export") == 3 * 30
