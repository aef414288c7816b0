"""Fixtures that several test folders share."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

_SHARED = Path(__file__).resolve().parents[2] / "shared" / "data" / "mri"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real scans beside the checkout."""
    if not _SHARED.is_dir():
        pytest.skip(f"the real scans are not at {_SHARED}")
    return _SHARED


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """An empty cache: whether this computer has prepared a graph must not decide which engine the tests meet."""
    usual = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    with pytest.MonkeyPatch.context() as patch:
        # its list of fonts takes seconds to make
        patch.setenv("MPLCONFIGDIR", os.environ.get("MPLCONFIGDIR") or str(usual / "matplotlib"))
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield
