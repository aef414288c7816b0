"""Measures that piq provides, on planes instead of tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import piq
import torch

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray


def by_piq(
    function: Callable[..., Any], **options: object
) -> Callable[[NDArray[np.float32], NDArray[np.float32]], float]:
    """Return a measure of planes from one of piq's of (1, 1, H, W) tensors in [0, 1]."""

    @torch.inference_mode()
    def measure(clean: NDArray[np.float32], test: NDArray[np.float32]) -> float:
        return float(function(as_batch(test), as_batch(clean), **options))

    return measure


def as_batch(plane: NDArray[np.float32]) -> torch.Tensor:
    """Return a plane as (1, 1, H, W) float32."""
    return torch.from_numpy(np.ascontiguousarray(plane, dtype=np.float32))[None, None]


PSNR = by_piq(piq.psnr)
SSIM = by_piq(piq.ssim)
MS_SSIM = by_piq(piq.multi_scale_ssim)
IW_SSIM = by_piq(piq.information_weighted_ssim)
VIF_P = by_piq(piq.vif_p)
FSIM = by_piq(piq.fsim, chromatic=False)
SR_SIM = by_piq(piq.srsim, chromatic=False)
GMSD = by_piq(piq.gmsd)
DSS = by_piq(piq.dss)
HAARPSI = by_piq(piq.haarpsi)
