"""The contact sheet shows every kind at five severities beside the clean slice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.image import imread

from miqa_app.artefacts.sheet import SEVERITIES, write_sheet
from miqa_app.core.artefact_kinds import KEYS


def test_the_sheet_has_thirteen_rows_of_a_clean_and_five_degraded_slices(
    plane: np.ndarray, tmp_path: Path
) -> None:
    assert SEVERITIES[0] == 0
    assert list(SEVERITIES) == sorted(SEVERITIES)
    assert len(SEVERITIES[1:]) == 5
    write_sheet(plane[::2, ::2], tmp_path / "sheet.png")
    picture = imread(tmp_path / "sheet.png")[..., :3].mean(-1)
    height, width = picture.shape[0] // len(KEYS), picture.shape[1] // len(SEVERITIES)
    assert (height, width) == (198, 189)
    for row in range(len(KEYS)):
        # the titles and margins are cut off; what is left of a row are its six pictures
        band = picture[row * height + 40 : (row + 1) * height - 20]
        tiles = [band[:, n * width + 20 : (n + 1) * width - 20] for n in range(len(SEVERITIES))]
        assert all(tile.std() > 0.05 for tile in tiles)
        assert np.abs(tiles[5] - tiles[0]).mean() > 0.01
        assert np.abs(tiles[5] - tiles[0]).mean() > np.abs(tiles[1] - tiles[0]).mean()
