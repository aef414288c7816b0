"""What a model says of real artefacts, reported as it is: no target, and nothing here may be tuned on.

None of these scans was rated. What stands beside the scores was measured on the images without the model, and says of
itself how little it proves:

- fetal stacks: how far a slice stands out of the line of its neighbours. Fetal and maternal motion do that, but so does
  anatomy that changes fast; it is no ground truth.
- knee: late against first echo of the same slice. The late echo has truly less signal over the same noise, but its
  contrast is another one too.
- phantoms: ghost ratio and signal-to-noise ratio, see `phantom_measures`. They are out of the scope of the model, which
  the program refuses to score, so the network is asked directly.
- calculated b-value images: extrapolated, not acquired, and refused as well. Beside them the T2 images of the patient.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.stats import wilcoxon

from miqa_app.core.foreground import EMPTY_SHARE, object_mask
from miqa_app.core.slices import network_plane, object_share, series_scale
from miqa_app.errors import BadRequest
from miqa_app.evaluation.phantom_measures import (
    ghost_ratio,
    signal_roi,
    snr_of_image,
    snr_of_pair,
)
from miqa_app.imaging import load
from miqa_app.statistics.correlation import auc, srocc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from miqa_app.core.series import Series
    from miqa_app.scoring.prediction import PlaneEngine

ACCEPTABLE = 70.0

FETAL = "mialsrtk_fetal"
KNEE = "pymskt_knee_mese"
GHOSTING = ("hazen_phantom/ghosting_siemens", "hazen_phantom/ghosting_philips")
PAIRS = ("hazen_phantom/snr_ge", "hazen_phantom/snr_siemens", "hazen_phantom/snr_philips")
ACR = (
    "hazen_phantom/acr_ge_premier_t1",
    "hazen_phantom/acr_philips_achieva_t1",
    "hazen_phantom/acr_siemens_aera_t2",
)
B_VALUE = "picai_prep_prostatex/ProstateX-0000/dwi_calc_bval"
B_VALUE_T2 = "picai_prep_prostatex/ProstateX-0000/t2_tse_tra"
PARTS = {
    "fetal": (FETAL,),
    "knee": (KNEE,),
    "phantoms": (*GHOSTING, *PAIRS, *ACR),
    "b_values": (B_VALUE, B_VALUE_T2),
}
"""Folders of each part, below the data folder."""

_SMOOTHED = 2.0


@dataclass(frozen=True)
class FetalSlice:
    """A slice of a fetal stack.

    Attributes:
        stack: file of the stack.
        slice: index in it.
        score: points of 100.
        out_of_line: see the function of that name.
        darkening: share of signal that it lacks against its neighbours; negative where it is brighter.
    """

    stack: str
    slice: int
    score: float
    out_of_line: float
    darkening: float


@dataclass(frozen=True)
class EchoPair:
    """A slice at the first and at a later echo: scores in points of 100, signal-to-noise ratios of `snr_of_image`."""

    slice: int
    echo: str
    first: float
    late: float
    first_snr: float
    late_snr: float


@dataclass(frozen=True)
class PhantomImage:
    """A phantom image: score in points of 100, ghost ratio in per cent, and how its signal-to-noise ratio was found."""

    name: str
    test: str
    score: float
    ghost_ratio: float
    snr: float
    method: str


@dataclass(frozen=True)
class PatientSlice:
    """A slice of a patient: score in points of 100, and the artefact kind that the model finds likeliest."""

    series: str
    slice: int
    score: float
    likeliest: str


Row = FetalSlice | EchoPair | PhantomImage | PatientSlice


def real_rows(engine: PlaneEngine, data: Path) -> Iterator[tuple[str, Row]]:
    """Yield the name of the part and a row, for all parts of `PARTS` whose folders are there.

    Args:
        engine: holds the network.
        data: folder of the scans.

    Raises:
        BadRequest: the folders of no part are there.
        UnreadableFile: a folder holds no scan.
    """
    there = [part for part, paths in PARTS.items() if all((data / path).exists() for path in paths)]
    if not there:
        names = ", ".join(sorted({path for paths in PARTS.values() for path in paths}))
        message = f"{data} holds none of the folders that this benchmark reads: {names}."
        raise BadRequest(message)
    readers: dict[str, Callable[[PlaneEngine, Path], Iterator[Row]]] = {
        "fetal": _fetal,
        "knee": _knee,
        "phantoms": _phantoms,
        "b_values": _b_values,
    }
    for part in there:
        for row in readers[part](engine, data):
            yield part, row


def out_of_line(
    before: NDArray[np.floating], slice_: NDArray[np.floating], after: NDArray[np.floating]
) -> float:
    """Return how far a slice stands out of the line of its neighbours, ≥ 0; NaN where there is nothing to compare.

    Its mean unlikeness to the two neighbours over their unlikeness to one another; unlikeness is one minus the
    correlation over the object of the three together, after smoothing. Anatomy that changes steadily gives about a
    half, however fast it changes; above 1 the neighbours are more like one another than like the slice between them.
    On displacements of 2–6 pixels that were made in the fetal stacks it told moved from unmoved slices with an AUC of
    0.80–1.00 (median 1.00).
    """
    planes = [
        gaussian_filter(np.asarray(plane, dtype=np.float64), _SMOOTHED)
        for plane in (before, slice_, after)
    ]
    inside = object_mask(np.asarray(sum(planes) / max(float(planes[1].max()), 1e-12) / 3))
    if inside.sum() < 3 or any(np.ptp(plane[inside]) == 0 for plane in planes):
        return float("nan")
    likeness = np.corrcoef([plane[inside] for plane in planes])
    apart = 1 - float(likeness[0, 2])
    if apart < 1e-9:
        return float("nan")
    return (1 - (float(likeness[0, 1]) + float(likeness[1, 2])) / 2) / apart


def _fetal(engine: PlaneEngine, data: Path) -> Iterator[FetalSlice]:
    for series in load(data / FETAL):
        planes = _planes(series)
        for place in range(1, series.frames - 1):
            if object_share(planes[place]) < EMPTY_SHARE:
                continue
            inside = object_mask(planes[place])
            around = (planes[place - 1] + planes[place + 1]) / 2
            signal, usual = float(planes[place][inside].mean()), float(around[inside].mean())
            yield FetalSlice(
                stack=_name(series),
                slice=place,
                score=_score(engine, planes[place]),
                out_of_line=out_of_line(*planes[place - 1 : place + 2]),
                darkening=1 - signal / usual if usual > 0 else float("nan"),
            )


def _knee(engine: PlaneEngine, data: Path) -> Iterator[EchoPair]:
    """Yield each slice of each later echo beside the first, both scaled as a series of their own."""
    echoes = sorted(load(data / KNEE), key=_echo_time)
    first = [(_score(engine, plane), plane) for plane in _planes(echoes[0])]
    first_snr = [_snr(echoes[0].values(frame)) for frame in range(echoes[0].frames)]
    for series in echoes[1:]:
        for place, plane in enumerate(_planes(series)[: len(first)]):
            if object_share(first[place][1]) >= EMPTY_SHARE:
                yield EchoPair(
                    slice=place,
                    echo=series.facts.get("TE", "later"),
                    first=first[place][0],
                    late=_score(engine, plane),
                    first_snr=first_snr[place],
                    late_snr=_snr(series.values(place)),
                )


def _phantoms(engine: PlaneEngine, data: Path) -> Iterator[PhantomImage]:
    for path in GHOSTING:
        for series in load(data / path):
            yield _phantom(engine, series, 0, "ghosting")
    for path in PAIRS:
        images = [(series, frame) for series in load(data / path) for frame in range(series.frames)]
        snr = snr_of_pair(*(series.values(frame) for series, frame in images[:2]))
        for series, frame in images[:2]:
            yield _phantom(engine, series, frame, "SNR", snr)
    for path in ACR:
        for series in load(data / path):
            yield _phantom(engine, series, _most_even(series), "ACR, most even slice")


def _phantom(
    engine: PlaneEngine, series: Series, frame: int, test: str, snr: float | None = None
) -> PhantomImage:
    image = series.values(frame)
    return PhantomImage(
        name=_name(series),
        test=test,
        score=_score(engine, network_plane(series, frame, series_scale(series))),
        ghost_ratio=ghost_ratio(image),
        snr=snr_of_image(image) if snr is None else snr,
        method="NEMA 4, one image" if snr is None else "NEMA 1, two images",
    )


def _b_values(engine: PlaneEngine, data: Path) -> Iterator[PatientSlice]:
    for path in (B_VALUE, B_VALUE_T2):
        for series in load(data / path):
            for place, plane in enumerate(_planes(series)):
                found = next(iter(engine.predict([plane])))
                likeliest = max(found.artefacts, key=lambda kind: found.artefacts[kind])
                yield PatientSlice(_name(series), place, found.score, likeliest)


def _planes(series: Series) -> list[NDArray[np.float32]]:
    scale = series_scale(series)
    return [network_plane(series, frame, scale) for frame in range(series.frames)]


def _score(engine: PlaneEngine, plane: NDArray[np.float32]) -> float:
    return next(iter(engine.predict([plane]))).score


def _snr(image: NDArray[np.float32]) -> float:
    try:
        return snr_of_image(image)
    except ValueError:
        return float("nan")


def _echo_time(series: Series) -> float:
    return float(series.facts.get("TE", "0").split()[0])


def _most_even(series: Series) -> int:
    """Return the frame of the ACR phantom without inserts: the smallest spread of signal on the phantom."""
    spread = []
    for frame in range(series.frames):
        image = series.values(frame)
        signal = image[signal_roi(image)]
        spread.append(float(signal.std() / max(signal.mean(), 1e-12)))
    return int(np.argmin(spread))


def _name(series: Series) -> str:
    """Return the last two parts of the path, enough to tell the images apart and nothing about the machine."""
    return "/".join(series.source.replace("\\", "/").split("/")[-2:])


def real_figures(rows: Sequence[tuple[str, Row]]) -> dict[str, Any]:
    """Return the figures of all parts as plain numbers; a part whose folders were missing is None."""
    values: dict[str, Any] = dict.fromkeys(PARTS)
    fetal = [row for _, row in rows if isinstance(row, FetalSlice)]
    echoes = [row for _, row in rows if isinstance(row, EchoPair)]
    phantoms = [row for _, row in rows if isinstance(row, PhantomImage)]
    patients = [row for _, row in rows if isinstance(row, PatientSlice)]
    if fetal:
        values["fetal"] = [_stack(fetal, name) for name in _unique(r.stack for r in fetal)]
    if echoes:
        values["knee"] = [_echo(echoes, name) for name in _unique(r.echo for r in echoes)]
    if phantoms:
        values["phantoms"] = {
            "images": [vars(row) for row in phantoms],
            "srocc_ghost_ratio": _agreement(phantoms, "ghost_ratio"),
            "srocc_snr": _agreement(phantoms, "snr"),
        }
    if patients:
        values["b_values"] = [
            _scores(patients, name) for name in _unique(r.series for r in patients)
        ]
    return values


def _unique(names: Any) -> list[str]:
    return list(dict.fromkeys(names))


def _stack(rows: Sequence[FetalSlice], name: str) -> dict[str, Any]:
    """Return how the scores of one stack go with the two measures; moved are the quarter that stands out most."""
    own = [row for row in rows if row.stack == name and np.isfinite(row.out_of_line)]
    order = sorted(own, key=lambda row: row.out_of_line)
    still, moved = order[: len(order) // 2], order[-max(1, len(order) // 4) :]
    both = [*still, *moved]
    return {
        "stack": name,
        "slices": len(own),
        "above_1": sum(row.out_of_line > 1 for row in own),
        "srocc_out_of_line": srocc([r.score for r in own], [r.out_of_line for r in own]),
        "srocc_darkening": srocc([r.score for r in own], [r.darkening for r in own]),
        "auc_moved": auc([-r.score for r in both], [r in moved for r in both]),
        "mean_still": _mean([r.score for r in still]),
        "mean_moved": _mean([r.score for r in moved]),
    }


def _echo(rows: Sequence[EchoPair], echo: str) -> dict[str, Any]:
    own = [row for row in rows if row.echo == echo]
    gaps = np.array([row.first - row.late for row in own])
    return {
        "echo": echo,
        "slices": len(own),
        "mean_first": _mean([r.first for r in own]),
        "mean_late": _mean([r.late for r in own]),
        "share_late_lower": float((gaps > 0).mean()),
        "p_wilcoxon": float(wilcoxon(gaps).pvalue) if np.any(gaps) else 1.0,
        "snr_first": _mean([r.first_snr for r in own]),
        "snr_late": _mean([r.late_snr for r in own]),
    }


def _agreement(rows: Sequence[PhantomImage], name: str) -> float:
    pairs = [(r.score, getattr(r, name)) for r in rows if np.isfinite(getattr(r, name))]
    return srocc([a for a, _ in pairs], [b for _, b in pairs])


def _scores(rows: Sequence[PatientSlice], series: str) -> dict[str, Any]:
    own = [row for row in rows if row.series == series]
    scores = [row.score for row in own]
    kinds = [row.likeliest for row in own]
    return {
        "series": series,
        "slices": len(own),
        "mean": _mean(scores),
        "lowest": min(scores),
        "highest": max(scores),
        "below_acceptable": _mean([float(score < ACCEPTABLE) for score in scores]),
        "likeliest_kind": max(sorted(set(kinds)), key=kinds.count),
    }


def _mean(values: Sequence[float]) -> float:
    finite = [value for value in values if np.isfinite(value)]
    return float(np.mean(finite)) if finite else float("nan")
