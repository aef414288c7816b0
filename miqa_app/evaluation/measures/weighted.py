"""IW-PSNR: the squared error of a Laplacian pyramid, weighted by the information that each place carries."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import torch
from piq import iw_ssim
from piq.functional import binomial_filter1d

from miqa_app.evaluation.measures.library import as_batch

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SCALES = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
_BORDER = 5
"""Half of the 11×11 window of IW-SSIM, whose weights are kept."""

_NOISE = 0.4


@torch.inference_mode()
def iw_psnr(clean: NDArray[np.float32], test: NDArray[np.float32]) -> float:
    """Return IW-PSNR in dB (Wang and Li, IEEE TIP 2011, section III); infinite for equal planes.

    The mean squared error of each of five scales is weighted by the map of IW-SSIM, the last by one, and the scales are
    multiplied with the exponents of MS-SSIM. Pyramid and weights are those of piq.

    Args:
        clean: (H, W) in [0, 1], at least 161×161.
        test: of the same size.
    """
    kernel = binomial_filter1d(kernel_size=5) * math.sqrt(2)
    low = [255 * as_batch(plane).double() for plane in (test, clean)]
    bands = []
    for _ in _SCALES[:-1]:
        steps = [iw_ssim._pyr_step(plane, kernel.double()) for plane in low]
        low = [step[0] for step in steps]
        bands.append([step[1] for step in steps])
    bands.append(low)
    errors = [_weighted(bands, scale) for scale in range(len(_SCALES))]
    mean = float(np.prod([error**power for error, power in zip(errors, _SCALES, strict=True)]))
    return 10 * math.log10(255**2 / mean) if mean > 0 else math.inf


def _weighted(bands: list[list[torch.Tensor]], scale: int) -> float:
    """Return the weighted mean squared error of a scale, without its border."""
    test, clean = bands[scale]
    inner = (..., slice(_BORDER, -_BORDER), slice(_BORDER, -_BORDER))
    error = ((test - clean) ** 2)[inner]
    if scale == len(_SCALES) - 1:
        return float(error.mean())
    # the scale above the last has no band as its parent, only the low-pass
    parent = bands[scale + 1][1] if scale < len(_SCALES) - 2 else None
    weights = iw_ssim._information_content(test, clean, parent, 3, _NOISE)
    cut = _BORDER - 1
    weights = weights[..., cut:-cut, cut:-cut]
    return float((error * weights).sum() / weights.sum())
