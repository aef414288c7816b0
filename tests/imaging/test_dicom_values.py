"""What the stored numbers mean: inversion, padding, rescale, windows, colour, refusals."""

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from miqa_app.core.window import greys
from miqa_app.errors import UnreadableFile
from miqa_app.imaging import load, load_with_problems
from tests.imaging.writing import header, save, slice_file


def only(path, position=0, **values):
    (series,) = load(slice_file(path / "a.dcm", position, **values))
    return series


def test_monochrome1_shows_its_smallest_value_white(tmp_path):
    series = only(
        tmp_path, PhotometricInterpretation="MONOCHROME1", WindowCenter=24, WindowWidth=48
    )
    assert series.inverted
    shown = greys(series.voxels[0], series.windows[0], inverted=series.inverted)
    assert shown.flat[0] == 255
    assert shown.flat[-1] == 0


def test_signed_pixels_keep_their_sign_and_spare_bits_are_dropped(tmp_path):
    pixels = np.array([[-2048, 2047], [-1, 5]], np.int16)
    dirty = (pixels & 0x0FFF).astype(np.int16)
    series = only(tmp_path, pixels=dirty, BitsStored=12)
    assert series.voxels[0].tolist() == pixels.tolist()


def test_padding_is_not_acquired_and_does_not_move_the_window(tmp_path):
    pixels = np.full((20, 20), -2000, np.int16)
    pixels[5:15, 5:15] = np.arange(100).reshape(10, 10)
    series = only(tmp_path, pixels=pixels, PixelPaddingValue=-2000)
    assert series.padding == (-2000, -2000)
    assert series.acquired(0).sum() == 100
    assert series.windows[0].limits[0] >= 0


def test_a_padding_range_covers_both_ends(tmp_path):
    series = only(
        tmp_path,
        pixels=np.zeros((4, 4), np.int16),
        PixelPaddingValue=-10,
        PixelPaddingRangeLimit=-20,
    )
    assert series.padding == (-20, -10)


def test_rescale_is_kept_per_frame(tmp_path):
    for number in range(3):
        slice_file(
            tmp_path / f"{number}",
            number,
            value=10,
            RescaleSlope=number + 1,
            RescaleIntercept=-number,
        )
    (series,) = load(tmp_path)
    assert [float(series.values(n)[0, 0]) for n in range(3)] == [10, 19, 28]


def test_an_mr_window_applies_to_stored_values_even_with_a_slope(tmp_path):
    series = only(tmp_path, WindowCenter=24, WindowWidth=40, RescaleSlope=2, RescaleIntercept=5)
    assert (series.windows[0].level, series.windows[0].width) == (24, 40)


def test_an_mr_window_that_only_fits_rescaled_values_is_converted(tmp_path):
    series = only(
        tmp_path, WindowCenter=1240, WindowWidth=470, RescaleSlope=10, RescaleIntercept=1000
    )
    low, high = series.windows[0].limits
    assert low == pytest.approx(0.5, abs=1)
    assert high == pytest.approx(47.4, abs=1)


def test_all_windows_of_the_file_come_first_and_percentiles_last(tmp_path):
    series = only(
        tmp_path,
        WindowCenter=[20, 30],
        WindowWidth=[10, 20],
        WindowCenterWidthExplanation=["BRAIN", "BONE"],
    )
    assert [window.name for window in series.windows] == ["BRAIN", "BONE", "percentiles 0.1–99.9"]


def test_without_a_window_percentiles_are_shown(tmp_path):
    assert [window.name for window in only(tmp_path).windows] == ["percentiles 0.1–99.9"]


def test_a_display_table_is_replaced_by_a_window_and_told(tmp_path):
    table = Dataset()
    table.add_new("LUTDescriptor", "US", [16, 8, 16])
    table.LUTExplanation = "SOFT"
    table.add_new("LUTData", "US", list(range(16)))
    series = only(tmp_path, VOILUTSequence=Sequence([table]))
    assert series.windows[0].name == "SOFT"
    assert series.windows[0].limits == pytest.approx((8, 23))
    assert any("display table" in warning for warning in series.warnings)


