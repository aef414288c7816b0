"""Evidence holds the figures it says it holds, and nothing by which a person or a house could be known."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from miqa_app.errors import BadRequest
from miqa_app.evaluation.evidence import (
    DataFacts,
    Model,
    evidence,
    local_evidence,
    rater_ceiling,
    read_evidence,
    split_facts,
)
from miqa_app.evaluation.evidence.labels import checked_label, is_known, stand_ins
from miqa_app.evaluation.folds import Fold, grouped_folds
from miqa_app.statistics.bootstrap import paired_difference
from miqa_app.statistics.correlation import srocc
from miqa_app.statistics.errors import rmse
from miqa_app.statistics.mapping import fit_logistic4
from tests.evaluation.evidence_cases import inputs, predictions, rehearsal, sha


@pytest.fixture(scope="module")
def passing():
    return evidence(inputs())


def test_figures_are_those_of_the_predictions(passing) -> None:
    known = predictions()
    found = passing.held_out.methods["candidate"]
    assert found.srocc.value == pytest.approx(srocc(known.methods["candidate"], known.targets))
    assert found.rmse.value == pytest.approx(rmse(known.methods["candidate"], known.targets))
    assert found.srocc.low < found.srocc.value < found.srocc.high
    assert passing.held_out.images == 336
    assert passing.held_out.references == 24


def test_the_gain_is_the_paired_difference_drawn_by_reference(passing) -> None:
    known = predictions()
    slow = paired_difference(
        srocc,
        known.methods["candidate"],
        known.methods["active"],
        known.targets,
        known.references,
        draws=300,
    )
    found = passing.held_out.difference("srocc")
    assert found.value == pytest.approx(slow.value)
    assert found.low == pytest.approx(slow.interval.low, abs=0.006)
    assert found.high == pytest.approx(slow.interval.high, abs=0.006)


def test_rmse_after_mapping_forgives_a_model_that_uses_another_part_of_the_scale(passing) -> None:
    known = predictions()
    active = known.methods["active"]
    mapping = fit_logistic4(active, known.targets)
    found = passing.held_out.methods["active"]
    assert found.rmse_mapped.value == pytest.approx(rmse(mapping(active), known.targets))
    assert found.rmse_mapped.value < found.rmse.value
    test = passing.held_out.rmse_tests[0]
    assert test.other == pytest.approx(rmse(mapping(active), known.targets, 4))
    assert test.p < 0.05


def test_calibration_finds_slope_and_leniency_again() -> None:
    known = predictions()
    changed = {**known.methods, "candidate": (known.targets - 20) / 0.5}
    found = evidence(inputs(held_out=predictions(methods=changed))).calibration["candidate"]
    assert found.slope.value == pytest.approx(0.5)
    assert found.offset.value == pytest.approx(20)
    assert found.error.value == pytest.approx((changed["candidate"] - known.targets).mean())
    assert [round(p.target - 0.5 * p.predicted) for p in found.points] == [20] * 10


def test_every_stratum_is_compared_on_its_own_images(passing) -> None:
    names = [one.name for one in passing.strata]
    assert names[:2] == ["anatomy: brain", "anatomy: knee"]
    assert "kind: white noise" in names
    assert not any("subject" in name for name in names)
    known = predictions()
    blur = np.array(known.groups["kind"]) == "blur"
    found = next(one for one in passing.strata if one.label == "blur")
    assert found.images == blur.sum()
    gap = [srocc(known.methods[m][blur], known.targets[blur]) for m in ("candidate", "active")]
    assert found.srocc.value == pytest.approx(gap[0] - gap[1])


def test_a_file_gives_the_same_evidence_back_and_holds_no_nan(passing, tmp_path: Path) -> None:
    flat = {**predictions().methods, "candidate": np.full(336, 50.0)}
    for made in (passing, evidence(inputs(held_out=predictions(methods=flat)))):
        path = tmp_path / "evidence.json"
        path.write_text(made.model_dump_json(indent=1), encoding="utf-8")
        assert read_evidence(path) == made

        def refuse(word: str) -> None:
            raise AssertionError(word)

        json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)


def test_what_was_not_foreseen_is_refused(passing, tmp_path: Path) -> None:
    path = tmp_path / "evidence.json"
    content = passing.model_dump(mode="json")
    for place in (content, content["data"], content["strata"][0]):
        place["patient"] = "Doe"
        path.write_text(json.dumps(content), encoding="utf-8")
        with pytest.raises(BadRequest, match="patient"):
            read_evidence(path)
        del place["patient"]
    content["strata"][0]["label"] = "Doe"
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(BadRequest, match=r"strata\.0\.label"):
        read_evidence(path)
    with pytest.raises(BadRequest, match="cannot be read"):
        read_evidence(tmp_path / "nothing.json")


def test_planted_identities_do_not_get_into_evidence() -> None:
    planted = (
        "Smith",
        "St-Elsewhere",
        "1.2.840.113619.2.55",
        "/home/jane/scans",
        "19620304",
        "MRCXQ",
    )
    known = predictions()
    count = len(known)
    names = [planted[number % len(planted)] for number in range(count)]
    marked = predictions(
        images=[f"/home/jane/scans/Smith/{number}.dcm" for number in range(count)],
        references=[f"1.2.840.113619.2.55.{name}" for name in known.references],
        groups={
            "subject": names,
            "station": names,
            "kind": [f"{kind} Smith" for kind in known.groups["kind"]],
            "anatomy": names,
            "sequence": [f"T2 {name}" for name in names],
            "vendor": ["St-Elsewhere" if number % 2 else "GE" for number in range(count)],
            "field": ["MRCXQ" if number % 2 else "3 T" for number in range(count)],
        },
    )  # fmt: skip
    made = evidence(inputs(held_out=marked))
    content = made.model_dump_json()
    for word in (
        "Smith",
        "Elsewhere",
        "1.2.840",
        "jane",
        "19620304",
        "MRCXQ",
        ".dcm",
        "reference 0",
    ):
        assert word not in content
    assert {one.label for one in made.strata if one.group == "vendor"} == {"GE", "vendor A"}
    assert local_evidence(inputs(held_out=marked)).labels["vendor A"] == "St-Elsewhere"
    assert set(local_evidence(inputs(held_out=marked)).labels.values()) >= {*planted, "blur Smith"}


@pytest.mark.parametrize(
    ("group", "label"),
    [
        ("sequence", "ax T2 TSE fs 3D"),
        ("sequence", "multi-echo SE"),
        ("sequence", "T2*w GRE"),
        ("sequence", "DWI b1000"),
        ("anatomy", "cervical spine"),
        ("vendor", "GE MEDICAL SYSTEMS"),
        ("field", "1.5 T"),
        ("kind", "rician_noise"),
        ("kind", "Zipper (radio interference)"),
    ],
)
def test_words_of_the_trade_pass(group: str, label: str) -> None:
    assert is_known(group, label)
    assert checked_label(label) == label


@pytest.mark.parametrize(
    ("group", "label"),
    [
        ("sequence", "T2 Smith"),
        ("sequence", "20260801"),
        ("sequence", "1.2.840.10008"),
        ("anatomy", "knee of J. Doe"),
        ("vendor", "St. Elsewhere"),
        ("field", "MRCXQ"),
        ("kind", "kind A\nSmith"),
        ("kind", ""),
        ("kind", "noise " * 9),
    ],
)
def test_other_words_get_a_stand_in(group: str, label: str) -> None:
    called = stand_ins(group, [label, "other"])[label]
    assert called == ("unknown" if not label else f"{group} A")
    with pytest.raises(ValueError, match="stand-in"):
        checked_label(label)


def test_stand_ins_tell_labels_apart_and_artefacts_at_once_are_combined() -> None:
    strange = [f"name{number:02}" for number in range(30)]
    called = stand_ins("sequence", strange)
    assert len(set(called.values())) == 30
    assert called["name27"] == "sequence AB"
    assert stand_ins("kind", ["motion+wrap"]) == {"motion+wrap": "combined"}


def test_leaks_are_counted_over_all_folds() -> None:
    references = [f"r{number // 3}" for number in range(24)]
    subjects = [f"s{number // 6}" for number in range(24)]
    contents = [f"c{number}" for number in range(24)]
    by_subject = split_facts(grouped_folds(subjects, 4), references, subjects, contents)
    assert (by_subject.design, by_subject.folds, by_subject.leaks) == ("nested", 4, 0)
    by_reference = split_facts(grouped_folds(references, 8), references, subjects, contents)
    assert by_reference.leaking_references == 0
    assert by_reference.leaking_subjects == 4
    fold = Fold(0, tuple(range(3, 20)), (20, 21, 22, 23), (0, 1, 2))
    contents[23] = contents[1]
    held_out = split_facts([fold], references, references, contents, seen_by_active=["r0", "r5"])
    assert (held_out.design, held_out.leaking_duplicates, held_out.seen_by_active) == ("held-out", 1, 1)  # fmt: skip


def test_the_ceiling_is_one_rater_against_the_rest_without_names() -> None:
    rng = np.random.default_rng(5)
    truth = rng.uniform(0, 100, 60)
    votes = truth[:, None] + rng.normal(0, [5, 10, 40, 15], (60, 4))
    votes[:20, 1] = np.nan
    found = rater_ceiling(votes)
    assert found is not None
    assert found.srocc[0] == pytest.approx(srocc(votes[:, 2], np.nanmean(votes[:, [0, 1, 3]], 1)))
    assert found.srocc == tuple(sorted(found.srocc))
    assert found.images == 40
    assert rater_ceiling(votes[:, :2]) is None


def test_a_missing_model_is_refused_and_the_active_one_may_stand_for_the_shipped() -> None:
    methods = predictions().methods
    with pytest.raises(ValueError, match="active"):
        inputs(held_out=predictions(methods={"candidate": methods["candidate"]}))
    pair = {name: methods[name] for name in ("candidate", "active")}
    with pytest.raises(ValueError, match="shipped"):
        inputs(held_out=predictions(methods=pair))
    active = Model(name="lite", sha256=sha("shipped"))
    made = inputs(held_out=predictions(methods=pair), active=active)
    assert (made.held_out.methods["shipped"] == methods["active"]).all()


def test_numbers_that_do_not_exist_become_none() -> None:
    facts = inputs().data.model_dump() | {"median_ci": math.nan}
    assert DataFacts(**facts).median_ci is None
    assert rehearsal().intervals is None
    assert evidence(inputs()).rehearsal.methods["candidate"].outlier_ratio is None
