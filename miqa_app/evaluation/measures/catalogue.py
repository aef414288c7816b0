"""The full-reference measures of the paper's Table II, family by family; those that are missing are in its list."""

from __future__ import annotations

from miqa_app.evaluation.measures import library
from miqa_app.evaluation.measures.blocks import psnr_ha, psnr_hma, psnr_hvs, psnr_hvs_m
from miqa_app.evaluation.measures.information import ifc, vif
from miqa_app.evaluation.measures.mad import mad
from miqa_app.evaluation.measures.nqm import nqm
from miqa_app.evaluation.measures.pixels import snr, uqi, wsnr
from miqa_app.evaluation.measures.record import FullReference
from miqa_app.evaluation.measures.weighted import iw_psnr

_SCALES = 176
"""Edge to which planes are continued for measures of five scales with windows of 11 pixels; 161 are needed."""

_OCTAVES = 64
"""Edge that four octaves of blocks need."""

_ALL = (
    FullReference("psnr", "PSNR", "piq", "peak signal 1 over the mean squared error", library.PSNR),
    FullReference("snr", "SNR", "own", "energy of the clean plane over that of the error", snr),
    FullReference("wsnr", "WSNR", "own", "Damera-Venkata et al., IEEE TIP 2000", wsnr),
    FullReference("nqm", "NQM", "own", "Damera-Venkata et al., IEEE TIP 2000", nqm),
    FullReference("psnr_hvs", "PSNR-HVS", "own", "Egiazarian et al., VPQM 2006", psnr_hvs, smallest=8),
    FullReference("psnr_hvs_m", "PSNR-HVS-M", "own", "Ponomarenko et al., VPQM 2007", psnr_hvs_m, smallest=8),
    FullReference("psnr_ha", "PSNR-HA", "own", "Ponomarenko et al., CADSM 2011", psnr_ha, smallest=8),
    FullReference("psnr_hma", "PSNR-HMA", "own", "Ponomarenko et al., CADSM 2011", psnr_hma, smallest=8),
    FullReference("iw_psnr", "IW-PSNR", "own", "Wang and Li, IEEE TIP 2011", iw_psnr, smallest=_SCALES),
    FullReference("uqi", "UQI", "own", "Wang and Bovik, IEEE SPL 2002", uqi, smallest=8),
    FullReference("ssim", "SSIM", "piq", "Wang et al., IEEE TIP 2004", library.SSIM, smallest=11),
    FullReference("ms_ssim", "MS-SSIM", "piq", "Wang et al., Asilomar 2003", library.MS_SSIM, smallest=_SCALES),
    FullReference("iw_ssim", "IW-SSIM", "piq", "Wang and Li, IEEE TIP 2011", library.IW_SSIM, smallest=_SCALES),
    FullReference("fsim", "FSIM", "piq", "Zhang et al., IEEE TIP 2011", library.FSIM, smallest=_OCTAVES),
    FullReference("sr_sim", "SR-SIM", "piq", "Zhang and Li, ICIP 2012", library.SR_SIM, smallest=_OCTAVES),
    FullReference("gmsd", "GMSD", "piq", "Xue et al., IEEE TIP 2014", library.GMSD, True, 8),
    FullReference("dss", "DSS", "piq", "Balanov et al., ICIP 2015", library.DSS, smallest=_OCTAVES),
    FullReference("haarpsi", "HaarPSI", "piq", "Reisenhofer et al., Signal Processing: Image Communication 2018", library.HAARPSI, smallest=32),
    FullReference("ifc", "IFC", "own", "Sheikh et al., IEEE TIP 2005", ifc, smallest=_OCTAVES),
    FullReference("vif", "VIF", "own", "Sheikh and Bovik, IEEE TIP 2006", vif, smallest=_OCTAVES),
    FullReference("vif_p", "VIFP", "piq", "Sheikh and Bovik, IEEE TIP 2006, pixel domain", library.VIF_P, smallest=41),
    FullReference("mad", "MAD", "own", "Larson and Chandler, Journal of Electronic Imaging 2010", mad, True, _OCTAVES),
)  # fmt: skip

FULL_REFERENCE: dict[str, FullReference] = {measure.key: measure for measure in _ALL}
"""Every measure by its key; HaarPSI is the only one that the paper does not list."""
