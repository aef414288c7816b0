"""Our numbers beside stored outputs of the package sureal 0.9.0, see README.md."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from miqa_app.rating.mos.adjusted import without_bias, z_scores
from miqa_app.rating.mos.methods import opinion_scores
from miqa_app.rating.mos.pairs import bradley_terry
from miqa_app.rating.mos.ratings import Ratings
from miqa_app.rating.mos.screening import screen_bt500
from miqa_app.rating.mos.subject_model import fit_subject_model

HERE = Path(__file__).parent
NAMES = ("demo", "complete", "missing", "repeated")
CLOSE = {"rtol": 0, "atol": 1e-6}


def stored(name: str) -> tuple[np.ndarray, dict]:
    """Scores (J, I, R) and the outputs by class."""
    content = json.loads((HERE / f"sureal_{name}.json").read_text(encoding="utf-8"))
    layers = [[[np.nan if v is None else v for v in row] for row in m] for m in content["scores"]]
    return np.moveaxis(np.array(layers, float), 0, 2), content["sureal"]


def as_ratings(scores: np.ndarray) -> Ratings:
    stimulus, observer, number = np.nonzero(~np.isnan(scores))
    return Ratings(
        observers=tuple(f"o{i:02d}" for i in observer),
        stimuli=tuple(f"s{j:03d}" for j in stimulus),
        scores=scores[stimulus, observer, number],
        repetitions=number,
    )


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("method", "theirs"),
    [
        ("p913", "SubjectMLEModelProjectionSolver"),
        ("p910", "SubjectMLEModelProjectionSolver2"),
        ("raw", "MosModel"),
    ],
)
def test_mos_and_its_standard_error_equal_the_class_that_the_method_names(name, method, theirs):
    scores, outputs = stored(name)
    ours = opinion_scores(as_ratings(scores), method, repetitions="each")
    expected = outputs[theirs]
    np.testing.assert_allclose([s.mos for s in ours.stimuli], expected["quality_scores"], **CLOSE)
    np.testing.assert_allclose(
        [s.error for s in ours.stimuli], expected["quality_scores_std"], **CLOSE
    )
    if "observer_bias" in expected:
        np.testing.assert_allclose(
            [o.bias for o in ours.observers], expected["observer_bias"], **CLOSE
        )
        np.testing.assert_allclose(
            [o.inconsistency for o in ours.observers], expected["observer_inconsistency"], **CLOSE
        )


@pytest.mark.parametrize("name", NAMES)
def test_the_model_takes_the_same_rounds_and_has_the_same_error_of_bias(name):
    scores, outputs = stored(name)
    model, expected = fit_subject_model(scores), outputs["SubjectMLEModelProjectionSolver"]
    assert model.rounds == expected["num_iter"]
    np.testing.assert_allclose(model.bias_error, expected["observer_bias_std"], **CLOSE)


def test_the_demo_gives_the_numbers_that_were_published_with_it():
    scores, _ = stored("demo")
    model = fit_subject_model(scores)
    published = [-0.189852445792812, -0.20251067364091327, 0.24052730104263095]
    np.testing.assert_allclose(model.bias[:3], published, **CLOSE)
    published = [1.8339364220090855, 1.792802362622858, 1.605246371617004, 1.7278966070151194]
    np.testing.assert_allclose(model.inconsistency[:4], published, **CLOSE)
    published = [4.926232195563247, 4.871884030934237, 4.660024317825715]
    np.testing.assert_allclose(model.quality[:3], published, **CLOSE)
    published = [0.1548785178603921, 0.19724755984636633, 0.1232903501245844]
    np.testing.assert_allclose(model.error_by_stimulus[:3], published, **CLOSE)


@pytest.mark.parametrize("name", NAMES)
def test_bt500_screening_counts_and_rejects_as_sureal_does_with_its_standard_deviation(name):
    scores, outputs = stored(name)
    for values, theirs in (
        (scores, "SubjrejMosModel"),
        (without_bias(scores)[0], "BiasremvSubjrejMosModel"),
    ):
        ours, expected = screen_bt500(values, ddof=0), outputs[theirs]
        presentations = scores.shape[0] * scores.shape[2]
        np.testing.assert_allclose(
            (ours.above + ours.below) / presentations,
            expected["observer_rejected_1st_stats"],
            **CLOSE,
        )
        outside = ours.above + ours.below
        with np.errstate(invalid="ignore"):
            balance = np.abs(ours.above - ours.below) / outside
        theirs_balance = np.array(expected["observer_rejected_2nd_stats"], float)
        np.testing.assert_allclose(balance, theirs_balance, **CLOSE)
        # sureal takes the share of all presentations, we of those that the observer scored
        theirs_share = outside / presentations
        by_their_share = (theirs_share > 0.05) & (balance < 0.3)
        assert by_their_share.tolist() == expected["observer_rejected"]
        if name == "complete":
            assert ours.rejected.tolist() == expected["observer_rejected"]


@pytest.mark.parametrize("name", NAMES)
def test_bias_removal_and_z_scores_equal_theirs(name):
    scores, outputs = stored(name)
    free, bias = without_bias(scores)
    np.testing.assert_allclose(bias, outputs["BiasremvMosModel"]["observer_bias"], **CLOSE)
    np.testing.assert_allclose(
        np.nanmean(free, (1, 2)), outputs["BiasremvMosModel"]["quality_scores"], **CLOSE
    )
    z = z_scores(scores) * 6 / 100 - 3
    np.testing.assert_allclose(
        np.nanmean(z, (1, 2)), outputs["ZscoringMosModel"]["quality_scores"], **CLOSE
    )


@pytest.mark.parametrize("name", ["complete", "demo"])
def test_bt500_equals_bias_removal_with_rejection_where_both_standard_deviations_agree(name):
    # on these scores ddof 1 and 0 reject the same observers
    scores, outputs = stored(name)
    ours = opinion_scores(as_ratings(scores), "bt500", repetitions="each")
    expected = outputs["BiasremvSubjrejMosModel"]
    assert [o.rejected for o in ours.observers] == expected["observer_rejected"]
    np.testing.assert_allclose([s.mos for s in ours.stimuli], expected["quality_scores"], **CLOSE)
    np.testing.assert_allclose(
        [s.error for s in ours.stimuli], expected["quality_scores_std"], **CLOSE
    )


@pytest.mark.parametrize("name", ["agresti", "small"])
def test_bradley_terry_strengths_equal_theirs(name):
    content = json.loads((HERE / "sureal_pairs.json").read_text(encoding="utf-8"))[name]
    theirs = np.array(content["sureal_log_p"])
    ours = bradley_terry(np.array(content["wins"], float))
    assert ours.prior == 0
    np.testing.assert_allclose(ours.strength, theirs - theirs.mean(), **CLOSE)
