"""The study in the making: which files are read again, what goes together, what is left out."""

import zipfile
from dataclasses import replace

import pytest

from miqa_app.gui.campaign.draft import Draft, drawn_seed, paths_of
from miqa_app.gui.campaign.work import full_of, planned
from miqa_app.imaging import load
from miqa_app.rating.protocol import preset
from miqa_app.services.study_create import create
from miqa_app.services.study_outline import outline
from miqa_app.store import Archive
from tests.gui.campaign.steps import drained, repeated_exam


@pytest.fixture
def draft(phantom):
    made = Draft(preset("sds"), name="Heads", seed=5)
    for series in phantom:
        made.add(series)
    return made


def test_a_dicom_series_is_read_again_from_its_own_files_alone(draft, phantom):
    assert [len(scan.paths) for scan in draft.scans] == [10, 10]
    draft.tick(draft.scans[1], on=False)
    again = load(draft.sources)
    assert [one.uid for one in again] == [phantom[0].uid]


def test_a_scan_is_offered_once(draft, phantom):
    assert draft.add(phantom[0]) is None
    assert len(draft.scans) == 2


def test_scans_out_of_one_archive_are_ticked_together(tmp_path, heads):
    file = tmp_path / "exam.zip"
    with zipfile.ZipFile(file, "w") as archive:
        for folder in heads:
            for path in sorted(folder.glob("*.dcm"))[:4]:
                archive.write(path, f"{folder.name}/{path.name}")
    draft = Draft(preset("sds"))
    for series in load(file):
        draft.add(series)
    assert [scan.paths for scan in draft.scans] == [(file,), (file,)]
    draft.tick(draft.scans[0], on=False)
    assert not any(scan.ticked for scan in draft.scans)


def test_what_must_not_be_rated_is_left_out_with_the_reason(phantom):
    draft = Draft(preset("sds"))
    refused = draft.add(replace(phantom[0], refusal="phase image"))
    other = draft.add(replace(phantom[1], modality="CT"))
    assert (refused.left_out, other.left_out) == ("phase image", "CT is no MR")
    fit = draft.add(replace(phantom[0], key="another"))
    assert draft.chosen == [fit]


def test_seeds_are_drawn_anew():
    assert len({drawn_seed() for _ in range(20)}) > 15


def test_paths_of_a_lone_file_are_that_file(phantom, tmp_path):
    file = tmp_path / "scan.nii.gz"
    file.write_bytes(b"")
    assert paths_of(replace(phantom[0], source=str(file), files=())) == (file,)


@pytest.mark.parametrize(
    ("protocol", "way"),
    [
        *((id, "degraded") for id in ("sds", "dsis", "dscqs", "pair", "single")),
        ("single", "as acquired"),
    ],
)
def test_the_outline_has_the_items_of_the_study_that_is_made(draft, store, protocol, way):
    draft.protocol, draft.way = preset(protocol), way
    draft.kinds, draft.severities = ("motion", "blur", "white_noise"), (0.4, 0.9)
    found = outline(draft.protocol, draft.design, [full_of(scan) for scan in draft.chosen], 5)
    with Archive(store) as archive:
        real = drained(
            create(archive, "Heads", draft.protocol, draft.sources, draft.design, seed=5)
        )
    assert [item.role for item in found.items] == [item.role for item in real.items]


@pytest.mark.parametrize("too", [False, True])
@pytest.mark.parametrize("protocol", ["sds", "pair", "single"])
def test_the_outline_of_repeats_has_the_items_of_the_study_that_is_made(
    store, tmp_path, heads, protocol, too
):
    from miqa_app.services.study_repeats import suggest_repeats

    draft = Draft(preset(protocol), name="Exam", way="repeats", slices=3, seed=5)
    draft.degrade_too, draft.kinds, draft.severities = too, ("motion", "blur"), (0.4, 0.9)
    for series in load(repeated_exam(tmp_path, heads)):
        draft.add(series)
    draft.suggest(suggest_repeats([scan.series for scan in draft.scans]))
    plan = drained(planned(draft))
    with Archive(store) as archive:
        steps = create(
            archive, "Exam", draft.protocol, draft.sources, draft.design, seed=5, pairs=draft.pairs
        )
        real = drained(steps)
    counts = {role: sum(item.role == role for item in real.items) for role in plan.counts}
    assert plan.counts == counts
    tests = {item.test for item in real.items if item.role == "rated"}
    kinds = {info.provenance.get("kind") for info in real.stimuli if info.key in tests}
    assert ("poor first scan" in kinds, "motion" in kinds) == (True, too)


def test_a_localizer_in_one_archive_with_a_good_scan_goes_with_it(phantom, tmp_path):
    file = tmp_path / "exam.zip"
    file.write_bytes(b"")
    inside = {"source": str(file / "x"), "files": ()}
    scout = replace(phantom[0], key="s", description="Scout", **inside)
    good = replace(phantom[1], key="g", **inside)
    for order in ((scout, good), (good, scout)):
        draft = Draft(preset("sds"))
        for series in order:
            draft.add(series)
        assert [scan.ticked for scan in draft.scans] == [True, True]


def test_scans_of_people_nobody_knows_are_ticked_together(phantom):
    nameless = [
        replace(one, key=str(n), identity={}, study_uid="", files=(), source=f"/scan{n}.nii")
        for n, one in enumerate(phantom)
    ]
    draft = Draft(preset("sds"))
    draft.add_open(nameless)
    assert [scan.ticked for scan in draft.scans] == [True, True]
    added = draft.add(replace(phantom[0], key="later", identity={"Patient ID": "Z"}))
    assert added.ticked  # it was chosen for the study
