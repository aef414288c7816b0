"""Predictions survive their file, and nonsense is named with its place."""

from __future__ import annotations

import numpy as np
import pytest

from miqa_app.errors import BadRequest
from miqa_app.evaluation.predictions import Predictions, read_predictions, write_predictions


def some(**changes) -> Predictions:
    values = {
        "images": ("a,1", "b", 'c "x"'),
        "references": ("r1", "r1", "ré2"),
        "targets": np.array([1 / 3, 50, 100]),
        "methods": {"MIQA net": np.array([0.1 + 0.2, 51, 99]), "niqe": np.array([3, 2, 1.5])},
        "groups": {"kind": ("noise", "", "motion")},
        "intervals": np.array([1.0, 2.5, 0]),
    }
    return Predictions(**values | changes)


def test_a_file_gives_back_what_was_written_to_the_last_bit(tmp_path):
    path = tmp_path / "deep" / "p.csv"
    write_predictions(some(), path)
    back = read_predictions(path)
    assert back.images == some().images
    assert back.references == some().references
    assert back.groups == some().groups
    assert list(back.methods) == ["MIQA net", "niqe"]
    assert np.array_equal(back.targets, some().targets)
    assert np.array_equal(back.methods["MIQA net"], some().methods["MIQA net"])
    assert np.array_equal(back.intervals, some().intervals)
    assert [file.name for file in path.parent.iterdir()] == ["p.csv"]


def test_groups_and_intervals_may_be_missing(tmp_path):
    write_predictions(some(groups={}, intervals=None), tmp_path / "p.csv")
    back = read_predictions(tmp_path / "p.csv")
    assert back.groups == {}
    assert back.intervals is None


def test_a_failed_write_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "p.csv"
    write_predictions(some(), path)
    before = path.read_bytes()
    monkeypatch.setattr("miqa_app.evaluation.predictions._table", lambda _: iter([["image"], 3]))
    with pytest.raises(Exception, match="iterable"):
        write_predictions(some(), path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["p.csv"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"references": ("r1",)}, "references: 1 entries for 3 images"),
        ({"targets": [1, np.nan, 3]}, "targets: image 'b' has nan"),
        ({"methods": {"m": [1, 2, np.inf]}}, "method 'm': image 'c \"x\"' has inf"),
        ({"methods": {"m": [1, 2]}}, "method 'm': 2 entries"),
        ({"methods": {"m": [[1, 2, 3]]}}, "shape"),
        ({"methods": {}}, "at least one image and one method"),
        ({"groups": {"fold": ("1",)}}, "group 'fold': 1 entries"),
        ({"intervals": [1, -1, 1]}, "must not be negative"),
    ],
)
def test_nonsense_stops_in_the_constructor(changes, words):
    with pytest.raises(ValueError, match=words):
        some(**changes)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "row 1: the column 'image' is missing"),
        ("image,reference,target\na,r,1\n", "row 1: no column 'method:NAME'"),
        ("image,reference,target,method:m\n", "no images"),
        ("image,reference,target,method:m\na,r,1,2\nb,r,1\n", "row 3: 3 cells"),
        ("image,reference,target,method:m\na,r,1,2\nb,r,high,2\n", "row 3: 'high' in .* 'target'"),
        ("image,reference,target,method:m\na,r,1,nan\n", "row 2: 'nan' in .* 'method:m'"),
        ("\nimage,reference,target,method:m\n\na,r,x,2\n", "row 4: 'x'"),
        ("image,reference,target,ci,method:m\na,r,1,-2,1\n", "row 2: the half width -2"),
        ("image,reference,target,mos,method:m\na,r,1,2,1\n", "row 1: the column 'mos' is none of"),
        ("image,image,reference,target,method:m\na,a,r,1,2\n", "'image' stands there twice"),
    ],
)
def test_a_damaged_file_is_named_with_row_and_reason(tmp_path, text, words):
    path = tmp_path / "p.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadRequest, match=words) as caught:
        read_predictions(path)
    assert str(path) in str(caught.value)


def test_a_missing_or_binary_file_is_one_sentence(tmp_path):
    with pytest.raises(BadRequest, match="cannot be read: No such file"):
        read_predictions(tmp_path / "none.csv")
    (tmp_path / "p.csv").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(BadRequest, match="not a CSV file"):
        read_predictions(tmp_path / "p.csv")


def test_a_file_saved_by_a_spreadsheet_reads_too(tmp_path):
    path = tmp_path / "p.csv"
    path.write_bytes(b"\xef\xbb\xbftarget,method:m,image,reference\r\n1,2,a,r\r\n\r\n3,4,b,r\r\n")
    back = read_predictions(path)
    assert back.images == ("a", "b")
    assert back.targets.tolist() == [1, 3]
