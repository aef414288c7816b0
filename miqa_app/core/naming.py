"""Names in lists: what a study is called, and what tells series of one name apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miqa_app.core.geometry import plane_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from miqa_app.core.series import Series

_TELLING = ("TE", "TI", "TR", "Flip angle", "Slice thickness", "Image type")
_SUFFIXES = (".dcm", ".ima", ".nii", ".gz", ".nrrd", ".nhdr", ".mha", ".mhd", ".hdr", ".img")


def study_key(series: Series) -> str:
    """Return what the series of one study have in common; files without a study go by their folder."""
    return series.study_uid or series.study_description or f"folder {_folder(series)}"


def study_name(series: Series, number: int, *, identity: bool) -> str:
    """Return what the study is called: its description where identities may be shown, else its number or folder."""
    if identity and series.study_description:
        return series.study_description
    if series.study_uid or series.study_description:
        return f"Study {number}"
    return _folder(series).rpartition("/")[2] or "Files"


def distinction(series: Series, others: Iterable[Series]) -> str:
    """Return what tells a series from others of the same name in its study, such as 'sagittal' or 'TE 18.9 ms', or ''."""
    alike = [
        other for other in others if other is not series and other.description == series.description
    ]
    if not alike:
        return ""
    plane = _plane(series)
    if plane and any(_plane(other) != plane for other in alike):
        return plane
    for name in _TELLING:
        value = series.facts.get(name, "")
        if value and any(other.facts.get(name, "") != value for other in alike):
            return value if name == "Image type" else f"{name} {value}"
    return _last(series.files[0] if series.files else series.source)


def _plane(series: Series) -> str:
    return plane_name(series.geometry) if series.geometry is not None else ""


def _folder(series: Series) -> str:
    """Return the folder a series came from, with forward slashes."""
    source = series.source.replace("\\", "/").rstrip("/")
    return source.rpartition("/")[0] if source.lower().endswith(_SUFFIXES) else source


def _last(path: str) -> str:
    return path.replace("\\", "/").rstrip("/").rpartition("/")[2]
