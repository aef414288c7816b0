"""`miqa study` from the scans to the data set, and one sentence for every mistake."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from miqa_app.cli.app import run_command
from miqa_app.cli.window import Window
from miqa_app.evaluation.rated import read_rated_set
from miqa_app.paths import bundled
from miqa_app.rating.stimulus import unpacked
from miqa_app.store import Archive
from tests.services.voting import quality_by_severity, rate

PHANTOM = bundled("resources") / "phantom"
opened: list[tuple[str, str, str | None]] = []


def _opened(study: str, rater: str, store: str | None) -> int:
    opened.append((study, rater, store))
    return 0


WINDOW = Window(open=lambda paths: 0, screenshots=lambda *_: None, rate=_opened)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "store.sqlite"
    monkeypatch.setenv("MIQA_STORE", str(path))
    monkeypatch.chdir(tmp_path)
    return path


def miqa(*arguments: str | Path) -> int:
    return run_command(WINDOW, [str(argument) for argument in arguments])


def created(name: str, *more: str | Path) -> None:
    assert miqa("study", "create", name, PHANTOM / "clean", "--slices", 1, "--kinds", "ghosting,blur", *more) == 0  # type: ignore[arg-type] # fmt: skip


def test_from_create_over_votes_and_export_to_mos_and_crossvalidation(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    created("heads", "--severities", "0.2,0.9", "--seed", "4")
    captured = capsys.readouterr()
    assert captured.out == "heads\n"
    assert "4 rated, 1 repeat, 1 reference check, 6 training" in captured.err
    assert "95 % interval" in captured.err
    with Archive(store) as archive:
        study = archive.study("heads")
        for number in (1, 2, 3):
            rate(archive, study, f"rater-{number}", quality_by_severity(study, number))

    assert miqa("study", "status", "heads", "--json", tmp_path / "s.json") == 0
    table = capsys.readouterr().out
    assert "rater-2" in table
    assert "more raters for ±5" in table
    state = json.loads((tmp_path / "s.json").read_text(encoding="utf-8"))
    assert [rater["done"] for rater in state["raters"]] == [6, 6, 6]
    assert [(rater["trained"], rater["practice"]) for rater in state["raters"]] == [(True, 6)] * 3

    assert miqa("study", "export", "heads", tmp_path / "out", "--method", "raw") == 0
    assert capsys.readouterr().out == f"{tmp_path / 'out'}\n"

    assert miqa("mos", tmp_path / "out" / "votes.csv", "--method", "raw", "--json", tmp_path / "m.json") == 0  # fmt: skip
    mos = json.loads((tmp_path / "m.json").read_text(encoding="utf-8"))
    own = json.loads((tmp_path / "out" / "mos.json").read_text(encoding="utf-8"))
    assert {s["stimulus"]: s["mos"] for s in mos["stimuli"]} == pytest.approx(
        {s["stimulus"]: s["mos"] for s in own["stimuli"]}
    )
    assert miqa("mos", "heads", "--method", "raw", "--json", tmp_path / "s.json", "--plots", tmp_path / "p") == 0  # fmt: skip
    stored = json.loads((tmp_path / "s.json").read_text(encoding="utf-8"))
    assert {s["stimulus"]: s["mos"] for s in stored["stimuli"]} == pytest.approx(
        {s["stimulus"]: s["mos"] for s in own["stimuli"]}
    )
    assert {file.name for file in (tmp_path / "p").iterdir()} >= {"scores.png", "observers.png"}
    rated = read_rated_set(str(tmp_path / "out" / "dataset" / "mos.csv"), tmp_path)
    by_name = {s["stimulus"]: s["mos"] for s in own["stimuli"]}
    assert [image.mos for image in rated.images] == pytest.approx(
        [by_name[Path(image.name).stem] for image in rated.images], abs=1e-3
    )
    severe = [image.mos for image in rated.images if image.name.endswith("0.9.png")]
    mild = [image.mos for image in rated.images if image.name.endswith("0.2.png")]
    assert max(severe) < min(mild)
    assert miqa("audit", "verify") == 0


def test_name_and_scans_are_enough(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert miqa("study", "create", "plain", PHANTOM / "clean.nii.gz") == 0
    with Archive(store) as archive:
        study = archive.study("plain")
    assert study.protocol.id == "sds"
    kinds = {study.stimulus(i.test).provenance["kind"] for i in study.items if i.role == "rated"}
    assert kinds == {"motion", "ghosting", "white_noise", "blur"}


def test_stored_images_are_the_scan_and_its_degradations(store: Path) -> None:
    created("pixels", "--severities", "0.9")
    with Archive(store) as archive:
        study = archive.study("pixels")
        item = next(item for item in study.items if item.role == "rated")
        test, clean = (unpacked(archive.content(key)) for key in (item.test, item.reference))
    assert np.abs(test.greys(0).astype(int) - clean.greys(0)).mean() > 2


def test_a_protocol_is_copied_changed_and_used_under_its_new_name(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "own.yaml"
    assert miqa("study", "protocols", "--copy", "sds", own) == 0
    assert "sds+changed" in capsys.readouterr().err
    values = yaml.safe_load(own.read_text(encoding="utf-8")) | {"least_seconds": 1.0}
    own.write_text(yaml.safe_dump(values))
    created("mine", "--protocol", own)
    assert miqa("study", "list", "--json", "-") == 0
    (row,) = json.loads(capsys.readouterr().out.removeprefix("mine\n"))
    assert row["protocol"] == "sds+changed 1"


def test_a_changed_file_that_claims_to_be_the_preset_is_told(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "own.yaml"
    miqa("study", "protocols", "--copy", "sds", own)
    values = yaml.safe_load(own.read_text(encoding="utf-8")) | {"id": "sds", "changed_from": ""}
    own.write_text(yaml.safe_dump(values))
    created("mine", "--protocol", own)
    assert "calls itself 'sds' but differs from it in title" in " ".join(capsys.readouterr().err.split())  # fmt: skip
    with Archive(store) as archive:
        assert archive.study("mine").protocol.id == "sds+changed"


def test_protocols_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert miqa("study", "protocols") == 0
    listed = capsys.readouterr().out
    for name in ("sds", "dsis", "dscqs", "single", "pair", "BT.500"):
        assert name in listed


def test_rate_opens_the_window_on_the_study(store: Path) -> None:
    created("heads", "--severities", "0.5")
    opened.clear()
    assert miqa("study", "rate", "heads", "--rater", "R1") == 0
    assert miqa("study", "rate", "heads", "--store", store) == 0
    assert opened == [("heads", "R1", None), ("heads", "", str(store))]


def test_an_unknown_study_is_told_before_a_window_opens(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    created("heads", "--severities", "0.5")
    opened.clear()
    for command in (["rate"], ["status"], ["export"]):
        assert miqa("study", *command, "nobody") == 2
        assert "heads" in capsys.readouterr().err
    assert opened == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--kinds", "fog"], "There is no artefact kind 'fog'"),
        (["--severities", "much"], "write numbers such as"),
        (["--severities", "2"], "at most 1"),
        (["--pairs", "yes"], "write auto or none"),
        (["--pairs", "auto"], "looks like a repeat"),
        (["--kinds", "none"], "compares two images"),
        (["--protocol", "nonsense"], "choose one of"),
        (["--protocol", "missing.yaml"], "cannot be read as a protocol"),
        (["--slices", "0"], "at least one slice"),
        (["--sd", "-1"], "no spread"),
    ],
)
def test_wrong_usage_is_one_sentence_and_leaves_no_study(
    store: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert miqa("study", "create", "x", PHANTOM / "clean", *arguments) == 2
    error = capsys.readouterr().err
    assert words in error
    assert "Traceback" not in error
    with Archive(store) as archive:
        assert archive.studies() == ()


def test_a_name_that_is_taken_and_scans_that_are_missing_are_told(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    created("heads", "--severities", "0.5")
    assert miqa("study", "create", "heads", PHANTOM / "clean") == 2
    assert "already" in capsys.readouterr().err
    assert miqa("study", "create", "y", tmp_path / "missing") == 2
    assert "There is no file or folder" in capsys.readouterr().err
    (tmp_path / "note.txt").write_text("no scan")
    assert miqa("study", "create", "y", tmp_path / "note.txt") == 1


def test_without_a_store_there_is_nothing_to_show(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert miqa("study", "list") == 2
    assert "no store" in capsys.readouterr().err
    assert not store.exists()


def test_help_names_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert miqa("study", "--help") == 0
    listed = capsys.readouterr().out
    for command in ("create", "rate", "status", "export", "list", "protocols"):
        assert command in listed


def test_the_items_most_worth_a_vote_are_shown_with_the_reason(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    created("heads", "--severities", "0.2,0.9")
    capsys.readouterr()
    with Archive(store) as archive:
        study = archive.study("heads")
        rate(archive, study, "R-1", quality_by_severity(study, 1), most=3)
    assert miqa("study", "next", "heads") == 0
    printed = capsys.readouterr().out
    assert "Most worth a vote in heads" in printed
    rows = [line for line in printed.splitlines() if "slice" in line]
    assert "no vote yet" in rows[0]
    assert "1 vote" in rows[-1]
    assert "keep the balanced order by chance" in printed
    assert miqa("study", "next", "nothing") == 2


def test_status_names_the_votes_that_do_not_count(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    created("heads", "--severities", "0.5")
    with Archive(store) as archive:
        study = archive.study("heads")
        rate(archive, study, "R-1", quality_by_severity(study, 1), most=0)
    capsys.readouterr()
    assert miqa("study", "status", "heads") == 0
    (row,) = [line for line in capsys.readouterr().out.splitlines() if "R-1" in line]
    assert "0 of " in row
    assert "practice 6 of 6, settling in 3" in row


@pytest.mark.parametrize("text", ["0,5", "0,2,0,5", "1,0"])
def test_a_decimal_comma_among_the_severities_is_told(
    store: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    assert miqa("study", "create", "x", PHANTOM / "clean", "--severities", text) == 2
    assert "write a point in a decimal number, such as 0.5" in capsys.readouterr().err


def test_a_pseudonym_that_is_nearly_there_is_refused_before_the_window_opens(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    created("heads", "--severities", "0.5")
    with Archive(store) as archive:
        archive.add_rater(archive.study("heads").key, "R-01", {})
    opened.clear()
    for text in ("r-01", " R -01", "r-0 1"):
        assert miqa("study", "rate", "heads", "--rater", text) == 2
        assert "There is R-01 in this study" in capsys.readouterr().err
    assert opened == []
    assert miqa("study", "rate", "heads", "--rater", "R-01 ") == 0
    assert miqa("study", "rate", "heads", "--rater", "R-011") == 0
    assert [rater for _, rater, _ in opened] == ["R-01", "R-011"]


@pytest.mark.parametrize(
    ("most", "said"),
    [
        (0, "No vote was given; run the same command"),
        (2, "Stored; run the same command to go on."),
        (None, "Stored; everything is rated."),
    ],
)
def test_when_the_window_has_closed_the_terminal_says_what_became_of_the_votes(
    store: Path, capsys: pytest.CaptureFixture[str], most: int | None, said: str
) -> None:
    created("heads", "--severities", "0.5")

    def rated(study: str, rater: str, _store: str | None) -> int:
        if most != 0:
            with Archive(store) as archive:
                found = archive.study(study)
                rate(archive, found, rater, quality_by_severity(found, 1), most=most)
        return 0

    window = Window(open=lambda paths: 0, screenshots=lambda *_: None, rate=rated)
    assert run_command(window, ["study", "rate", "heads", "--rater", "R-1"]) == 0
    assert said in capsys.readouterr().err
