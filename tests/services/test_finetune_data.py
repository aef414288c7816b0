"""What is read of a site's ratings, what is found wrong with them, and who learns from what."""

from __future__ import annotations

import csv
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from miqa_app.errors import BadRequest, MiqaError
from miqa_app.evaluation.folds import Fold
from miqa_app.services.finetune_check import findings
from miqa_app.services.finetune_data import SiteData, read_site
from miqa_app.services.finetune_plan import Plan, planned
from tests.services.rated_site import Site, write_site

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def site(folder: Path, **facts: Any) -> SiteData:
    return read_site(write_site(folder, Site(**facts)), lambda done, total: None)


def edited(table: Path, change: Callable[[list[dict[str, str]]], None]) -> SiteData:
    """Return the data of a table after a change of its rows."""
    rows = list(csv.DictReader(table.read_text(encoding="utf-8").splitlines()))
    change(rows)
    with table.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return read_site(table, lambda done, total: None)


def words(data: SiteData, level: str) -> str:
    return " ".join(one.words for one in findings(data) if one.level == level)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> SiteData:
    """Eight references of four images, nothing wrong."""
    return site(tmp_path_factory.mktemp("small") / "site", columns={"ci": 4, "votes": 15})


# ------------------------------------------------------------------ reading


def test_reading_tells_the_progress_and_keeps_what_the_table_says(tmp_path: Path) -> None:
    table = write_site(
        tmp_path / "site",
        Site(references=2, columns={"votes": 7, "field": "3 T", "anatomy": "unknown"}),
    )
    told: list[tuple[int, int]] = []
    data = read_site(table, lambda done, total: told.append((done, total)))
    assert told[0] == (1, 8)
    assert told[-1] == (8, 8)
    assert data.votes == (7,) * 8
    assert set(data.groups) == {"kind", "field"}
    assert data.groups["field"] == ("3 T",) * 8
    assert data.opinions is None


def test_the_version_changes_with_a_score_a_pixel_or_a_subject_and_with_nothing_else(
    tmp_path: Path,
) -> None:
    first = write_site(tmp_path / "a", Site(references=3))
    shutil.copytree(first.parent, tmp_path / "b")
    second = tmp_path / "b" / first.name
    version = read_site(first, lambda *_: None).version
    assert edited(second, lambda rows: rows.reverse()).version == version, "the order of rows is no content"  # fmt: skip

    def score(rows: list[dict[str, str]]) -> None:
        rows[0]["mos"] = "50"

    def subject(rows: list[dict[str, str]]) -> None:
        rows[0]["mos"] = "50"
        rows[0]["subject"] = "another"

    changed = edited(second, score).version
    assert changed != version
    assert edited(second, subject).version != changed


def test_a_split_that_says_something_else_is_refused_by_row(tmp_path: Path) -> None:
    table = write_site(tmp_path / "site", Site(columns={"split": lambda n, r, i: "train" if n else "holdout"}))  # fmt: skip
    with pytest.raises(
        BadRequest, match=r"r00-0\.png is 'holdout'; write train, validation or test"
    ):
        read_site(table, lambda *_: None)


# --------------------------------------------------------------- components


def test_references_that_share_a_subject_hang_together_and_so_do_subjects_that_share_one(
    tmp_path: Path,
) -> None:
    data = site(
        tmp_path / "site", references=6, subject=lambda reference: f"subject-{reference // 2}"
    )
    assert len(set(data.components)) == 3
    linked = edited(data.table, lambda rows: rows[0].update(subject="subject-2"))
    assert len(set(linked.components)) == 2, "one image of two subjects joins all that they have"


def test_the_same_pixels_under_another_name_hang_together(tmp_path: Path) -> None:
    data = site(tmp_path / "site", references=4)
    shutil.copy(data.table.parent / "images/r00-1.png", data.table.parent / "images/r03-1.png")
    copied = read_site(data.table, lambda *_: None)
    assert len(set(data.components)) == 4
    assert len(set(copied.components)) == 3
    assert copied.components[0] == copied.components[-1]


# ----------------------------------------------------------------- findings


def test_a_sound_set_is_not_stopped(small: SiteData) -> None:
    assert not words(small, "stop")
    assert "run from" in words(small, "info")
    assert "only 8 references of 8 subjects" in words(small, "warn")


def test_too_few_images_are_refused(tmp_path: Path) -> None:
    data = site(tmp_path / "site", references=4, per_reference=2)
    assert "There are 8 rated images; at least 20 are needed." in words(data, "stop")


@pytest.mark.parametrize("what", ["subject", "reference"])
def test_a_subject_or_reference_on_both_sides_of_the_split_is_refused_by_name(
    tmp_path: Path, what: str
) -> None:
    data = site(tmp_path / "site", columns={"split": lambda n, r, i: "test" if r > 5 else "train"})
    assert not words(data, "stop")

    def leak(rows: list[dict[str, str]]) -> None:
        rows[0][what] = rows[-1][what]

    leaking = edited(data.table, leak)
    assert f"{what} {'subject-07' if what == 'subject' else 'ref-07'}" in words(leaking, "stop")
    assert "into test and train" in words(leaking, "stop")
    with pytest.raises(MiqaError, match="is refused"):
        planned(leaking)


