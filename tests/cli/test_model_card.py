"""What `miqa models list` and `show` print for people."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from miqa_app.cli.app import run_command
from miqa_app.cli.model_card import short_card
from miqa_app.cli.window import Window
from miqa_app.networks import SIZES
from miqa_app.paths import bundled
from miqa_app.registry import find_model

CLOSED = Window(open=lambda paths: 0, screenshots=lambda *_: None, rate=lambda *_: 0)
CARD = """# own

LoDa `loda_tiny`.

**What the score is.** An index.

## Data

| source | licence |
|---|---|
| secret | none |

## Figures on subjects not seen

Evaluation e

| figure | value |
|---|---|
| SROCC | 0.9 |

| source | SROCC |
|---|---|
| one | 0.8 |

## Scope

Rates.

## Known limits

- It errs.
"""


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert run_command(CLOSED, ["models", *words]) == 0
    return capsys.readouterr().out


def test_models_that_score_stand_apart_from_networks_that_wait_for_a_training(
    capsys: pytest.CaptureFixture[str],
) -> None:
    models, networks = printed(capsys, "list").split("Networks: designs")
    listed = {line.split()[0] for line in models.splitlines()[2:] if line}
    assert listed == {"lite", "base", "lodapro_lite"}
    shown = {line.split()[0]: line for line in models.splitlines()[2:] if line}
    for name in ("lite", "base", "lodapro_lite"):
        config = json.loads((bundled("models") / name / "config.json").read_text())
        assert f" {config['evaluation']['pooled']['srocc']:.2f} " in shown[name]
    rows = {line.split()[0]: line.rstrip() for line in networks.splitlines()[2:]}
    assert set(rows) == set(SIZES)
    assert rows["lite"].split()[-1] == "lite"
    assert all(row.endswith("none yet") for name, row in rows.items() if name not in listed)


def test_the_page_of_a_model_is_its_meaning_its_first_figures_and_its_limits() -> None:
    page = short_card(CARD)
    assert "An index." in page
    assert "| SROCC | 0.9 |" in page
    assert "It errs." in page
    assert not re.search("secret|Rates|one", page)


def test_a_card_without_sections_is_shown_as_it_is() -> None:
    assert short_card("# own\n\nNothing is known.\n") == "# own\n\nNothing is known.\n"


def test_the_page_of_a_bundled_model_fits_a_screen_and_says_where_the_rest_is(
    capsys: pytest.CaptureFixture[str],
) -> None:
    page = printed(capsys, "show", "lite")
    flat = " ".join(page.split())
    assert "It is not a mean opinion score" in flat
    assert "SROCC / PLCC, pooled" in flat
    assert "Known limits" in flat
    assert "miqa models show lite --whole" in flat
    assert find_model("lite").sha256 in flat
    assert len(page.splitlines()) < 60


@pytest.mark.parametrize("name", ["lite", "base", "lodapro_lite"])
def test_the_whole_card_is_80_columns_wide_and_loses_no_word(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = printed(capsys, "show", name, "--whole")
    body = text[: text.index("Identity (SHA-256)")]
    assert max(len(line) for line in body.splitlines()) <= 80
    # long words in narrow cells go on in the next line
    assert "…" not in body
    for heading in re.findall(r"^## (.*)$", find_model(name).card, re.MULTILINE):
        assert heading in body


def test_the_card_of_a_folder_elsewhere_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    for file in find_model("lite").path.iterdir():
        (folder / file.name).symlink_to(file)
    assert f"Folder: {folder}" in printed(capsys, "show", str(folder))
