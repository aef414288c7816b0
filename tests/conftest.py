"""Fixtures that several test folders share."""

from pathlib import Path

import pytest

_SHARED = Path(__file__).resolve().parents[2] / "shared" / "data" / "mri"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real scans beside the checkout."""
    if not _SHARED.is_dir():
        pytest.skip(f"the real scans are not at {_SHARED}")
    return _SHARED