def test_the_same_image_in_training_and_test_is_refused_by_name(tmp_path: Path) -> None:
    data = site(tmp_path / "site", columns={"split": lambda n, r, i: "test" if r > 5 else "train"})
    shutil.copy(data.table.parent / "images/r00-1.png", data.table.parent / "images/r07-1.png")
    leaking = read_site(data.table, lambda *_: None)
    assert "images/r00-1.png and images/r07-1.png are the same image" in words(leaking, "stop")
    with pytest.raises(MiqaError, match="is refused"):
        planned(leaking)


def test_copies_on_one_side_are_told_with_their_scores(tmp_path: Path) -> None:
    data = site(tmp_path / "site")
    shutil.copy(data.table.parent / "images/r00-0.png", data.table.parent / "images/r00-3.png")
    copied = read_site(data.table, lambda *_: None)
    assert not words(copied, "stop")
    assert "are the same image with scores of" in words(copied, "warn")


def test_too_few_votes_and_wide_intervals_are_told(tmp_path: Path) -> None:
    few = site(tmp_path / "few", columns={"votes": lambda n, r, i: 2 if n < 3 else 15})
    assert "3 of 32 images have fewer than 5 votes" in words(few, "warn")
    wide = site(tmp_path / "wide", columns={"ci": lambda n, r, i: 20 if n % 2 else 5})
    assert "16 of 32 scores are uncertain by more than ±15 points" in words(wide, "warn")
    hopeless = site(tmp_path / "hopeless", columns={"ci": 45})
    assert "mostly chance" in words(hopeless, "warn")


def test_scores_without_spread_are_refused_and_narrow_ones_told(tmp_path: Path) -> None:
    flat = site(tmp_path / "flat", columns={"mos": lambda n, r, i: 50 + n % 3})
    assert "nothing to tell apart" in words(flat, "stop")
    narrow = site(tmp_path / "narrow", columns={"mos": lambda n, r, i: 50 + 3 * i})
    assert "which is narrow" in words(narrow, "warn")


def test_missing_clean_images_are_told(tmp_path: Path) -> None:
    data = site(tmp_path / "site", clean=False)
    assert "8 of 8 references come without their undistorted image" in words(data, "info")


def test_images_of_two_people_cannot_be_parted_and_are_refused(tmp_path: Path) -> None:
    data = site(tmp_path / "site", subject=lambda reference: f"subject-{reference % 2}")
    assert "at least 3 are needed" in words(data, "stop")
    with pytest.raises(BadRequest, match="Rate images of more people"):
        planned(data)


# --------------------------------------------------------------------- plan


def test_with_few_references_every_image_is_tested_once_by_a_model_that_never_saw_its_kin(
    small: SiteData,
) -> None:
    plan = planned(small)
    assert plan.nested
    assert len(plan.folds) == 5
    assert plan.tested == tuple(range(32))
    for fold in plan.trainings:
        learnt = {small.components[place] for place in (*fold.train, *fold.validation)}
        assert not learnt & {small.components[place] for place in fold.test}
        assert fold.validation
    assert sorted((*plan.candidate.train, *plan.candidate.validation)) == list(range(32))
    assert "the test goes round: 5 trial models" in plan.words(small)


def test_with_many_references_a_part_stands_aside_for_the_test(tmp_path: Path) -> None:
    data = site(tmp_path / "site", references=45, per_reference=2, edge=48)
    plan = planned(data)
    assert not plan.nested
    shares = [len(part) / 90 for part in (plan.candidate.train, plan.candidate.validation, plan.tested)]  # fmt: skip
    assert shares == pytest.approx([0.55, 0.14, 0.31], abs=0.05)
    assert planned(data) == plan, "the same data give the same split"


def test_the_split_of_the_table_is_kept_and_a_missing_validation_is_taken_from_the_training(
    tmp_path: Path,
) -> None:
    data = site(tmp_path / "site", columns={"split": lambda n, r, i: "test" if r > 5 else "train"})
    plan = planned(data)
    assert plan.given
    assert plan.tested == tuple(range(24, 32))
    assert len(plan.candidate.train) + len(plan.candidate.validation) == 24
    assert plan.words(data).startswith("The table's own split: learns from")
    alone = edited(data.table, lambda rows: [row.update(split="train") for row in rows] and None)
    with pytest.raises(BadRequest, match="names no image for 'test'"):
        planned(alone)


def test_a_plan_that_leaks_is_refused_even_if_somebody_wrote_it_by_hand(small: SiteData) -> None:
    plan = planned(small)
    stolen = plan.candidate.train[0]
    fold = replace(
        plan.folds[0], test=(*plan.folds[0].test, *[p for p in range(32) if p == stolen])
    )
    with pytest.raises(MiqaError, match="is refused|twice"):
        Plan(plan.candidate, (fold, *plan.folds[1:]), plan.groups).refuse_leak()


def test_a_plan_survives_its_record(small: SiteData) -> None:
    plan = planned(small)
    assert Plan.from_json(plan.as_json()) == plan
    assert isinstance(plan.candidate, Fold)
