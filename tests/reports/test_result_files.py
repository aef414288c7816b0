"""JSON and CSV keep their contract."""

from __future__ import annotations

import copy
import csv
import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from miqa_app.cli.score import print_table
from miqa_app.core.artefact_kinds import KEYS
from miqa_app.core.series import Problem
from miqa_app.paths import bundled
from miqa_app.reports.result_csv import write_csv
from miqa_app.reports.result_json import as_document, write_json

ROOTS = ["/home/anna/scans"]
PROBLEMS = [Problem("/home/anna/scans/sub/broken.dcm", "is empty")]


@pytest.fixture(scope="module")
def schema():
    path = bundled("resources") / "schemas" / "miqa.assessment-1.json"
    value = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(value)
    return jsonschema.Draft202012Validator(value)


def document(entries, **options):
    return as_document(entries, PROBLEMS, ROOTS, app_version="0.1.0", **options)


def test_results_follow_the_shipped_schema(entries, schema) -> None:
    schema.validate(document(entries))
    schema.validate(document(entries, identify=True))
    schema.validate(as_document([], PROBLEMS, ROOTS, app_version="0.1.0"))


@pytest.mark.parametrize(
    "damage",
    [
        lambda d: d.update(schema="miqa.assessment/2"),
        lambda d: d.update(extra=1),
        lambda d: d["series"][0].update(score=101),
        lambda d: d["series"][0].update(score=None),
        lambda d: d["series"][0].update(verdict="not_assessed"),
        lambda d: d["series"][2].update(score=50.0),
        lambda d: d["series"][2].update(reason=""),
        lambda d: d["series"][0]["artefacts"].update(sunshine=0.5),
        lambda d: d["series"][0].update(interval=[1.0]),
        lambda d: d["model"].update(sha256="short"),
    ],
)
def test_the_schema_refuses_what_breaks_the_contract(entries, schema, damage) -> None:
    broken = copy.deepcopy(document(entries))
    damage(broken)
    with pytest.raises(jsonschema.ValidationError):
        schema.validate(broken)


def test_paths_are_relative_and_uids_hashed_unless_asked_for(entries) -> None:
    text = json.dumps(document(entries), ensure_ascii=False)
    uid = entries[0][0].uid
    assert "/home/anna" not in text
    assert uid not in text
    assert "DOE" not in text
    assert document(entries)["series"][0]["source"] == "scans/clean"
    assert document(entries)["problems"][0]["source"] == "scans/sub/broken.dcm"
    open_text = json.dumps(document(entries, identify=True))
    assert "/home/anna" in open_text
    assert uid in open_text
    assert "DOE^JANE" in open_text


def test_the_json_file_is_whole_or_not_there(entries, tmp_path: Path) -> None:
    file = tmp_path / "new" / "r.json"
    write_json(document(entries), file)
    assert json.loads(file.read_text(encoding="utf-8"))["series"][0]["description"].endswith(
        "Größe"
    )
    broken = document(entries) | {"bad": float("nan")}
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(broken, file)
    assert [path.name for path in file.parent.iterdir()] == ["r.json"]
    assert "bad" not in file.read_text(encoding="utf-8")


def test_csv_opens_in_a_spreadsheet_and_runs_no_formula(entries, tmp_path: Path) -> None:
    series, assessment = entries[0]
    hostile = replace(series, description="=HYPERLINK(1)")
    write_csv([(hostile, assessment), *entries], tmp_path / "r.csv", ROOTS)
    raw = (tmp_path / "r.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(raw.decode("utf-8-sig").splitlines()))
    assert rows[0]["description"] == "'=HYPERLINK(1)"
    assert rows[1]["description"].endswith("Größe")
    assert float(rows[0]["low"]) <= float(rows[0]["score"]) <= float(rows[0]["high"])
    assert {f"p_{key}" for key in KEYS} <= set(rows[0])
    assert rows[3]["status"] == "not_assessed"
    assert rows[3]["score"] == ""
    assert "/home/anna" not in raw.decode("utf-8-sig")


def test_table_and_csv_say_when_the_interval_reaches_into_another_verdict(
    entries, tmp_path: Path, capsys
) -> None:
    series, assessment = entries[0]
    wide = [(series, replace(assessment, score=80.0, interval=(40.0, 95.0)))]
    sentence = "The interval reaches from “consider rescan” to “accept”: look at the images."
    write_csv(wide, tmp_path / "r.csv", ROOTS)
    with (tmp_path / "r.csv").open(encoding="utf-8-sig", newline="") as stream:
        assert next(csv.DictReader(stream))["notes"].startswith(sentence)
    print_table(document(wide), wide)
    assert sentence in capsys.readouterr().out
    narrow = [(series, replace(assessment, score=80.0, interval=(75.0, 85.0)))]
    print_table(document(narrow), narrow)
    assert "The interval reaches" not in capsys.readouterr().out
