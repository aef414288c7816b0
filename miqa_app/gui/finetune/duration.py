"""Times and sizes as people say them."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """Return a time in the unit that people would use."""
    if seconds < 50:
        return "under 1 minute"
    if seconds < 90:
        return "1 minute"
    if seconds < 5400:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.1f} hours"


def gigabytes(mebibytes: float) -> str:
    """Return a size of memory in GB."""
    return f"{mebibytes * 1.048576 / 1000:.1f} GB"
