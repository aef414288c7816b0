"""A sitting tells pixels and takes votes: whole, durable, resumable, and blind."""

from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

import miqa_app
from miqa_app.errors import BadRequest, MiqaError
from miqa_app.rating import order
from miqa_app.rating.stimulus import Stimulus, unpacked
from miqa_app.rating.votes import Display
from miqa_app.services.rating_room import RatingRoom, checked_pseudonym
from miqa_app.services.sitting import Sitting
from miqa_app.services.sitting_standing import Coming
from miqa_app.store import Archive
from tests.rating.made_studies import made_study

SCREEN = Display("Barco 42", 2048, 1536, 1.0, 3.0)
ANSWERS = {"years_of_experience": "6-10"}


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self):
        self.seconds = 100.0

    def __call__(self):
        return self.seconds

    def utc(self):
        return datetime(2026, 11, 21, 8, tzinfo=UTC) + timedelta(seconds=self.seconds)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(tmp_path):
    """Return a function that puts a study into a fresh store and returns both."""
    opened = []

    def make(*args, **more):
        study, contents = made_study(*args, size=24, **more)
        archive = Archive(str(tmp_path / f"{len(opened)}.sqlite"))
        archive.add_study(study, contents)
        opened.append(archive)
        return archive, study

    yield make
    for archive in opened:
        archive.close()


def drained(work):
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value


def sit(archive, study, clock, rater="rater-1"):
    """Return a sitting at its first images."""
    sitting = Sitting(archive, study, rater, clock, clock.utc)
    if sitting.phase == "questionnaire":
        sitting.answer(ANSWERS)
    sitting.check_display(Display(SCREEN.name, 2048, 1536, check="passed"), {"dark_seen": "4"})
    sitting.begin()
    return sitting


def vote(sitting, clock, score=50.0, slot="score"):
    clock.seconds += sitting.pause_left
    sitting.shown()
    sitting.move(slot, score)
    clock.seconds += sitting.seconds_to_look
    sitting.commit(SCREEN)
    if sitting.phase == "trained":
        sitting.go_on()


def test_a_rater_goes_from_the_questionnaire_to_the_end(store, clock):
    archive, study = store(rated=4, training=2)
    sitting = Sitting(archive, study, "rater-1", clock, clock.utc)
    assert sitting.phase == "questionnaire"
    with pytest.raises(BadRequest):
        sitting.begin()
    sitting.answer(ANSWERS)
    assert archive.raters(study.key)[0].answers == ANSWERS
    sitting.check_display(SCREEN, {})
    sitting.begin()
    assert sitting.in_training
    assert sitting.progress == (0, 2)
    for _ in range(2):
        vote(sitting, clock)
    assert not sitting.in_training
    assert sitting.is_settling_in
    assert sitting.progress == (0, 1)
    assert sitting.coming == Coming(0, 1, 4)
    for place in range(5):
        if place == 1:
            assert not sitting.is_settling_in
            assert sitting.progress == (0, 4)
        assert sitting.how_ended is None
        vote(sitting, clock)
    assert (sitting.phase, sitting.how_ended) == ("ended", "finished")
    parts = [v.presentation.part for v in archive.votes(study.key)]
    assert parts == ["training"] * 2 + ["stabilising"] + ["main"] * 4
    sitting.leave()
    [session] = archive.sessions(study.key)
    assert (session.number, session.how) == (1, "finished")
    again = Sitting(archive, study, "rater-1", clock, clock.utc)
    assert again.how_ended == "finished"


def test_a_vote_carries_everything(store, clock):
    archive, study = store(least_seconds=3.0, pause_seconds=1.0, asks_confidence=True, asks_artefacts=True, training=0, stabilising_items=0)  # fmt: skip
    sitting = sit(archive, study, clock)
    clock.seconds += 1.0
    sitting.shown()
    sitting.move("score", 30, settled=False)
    sitting.move("score", 31)
    sitting.move("score", 32)
    assert sitting.lacks == "confidence"
    sitting.set_confidence(2)
    sitting.set_tags(["motion"])
    assert sitting.lacks == "time"
    assert sitting.seconds_to_look == 3.0
    clock.seconds += 4.25
    sitting.commit(SCREEN)
    [found] = archive.votes(study.key)
    assert found.presentation == order.main(study, "rater-1")[0]
    assert found.scores == {"test": 32.0}
    assert (found.rater, found.session, found.study) == ("rater-1", 1, study.key)
    assert found.shown_at == "2026-11-21T08:01:41.000+00:00"
    assert found.committed_at == "2026-11-21T08:01:45.250+00:00"
    assert (found.seconds, found.changes) == (4.25, 2)
    assert (found.confidence, found.tags) == (2, ("motion",))
    assert found.display == Display("Barco 42", 2048, 1536, 1.0, 3.0, "passed")
    assert found.app_version == miqa_app.__version__
    assert found.protocol == "sds+changed 1"


