"""What is put into the store comes back, and what makes no sense is refused."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from miqa_app.errors import BadRequest, MiqaError
from miqa_app.rating.stimulus import Stimulus, packed, unpacked
from miqa_app.rating.votes import Display
from miqa_app.store import Archive
from tests.store import reach
from tests.store.made import DISPLAY, Campaign, a_campaign, begin

# ------------------------------------------------------------------- studies


def test_a_study_comes_back_as_it_was_stored(archive: Archive, campaign: Campaign) -> None:
    archive.add_study(campaign.study, campaign.contents)
    assert archive.study(campaign.study.name) == campaign.study
    assert archive.study(campaign.study.key) == campaign.study
    assert archive.studies() == (campaign.study,)


def test_a_study_comes_back_in_another_process_view(url: str, campaign: Campaign) -> None:
    with Archive(url) as one, Archive(url) as other:
        one.add_study(campaign.study, campaign.contents)
        assert other.study(campaign.study.key) == campaign.study
        key = campaign.study.items[1].test
        assert unpacked(other.content(key)).key == key


def test_the_newest_study_comes_first(archive: Archive) -> None:
    for number in range(3):
        made = a_campaign(f"study {number}", seed=number)
        archive.add_study(made.study, made.contents)
    assert [study.name for study in archive.studies()] == ["study 2", "study 1", "study 0"]


def test_a_name_is_taken_once(archive: Archive, campaign: Campaign) -> None:
    archive.add_study(campaign.study, campaign.contents)
    other = a_campaign(campaign.study.name, seed=5)
    with pytest.raises(BadRequest, match="There is a study 'Köpfe 2026' already"):
        archive.add_study(other.study, other.contents)
    with pytest.raises(BadRequest, match="already"):
        archive.add_study(replace(campaign.study, name="other"), campaign.contents)
    # the refused study left nothing behind
    with pytest.raises(BadRequest, match="there is no stimulus"):
        archive.content(other.study.items[0].test)


def test_an_unknown_study_names_those_there_are(archive: Archive, campaign: Campaign) -> None:
    with pytest.raises(BadRequest, match="no study 'heads'; there is none yet"):
        archive.study("heads")
    archive.add_study(campaign.study, campaign.contents)
    with pytest.raises(BadRequest, match="no study 'heads'; there are: Köpfe 2026"):
        archive.votes("heads")


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "nul\0", "\udc80", "x" * 201])
def test_a_name_that_cannot_be_printed_is_refused(archive: Archive, name: str) -> None:
    made = a_campaign(name)
    with pytest.raises(BadRequest, match="must be printable text"):
        archive.add_study(made.study, made.contents)
    archive.add_study(replace(made.study, name="good"), made.contents)
    with pytest.raises(BadRequest, match="must be printable text"):
        archive.add_rater(made.study.key, name, {})


def test_quotes_and_per_cent_in_names_do_no_harm(archive: Archive) -> None:
    name = 'O\'Brien; DROP TABLE votes -- "50 %" %s :x \\'
    made = a_campaign(name)
    archive.add_study(made.study, made.contents)
    archive.add_rater(made.study.key, name, {name: name})
    assert archive.study(name) == made.study
    assert archive.raters(made.study.key)[0].answers == {name: name}


# ------------------------------------------------------------------- stimuli


def test_stimuli_are_shared_between_studies(archive: Archive) -> None:
    one, two = a_campaign("one", seed=1), a_campaign("two", seed=2)
    reference = one.study.items[0].reference
    assert reference == two.study.items[0].reference
    archive.add_study(one.study, one.contents)
    rest = {key: content for key, content in two.contents.items() if key != reference}
    archive.add_study(two.study, rest)
    for made in (one, two):
        for key in made.contents:
            assert unpacked(archive.content(key)).key == key


def test_a_study_without_its_pixels_is_refused_whole(archive: Archive, campaign: Campaign) -> None:
    lost = max(campaign.contents)
    rest = {key: content for key, content in campaign.contents.items() if key != lost}
    with pytest.raises(BadRequest, match=f"lacks the pixels of stimulus {lost[:12]}"):
        archive.add_study(campaign.study, rest)
    assert archive.studies() == ()
    with pytest.raises(BadRequest, match="there is no stimulus"):
        archive.content(min(rest))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x93NUMPY", "other"])
def test_pixels_that_are_not_what_their_key_says_are_refused(
    archive: Archive, campaign: Campaign, content: bytes | str
) -> None:
    if isinstance(content, str):
        content = packed(Stimulus(np.zeros((1, 4, 4), np.uint16), 0.0, 1.0))
    contents = campaign.contents | {campaign.study.items[1].test: content}
    with pytest.raises(MiqaError, match=r"the pixels of stimulus \w+ are damaged"):
        archive.add_study(campaign.study, contents)
    assert archive.studies() == ()


# -------------------------------------------------------------------- raters


def test_new_answers_of_a_rater_are_kept_and_the_old_ones_stay(
    archive: Archive, campaign: Campaign
) -> None:
    archive.add_study(campaign.study, campaign.contents)
    key = campaign.study.key
    archive.add_rater(key, "R1", {"years": "3"})
    archive.add_rater(key, "Ä2", {})
    joined = archive.raters(key)[0].joined
    archive.add_rater(key, "R1", {"years": "4"})
    first, second = archive.raters(key)
    assert (first.pseudonym, first.answers, first.joined) == ("R1", {"years": "4"}, joined)
    assert second.pseudonym == "Ä2"
    assert [
        (r["revision"], r["answers"])
        for r in reach.rows(archive, "raters")
        if r["pseudonym"] == "R1"
    ] == [
        (0, {"years": "3"}),
        (1, {"years": "4"}),
    ]


def test_the_same_answers_again_write_nothing(archive: Archive, campaign: Campaign) -> None:
    archive.add_study(campaign.study, campaign.contents)
    archive.add_rater(campaign.study.key, "R1", {"years": "3"})
    head = archive.audit_head()
    archive.add_rater(campaign.study.key, "R1", {"years": "3"})
    assert archive.audit_head() == head


# ------------------------------------------------------------------ sessions


def test_sessions_count_from_one_for_every_rater(archive: Archive, running: Campaign) -> None:
    key = running.study.key
    assert begin(archive, running) == 2
    assert begin(archive, running, "R2") == 1
    archive.end_session(key, "R1", 1, "tired")
    first, second, other = archive.sessions(key)
    assert (first.pseudonym, first.number, first.how) == ("R1", 1, "tired")
    assert first.ended >= first.began
    assert first.display == DISPLAY
    assert (second.number, second.ended, second.how) == (2, "", "")
    assert archive.sessions(key, "R2") == (other,)


def test_a_session_ends_once_and_in_a_known_way(archive: Archive, running: Campaign) -> None:
    key = running.study.key
    with pytest.raises(BadRequest, match="finished, tired, time, closed, not 'bored'"):
        archive.end_session(key, "R1", 1, "bored")
    with pytest.raises(BadRequest, match="has begun no session 2"):
        archive.end_session(key, "R1", 2, "closed")
    archive.end_session(key, "R1", 1, "time")
    with pytest.raises(BadRequest, match=r"has ended already \(time\)"):
        archive.end_session(key, "R1", 1, "finished")


def test_a_session_needs_a_rater(archive: Archive, running: Campaign) -> None:
    with pytest.raises(BadRequest, match="'R9' is no rater of the study"):
        archive.begin_session(running.study.key, "R9", DISPLAY, "0.1.0")


# --------------------------------------------------------------------- votes


def test_a_vote_comes_back_with_everything_it_carried(archive: Archive, running: Campaign) -> None:
    vote = running.vote(1, 61.25)
    assert archive.add_vote(vote) == vote
    assert archive.votes(running.study.key) == (vote,)


def test_numbers_of_any_kind_come_back_as_the_store_vouches_for_them(
    archive: Archive, running: Campaign
) -> None:
    odd = replace(
        running.vote(1),
        scores={"test": np.float32(0.1), "reference": 3, "preference": -0.0},  # type: ignore[dict-item]
        seconds=np.float64(1) / 3,
        changes=np.int64(2),  # type: ignore[arg-type]
        display=Display("☼ \0 \udc80", 1, 1, 2**-40, 1e300),
        tags=(),
        confidence=None,
    )
    archive.add_vote(odd)
    (back,) = archive.votes(running.study.key)
    assert back.scores == {"test": float(np.float32(0.1)), "reference": 3.0, "preference": 0.0}
    assert back.seconds == 1 / 3
    assert back.display == odd.display
    assert back.confidence is None
    assert archive.verify() == []


def test_cannot_judge_is_a_vote_without_scores(archive: Archive, running: Campaign) -> None:
    archive.add_vote(replace(running.vote(1), scores={}))
    (vote,) = archive.votes(running.study.key)
    assert not vote.judged


def test_a_changed_vote_keeps_its_history(archive: Archive, running: Campaign) -> None:
    key = running.study.key
    begin(archive, running, "R2")
    given = [
        archive.add_vote(running.vote(place, score, rater))
        for place, score, rater in [(1, 10, "R1"), (2, 20, "R1"), (1, 30, "R1"), (1, 40, "R2")]
    ]
    assert [vote.revision for vote in given] == [0, 0, 1, 0]
    assert archive.votes(key, history=True) == tuple(given)
    assert archive.votes(key) == tuple(given[1:])
    assert archive.votes(key, "R1") == tuple(given[1:3])
    assert archive.votes(key, "R1", history=True) == tuple(given[:3])
    assert archive.votes(key, "nobody") == ()


def test_the_revision_is_the_stores_to_give(archive: Archive, running: Campaign) -> None:
    assert archive.add_vote(replace(running.vote(1), revision=7)).revision == 0


def test_a_vote_that_the_study_cannot_have_is_refused(archive: Archive, running: Campaign) -> None:
    vote = running.vote(1)
    shown = vote.presentation
    for wrong, words in [
        (replace(vote, presentation=replace(shown, item="item-99")), "has no item 'item-99'"),
        (replace(vote, presentation=replace(shown, right="0" * 64)), "does not show these images"),
        (replace(vote, scores={"test": float("nan")}), "not a number"),
        (replace(vote, seconds=float("inf")), "not a number"),
        (replace(vote, session=2), "has begun no session 2"),
        (replace(vote, rater="R9"), "'R9' has begun no session 1"),
        (replace(vote, study="0" * 32), "There is no study"),
    ]:
        with pytest.raises(BadRequest, match=words):
            archive.add_vote(wrong)
    assert archive.votes(running.study.key, history=True) == ()
    assert archive.verify() == []


# -------------------------------------------------------------------- events


def test_events_come_back_in_their_order(archive: Archive, running: Campaign) -> None:
    key = running.study.key
    archive.add_event(key, "R1", 0, "display check", {"result": "passed"})
    archive.add_event(key, "R1", 1, "technical fault", {"what": "screen went dark"})
    assert [(e.session, e.kind, e.detail) for e in archive.events(key, "R1")] == [
        (0, "display check", {"result": "passed"}),
        (1, "technical fault", {"what": "screen went dark"}),
    ]
    assert archive.events(key, "R2") == ()
    with pytest.raises(BadRequest, match="has begun no session 5"):
        archive.add_event(key, "R1", 5, "undo", {})
    with pytest.raises(BadRequest, match="'R2' is no rater"):
        archive.add_event(key, "R2", 0, "undo", {})


# ------------------------------------------------------------------- threads


def test_threads_may_share_an_archive(archive: Archive, running: Campaign) -> None:
    def work(score: int) -> int:
        archive.votes(running.study.key)
        return archive.add_vote(running.vote(1, float(score))).revision

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(work, range(24))) == list(range(24))
    assert archive.verify() == []
