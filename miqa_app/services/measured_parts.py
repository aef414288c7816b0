"""What has been measured of a model so far: kept as it comes, because the whole takes up to hours."""

from __future__ import annotations

import hashlib
import json
import shutil
from typing import TYPE_CHECKING, Any

from miqa_app import __version__
from miqa_app.registry.durable import write_whole
from miqa_app.training.keeping import revision

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from miqa_app.networks import QualityNetwork
    from miqa_app.training.recipe import Recipe


class Parts:
    """What has been measured of a model, kept in files as it comes, so that a measurement that was stopped goes on."""

    def __init__(self, folder: Path, network: QualityNetwork, recipe: Recipe, data: Path) -> None:
        """Keep the parts in `folder`; those of other weights, another recipe, program or place of the scans are not taken."""
        content = hashlib.sha256(f"{__version__} {revision()} {recipe!r} {data.resolve()}".encode())
        for name, value in sorted(network.state_dict().items()):
            content.update(name.encode() + value.cpu().numpy().tobytes())
        self._all = folder
        self._folder = folder / content.hexdigest()[:16]

    def of(self, name: str, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Return a part as it was kept, or as `make` measures it now: plain numbers and texts."""
        file = self._folder / f"{name}.json"
        if not file.exists():
            write_whole(file, json.dumps(make()).encode())
        return json.loads(file.read_bytes())  # type: ignore[no-any-return]

    def clear(self) -> None:
        """Delete what was kept: all of it stands in a card now."""
        shutil.rmtree(self._all, ignore_errors=True)