def test_cannot_judge_is_a_vote_without_a_score(store, clock):
    archive, study = store(training=0, stabilising_items=0)
    sitting = sit(archive, study, clock)
    sitting.shown()
    sitting.set_cannot_judge(True)
    sitting.commit(SCREEN)
    [found] = archive.votes(study.key)
    assert not found.judged
    assert found.scores == {}


def test_scores_follow_the_content_and_not_the_side(store, clock):
    archive, study = store("dscqs", rated=8, training=0, stabilising_items=0)
    sitting = sit(archive, study, clock)
    sides = set()
    for shown in order.main(study, "rater-1"):
        sitting.shown()
        sitting.move("left", 10)
        sitting.move("right", 90)
        sitting.commit(SCREEN)
        found = archive.votes(study.key)[-1]
        test_is_left = shown.left == study.item(shown.item).test
        sides.add(test_is_left)
        assert found.presentation == shown
        assert found.scores == ({"test": 10, "reference": 90} if test_is_left else {"test": 90, "reference": 10})  # fmt: skip
    assert sides == {True, False}


def test_a_preference_is_1_for_the_test_image_on_either_side(store, clock):
    archive, study = store("pair", rated=8, training=0, stabilising_items=0)
    sitting = sit(archive, study, clock)
    for number, shown in enumerate(order.main(study, "rater-1")):
        sitting.shown()
        tie = number == 3
        sitting.move("preference", 0.5 if tie else 1.0)
        sitting.commit(SCREEN)
        test_is_left = shown.left == study.item(shown.item).test
        expected = 0.5 if tie else float(test_is_left)
        assert archive.votes(study.key)[-1].scores == {"preference": expected}


def test_the_pixels_are_those_of_the_rater_s_own_order(store, clock):
    archive, study = store(rated=5, training=0, stabilising_items=0)
    sitting = sit(archive, study, clock)
    for place, shown in enumerate(order.main(study, "rater-1")):
        pictures = drained(sitting.loading())
        assert pictures.place == place == sitting.place
        for stimulus, key in ((pictures.left, shown.left), (pictures.right, shown.right)):
            assert np.array_equal(stimulus.frames, unpacked(archive.content(key)).frames)
        following = drained(sitting.loading(1))
        assert (following is None) == (place == 4)
        vote(sitting, clock)
    with pytest.raises(BadRequest, match="current and the next"):
        sitting.loading(2)


def test_a_killed_program_goes_on_at_the_same_item_order_and_sides(store, clock):
    archive, study = store("dscqs", rated=6, training=2, stabilising_items=1)
    sitting = sit(archive, study, clock)

    def both(sitting):
        sitting.shown()
        sitting.move("left", 1)
        sitting.move("right", 2)

    for _ in range(5):  # two in training, one stabilising, two that count
        both(sitting)
        sitting.commit(SCREEN)
        if sitting.phase == "trained":
            sitting.go_on()
    both(sitting)  # and gone, in the middle of a vote
    resumed = sit(archive, study, clock)
    assert resumed.is_settling_in
    assert resumed.progress == (0, 1)
    assert resumed.coming == Coming(0, 1, 4)
    shown = []
    while resumed.phase != "ended":
        both(resumed)
        resumed.commit(SCREEN)
        shown.append(archive.votes(study.key, history=True)[-1].presentation)
    resumed.leave()
    assert shown[0].key == "stabilising-2-0"
    assert tuple(shown[1:]) == order.main(study, "rater-1")[2:]
    votes = archive.votes(study.key, history=True)
    assert all(vote.revision == 0 for vote in votes)
    assert [s.how for s in archive.sessions(study.key)] == ["", "finished"]
    assert {vote.session for vote in votes} == {1, 2}


