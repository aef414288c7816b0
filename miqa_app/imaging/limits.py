"""How much a header may claim before the program refuses to reserve memory or disk for it."""

from __future__ import annotations

GIGABYTE = 2**30

LARGEST_IMAGE = 4 * GIGABYTE
"""Bytes of pixels one DICOM file may claim."""

LARGEST_VOLUME = 16 * GIGABYTE
"""Bytes of voxels one NIfTI, NRRD or MetaImage file may claim; long 4-D series are this large."""

DEFLATE_RATIO = 1032
"""No deflate stream expands further than this (zlib, 'Technical Details')."""


def readable_size(count: float) -> str:
    """Return a number of bytes as people write it, such as '128 kB'."""
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return (
                f"{count:.0f} {unit}" if count >= 10 or unit == "bytes" else f"{count:.1f} {unit}"
            )
        count /= 1000
    return f"{count:.1f} GB"
