"""A session leads through its phases, asks for a whole vote, rests in time, and undoes once. No clock, no store."""

import pytest

from miqa_app.errors import BadRequest
from miqa_app.rating.draft import Draft, slots
from miqa_app.rating.protocol import changed, preset
from miqa_app.rating.session import Session
from miqa_app.rating.votes import Presentation

SDS = preset("sds")  # 3 s to look, 1 s of grey, break after 15 min, end after 30 min


def shown(part, index):
    return Presentation(f"{part}-{index}", part, index, f"item-{index}", "a", "b")


def queue(main=4, training=0, stabilising=0):
    parts = ("training", training), ("stabilising", stabilising), ("main", main)
    return tuple(shown(part, n) for part, count in parts for n in range(count))


def begun(protocol=SDS, now=0.0, **counts):
    session = Session(protocol, asked=True)
    session.checked()
    session.begin(queue(**counts), now)
    return session


def vote(session, at, score=50.0):
    """Show, look for three seconds and commit; the commit is at `at`."""
    session.shown(at - 3)
    session.draft.move("score", score)
    session.committed(at)


def test_newcomers_are_asked_and_known_raters_are_not():
    session = Session(SDS, asked=False)
    assert session.phase == "questionnaire"
    session.answered()
    assert session.phase == "display check" == Session(SDS, asked=True).phase
    session.checked()
    assert session.phase == "instructions"


@pytest.mark.parametrize("step", ["answered", "checked", "take_break"])
def test_no_phase_can_be_jumped(step):
    session = begun()
    with pytest.raises(BadRequest, match="stands at 'pause'"):
        getattr(session, step)()
    with pytest.raises(BadRequest, match="not waiting"):
        session.go_on(1.0)
    with pytest.raises(BadRequest, match="nothing on the screen"):
        session.committed(5.0)


def test_every_presentation_begins_with_grey_of_the_stated_length():
    session = begun(now=10.0)
    assert session.pause_left(10.25) == pytest.approx(0.75)
    with pytest.raises(BadRequest, match="yet"):
        session.shown(10.9)
    session.shown(11.0)
    assert session.phase == "viewing"
    session.draft.move("score", 10)
    session.committed(15.0)
    assert session.phase == "pause"
    assert session.pause_left(15.5) == pytest.approx(0.5)


def test_a_vote_waits_for_a_score_and_for_the_least_viewing_time():
    session = begun()
    session.shown(1.0)
    assert session.lacks(9.0) == "score"
    session.draft.move("score", 40)
    assert session.lacks(3.9) == "time"
    with pytest.raises(BadRequest, match="lacks time"):
        session.committed(3.9)
    assert session.lacks(4.0) == ""
    assert session.viewed(4.0) == 3.0
    session.committed(4.0)
    assert (session.index, session.current.key) == (1, "main-1")


def test_cannot_judge_needs_no_score_but_the_viewing_time():
    session = begun()
    session.shown(1.0)
    session.draft.set_cannot_judge(True)
    assert session.lacks(2.0) == "time"
    assert session.lacks(4.0) == ""


def test_confidence_is_required_where_the_protocol_asks():
    draft = Draft(changed(SDS, asks_confidence=True))
    draft.move("score", 70)
    assert draft.lacks == "confidence"
    draft.set_confidence(4)
    assert (draft.lacks, draft.confidence) == ("", 4)
    with pytest.raises(BadRequest):
        draft.set_confidence(6)
    with pytest.raises(BadRequest):
        Draft(SDS).set_confidence(3)


def test_tags_are_taken_where_the_protocol_asks():
    draft = Draft(changed(SDS, asks_artefacts=True))
    draft.set_tags(["motion", "blur", "motion"])
    assert draft.tags == ("blur", "motion")
    with pytest.raises(BadRequest):
        Draft(SDS).set_tags(["motion"])


def test_a_draft_starts_empty_and_counts_settled_moves():
    draft = Draft(SDS)
    assert (draft.scores, draft.changes, draft.lacks) == ({}, 0, "score")
    for value in (10, 11, 12):
        draft.move("score", value, settled=False)
    draft.move("score", 12)
    assert (draft.scores, draft.changes) == ({"score": 12.0}, 1)


def test_cannot_judge_and_a_score_exclude_each_other():
    draft = Draft(SDS)
    draft.move("score", 12)
    draft.set_cannot_judge(True)
    assert (draft.scores, draft.cannot_judge, draft.lacks) == ({}, True, "")
    draft.move("score", 13)
    assert not draft.cannot_judge
    draft.set_cannot_judge(True)
    draft.set_cannot_judge(False)
    assert draft.lacks == "score"


@pytest.mark.parametrize(
    ("name", "slot", "good", "bad"),
    [
        ("sds", "score", (0, 33.3, 100), (-1, 101, float("nan"), float("inf"))),
        ("dsis", "score", (1, 2, 5), (0, 1.5, 6)),
        ("dscqs", "right", (0, 50), (150,)),
        ("pair", "preference", (0, 0.5, 1), (0.4, 2)),
        ("single", "score", (99,), (-5,)),
    ],
)
def test_only_values_of_the_scale_are_taken(name, slot, good, bad):
    protocol = preset(name)
    for value in good:
        draft = Draft(protocol)
        draft.move(slot, value)
        assert draft.scores[slot] == value
    for value in bad:
        with pytest.raises(BadRequest, match="not on the scale"):
            Draft(protocol).move(slot, value)
    with pytest.raises(BadRequest, match="no score"):
        Draft(protocol).move("nose", good[0])