def test_a_study_that_asks_for_it_shows_the_most_telling_items_first_also_after_a_kill(
    tmp_path, clock
):
    study, contents = made_study(rated=6, training=0, stabilising_items=0, size=24)
    unsure = {item.key: 5.0 + 20 * (item.key == "item-004") for item in study.items}
    study = replace(study, model_uncertainty=unsure)
    with Archive(str(tmp_path / "s.sqlite")) as archive:
        archive.add_study(study, contents)
        sitting = sit(archive, study, clock)
        following = drained(sitting.loading(1)).right.key
        vote(sitting, clock)
        assert archive.votes(study.key)[0].presentation.item == "item-004"
        resumed = sit(archive, study, clock)  # the first one was killed
        assert drained(resumed.loading()).right.key == following


def test_undo_gives_the_vote_anew_and_keeps_the_old_one(store, clock):
    archive, study = store(rated=3, training=0, stabilising_items=0)
    sitting = sit(archive, study, clock)
    vote(sitting, clock, 10)
    sitting.shown()
    sitting.move("score", 99)
    assert sitting.can_undo
    sitting.undo()
    assert sitting.place == 0
    assert not sitting.can_undo
    vote(sitting, clock, 20)
    history = archive.votes(study.key, history=True)
    assert [(v.presentation.key, v.revision, v.scores["test"]) for v in history] == [("main-0", 0, 10), ("main-0", 1, 20)]  # fmt: skip
    [newest] = archive.votes(study.key)
    assert newest.scores["test"] == 20
    [event] = [event for event in archive.events(study.key) if event.kind == "undo"]
    assert event.detail == {"presentation": "main-0"}


def test_breaks_and_the_display_check_are_logged(store, clock):
    archive, study = store(rated=5, training=0, stabilising_items=0)
    sitting = sit(archive, study, clock)
    clock.seconds += 16 * 60
    vote(sitting, clock)
    assert sitting.phase == "break offered"
    sitting.take_break()
    sitting.go_on()
    clock.seconds += 15 * 60
    vote(sitting, clock)
    assert (sitting.how_ended, sitting.minutes) == ("time", 31)
    sitting.leave()
    kinds = [(event.kind, event.session) for event in archive.events(study.key)]
    assert kinds == [("display check", 1), ("break taken", 1), ("break over", 1)]
    assert archive.events(study.key)[0].detail == {"result": "passed", "dark_seen": "4"}
    assert archive.sessions(study.key)[0].how == "time"


def test_a_declined_break_and_a_fault_are_logged(store, clock):
    archive, study = store(rated=5, training=0, stabilising_items=0)
    sitting = sit(archive, study, clock)
    clock.seconds += 16 * 60
    vote(sitting, clock)
    sitting.go_on()
    sitting.report_fault("the disk is gone")
    assert [event.kind for event in archive.events(study.key)][1:] == ["break declined", "technical fault"]  # fmt: skip


@pytest.mark.parametrize("how", ["tired", "closed"])
def test_stopping_counts_no_vote_in_progress(store, clock, how):
    archive, study = store(rated=3, training=0, stabilising_items=0)
    sitting = sit(archive, study, clock)
    vote(sitting, clock)
    sitting.shown()
    sitting.move("score", 99)
    sitting.stop(how)
    sitting.stop("closed")
    assert len(archive.votes(study.key)) == 1
    again = sitting.again()
    assert archive.sessions(study.key)[0].how == how
    assert again.phase == "display check"


