"""The charts name what moved, once and no wider than it is, and leave a stable site alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from miqa_app.core.assessment import ModelIdentity, Verdict
from miqa_app.evaluation.drift.alarms import alarms_of
from miqa_app.evaluation.drift.charts import BASELINE_POINTS, MEASURES, charts_of
from miqa_app.evaluation.drift.observations import UNKNOWN, Observation, Place, observations
from miqa_app.evaluation.drift.record import Drift, drift_of
from miqa_app.store import Context, DriftAct, ShadowScore
from tests.evaluation.drift.made_site import FIRST, MODEL, Fault, made_site

TODAY = date(2026, 11, 21)
PLANTED = Place("Skyra", "", "Head_32")
FAULT = Fault(share=0.8)
THREE = ("FLAIR", "T1W", "t2_tse_tra")


def state(seed: int, acts: tuple[DriftAct, ...] = (), today: date = TODAY, **more: object) -> Drift:
    kept, decided = made_site(seed, protocols=THREE, **more)  # type: ignore[arg-type]
    return drift_of(kept, (), decided, acts, weeks=60, today=today)


@pytest.fixture(scope="module")
def failing() -> Drift:
    return state(1, fault=FAULT)


def test_a_failing_coil_of_one_scanner_is_named_and_nothing_else_now(failing: Drift) -> None:
    (one,) = failing.present
    assert one.alarm.place == PLANTED
    assert (one.alarm.measure, one.alarm.side) == ("score", -1)
    assert one.headline == "Skyra, coil Head_32: scores fell"
    assert failing.headline == "1 alarm: Skyra, coil Head_32: scores fell"
    assert one.alarm.before > one.alarm.after + 3


def test_it_is_named_within_weeks_and_its_beginning_is_found(failing: Drift) -> None:
    alarm = failing.present[0].alarm
    began = FIRST + timedelta(weeks=FAULT.week)
    assert 0 <= (alarm.called - began).days <= 7 * 3
    assert abs((alarm.since - began).days) <= 7 * 3
    assert alarm.until == failing.last


def test_every_combination_has_its_four_charts(failing: Drift) -> None:
    whole = {place for place, _ in failing.charts.by_place if place.whole}
    assert len(whole) == 15
    assert all(
        (place, measure) in failing.charts.by_place for place in whole for measure in MEASURES
    )
    chart = failing.charts.by_place[Place("Skyra", "FLAIR", "HeadNeck_20"), "score"]
    assert chart.scans.sum() > 200
    assert (chart.low <= chart.values).mean() > 0.95
    assert not chart.side[:BASELINE_POINTS].any()


def test_a_whole_scanner_that_moves_is_named_as_a_whole() -> None:
    kept, decided = made_site(3, protocols=THREE)
    fell = [
        replace(one, score=one.score - 12)
        if one.context.model == "Prisma_fit" and one.day >= "2026-08-31" and one.score
        else one
        for one in kept
    ]
    found = drift_of(fell, (), decided, (), weeks=60, today=TODAY)
    assert [one.alarm.place for one in found.present] == [Place("Prisma_fit")]
    assert "The whole scanner moved" in found.present[0].detail


def test_a_sequence_that_moves_on_all_scanners_is_named_without_a_scanner() -> None:
    kept, decided = made_site(4, protocols=THREE)
    fell = [
        replace(one, score=one.score - 12)
        if one.context.sequence == "FLAIR" and one.day >= "2026-08-31" and one.score
        else one
        for one in kept
    ]
    found = drift_of(fell, (), decided, (), weeks=60, today=TODAY)
    assert [one.alarm.place for one in found.present] == [Place("", "FLAIR", "")]


def test_people_who_stop_following_the_advice_are_noticed() -> None:
    kept, decided = made_site(5, protocols=THREE)
    turned = [
        replace(one, decision=replace(one.decision, decision="rescan"))
        if one.assessment.context.model == "Skyra"
        and one.assessment.day >= "2026-08-31"
        and one.assessment.verdict is Verdict.ACCEPT
        and int(one.assessment.key[:2], 16) < 64
        else one
        for one in decided
    ]
    found = drift_of(kept, (), turned, (), weeks=60, today=TODAY)
    named = {(one.alarm.place, one.alarm.measure) for one in found.present}
    assert (Place("Skyra"), "override") in named
    assert "people decide against the advice more often" in found.present[0].words


def test_a_stable_site_alarms_at_most_about_once_a_year() -> None:
    """Two years here; the benchmark measures forty."""
    alarms = [one for seed in (20, 21) for one in state(seed).alarms]
    assert len(alarms) <= 3


def test_an_alarm_that_is_over_stands_behind_and_not_in_the_headline() -> None:
    kept, decided = made_site(6, protocols=THREE)
    odd = [
        replace(one, score=max(0.0, one.score - 25))
        if one.context.model == "Skyra" and "2026-06-01" <= one.day < "2026-07-06" and one.score
        else one
        for one in kept
    ]
    found = drift_of(odd, (), decided, (), weeks=60, today=TODAY)
    assert not found.present
    assert found.headline == "Nothing moves."
    over = next(one for one in found.alarms if one.alarm.place == Place("Skyra"))
    assert "until the week of" in over.detail
    assert not any(one.alarm.place == Place("Skyra") for one in drift_of(odd, (), decided, (), weeks=8, today=TODAY).alarms)  # fmt: skip


def test_owning_and_snoozing_an_alarm_is_shown_and_ends(failing: Drift) -> None:
    alarm = failing.present[0].alarm
    act = DriftAct("snooze", "score", MODEL.sha256, PLANTED.form(), alarm.since.isoformat(), "Dr B", "Service on Friday", "2026-12-01", "2026-11-20T08:00:00.000+00:00")  # fmt: skip
    snoozed = state(1, (act,), fault=FAULT)
    assert snoozed.present[0].state == "snoozed"
    assert snoozed.headline == "1 alarm, 1 in hand: Skyra, coil Head_32: scores fell"
    assert not snoozed.open
    assert state(1, (act,), date(2026, 12, 1), fault=FAULT).present[0].state == "open"
    owned = state(1, (act, replace(act, step="own", until="")), fault=FAULT)
    assert owned.present[0].state == "owned"
    assert "Dr B sees to it: Service on Friday." in owned.present[0].words
    other = replace(act, place={"scanner": "Prisma_fit"})
    assert state(1, (other,), fault=FAULT).present[0].state == "open"


def test_a_new_level_begins_a_new_baseline_and_the_alarm_is_gone(failing: Drift) -> None:
    since = failing.present[0].alarm.since.isoformat()
    act = DriftAct("new level", "score", MODEL.sha256, PLANTED.form(), since, "Dr B", "New coil", "", "2026-11-20T08:00:00.000+00:00")  # fmt: skip
    found = state(1, (act,), fault=FAULT)
    assert not found.present
    chart = found.charts.by_place[Place("Skyra", "FLAIR", "Head_32"), "score"]
    assert len(chart.segments) == 2
    wider = found.charts.by_place[Place("", "FLAIR", ""), "score"]
    assert len(wider.segments) == 2
    untouched = found.charts.by_place[Place("Skyra", "FLAIR", "HeadNeck_20"), "score"]
    assert len(untouched.segments) == 1


# ---------------------------------------------------------------- observations


def test_scores_of_another_model_are_not_compared_and_trial_scores_count() -> None:
    kept, _ = made_site(7, weeks=4)
    newer = ModelIdentity("lite-2", "4d" * 32, "")
    half = len(kept) // 2
    mixed = kept[:half] + [replace(one, model=newer) for one in kept[half:]]
    shadows = [
        ShadowScore(one.key, newer, Verdict.CHECK, 60.0, None, 0.5, "")
        for one in kept[half - 50 : half]
    ]
    found = observations(mixed, shadows, (), newer.sha256)
    assert len(found) == len(kept) - half + 50
    assert sum(one.score == 60.0 for one in found) == 50
    said = drift_of(mixed, shadows, (), (), weeks=60, today=TODAY)
    assert said.model == newer
    assert "another model was active (lite)" in said.notes[0]


def test_a_scan_that_is_kept_twice_counts_once() -> None:
    kept, _ = made_site(7, weeks=2)
    again = [replace(one, key=f"{n:032x}", app_version="0.2.0") for n, one in enumerate(kept)]
    assert len(observations(kept + again, (), (), MODEL.sha256)) == len(kept)


def test_scanners_of_one_model_are_numbered_and_what_is_not_stated_says_so() -> None:
    base = made_site(7, weeks=1)[0][0]
    places = [
        Context("S", "Skyra", "aa", "t2", "Head"), Context("S", "Skyra", "bb", "T2", "HEAD"),
        Context("S", "Prisma", "cc", "t2", "head"), Context(),
    ]  # fmt: skip
    kept = [
        replace(base, key=f"{n:032x}", series=f"{n:064x}", context=place)
        for n, place in enumerate(places)
    ]
    found = [one.place for one in observations(kept, (), (), MODEL.sha256)]
    assert found == [
        Place("Skyra 1", "t2", "Head"), Place("Skyra 2", "t2", "Head"), Place("Prisma", "t2", "Head"),
        Place(*UNKNOWN.values()),
    ]  # fmt: skip


def test_a_site_without_assessments_says_so_and_a_young_one_waits() -> None:
    empty = drift_of((), (), (), (), weeks=52, today=TODAY)
    assert empty.headline == "No assessment has been kept yet."
    assert empty.alarms == ()
    young = state(8, weeks=5)
    assert young.headline == "The baselines are not whole yet."
    assert "no baseline yet" in young.notes[0]


def test_weeks_with_few_scans_are_put_together() -> None:
    place = Place("A", "b", "c")
    rows = [
        Observation(FIRST + timedelta(weeks=week), place, 80.0 + week % 3, 0.4, None)
        for week in range(24)
        for _ in range(2)
    ]
    chart = charts_of(rows).by_place[place, "score"]
    assert set(chart.scans.tolist()) == {4}
    assert (chart.weeks[0] - chart.first[0]).days == 7
    assert len(chart.values) == 12
    assert alarms_of(charts_of([])) == []
