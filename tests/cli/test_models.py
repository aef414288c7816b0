"""`miqa models`: what a person can do with models, in words and exit codes."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from miqa_app.cli.app import run_command
from miqa_app.cli.window import Window
from miqa_app.registry.acceptance import evidence_file
from tests.registry.promotable import NAME, prepared

CLOSED = Window(open=lambda paths: 0, screenshots=lambda *_: None, rate=lambda *_: 0)


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return prepared(tmp_path, monkeypatch)


def miqa(*arguments: str | Path) -> int:
    return run_command(CLOSED, ["models", *(str(argument) for argument in arguments)])


def test_from_candidate_to_active_and_back(
    models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert miqa("list", "--json") == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert (rows[NAME]["state"], rows[NAME]["verdict"]) == ("candidate", "pass")
    assert (rows["lite"]["state"], rows["lite"]["active"]) == ("active", True)
    assert miqa("evidence", NAME) == 0
    assert capsys.readouterr().out.strip() == str(evidence_file(models / NAME))
    assert miqa("promote", NAME, "--by", "Dr Ada") == 0
    said = capsys.readouterr()
    assert said.out.startswith(f"{NAME} is active; before it was lite.")
    assert "Too uncertain to say" in said.err
    assert miqa("state") == 0
    said = capsys.readouterr()
    assert f"Active: {NAME}" in said.out
    assert "model promoted" in said.out
    assert "uncalibrated" not in said.out
    assert miqa("rollback", "--by", "Dr Bob") == 0
    assert capsys.readouterr().out == "lite is active again.\n"
    assert miqa("state", "--json") == 0
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert document["active"]["name"] == "lite"
    assert [change["what"] for change in document["history"]] == [
        "model promoted",
        "model rolled back",
    ]


def test_refusals_are_sentences_and_exit_codes(
    models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments, code, words in (
        (("promote", "base", "--by", "Dr Ada"), 1, "has no evidence"),
        (("promote", "huge", "--by", "Dr Ada"), 1, "There is no model 'huge'"),
        (("promote", NAME, "--by", "?"), 2, "no name of a person"),
        (("promote", NAME), 2, "--by"),
        (("rollback", "--by", "Dr Ada"), 2, "No earlier model"),
        (("rollback",), 2, "--by"),
        (("shadow",), 2, "Name the model"),
        (("shadow", NAME, "--off"), 2, "Name the model"),
        (("shadow", "lite"), 2, "is the active model"),
        (("evidence", "lite"), 1, "has no evidence"),
        (("export", "lite", "x.miqa"), 2, "came with the program"),
        (("import", "nothing.miqa"), 2, "There is no file nothing.miqa"),
        (("thresholds", "promote", "--by", "Dr Ada"), 2, "No thresholds were fitted"),
        (("thresholds", "fit", "nothing.csv"), 2, "cannot be read"),
        (("thresholds", "fit"), 2, "there is no store"),
    ):
        assert miqa(*arguments) == code, arguments
        said = capsys.readouterr()
        assert words in said.err, (arguments, said)
        assert "Traceback" not in said.err
    assert not Path("x.miqa").exists()
    (models.parent / "registry.json").write_text("{")
    assert miqa("state") == 1
    assert "cannot be read" in capsys.readouterr().err


def test_state_without_a_sound_active_model_is_an_exit_code_of_one(
    models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert miqa("promote", NAME, "--by", "Dr Ada") == 0
    (models / NAME / "card.md").write_text("changed")
    capsys.readouterr()
    assert miqa("state") == 1
    assert "No sound active model" in capsys.readouterr().out


def test_a_shadow_is_set_and_taken_off(capsys: pytest.CaptureFixture[str]) -> None:
    assert miqa("shadow", NAME) == 0
    assert "only lite is shown" in capsys.readouterr().out
    assert miqa("state") == 0
    assert f"Shadow: {NAME}" in capsys.readouterr().out
    assert miqa("shadow", "--off", "--by", "Dr Ada") == 0
    assert "no more" in capsys.readouterr().out


def test_a_model_travels_to_a_site_that_compares_the_fingerprint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = tmp_path / "out.miqa"
    assert miqa("export", NAME, archive) == 0
    said = capsys.readouterr()
    assert said.out == f"{archive}\n"
    fingerprint = said.err.strip().splitlines()[-1]
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "elsewhere"))
    assert miqa("import", archive) == 2
    assert fingerprint in capsys.readouterr().err
    assert miqa("list", "--json") == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["name"] for row in rows if row["state"] != "not trained"} == {
        "base",
        "lite",
        "lodapro_lite",
    }
    assert miqa("import", archive, "--trust", "--by", "Dr Eve") == 0
    name = capsys.readouterr().out.strip()
    assert miqa("import", archive) == 0  # trusted from now on, and there already
    assert "there already" in capsys.readouterr().err
    assert miqa("promote", name, "--by", "Dr Eve") == 0
    assert capsys.readouterr().out.startswith(f"{name} is active")


def test_thresholds_are_fitted_shown_and_promoted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(2)
    with (tmp_path / "d.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["score", "decision"])
        for score in rng.uniform(0, 100, 120):
            writer.writerow(
                [score, "accept" if score > 66 else "rescan" if score < 41 else "check"]
            )
    assert miqa("thresholds", "fit", tmp_path / "d.csv", "--sensitivity", "0.9") == 0
    assert "sensitivity" in capsys.readouterr().out
    assert miqa("thresholds", "show") == 0
    said = capsys.readouterr().out
    assert "(uncalibrated)" in said
    assert "Not in force yet:" in said
    assert miqa("thresholds", "promote", "--by", "Dr Ada") == 0
    capsys.readouterr()
    assert miqa("thresholds", "show") == 0
    said = capsys.readouterr().out
    assert "uncalibrated" not in said
    assert "Version 1, since" in said
