"""What the status says and what an export holds."""

from __future__ import annotations

import ast
import csv
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from miqa_app.errors import BadRequest
from miqa_app.evaluation.rated import read_rated_set
from miqa_app.evaluation.rated.loading import read_planes
from miqa_app.imaging import load
from miqa_app.paths import bundled
from miqa_app.rating import order
from miqa_app.rating.design import Design
from miqa_app.rating.mos.reading import read_ratings
from miqa_app.rating.pooled import pooled_votes, ratings_of, scores_of, stimulus_names
from miqa_app.rating.protocol import preset
from miqa_app.rating.stimulus import unpacked
from miqa_app.rating.study import Study
from miqa_app.services.study_create import create
from miqa_app.services.study_export import export
from miqa_app.services.study_status import status
from miqa_app.store import Archive
from tests.services.voting import quality_by_severity, rate

PHANTOM = bundled("resources") / "phantom" / "clean"
SMALL = Design(kinds=("ghosting", "blur"), severities=(0.2, 0.5, 0.9), slices=2)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """All five protocols, each rated by three; the third rater of 'sds' stopped half-way."""
    with Archive(tmp_path_factory.mktemp("store") / "store.sqlite") as opened:
        for protocol in ("sds", "dsis", "dscqs", "single", "pair"):
            list(create(opened, protocol, preset(protocol), [PHANTOM], SMALL))
            study = opened.study(protocol)
            for number in (1, 2, 3):
                half = 5 if (protocol, number) == ("sds", 3) else None
                judge = quality_by_severity(study, number)
                rate(opened, study, f"rater-{number}", judge, cannot=(2,) if number == 2 else (), most=half)  # fmt: skip
        yield opened


def written(archive: Archive, name: str, folder: Path, method: Any = None) -> list[Path]:
    steps = export(archive, archive.study(name), folder, method)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return list(end.value)


def rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))


def raw_mean(archive: Archive, study: Study, key: str) -> float:
    """The mean of the newest main votes on a stimulus; votes of one rater count as their mean."""
    by_rater: dict[str, list[float]] = {}
    for vote in archive.votes(study.key):
        item = study.item(vote.presentation.item)
        if vote.presentation.part == "main" and item.test == key and vote.judged:
            by_rater.setdefault(vote.rater, []).append(vote.scores["test"])
    return float(np.mean([np.mean(values) for values in by_rater.values()]))


# ---------------------------------------------------------------- pooling


def test_training_and_stabilising_votes_are_never_pooled(archive: Archive) -> None:
    study = archive.study("sds")
    every = archive.votes(study.key)
    pooled = pooled_votes(study, every)
    assert {vote.presentation.part for vote in every} == {"training", "stabilising", "main"}
    assert {vote.presentation.part for vote in pooled} == {"main"}
    counted = {item.key for item in study.items if item.counted}
    assert {vote.presentation.item for vote in pooled} <= counted
    assert len(pooled) == 2 * len(counted) + 5


def test_scores_do_not_move_with_training_and_stabilising_votes(archive: Archive) -> None:
    study = archive.study("sds")
    every = archive.votes(study.key)
    wild = [v if v.presentation.part == "main" else replace(v, scores={"test": 0.0}) for v in every]
    one, other = (scores_of(study, ratings_of(study, votes), "raw") for votes in (every, wild))
    assert [s.mos for s in one.stimuli] == [s.mos for s in other.stimuli]
    assert [s.n for s in one.stimuli] == [s.n for s in other.stimuli]


def test_only_the_newest_revision_counts(tmp_path: Path) -> None:
    with Archive(tmp_path / "s.sqlite") as own:
        list(create(own, "s", preset("sds"), [PHANTOM], SMALL))
        study = own.study("s")
        rate(own, study, "anna", lambda key: 40.0, most=3)
        first = order.main(study, "anna")[0]
        old = next(v for v in own.votes(study.key) if v.presentation == first)
        own.add_vote(replace(old, scores={"test": 90.0}))
        (row,) = [
            row
            for row, vote in enumerate(pooled_votes(study, own.votes(study.key, history=True)))
            if vote.presentation == first
        ]
        assert ratings_of(study, own.votes(study.key, history=True)).scores[row] == 90.0
        written(own, "s", tmp_path / "out")
        history = rows(tmp_path / "out" / "votes_all.csv")
        both = [r for r in history if r["presentation"] == first.key]
        assert [(r["test"], r["revision"], r["counts"]) for r in both] == [("40.0", "0", "no"), ("90.0", "1", "yes")]  # fmt: skip


