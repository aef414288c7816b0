"""Votes from CSV files, good and bad."""

from __future__ import annotations

import numpy as np
import pytest

from miqa_app.errors import BadRequest
from miqa_app.rating.mos.reading import read_ratings

PLAIN = "observer,stimulus,score\na,x,50\nb,x,60.5\na,y,10\n"


@pytest.fixture
def write(tmp_path):
    def writer(content: str | bytes):
        path = tmp_path / "votes.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return writer


@pytest.mark.parametrize(
    "content",
    [
        PLAIN,
        "\ufeff" + PLAIN,
        PLAIN.replace("\n", "\r\n"),
        PLAIN.replace(".", "#").replace(",", ";").replace("#", ","),
        "sep=;\n" + PLAIN.replace(".", "#").replace(",", ";").replace("#", ","),
        PLAIN.replace(",", "\t"),
        "\n" + PLAIN + "\n\n",
        "Stimulus, OBSERVER ,Score\nx,a,50\nx,b,60.5\ny,a,10\n",
        PLAIN.replace("60.5", '"60,5"'),
    ],
    ids=["plain", "bom", "crlf", "semicolon", "sep", "tab", "blank", "columns", "quoted"],
)
def test_every_way_a_spreadsheet_writes_gives_the_same_votes(write, content):
    ratings = read_ratings(write(content))
    assert sorted(zip(ratings.observers, ratings.stimuli, ratings.scores, strict=True)) == [
        ("a", "x", 50.0),
        ("a", "y", 10.0),
        ("b", "x", 60.5),
    ]


def test_names_with_accents_are_read_in_both_encodings(write):
    text = "observer,stimulus,score\nMüller,x,50\n"
    assert read_ratings(write(text.encode("utf-8"))).observers == ("Müller",)
    assert read_ratings(write(text.encode("cp1252"))).observers == ("Müller",)


def test_optional_columns_are_read_and_others_named(write):
    ratings = read_ratings(
        write(
            "observer,stimulus,score,reference,repetition,session,order,seconds,reference_score,colour\n"
            "a,x,50,r,1,2,7,4.5,90,red\n"
        ),
        (0, 100),
    )
    assert (ratings.references, ratings.sessions) == (("r",), ("2",))
    assert ratings.repetitions.tolist() == [1]
    assert (ratings.orders[0], ratings.seconds[0], ratings.reference_scores[0]) == (7, 4.5, 90)
    assert ratings.notes == ("Columns not used: colour.",)
    assert ratings.scale == (0, 100)


@pytest.mark.parametrize("absent", ["", "n/a", "NaN", "cannot judge"])
def test_cannot_judge_is_an_absent_score_and_never_zero(write, absent):
    ratings = read_ratings(write(PLAIN + f"b,y,{absent}\n"))
    assert len(ratings) == 4
    assert np.isnan(ratings.scores[3])


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "is empty; it needs a header"),
        ("\n \n", "is empty; it needs a header"),
        ("observer,stimulus,score\n", "holds a header but no votes; add"),
        ("observer,score\na,1\n", "line 1: the column 'stimulus' is missing; the header must name"),
        (
            "observer,stimulus,score,score\na,x,1,2\n",
            "line 1: the column 'score' stands there twice",
        ),
        (PLAIN + "b,y,good\n", r"line 5: 'good' in the column 'score' is not a number; correct it"),
        (PLAIN + "b,y,inf\n", "line 5: 'inf' in the column 'score' is not a number"),
        (PLAIN + "b,y,1,2,3\n", "line 5: 5 cells where the header names 3; a score with a decimal"),
        (PLAIN + ",y,1\n", "line 5: the observer is missing; fill it in"),
        (PLAIN + "b,,1\n", "line 5: the stimulus is missing"),
        (PLAIN + "a,x,51\n", "line 5: observer 'a' has already scored 'x' in line 2; remove"),
        (
            "observer,stimulus,score,repetition\na,x,1,first\n",
            "line 2: the repetition 'first' is not a whole number",
        ),
        (b"PK\x03\x04\x00\x00", "is not a CSV file; save the table as CSV"),
        ("observer,stimulus,score\na," + "x" * 140_000 + ",1\n", "line 2: field larger than"),
    ],
)
def test_a_bad_file_gets_one_sentence_with_file_line_and_what_to_do(write, content, sentence):
    path = write(content)
    with pytest.raises(BadRequest, match=sentence) as caught:
        read_ratings(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert message.endswith(".")
    assert "\n" not in message


def test_scores_outside_the_scale_are_named_by_line(write):
    lines = "".join(f"c,s{n},{200 + n}\n" for n in range(6))
    with pytest.raises(
        BadRequest, match=r"line 5, 6, 7, 8 and 2 more: 200 lies outside .* 0 to 100"
    ):
        read_ratings(write(PLAIN + lines), (0, 100))
    with pytest.raises(BadRequest, match=r"line 4: 10 lies outside the scale 20 to 100"):
        read_ratings(write(PLAIN), (20, 100))


def test_a_short_line_lacks_only_optional_cells(write):
    ratings = read_ratings(write("observer,stimulus,score,session\na,x,5\n"))
    assert ratings.sessions == ("",)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(BadRequest, match=r"nothing.csv cannot be read: No such file"):
        read_ratings(tmp_path / "nothing.csv")
