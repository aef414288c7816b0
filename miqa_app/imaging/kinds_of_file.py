"""Which reader a file belongs to, by its first bytes and its name."""

from __future__ import annotations

from enum import Enum
from pathlib import Path

from miqa_app.imaging.limits import readable_size

_SIDE_SUFFIXES = frozenset(
    {
        ".txt",
        ".json",
        ".csv",
        ".tsv",
        ".md",
        ".rst",
        ".pdf",
        ".xml",
        ".html",
        ".htm",
        ".yaml",
        ".yml",
        ".bval",
        ".bvec",
        ".bvals",
        ".bvecs",
        ".log",
        ".ini",
        ".inf",
        ".py",
        ".sh",
        ".bat",
        ".exe",
        ".dll",
        ".xls",
        ".xlsx",
        ".doc",
        ".docx",
        ".css",
        ".js",
        ".sha256",
        ".md5",
        ".db",
        ".lnk",
    }
)
_SIDE_NAMES = frozenset(
    {"readme", "license", "licence", "changes", "copying", "version", "thumbs.db", "dicomdir"}
)
_NIFTI = (".nii", ".nii.gz", ".hdr", ".hdr.gz")
_ITK = (".nrrd", ".nhdr", ".mha", ".mhd")
_COMPANIONS = {
    ".img": (".hdr",),
    ".img.gz": (".hdr", ".hdr.gz"),
    ".raw": (".mhd", ".nhdr"),
    ".zraw": (".mhd",),
    ".raw.gz": (".nhdr", ".mhd"),
}
_PICTURES = (
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"\x89PNG", "a PNG picture"),
    (b"GIF8", "a GIF picture"),
    (b"BM", "a bitmap picture"),
    (b"II*\0", "a TIFF picture"),
    (b"MM\0*", "a TIFF picture"),
    (b"%PDF", "a PDF document"),
    (b"Rar!", "a RAR archive; unpack it first"),
    (b"7z\xbc\xaf", "a 7-Zip archive; unpack it first"),
)
_ENVELOPE = bytes.fromhex("2a864886f70d0107")  # 1.2.840.113549.1.7: cryptographic message syntax


class Kind(Enum):
    """The reader a file belongs to."""

    DICOM = "dicom"
    DICOMDIR = "dicomdir"
    NIFTI = "nifti"
    ITK = "itk"
    ZIP = "zip"
    SIDE = "side"
    COMPANION = "companion"
    REFUSED = "refused"


def kind_of(path: Path) -> tuple[Kind, str]:
    """Return the kind of a regular file and, for a refused one, the reason.

    Raises:
        OSError: the file cannot be read.
    """
    name = path.name.lower()
    suffix = name[name.find(".", 1) :] if "." in name[1:] else ""
    with path.open("rb") as file:
        head = file.read(512)
    if head[128:132] == b"DICM":
        return (Kind.DICOMDIR if name == "dicomdir" else Kind.DICOM), ""
    if name.startswith(".") or name in _SIDE_NAMES or Path(name).stem in _SIDE_NAMES:
        return Kind.SIDE, ""
    if not head:
        return Kind.REFUSED, "is empty (0 bytes); send it again from the scanner"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return Kind.ZIP, ""
    if name.endswith(_NIFTI):
        return Kind.NIFTI, ""
    if name.endswith(_ITK):
        return Kind.ITK, ""
    if Path(name).suffix in _SIDE_SUFFIXES:
        return Kind.SIDE, ""
    if _is_companion(path, name, suffix):
        return Kind.COMPANION, ""
    return _by_content(path, head)


def _is_companion(path: Path, name: str, suffix: str) -> bool:
    """Return whether the file holds the voxels of a header file beside it."""
    for ending, headers in _COMPANIONS.items():
        if name.endswith(ending):
            stem = path.name[: -len(ending)]
            return any(path.with_name(stem + header).exists() for header in headers)
    return False


def _by_content(path: Path, head: bytes) -> tuple[Kind, str]:
    """Judge a file whose name says nothing."""
    for magic, words in _PICTURES:
        if head.startswith(magic):
            return Kind.REFUSED, f"is {words}, not a scan"
    if head[0] == 0x30 and _ENVELOPE in head[:64]:
        return Kind.REFUSED, "is encrypted (secure DICOM); export it without encryption"
    if head[:4] in (b"\x5c\x01\0\0", b"\0\0\x01\x5c", b"\x1c\x02\0\0", b"\0\0\x02\x1c"):
        return Kind.NIFTI, ""
    if head[:2] in (b"\x08\x00", b"\x02\x00", b"\x00\x08"):
        return Kind.DICOM, ""
    size = readable_size(path.stat().st_size)
    return (
        Kind.REFUSED,
        f"is not a scan this program can read ({size}; it reads DICOM, NIfTI, NRRD, MetaImage and zip)",
    )