def test_names_of_stimuli_are_unique_and_say_what_they_are(archive: Archive) -> None:
    for name in ("sds", "single", "pair"):
        names = stimulus_names(archive.study(name))
        assert len(set(names.values())) == len(names)
    assert any(name.endswith("ghosting-0.5") for name in names.values())


# ---------------------------------------------------------------- status


def test_status_tells_each_raters_way(archive: Archive) -> None:
    study = archive.study("sds")
    state = status(archive, study)
    total = sum(item.counted for item in study.items)
    found = [(r.pseudonym, r.done, r.total, r.cannot_judge, r.trained, r.sessions, r.last) for r in state.raters]  # fmt: skip
    assert found == [
        ("rater-1", total, total, 0, True, 1, "finished"),
        ("rater-2", total, total, 1, True, 1, "finished"),
        ("rater-3", 5, total, 0, True, 1, "closed"),
    ]
    spare = [(r.practice, r.practice_total, r.settling_in) for r in state.raters]
    given = [
        tuple(
            sum(v.rater == r.pseudonym and v.presentation.part == part for v in archive.votes(study.key))
            for part in ("training", "stabilising")
        )
        for r in state.raters
    ]  # fmt: skip
    assert spare == [(practice, practice, settling) for practice, settling in given]
    assert min(min(pair) for pair in given) > 0
    assert state.provisional
    assert "2 of at least 15 raters have finished" in state.words


def test_status_of_an_item_is_the_closed_form(archive: Archive) -> None:
    study = archive.study("sds")
    names = {name: key for key, name in stimulus_names(study).items()}
    repeated = {study.item(i.repeats).test for i in study.items if i.repeats}
    checked = 0
    for item in status(archive, study).items:
        key = names[item.stimulus]
        if item.role != "rated" or key in repeated or item.votes < 2:
            continue
        given = [
            vote.scores["test"]
            for vote in archive.votes(study.key)
            if vote.presentation.item == item.item and vote.judged
        ]
        assert item.votes == len(given)
        assert item.mos == pytest.approx(np.mean(given))
        t = {2: 12.7062, 3: 4.30265}[len(given)]
        assert item.half_width == pytest.approx(t * np.std(given, ddof=1) / len(given) ** 0.5, rel=1e-4)  # fmt: skip
        assert item.more_raters is not None
        assert (item.more_raters == 0) == (item.half_width <= 5)
        checked += 1
    assert checked >= 8


def test_status_before_any_vote_knows_nothing_and_says_so(tmp_path: Path) -> None:
    with Archive(tmp_path / "s.sqlite") as own:
        list(create(own, "s", preset("sds"), [PHANTOM], SMALL))
        state = status(own, own.study("s"))
    assert state.raters == ()
    assert all((i.votes, i.mos, i.half_width, i.more_raters) == (0, None, None, None) for i in state.items)  # fmt: skip
    json.dumps(state.as_json(), allow_nan=False)


@pytest.mark.parametrize("name", ["dsis", "dscqs", "single", "pair"])
def test_every_protocol_has_a_status(archive: Archive, name: str) -> None:
    state = status(archive, archive.study(name))
    json.dumps(state.as_json(), allow_nan=False)
    assert all(item.mos is not None for item in state.items if item.role == "rated")


# ---------------------------------------------------------------- export


def test_the_votes_read_back_as_they_were_given(archive: Archive, tmp_path: Path) -> None:
    written(archive, "sds", tmp_path / "out")
    study = archive.study("sds")
    ratings = read_ratings(tmp_path / "out" / "votes.csv", (0, 100))
    own = ratings_of(study, archive.votes(study.key))
    assert ratings.observers == own.observers
    assert ratings.stimuli == own.stimuli
    assert ratings.references == own.references
    assert np.array_equal(ratings.scores, own.scores, equal_nan=True)
    assert np.array_equal(ratings.repetitions, own.repetitions)
    assert np.array_equal(ratings.orders, own.orders)
    assert np.isnan(ratings.scores).sum() == 1


