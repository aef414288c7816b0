"""Real scanner files, odd ones included: read right or refused cleanly."""

import numpy as np
import pytest

from miqa_app.core.geometry import edge_letters, plane_name
from miqa_app.imaging import load, load_with_problems

pytestmark = pytest.mark.shared


def test_every_odd_file_loads_or_is_a_problem(shared):
    for path in sorted(p for p in (shared / "odd").rglob("*") if p.is_file()):
        series, problems = load_with_problems(path)
        assert series or problems, path
        assert all(item.complete and item.windows for item in series)
        assert all(problem.reason for problem in problems)


def test_the_whole_odd_folder_loads_around_its_bad_files(shared):
    series, problems = load_with_problems(shared / "odd")
    bad = {"not_a_dicom.jfif", "no_meta.dcm", "ExplVR_LitEndNoMeta.dcm", "MR_truncated.dcm"}
    bad |= {"meta_missing_tsyntax.dcm", "rtplan_truncated.dcm"}
    assert {problem.source.rsplit("/", 1)[-1] for problem in problems} == bad
    assert len(series) > 25


@pytest.mark.parametrize("image", ["MR1", "MR4"])
def test_lossless_encodings_decode_to_identical_pixels(shared, image):
    folder = shared / "odd" / "wg04"
    (plain,) = load(folder / f"{image}_UNC")
    for encoding in ("J2KR", "JLSL", "JPLL", "RLE"):
        (series,) = load(folder / f"{image}_{encoding}")
        assert np.array_equal(series.voxels, plain.voxels), encoding
        assert not series.lossy
    for encoding in ("J2KI", "JLSN", "JPLY"):
        (series,) = load(folder / f"{image}_{encoding}")
        assert series.lossy
        span = float(np.ptp(plain.voxels))
        error = np.abs(series.voxels.astype(float) - plain.voxels).mean()
        assert error < 0.01 * span, encoding


def test_a_window_written_in_rescaled_units_meets_the_stored_values(shared):
    (series,) = load(shared / "odd" / "wg04" / "MR4_UNC")
    low, high = series.windows[0].limits
    assert 0 < low < high < 2200


@pytest.mark.parametrize("folder", ["dcm_qa_decubitus", "odd/decubitus_HFDR", "odd/decubitus_HFP"])
def test_a_sagittal_head_keeps_its_letters_however_the_patient_lies(shared, folder):
    (series,) = load(shared / folder)
    assert plane_name(series.geometry) == "sagittal"
    assert edge_letters(series.geometry) == {"left": "A", "right": "P", "top": "H", "bottom": "F"}
    assert series.geometry.slice_spacing == pytest.approx(4.8, abs=1e-3)
    along = series.geometry.origins @ series.geometry.normal
    assert np.all(np.diff(along) > 0)


def test_a_missing_slice_is_found(shared):
    (series,) = load(shared / "odd" / "prostatex_missing_slice")
    assert series.frames == 18
    assert "1 slice seems to be missing between slices 13 and 14" in series.warnings[0]


def test_echoes_of_a_knee_are_stacks_in_echo_order(shared):
    series = load(shared / "pymskt_knee_mese")
    assert [item.facts["TE"] for item in series] == sorted(
        (item.facts["TE"] for item in series), key=lambda text: float(text.split()[0])
    )
    assert {item.frames for item in series} == {24}


def test_localizers_split_into_three_planes(shared):
    for patient in ("ProstateX-0001", "ProstateX-0218"):
        series = load(shared / "picai_prep_prostatex" / patient)
        assert {plane_name(item.geometry) for item in series} == {"axial", "coronal", "sagittal"}


def test_derived_maps_are_refused_and_the_scans_beside_them_are_not(shared):
    series = load(shared / "picai_prep_prostatex" / "ProstateX-0000")
    refused = {item.refusal for item in series if item.refusal}
    assert refused == {"derived map (ADC)", "derived map (calculated b-value)"}
    assert sum(not item.refusal for item in series) == 4


def test_jpeg_in_many_fragments_decodes(shared):
    (series,) = load(shared / "odd" / "fragmented_jpeg_lossless")
    assert series.voxels.shape == (10, 128, 128)
    assert series.voxels.std() > 10
    # neighbours of one head resemble one another only when they are decoded and sorted right
    pairs = [
        np.corrcoef(series.voxels[n].ravel(), series.voxels[n + 1].ravel())[0, 1] for n in range(9)
    ]
    assert min(pairs) > 0.8


def test_enhanced_objects_of_several_files_are_time_points(shared):
    (series,) = load(shared / "odd" / "enhanced_siemens_xa10")
    assert (series.time_points, series.slices) == (2, 6)
    assert series.geometry is not None
    series = load(shared / "odd" / "enhanced_siemens_sola")
    assert sorted(item.frames for item in series) == [1, 1, 1, 11]


def test_a_mosaic_of_a_real_scanner_unfolds_into_a_head(shared):
    (series,) = load(shared / "odd" / "mosaic_sonata.dcm")
    assert series.voxels.shape == (31, 64, 64)
    # the middle of the unfolded volume lies within the head, close to the isocentre
    centre = series.geometry.to_patient(15, 31.5, 31.5)
    assert np.linalg.norm(centre) < 100
    filled = [float((series.voxels[n] > 200).mean()) for n in range(31)]
    assert filled[15] > 0.15


def test_real_axial_brains_show_the_patients_right_on_the_left(shared):
    (dicom,) = load(shared / "fnndsc_data" / "adi_brain_ax_t2")
    assert edge_letters(dicom.geometry)["left"] == "R"
    for nifti in load(shared / "open_ms_data" / "patient01"):
        assert plane_name(nifti.geometry) == "axial"
        assert edge_letters(nifti.geometry)["left"][0] == "R"
        assert edge_letters(nifti.geometry)["top"][0] == "A"


def test_what_the_file_does_not_say_is_not_invented(shared):
    (series,) = load(shared / "odd" / "ge_eFilm.dcm")
    assert series.geometry is not None
    (emri,) = load(shared / "odd" / "pydicom" / "image_dfl.dcm")
    assert emri.geometry is None
    assert emri.warnings
