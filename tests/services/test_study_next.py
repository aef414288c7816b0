"""The most telling items first: what it needs, what it keeps, and that a killed session goes on as it was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from miqa_app import __version__
from miqa_app.rating import order
from miqa_app.rating.pooled import stimulus_names
from miqa_app.rating.study import Study
from miqa_app.services.study_next import EVENT, most_telling, most_telling_first
from miqa_app.store import Archive
from tests.rating.made_studies import made_study
from tests.services.voting import SCREEN, quality_by_severity, rate


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with Archive(tmp_path / "store.sqlite") as opened:
        yield opened


def kept(archive: Archive, *, unsure: str = "") -> Study:
    """A study of twelve items and a repeat; of the one called `unsure` the model is least sure."""
    study, contents = made_study(rated=12, repeats=1, training=0, stabilising_items=0)
    widths = {item.key: 30.0 if item.key == unsure else 10.0 for item in study.items}
    study = replace(study, model_uncertainty=widths) if unsure else study
    archive.add_study(study, contents)
    return study


def begun(archive: Archive, study: Study, rater: str) -> int:
    archive.add_rater(study.key, rater, {})
    return archive.begin_session(study.key, rater, SCREEN, __version__)


def test_without_a_model_the_order_of_the_seed_stays(archive: Archive) -> None:
    study = kept(archive)
    left = order.main(study, "R-1")
    session = begun(archive, study, "R-1")
    assert most_telling_first(archive, study, "R-1", session, left) == left
    assert not [event for event in archive.events(study.key) if event.kind == EVENT]


def test_what_the_model_is_least_sure_of_comes_first_and_everything_comes_once(
    archive: Archive,
) -> None:
    study = kept(archive, unsure="item-005")
    assert "item-005" in {item.key for item in study.items}
    for rater in ("R-1", "R-2", "Z"):
        left = order.main(study, rater)
        session = begun(archive, study, rater)
        ordered = most_telling_first(archive, study, rater, session, left)
        assert ordered[0].item == "item-005"
        assert sorted(shown.key for shown in ordered) == sorted(shown.key for shown in left)
        places = {shown.item: place for place, shown in enumerate(ordered)}
        (again,) = [item for item in study.items if item.repeats]
        assert places[again.key] - places[again.repeats] >= len(left) // 4


def test_items_that_others_have_rated_come_later(archive: Archive) -> None:
    study = kept(archive, unsure="item-005")
    judge = quality_by_severity(study, 1)
    for rater in ("A", "B"):
        rate(archive, study, rater, judge, most=5)
    voted = {vote.presentation.item for vote in archive.votes(study.key)}
    left = order.main(study, "new")
    ordered = most_telling_first(archive, study, "new", begun(archive, study, "new"), left)
    places = {shown.item: place for place, shown in enumerate(ordered) if shown.item != "item-005"}
    unseen = [place for item, place in places.items() if item not in voted]
    seen = [place for item, place in places.items() if item in voted]
    assert unseen
    assert seen
    assert np.mean(unseen) + 2 < np.mean(seen)


def test_a_killed_session_goes_on_in_its_own_order_whatever_others_vote_meanwhile(
    archive: Archive,
) -> None:
    study = kept(archive, unsure="item-005")
    left = order.main(study, "R-1")
    ordered = most_telling_first(archive, study, "R-1", begun(archive, study, "R-1"), left)
    rate(archive, study, "other", quality_by_severity(study, 2))
    rest = tuple(shown for shown in left if shown.key not in {s.key for s in ordered[:4]})
    session = begun(archive, study, "R-1")
    again = most_telling_first(archive, study, "R-1", session, rest)
    assert again == ordered[4:]
    archive.end_session(study.key, "R-1", session, "tired")
    later = most_telling_first(archive, study, "R-1", begun(archive, study, "R-1"), rest)
    assert {shown.key for shown in later} == {shown.key for shown in rest}


def test_the_items_worth_a_vote_are_told_with_the_reason(archive: Archive) -> None:
    study = kept(archive, unsure="item-005")
    names = stimulus_names(study)
    first = most_telling(archive, study)[0]
    assert first.stimulus == names[study.item("item-005").test]
    assert first.reason == "no vote yet; the model is unsure by ±30.0"
    for rater in ("A", "B"):
        rate(archive, study, rater, quality_by_severity(study, 1), most=5)
    told = most_telling(archive, study)
    assert len(told) == sum(not item.repeats for item in study.items)
    judged = Counter(vote.presentation.item for vote in archive.votes(study.key))
    for one in told:
        (item,) = [i for i in study.items if names[i.test] == one.stimulus and not i.repeats]
        assert one.votes == judged[item.key]
        assert one.reason.startswith(f"{one.votes} vote" if one.votes else "no vote yet")
        assert ("interval about ±" in one.reason) == bool(one.votes)
    votes = [one.votes for one in told if "±30" not in one.reason]
    assert np.mean(votes[:4]) < np.mean(votes[-4:])
    assert any("votes on average, all items" in one.reason for one in told)


def test_without_a_model_votes_alone_decide_and_nothing_is_said_of_one(archive: Archive) -> None:
    study = kept(archive)
    rate(archive, study, "A", quality_by_severity(study, 1), most=6)
    told = most_telling(archive, study)
    assert [one.votes for one in told] == sorted(one.votes for one in told)
    assert not any("model" in one.reason for one in told)
    assert told[-1].reason.startswith("1 vote; no interval yet")