def test_a_vote_carries_all_that_was_recorded(archive: Archive, tmp_path: Path) -> None:
    written(archive, "sds", tmp_path / "out")
    row = rows(tmp_path / "out" / "votes.csv")[0]
    shown = order.main(archive.study("sds"), "rater-1")[0]
    names = stimulus_names(archive.study("sds"))
    assert (row["presentation"], row["item"]) == (shown.key, shown.item)
    assert (row["left"], row["right"]) == (names[shown.left], names[shown.right])
    assert (row["display"], row["display_columns"], row["image_scale"], row["display_check"]) == (
        "EIZO RX360 0815", "2048", "2.0", "passed",
    )  # fmt: skip
    assert row["shown_at"] < row["committed_at"]
    assert (row["protocol"], row["revision"], row["seconds"]) == ("sds 1", "0", "5.000")


def test_all_votes_are_kept_beside_those_that_count(archive: Archive, tmp_path: Path) -> None:
    written(archive, "sds", tmp_path / "out")
    every = rows(tmp_path / "out" / "votes_all.csv")
    assert len(every) == len(archive.votes(archive.study("sds").key, history=True))
    assert {row["part"] for row in every if row["counts"] == "yes"} == {"main"}


def test_the_record_holds_protocol_provenance_votes_and_the_head(
    archive: Archive, tmp_path: Path
) -> None:
    head = archive.audit_head()
    written(archive, "dscqs", tmp_path / "out")
    document = json.loads((tmp_path / "out" / "study.json").read_text(encoding="utf-8"))
    study = archive.study("dscqs")
    assert document["schema"] == "miqa.study/1"
    assert document["study"]["protocol"]["source"] == preset("dscqs").source
    assert document["study"]["seed"] == study.seed
    assert len(document["study"]["items"]) == len(study.items)
    assert {"kind", "severity", "seed", "source"} <= set().union(*(s["provenance"] for s in document["study"]["stimuli"]))  # fmt: skip
    assert len(document["votes"]) == len(archive.votes(study.key, history=True))
    assert document["audit_head"] == head
    assert document["raters"][0]["answers"] == {"experience": "10 years"}
    assert len(document["sessions"]) == 3


def test_an_export_leaves_its_mark_in_the_audit_log(archive: Archive, tmp_path: Path) -> None:
    before = archive.audit_head()
    written(archive, "sds", tmp_path / "out")
    assert archive.audit_head() != before
    assert archive.verify(before) == []


def test_crossvalidation_reads_the_data_set(archive: Archive, tmp_path: Path) -> None:
    written(archive, "sds", tmp_path / "out", "raw")
    study = archive.study("sds")
    rated = read_rated_set(str(tmp_path / "out" / "dataset" / "mos.csv"), tmp_path)
    names = stimulus_names(study)
    keys = {i.test for i in study.items if i.role == "rated"}
    assert {Path(image.name).stem for image in rated.images} == {names[key] for key in keys}
    by_name = {names[key]: key for key in keys}
    for image in rated.images:
        key = by_name[Path(image.name).stem]
        assert image.mos == pytest.approx(raw_mean(archive, study, key), abs=1e-3)
        assert image.reference == study.stimulus(key).provenance["content"]
        assert image.kind == study.stimulus(key).provenance["kind"]
        assert image.clean is not None
        assert image.clean.is_file()
    assert len(set(rated.groups("reference"))) == 2
    (plane,) = read_planes(rated.images[0].path)
    (clean,) = read_planes(rated.images[0].clean or Path())
    assert plane.shape == clean.shape == (192, 160)
    assert np.abs(plane - clean).max() > 0.02


def test_the_images_of_the_data_set_are_the_stored_values(archive: Archive, tmp_path: Path) -> None:
    import SimpleITK

    written(archive, "sds", tmp_path / "out")
    study = archive.study("sds")
    for key, name in stimulus_names(study).items():
        path = tmp_path / "out" / "dataset" / "images" / f"{name}.png"
        if path.exists():
            read = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path)))
            assert read.dtype == np.uint16
            assert np.array_equal(read, unpacked(archive.content(key)).frames[0])


