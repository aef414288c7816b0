"""Names and tables of votes, where little is known."""

from __future__ import annotations

import pytest

from miqa_app.errors import BadRequest
from miqa_app.rating.pooled import contents_of, ratings_of, scores_of, stimulus_names
from miqa_app.rating.protocol import preset
from miqa_app.rating.study import Item, StimulusInfo, Study

A, B = "a" * 64, "b" * 64


def a_study(protocol: str, *infos: StimulusInfo) -> Study:
    return Study("k", "n", "", preset(protocol), 1, (Item("item-1", A, B),), infos)


def test_a_stimulus_of_which_nothing_is_known_goes_by_its_key() -> None:
    study = a_study("sds", StimulusInfo(A, {}), StimulusInfo(B, {"made": "as acquired"}))
    assert stimulus_names(study) == {A: "a" * 12, B: "clean"}
    assert contents_of(study) == {A: A, B: B}


def test_equal_names_are_told_apart_by_their_keys() -> None:
    facts = {"made": "simulated", "kind": "motion", "severity": 0.5, "content": "Scan 1, slice 3"}
    study = a_study("sds", StimulusInfo(A, facts), StimulusInfo(B, facts))
    assert set(stimulus_names(study).values()) == {
        "scan-1-slice-3-motion-0.5-aaaaaaaa",
        "scan-1-slice-3-motion-0.5-bbbbbbbb",
    }


@pytest.mark.parametrize("protocol", ["sds", "dscqs", "pair"])
def test_no_votes_give_an_empty_table_and_no_scores(protocol: str) -> None:
    study = a_study(protocol, StimulusInfo(A, {}), StimulusInfo(B, {}))
    ratings = ratings_of(study, ())
    assert len(ratings) == 0
    with pytest.raises(BadRequest):
        scores_of(study, ratings)
