"""Every full-reference measure against one value that something else computed, on the same pair of planes.

The values were computed once, outside this repository, on `planes.pair`. Each line says by what: another library, or a
second implementation that shares no code with the first.
"""

from __future__ import annotations

import numpy as np
import piq
import pytest
import torch

from miqa_app.evaluation.measures import FULL_REFERENCE
from tests.evaluation.measures.planes import pair

REFERENCE = {
    # scikit-image 0.26, peak_signal_noise_ratio and structural_similarity (Gaussian window, sigma 1.5)
    "psnr": (24.950429, 1e-4),
    "ssim": (0.601150, 1e-4),
    # piqa 1.3, another library than piq
    "ms_ssim": (0.928896, 1e-4),
    "gmsd": (0.115005, 1e-4),
    "haarpsi": (0.660687, 1e-4),
    # IQA_pytorch 0.1 and piqa: 0.800735 and 0.800728
    "fsim": (0.800735, 1e-4),
    # sewar 0.4.10 and torchmetrics 1.9, which agree to seven digits
    "vif_p": (0.447652, 1e-4),
    # a second NumPy implementation of the paper on the Laplacian pyramid of pyrtools 1.1
    "iw_ssim": (0.939757, 1e-4),
    "iw_psnr": (27.790707, 1e-4),
    # second NumPy implementations of the papers; of SR-SIM with another interpolation
    "sr_sim": (0.892031, 5e-3),
    "dss": (0.538438, 1e-4),
    # psnr_hvsm 0.3
    "psnr_hvs": (22.046267, 1e-4),
    "psnr_hvs_m": (22.642695, 1e-4),
    "psnr_ha": (24.500266, 1e-4),
    "psnr_hma": (25.611646, 1e-4),
    # loops over the definition
    "snr": (15.961568, 1e-4),
    "uqi": (0.422138, 1e-5),
    # the equations of MeTriX MuX, written out step by step
    "wsnr": (18.462584, 1e-4),
    "nqm": (17.234992, 1e-4),
    # VIF of IQA_pytorch 0.1 on the frequency-domain pyramid of pyrtools 1.1, and IFC from its gains and noises
    "vif": (0.384608, 1e-4),
    "ifc": (0.577199, 1e-4),
    # the terms of viqa 3.0 on aligned blocks (117.084 and 4.93202), blended by the paper's equation
    "mad": (26.921616, 0.05),
}


def test_every_measure_has_a_reference_value() -> None:
    assert set(REFERENCE) == set(FULL_REFERENCE)


@pytest.mark.parametrize("key", list(FULL_REFERENCE))
def test_a_measure_agrees_with_a_value_computed_independently(key: str) -> None:
    expected, tolerance = REFERENCE[key]
    assert FULL_REFERENCE[key].of(*pair()) == pytest.approx(expected, abs=tolerance)


def test_the_signal_to_noise_ratio_is_that_of_piq_with_the_mean_energy_for_the_peak() -> None:
    clean, judged = pair()
    tensors = (torch.from_numpy(plane)[None, None] for plane in (clean, judged))
    energy = 10 * np.log10(np.mean(clean.astype(np.float64) ** 2))
    assert FULL_REFERENCE["snr"].of(clean, judged) == pytest.approx(
        float(piq.psnr(*tensors, data_range=1.0)) + energy, abs=1e-4
    )


EQUAL = {
    "gmsd": 0, "mad": 0, "ms_ssim": 1, "ssim": 1, "iw_ssim": 1, "fsim": 1, "sr_sim": 1, "dss": 1, "haarpsi": 1,
    "vif_p": 1, "vif": 1, "uqi": 1,
}  # fmt: skip


@pytest.mark.parametrize("key", list(EQUAL))
def test_equal_planes_have_the_best_value(key: str) -> None:
    clean, _ = pair()
    assert FULL_REFERENCE[key].of(clean, clean) == pytest.approx(EQUAL[key], abs=2e-3)


@pytest.mark.parametrize(
    "key", ["snr", "wsnr", "nqm", "psnr_hvs", "psnr_hvs_m", "psnr_ha", "psnr_hma", "iw_psnr"]
)
def test_equal_planes_have_an_infinite_ratio(key: str) -> None:
    clean, _ = pair()
    assert FULL_REFERENCE[key].of(clean, clean) == np.inf


@pytest.mark.parametrize("key", list(FULL_REFERENCE))
def test_more_noise_is_worse_on_a_small_oblong_plane(key: str) -> None:
    """Neither square, nor a multiple of 8 or 16, smaller than the windows of some, and half of it black."""
    rows, columns = np.mgrid[:101, :83]
    clean = np.where(np.hypot(rows - 50, columns - 40) < 33, 0.5 + 0.2 * np.sin(rows / 2.7), 0)
    noise = (np.random.PCG64(1).random_raw(clean.size) / 2**64 - 0.5).reshape(clean.shape)
    little, much = (np.clip(clean + size * noise, 0, 1).astype(np.float32) for size in (0.06, 0.5))
    measure = FULL_REFERENCE[key]
    sign = -1 if measure.lower_is_better else 1
    values = [sign * measure.of(clean.astype(np.float32), plane) for plane in (little, much)]
    assert np.isfinite(values).all()
    assert values[0] > values[1]


def test_planes_of_two_sizes_are_refused() -> None:
    clean, judged = pair()
    with pytest.raises(ValueError, match=r"SNR compares planes of one size"):
        FULL_REFERENCE["snr"].of(clean, judged[1:])