def test_both_sides_must_be_scored_where_both_are_asked_for():
    draft = Draft(preset("dscqs"))
    assert slots(preset("dscqs")) == ("left", "right")
    draft.move("left", 20)
    assert draft.lacks == "score"
    draft.move("right", 80)
    assert draft.lacks == ""


def test_undo_goes_back_once_with_an_empty_scale():
    session = begun()
    assert not session.can_undo
    vote(session, 4.0, 30)
    vote(session, 8.0, 60)
    session.shown(9.0)
    session.draft.move("score", 5)
    assert session.last.key == "main-1"
    session.undo(10.0)
    assert (session.current.key, session.phase) == ("main-1", "pause")
    assert session.draft.scores == {}
    with pytest.raises(BadRequest, match="only once"):
        session.undo(10.0)
    vote(session, 14.0, 61)
    assert session.current.key == "main-2"
    assert not session.can_undo
    assert session.last is None
    vote(session, 18.0)
    assert session.can_undo


def test_the_training_ends_on_a_page_of_its_own_and_stabilising_ones_are_not_marked():
    session = begun(training=1, stabilising=1, main=2)
    vote(session, 4.0)
    assert session.phase == "trained"
    session.go_on(5.0)
    vote(session, 9.0)
    assert session.phase == "pause"
    assert session.current.part == "main"


def test_a_break_is_offered_when_it_is_due_and_again_after_the_next_stretch():
    session = begun(main=9)
    vote(session, 899.0)
    assert session.phase == "pause"
    vote(session, 903.0)
    assert session.phase == "break offered"
    session.take_break()
    assert session.phase == "break"
    session.go_on(2000.0)
    assert session.worked(2000.0) == 903.0
    vote(session, 2010.0)
    assert session.phase == "pause"
    vote(session, 2880.0)
    assert session.phase == "pause"


def test_a_break_can_be_declined():
    session = begun(main=9)
    vote(session, 901.0)
    session.go_on(905.0)
    vote(session, 910.0)
    assert session.phase == "pause"


def test_the_session_ends_after_the_vote_in_progress_when_the_time_is_up_and_breaks_do_not_count():
    session = begun(main=9)
    vote(session, 1000.0)
    session.take_break()
    session.go_on(5000.0)
    vote(session, 5700.0)
    assert session.phase == "pause"
    session.shown(5790.0)
    session.draft.move("score", 1)
    assert session.phase == "viewing"
    session.committed(5801.0)
    assert (session.phase, session.how) == ("ended", "time")
    assert session.current is None


def test_the_last_vote_finishes():
    session = begun(main=1)
    vote(session, 4.0)
    assert (session.phase, session.how) == ("ended", "finished")


def test_the_very_last_vote_can_be_taken_up_again_once():
    session = begun(main=2)
    vote(session, 4.0)
    vote(session, 8.0, 60)
    assert (session.how, session.last.key) == ("finished", "main-1")
    session.undo(9.0)
    assert (session.phase, session.how, session.current.key) == ("pause", None, "main-1")
    vote(session, 13.0, 61)
    assert session.how == "finished"
    with pytest.raises(BadRequest, match="no vote to undo"):
        session.undo(14.0)


@pytest.mark.parametrize("how", ["time", "tired"])
def test_a_session_that_ended_ends_in_the_same_way_after_the_last_vote_is_given_anew(how):
    session = begun(main=9)
    vote(session, 4.0)
    if how == "time":
        vote(session, 4000.0)
    else:
        session.stop(how)
    assert session.how == how
    place = session.index
    session.undo(4005.0 if how == "time" else 5.0)
    vote(session, 4009.0 if how == "time" else 9.0, 70)
    assert (session.how, session.index, session.can_undo) == (how, place, False)


@pytest.mark.parametrize("sealed", [True, False])
def test_nothing_is_taken_up_again_once_the_window_is_closed(sealed):
    session = begun(main=1 if sealed else 3)
    vote(session, 4.0)
    session.seal() if sealed else session.stop("closed")
    assert session.how == ("finished" if sealed else "closed")
    assert not session.can_undo


def test_nothing_left_is_finished_at_once():
    session = begun(main=0)
    assert session.how == "finished"


@pytest.mark.parametrize("how", ["tired", "closed"])
def test_a_rater_can_stop_at_any_moment_and_the_first_reason_stays(how):
    session = begun()
    session.shown(1.0)
    session.draft.move("score", 50)
    session.stop(how)
    session.stop("finished")
    assert session.how == how
    assert session.index == 0
    with pytest.raises(BadRequest):
        session.committed(9.0)


def test_only_what_the_queue_holds_lies_ahead():
    session = begun(main=2)
    assert [found and found.key for found in map(session.ahead, range(3))] == [
        "main-0",
        "main-1",
        None,
    ]
    assert len(session.queue) == 2