def test_stacks_become_volumes_that_the_reader_cuts_alike(tmp_path: Path) -> None:
    with Archive(tmp_path / "s.sqlite") as own:
        list(create(own, "s", preset("sds"), [PHANTOM], Design(("blur",), (0.5,), 1, 5)))
        study = own.study("s")
        rate(own, study, "rater-1", quality_by_severity(study, 1))
        rate(own, study, "rater-2", quality_by_severity(study, 2))
        written(own, "s", tmp_path / "out")
        rated = read_rated_set(str(tmp_path / "out" / "dataset" / "mos.csv"), tmp_path)
        (image,) = rated.images
        item = next(item for item in study.items if item.role == "rated")
        frames = unpacked(own.content(item.test)).frames
    assert len(read_planes(image.path)) == 5
    series = load(image.path)[0]
    assert series.voxels.shape == frames.shape
    same = [
        np.array_equal(series.voxels, turned)
        for turned in (frames, frames[::-1], frames[:, ::-1], frames[:, :, ::-1], frames[:, ::-1, ::-1],
                       frames[::-1, ::-1], frames[::-1, :, ::-1], frames[::-1, ::-1, ::-1])
    ]  # fmt: skip
    assert any(same)


@pytest.mark.parametrize("name", ["dsis", "dscqs", "single", "pair"])
def test_every_protocol_gives_a_data_set_with_points_of_100(
    archive: Archive, name: str, tmp_path: Path
) -> None:
    written(archive, name, tmp_path / "out")
    rated = read_rated_set(str(tmp_path / "out" / "dataset" / "mos.csv"), tmp_path)
    table = rows(tmp_path / "out" / "dataset" / "mos.csv")
    mos = {float(row["severity"] or 0): [] for row in table}
    for row in table:
        mos[float(row["severity"] or 0)].append(float(row["mos"]))
    means = [float(np.mean(mos[severity])) for severity in sorted(mos)]
    assert means == sorted(means, reverse=True)
    assert means[0] - means[-1] > 35
    assert len(rated) == len(table)
    assert all(image.ci is not None and image.ci > 0 for image in rated.images)


def test_dscqs_scores_are_differences_to_the_reference(archive: Archive, tmp_path: Path) -> None:
    study = archive.study("dscqs")
    scores = scores_of(study, ratings_of(study, archive.votes(study.key)), "raw")
    names = stimulus_names(study)
    repeated = {study.item(i.repeats).test for i in study.items if i.repeats}
    item = next(i for i in study.items if i.role == "rated" and i.test not in repeated)
    given = [v.scores for v in archive.votes(study.key) if v.presentation.item == item.key and v.judged and v.presentation.part == "main"]  # fmt: skip
    (one,) = [s for s in scores.stimuli if s.stimulus == names[item.test]]
    assert one.mos == pytest.approx(100 + np.mean([s["test"] - s["reference"] for s in given]))


def test_the_sureal_set_has_the_form_that_package_reads(archive: Archive, tmp_path: Path) -> None:
    """The checks of DatasetReader and RawDatasetReader in sureal 0.9.0, written out."""
    written(archive, "sds", tmp_path / "out")
    data = json.loads((tmp_path / "out" / "sureal.json").read_text(encoding="utf-8"))
    contents = [video["content_id"] for video in data["ref_videos"]]
    assert contents == list(range(len(contents)))
    for video in data["dis_videos"]:
        assert video["content_id"] in contents
        assert isinstance(video["os"], dict)
        assert (tmp_path / "out" / video["path"]).is_file()
        for score in video["os"].values():
            assert isinstance(score, float | list)
    given = [s for v in data["dis_videos"] for o in v["os"].values() for s in (o if isinstance(o, list) else [o])]  # fmt: skip
    study = archive.study("sds")
    scores = ratings_of(study, archive.votes(study.key)).scores
    assert sorted(given) == pytest.approx(sorted(scores[~np.isnan(scores)]))
    references = {video["path"] for video in data["ref_videos"]}
    checks = sum(item.role == "reference check" for item in study.items)
    assert sum(video["path"] in references for video in data["dis_videos"]) == checks


def test_comparisons_go_to_sureal_as_python(archive: Archive, tmp_path: Path) -> None:
    written(archive, "pair", tmp_path / "out")
    text = (tmp_path / "out" / "sureal.py").read_text(encoding="utf-8")
    tree = {node.targets[0].id: ast.literal_eval(node.value) for node in ast.parse(text).body}  # type: ignore[attr-defined]
    videos = tree["dis_videos"]
    assert [video["asset_id"] for video in videos] == list(range(len(videos)))
    for video in videos:
        for (observer, other), value in video["os"].items():
            assert observer.startswith("rater-")
            assert 0 <= other < len(videos)
            assert value in (0.0, 0.5, 1.0)