@pytest.mark.parametrize(
    ("values", "refusal"),
    [
        ({"Modality": "CT"}, "CT images are not assessed; this program scores MR"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "P", "ND"]}, "phase image"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "PHASE MAP", "P", "FFE"]}, "phase image"),
        (
            {"ImageType": ["ORIGINAL", "PRIMARY", "VELOCITY MAP", "P", "PCA"]},
            "phase-contrast velocity image",
        ),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "I_SE", "I", "SE"]}, "imaginary part of the signal"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "R_SE", "R", "SE"]}, "real part of the signal"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "R_IR", "R", "IR"]}, ""),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "M_SE", "M", "SE"]}, ""),
        ({"ImageType": ["DERIVED", "PRIMARY", "DIFFUSION", "ADC"]}, "derived map (ADC)"),
        ({"ImageType": ["DERIVED", "PRIMARY", "ASL", "RELCBF"]}, "derived map (CBF)"),
        ({"ComplexImageComponent": "PHASE"}, "phase image"),
        ({"SeriesDescription": "ep2d_CALC_BVAL"}, "derived map (calculated b-value)"),
        ({"ImageType": ["DERIVED", "SECONDARY"]}, ""),
    ],
)
def test_what_must_not_be_scored_is_viewable_and_says_why(tmp_path, values, refusal):
    series = only(tmp_path, **values)
    assert series.refusal == refusal
    assert series.complete


def test_colour_is_shown_grey_and_refused(tmp_path):
    dataset = header(
        PhotometricInterpretation="RGB", PlanarConfiguration=0, ImageType=["DERIVED", "SECONDARY"]
    )
    save(dataset, np.zeros((4, 4), np.uint8), tmp_path / "c.dcm")
    dataset.SamplesPerPixel = 3
    dataset.PixelData = np.tile(np.array([30, 60, 90], np.uint8), (4, 4, 1)).tobytes()
    dataset["PixelData"].VR = "OB"
    dataset.save_as(tmp_path / "c.dcm")
    (series,) = load(tmp_path / "c.dcm")
    assert series.refusal == "colour image"
    assert np.all(series.voxels == 60)


@pytest.mark.parametrize("modality", ["RTPLAN", "SEG", "SR"])
def test_objects_without_an_mr_image_are_problems(tmp_path, modality):
    with pytest.raises(UnreadableFile, match=rf"holds no MR image \({modality}\)"):
        only(tmp_path, Modality=modality)


def test_a_date_that_an_anonymiser_made_up_is_no_date(tmp_path):
    (tmp_path / "real").mkdir()
    real = only(tmp_path / "real", AcquisitionDate="20260301")
    assert real.facts["Acquisition date"] == "2026-03-01"
    (tmp_path / "made up").mkdir()
    assert "Acquisition date" not in only(tmp_path / "made up", AcquisitionDate="00010101").facts


def test_a_lossy_past_is_known(tmp_path):
    assert only(tmp_path, LossyImageCompression="01").lossy
    assert not only(tmp_path, LossyImageCompression="00").lossy


def test_an_absurd_claim_is_refused_before_memory_is_taken(tmp_path):
    path = slice_file(tmp_path / "a.dcm", 0)
    small = path.read_bytes()
    huge = small.replace(b"\x28\0\x10\0US\x02\0\x08\0", b"\x28\0\x10\0US\x02\0\xff\xff")
    huge = huge.replace(b"\x28\0\x11\0US\x02\0\x06\0", b"\x28\0\x11\0US\x02\0\xff\xff")
    assert huge != small
    path.write_bytes(huge)
    series, (problem,) = load_with_problems(path)
    assert series == []
    assert "claims 8.6 GB of pixels, more than the 4.3 GB" in problem.reason


@pytest.mark.parametrize("length", [0, 1, 131, 132, 140, 300, 600])
def test_a_file_cut_anywhere_is_a_problem_never_an_exception(tmp_path, length):
    path = slice_file(tmp_path / "a.dcm", 0)
    path.write_bytes(path.read_bytes()[:length])
    series, problems = load_with_problems(path)
    assert series == []
    assert len(problems) == 1


def test_every_single_byte_may_be_wrong(tmp_path):
    good = slice_file(tmp_path / "good.dcm", 0).read_bytes()
    rng = np.random.default_rng(5)
    for position in rng.integers(132, len(good), 150):
        bad = bytearray(good)
        bad[position] ^= int(rng.integers(1, 255))
        (tmp_path / "bad.dcm").write_bytes(bytes(bad))
        series, problems = load_with_problems(tmp_path / "bad.dcm")
        assert len(series) + len(problems) >= 1