def test_a_vote_that_the_store_refuses_can_be_tried_again(store, clock, monkeypatch):
    archive, study = store(rated=2, training=0, stabilising_items=0)
    sitting = sit(archive, study, clock)
    sitting.shown()
    sitting.move("score", 40)

    def full(_vote):
        raise MiqaError("the disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(archive, "add_vote", full)
        with pytest.raises(MiqaError, match="full"):
            sitting.commit(SCREEN)
    assert (sitting.phase, sitting.place) == ("viewing", 0)
    sitting.commit(SCREEN)
    assert sitting.place == 1
    assert [v.scores for v in archive.votes(study.key)] == [{"test": 40.0}]


@pytest.mark.parametrize(
    ("name", "slot", "first", "second", "difference"),
    [("sds", "score", 50, 58, 0.08), ("dsis", "score", 4, 3, 0.25), ("single", "score", 10, 10, 0.0)],
)  # fmt: skip
def test_repeatability_is_the_mean_difference_and_comes_only_at_the_end(
    store, clock, name, slot, first, second, difference
):
    archive, study = store(name, rated=4, repeats=2, training=0, stabilising_items=0)
    sitting = sit(archive, study, clock)
    items = [study.item(shown.item) for shown in order.main(study, "rater-1")]
    for item in items:
        assert sitting.repeatability() is None
        vote(sitting, clock, second if item.repeats else first, slot)
    # the last vote may still be given anew, and must not be steered
    assert sitting.repeatability() is None
    sitting.leave()
    found = sitting.repeatability()
    assert found.pairs == 2
    assert found.difference == pytest.approx(difference)


def test_repeatability_of_both_sides_is_that_of_the_difference(store, clock):
    archive, study = store("dscqs", rated=2, repeats=1, training=0, stabilising_items=0)
    sitting = sit(archive, study, clock)
    for shown in order.main(study, "rater-1"):
        again = bool(study.item(shown.item).repeats)
        left, right = (30, 80) if shown.left == study.item(shown.item).test else (80, 30)
        sitting.shown()
        sitting.move("left", left + 10 * again)
        sitting.move("right", right + 10 * again)  # the same difference, ten points up
        sitting.commit(SCREEN)
    sitting.leave()
    assert sitting.repeatability().difference == 0.0


def test_no_repeats_no_repeatability(store, clock):
    archive, study = store(rated=1, training=0, stabilising_items=0)
    sitting = sit(archive, study, clock)
    vote(sitting, clock)
    sitting.leave()
    assert sitting.repeatability() is None


def test_the_very_last_vote_is_undone_and_both_revisions_stay_in_one_session(store, clock):
    archive, study = store(rated=2, training=0, stabilising_items=0)
    sitting = sit(archive, study, clock)
    vote(sitting, clock, 10)
    vote(sitting, clock, 20)
    assert (sitting.how_ended, sitting.can_undo) == ("finished", True)
    assert archive.sessions(study.key)[0].how == ""
    sitting.undo()
    assert (sitting.phase, sitting.place) == ("pause", 1)
    vote(sitting, clock, 30)
    assert (sitting.how_ended, sitting.can_undo) == ("finished", False)
    assert archive.sessions(study.key)[0].how == "finished"
    sitting.leave()
    history = archive.votes(study.key, history=True)
    assert [(v.presentation.key, v.revision, v.scores["test"], v.session) for v in history] == [
        ("main-0", 0, 10, 1), ("main-1", 0, 20, 1), ("main-1", 1, 30, 1),
    ]  # fmt: skip
    assert "undo" in [event.kind for event in archive.events(study.key)]
    assert archive.verify() == []


def test_left_for_good_the_last_vote_stays(store, clock):
    archive, study = store(rated=1, training=0, stabilising_items=0)
    sitting = sit(archive, study, clock)
    vote(sitting, clock, 10)
    sitting.leave()
    sitting.leave()
    assert not sitting.can_undo
    with pytest.raises(BadRequest, match="no vote to undo"):
        sitting.undo()
    assert [session.how for session in archive.sessions(study.key)] == ["finished"]


def test_a_second_window_of_one_rater_is_refused_until_the_first_is_closed(store):
    archive, _ = store()
    first, second = RatingRoom(_file(archive)), RatingRoom(_file(archive))
    sitting = first.sitting("Heads", "rater-1")
    with pytest.raises(BadRequest, match="'rater-1' has the study 'Heads' open in another window"):
        second.sitting("Heads", " rater-1 ")
    assert second.sitting("Heads", "rater-2").rater == "rater-2"
    sitting.stop("tired")
    again = sitting.again()  # in the same seat
    with pytest.raises(BadRequest, match="another window"):
        second.sitting("Heads", "rater-1")
    assert again.phase == "questionnaire"
    first.close()
    assert second.sitting("Heads", "rater-1").phase == "questionnaire"
    second.close()


def test_examples_are_the_ends_of_the_scale(store, clock):
    archive, study = store("single", rated=3, anchors=2, training=0)
    sitting = Sitting(archive, study, "r", clock, clock.utc)
    best, worst = drained(sitting.examples())
    assert (best.word, worst.word) == ("Excellent", "Bad")
    clean = [item for item in study.items if item.role == "anchor"]
    clean = next(i for i in clean if study.stimulus(i.test).provenance["made"] == "as acquired")
    assert best.picture.key == clean.test
    assert drained(Sitting(*store("single"), "r", clock, clock.utc).examples()) == ()


def test_sides_are_named_only_where_the_protocol_says_so(store, clock):
    assert sit(*store("sds", training=0), clock).names == ("reference", "test")
    assert sit(*store("dscqs", training=0), clock).names == ("", "")


def test_named_sides_follow_the_reference(store, clock):
    archive, study = store("dsis", rated=8, training=0, stabilising_items=0, sides="random")
    sitting = sit(archive, study, clock)
    seen = set()
    for shown in order.main(study, "rater-1"):
        left_is_reference = shown.left == study.item(shown.item).reference
        assert sitting.names == (
            ("reference", "test") if left_is_reference else ("test", "reference")
        )
        seen.add(sitting.names)
        vote(sitting, clock, 3)
    assert len(seen) == 2


@pytest.mark.parametrize("bad", ["", "  ", "a b", "x" * 41, "a/b", "Ann,Lee"])
def test_pseudonyms_are_short_words(bad):
    with pytest.raises(BadRequest, match="pseudonym"):
        checked_pseudonym(bad)
    assert checked_pseudonym(" räter-7.b ") == "räter-7.b"


def test_the_room_offers_studies_with_the_rater_s_own_progress(store, clock):
    archive, study = store(rated=3, repeats=1, training=1)
    sitting = sit(archive, study, clock)
    for _ in range(3):  # training, stabilising, and one that counts
        vote(sitting, clock)
    room = RatingRoom(_file(archive))
    [offer] = room.offers("rater-1")
    assert (offer.name, offer.done, offer.total) == ("Heads", 1, 4)
    assert room.offers("rater-2")[0].done == 0 == room.offers()[0].done
    assert room.sitting("Heads", " rater-1 ").rater == "rater-1"
    with pytest.raises(BadRequest):
        room.sitting("Hands", "rater-1")
    room.close()


def _file(archive):
    return archive._engine.url.database


# ---------------------------------------------------------------- blindness


def reachable(thing, depth=0):
    """Yield everything that the public attributes of a thing lead to, values of properties included."""
    yield thing
    if depth > 6 or isinstance(thing, str | int | float | bytes | np.ndarray | type(None)):
        return
    if isinstance(thing, dict):
        for key, value in thing.items():
            yield from reachable(key, depth + 1)
            yield from reachable(value, depth + 1)
    elif isinstance(thing, tuple | list | set | frozenset):
        for value in thing:
            yield from reachable(value, depth + 1)
    elif is_dataclass(thing):
        for field in fields(thing):
            yield from reachable(getattr(thing, field.name), depth + 1)
    elif type(thing).__module__.startswith("miqa_app") and not hasattr(thing, "model_dump"):
        for name in dir(thing):
            if not name.startswith("_"):
                value = getattr(thing, name)
                if callable(value):
                    yield from reachable(value.__doc__, depth + 1)
                else:
                    yield from reachable(value, depth + 1)


def test_nothing_public_leads_to_identity_provenance_or_votes_before_the_commit(store, clock):
    archive, study = store(rated=6, repeats=1, checks=1, training=1)
    other = sit(archive, study, clock, "rater-2")
    for score in (61.25, 62.25, 63.25, 64.25):
        vote(other, clock, score)
    sitting = sit(archive, study, clock, "rater-1")
    vote(sitting, clock, 41.75)
    forbidden = {study.key, study.name, *(item.key for item in study.items)}
    forbidden |= {stimulus.key for stimulus in study.stimuli}
    forbidden |= {str(v) for s in study.stimuli for v in s.provenance.values() if str(v) not in ("0", "1", "2")}  # fmt: skip
    forbidden |= {
        "rater-2",
        "repeat",
        "reference check",
        "stabilising",
        "stabilising-1-0",
        "main-0",
    }
    votes = {61.25, 62.25, 63.25, 64.25, 41.75}
    while sitting.phase != "ended":
        sitting.shown()
        sitting.move("score", 17)
        pixels = [drained(sitting.loading(ahead)) for ahead in (0, 1)]
        for found in reachable([sitting, pixels]):
            assert not isinstance(found, str) or found not in forbidden, found
            assert not isinstance(found, float) or found not in votes, found
            kind = type(found).__name__
            assert kind not in {"Study", "Item", "StimulusInfo", "Vote", "Presentation", "Archive", "Session"}, kind  # fmt: skip
        assert sitting.repeatability() is None
        sitting.commit(SCREEN)
        if sitting.phase == "trained":
            sitting.go_on()


def test_pictures_hold_pixels_and_window_and_nothing_else():
    assert {field.name for field in fields(Stimulus)} == {"frames", "black", "white", "aspect"}
