"""Fine-tuning on the opinions of a rating study."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import nibabel
import numpy as np
import pytest
import torch

from miqa_app.errors import BadRequest
from miqa_app.evaluation.evidence import read_evidence
from miqa_app.paths import user_data
from miqa_app.rating.design import Design
from miqa_app.rating.protocol import preset
from miqa_app.services import finetune_judge
from miqa_app.services.finetune import FineTuneRequest, check, finetune
from miqa_app.services.finetune_data import exported, read_site
from miqa_app.services.study_create import create
from miqa_app.store import Archive
from tests.services import small_world
from tests.services.rated_site import drawing
from tests.services.voting import quality_by_severity, rate

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

DESIGN = Design(kinds=("white_noise", "blur"), severities=(0.2, 0.5, 0.9), slices=1)
RATERS = 4


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of six scans, six images each, that four people have rated."""
    folder = tmp_path_factory.mktemp("study")
    scans = []
    for number in range(6):
        volume = np.stack([drawing(10 * number + z, 96) for z in range(3)], axis=-1)
        scans.append(folder / f"scan-{number}.nii.gz")
        nibabel.save(nibabel.Nifti1Image((1000 * volume).astype(np.int16), np.eye(4)), scans[-1])
    path = folder / "store.sqlite"
    with Archive(path) as archive:
        for name in ("rated", "unrated"):
            list(create(archive, name, preset("sds"), scans, DESIGN))
        study = archive.study("rated")
        for number in range(RATERS):
            rate(archive, study, f"R-{number}", quality_by_severity(study, number))
    return path


@pytest.fixture(autouse=True)
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user with nothing on disk, and a small model for the one that came with the program."""
    torch.set_num_threads(1)
    small_world.write_models(tmp_path / "models")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr(
        "miqa_app.registry.folders.bundled", small_world.bundled_from(tmp_path / "models")
    )
    monkeypatch.setattr(finetune_judge, "references", list)


def result(steps: Generator[dict[str, Any], None, Any]) -> Any:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def test_a_dry_run_reads_the_opinions_of_a_study_and_leaves_nothing(store: Path) -> None:
    found = result(check(FineTuneRequest("rated", store=str(store), device="cpu")))
    assert (found.images, found.references, found.subjects) == (36, 6, 6)
    assert not found.stopped
    assert "36 of 36 images have fewer than 5 votes" in " ".join(
        one.words for one in found.findings
    )
    assert list((user_data() / "finetune").glob("small-*")) == []


def test_what_each_rater_said_of_each_image_is_known(store: Path, tmp_path: Path) -> None:
    with Archive(store) as archive:
        study = archive.study("rated")
        steps: Iterator[Any] = exported(archive, study, tmp_path / "data")
        table = result(steps)  # type: ignore[arg-type]
    data = read_site(table, lambda *_: None, name="rated", study=study.key)
    assert data.opinions is not None
    assert data.opinions.shape == (36, RATERS)
    means = np.nanmean(data.opinions, axis=1)
    scores = [image.mos for image in data.images]
    assert np.corrcoef(means, scores)[0, 1] > 0.95, "rows of votes and images must belong together"
    assert set(data.votes) == {RATERS}
    assert all(data.cleans), "the clean slices of an SDS study are exported with it"


def test_a_study_that_nobody_rated_is_refused(store: Path) -> None:
    with pytest.raises(BadRequest, match="The study unrated has no scores yet"):
        result(finetune(FineTuneRequest("unrated", store=str(store), device="cpu")))


@pytest.mark.slow
def test_a_study_becomes_a_candidate_whose_every_image_was_tested_unseen(
    store: Path, tmp_path: Path
) -> None:
    recipe = small_world.write_recipe(tmp_path / "small.yaml", rehearsal=0.25)
    request = FineTuneRequest("rated", recipe=recipe, device="cpu", store=str(store))
    candidate = result(finetune(request))
    made = read_evidence(candidate.folder / "evidence" / "evidence.json")
    assert (made.split.design, made.split.folds, made.split.leaks) == ("nested", 5, 0)
    assert made.held_out.images == 36
    assert made.data.raters == RATERS
    assert made.ceiling is not None
    assert len(made.ceiling.srocc) == RATERS
    assert made.rehearsal is not None
    assert made.rehearsal.references == 6
