"""Opinion scores of stored studies, by every kind of question."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from miqa_app.errors import BadRequest
from miqa_app.rating.pooled import scores_of, stimulus_names
from miqa_app.rating.study import Study
from miqa_app.services.mos import ratings_from
from miqa_app.services.study_export import export
from miqa_app.services.study_mos import study_mos, usual_target
from miqa_app.store import Archive
from tests.rating.made_studies import made_study
from tests.services.voting import quality_by_severity, rate


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with Archive(tmp_path / "store.sqlite") as opened:
        yield opened


def rated(archive: Archive, protocol: str) -> Study:
    study, contents = made_study(protocol, rated=9, checks=0, training=1)
    archive.add_study(study, contents)
    for number in range(4):
        rate(archive, study, f"R-{number}", quality_by_severity(study, number))
    return study


@pytest.mark.parametrize("protocol", ["sds", "dsis", "dscqs", "single"])
def test_worse_degradation_has_a_lower_score_and_its_place_in_the_plots(
    archive: Archive, protocol: str
) -> None:
    study = rated(archive, protocol)
    found = study_mos(archive, study, "raw")
    severities = [found.places[s.stimulus][1] for s in found.evaluation.scores.stimuli]
    means = [s.mos for s in found.evaluation.scores.stimuli]
    assert np.corrcoef(severities, means)[0, 1] < -0.9
    assert {kind for kind, _, _ in found.places.values()} >= {"ghosting", "blur"}
    low, high = study.protocol.scale.low, study.protocol.scale.high
    assert usual_target(study) == pytest.approx(0.05 * (high - low))


def test_comparisons_give_strengths_and_agreement_on_pairs(archive: Archive) -> None:
    study = rated(archive, "pair")
    found = study_mos(archive, study)
    assert found.evaluation.scores == scores_of(study, found.ratings)
    assert found.evaluation.differential is None
    assert found.evaluation.agreement.against_rest
    with pytest.raises(BadRequest, match="--fault has no meaning"):
        study_mos(archive, study, faults={"R-1": "lamp broken"})


def test_a_table_of_comparisons_is_refused_where_means_are_wanted(
    archive: Archive, tmp_path: Path
) -> None:
    study = rated(archive, "pair")
    for _ in export(archive, study, tmp_path / "out"):
        pass
    with pytest.raises(BadRequest, match="holds comparisons .* give the name of the study"):
        ratings_from(tmp_path / "out" / "votes.csv")


def test_a_study_without_scores_says_so(archive: Archive) -> None:
    study, contents = made_study("sds")
    archive.add_study(study, contents)
    with pytest.raises(BadRequest, match="has no scores yet"):
        study_mos(archive, study)


def test_names_tell_all_stimuli_apart(archive: Archive) -> None:
    study = rated(archive, "sds")
    assert len(set(stimulus_names(study).values())) == len(study.stimuli)


def test_breaks_stand_where_they_were_taken(archive: Archive) -> None:
    study = rated(archive, "sds")
    archive.add_event(study.key, "R-0", 1, "break taken", {"after_minutes": "15"})
    assert study_mos(archive, study, "raw").breaks == {"R-0": [("1", 8.5)]}