def test_comparisons_across_contents_are_ranked_within_each(archive: Archive) -> None:
    study = archive.study("pair")
    scores = scores_of(study, ratings_of(study, archive.votes(study.key)))
    assert scores.method == "bradley-terry"
    assert len(scores.stimuli) == 2 * 7
    clean = [one.mos for one in scores.stimuli if one.stimulus.endswith("clean")]
    worst = [one.mos for one in scores.stimuli if one.stimulus.endswith("0.9")]
    assert min(clean) > max(worst)


def test_the_methods_paragraph_has_its_numbers_filled_in(archive: Archive, tmp_path: Path) -> None:
    written(archive, "sds", tmp_path / "out")
    text = (tmp_path / "out" / "methods.md").read_text(encoding="utf-8")
    study = archive.study("sds")
    votes = len(pooled_votes(study, archive.votes(study.key)))
    for words in (
        "(provisional)",
        "12 items came from 2 places in 1 MR scan of 1 subject",
        "simulated blur and ghosting at severities 0.2, 0.5 and 0.9",
        "1 hidden repeat and 1 reference shown against itself",
        "sds, version 1",
        "The reference stood on the left.",
        f"3 observers gave {votes} votes that count in 3 sessions; 2 judged all",
        "In 1 the observer could not judge",
        "EIZO RX360 0815 (2048 × 1536 pixels)",
        f"greyscale check passed for {votes} votes",
        "ITU-R BT.500",
        "3 of at least 15 valid observers",
        "ICC(2,1)",
        archive.study("sds").protocol.source,
    ):
        assert words in text, words
    assert "{" not in text
    assert "nan" not in text.lower().replace("finance", "")


@pytest.mark.parametrize("name", ["dsis", "dscqs", "single", "pair"])
def test_every_protocol_has_its_methods_paragraph(archive: Archive, name: str, tmp_path: Path) -> None:  # fmt: skip
    written(archive, name, tmp_path / "out")
    text = (tmp_path / "out" / "methods.md").read_text(encoding="utf-8")
    assert preset(name).title in text
    assert ("Bradley and Terry" in text.split("**Scores.**")[1]) == (name == "pair")
    assert ("Differences between test and reference" in text) == (name == "dscqs")


def test_a_study_without_votes_can_be_exported(tmp_path: Path) -> None:
    with Archive(tmp_path / "s.sqlite") as own:
        list(create(own, "s", preset("sds"), [PHANTOM], SMALL))
        files = {path.name for path in written(own, "s", tmp_path / "out")}
    assert {"votes.csv", "study.json", "methods.md"} <= files
    assert "mos.json" not in files
    assert "There are none yet" in (tmp_path / "out" / "methods.md").read_text(encoding="utf-8")


def test_an_export_overwrites_nothing_and_a_stopped_one_leaves_nothing(
    archive: Archive, tmp_path: Path
) -> None:
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "mine.txt").write_text("mine")
    with pytest.raises(BadRequest, match="not an empty folder"):
        written(archive, "sds", tmp_path / "used")
    head = archive.audit_head()
    steps = export(archive, archive.study("sds"), tmp_path / "stopped")
    next(steps)
    steps.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["used"]
    assert archive.audit_head() == head


def test_mos_json_names_the_method_and_keeps_both_results(archive: Archive, tmp_path: Path) -> None:
    written(archive, "sds", tmp_path / "out", "zscore")
    document = json.loads((tmp_path / "out" / "mos.json").read_text(encoding="utf-8"))
    assert document["method"] == "zscore"
    assert document["provisional"] is True
    assert len(document["without_rejection"]) == len(document["stimuli"])
    for row in rows(tmp_path / "out" / "dataset" / "mos.csv"):
        (one,) = [s for s in document["stimuli"] if s["stimulus"] == Path(row["image"]).stem]
        assert float(row["mos"]) == pytest.approx(min(100, max(0, one["mos"])), abs=1e-3)
        assert not math.isnan(float(row["mos"]))
