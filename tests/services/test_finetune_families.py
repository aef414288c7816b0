"""A model of any family is fine-tuned to a candidate with evidence, canary and registry entry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import torch

from miqa_app.evaluation.evidence import read_evidence
from miqa_app.networks import build
from miqa_app.registry import default_model, find_model, verify_model
from miqa_app.registry.canary import check_canary
from miqa_app.registry.checkpoint import load_model, save_model
from miqa_app.services import finetune_judge
from miqa_app.services.finetune import FineTuneRequest, finetune
from tests.networks.small_families import SMALL
from tests.services import small_world
from tests.services.rated_site import Site, write_site

if TYPE_CHECKING:
    from pathlib import Path

SPLIT = {"split": lambda n, r, i: "test" if r > 4 else "train", "ci": 4, "votes": 12}
FAMILIES = [
    pytest.param(name, marks=() if name == "lariqa" else pytest.mark.slow) for name in SMALL
]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_model_of_the_family_becomes_a_candidate(
    family: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(3)
    config: dict[str, Any] = {
        "preprocessing": {"version": "robust-series-1"},
        "score_scale": {"low": 0, "high": 100, "best": 100, "target": "q-1"},
        "training": {"summary": "weights at random"},
        "interval": small_world.INTERVAL,
    }
    models = tmp_path / "models"
    save_model(models / "small", build(SMALL[family]).eval(), config, "# small\n")
    (models / "default").write_text("small\n", encoding="utf-8")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    bundled = small_world.bundled_from(models)
    monkeypatch.setattr("miqa_app.registry.folders.bundled", bundled)
    monkeypatch.setattr(finetune_judge, "references", list)
    recipe = small_world.write_recipe(tmp_path / "small.yaml", epochs=1)
    before = default_model().sha256
    table = write_site(tmp_path / "site", Site(columns=SPLIT))
    steps = finetune(FineTuneRequest(str(table), recipe=recipe, device="cpu"))
    while True:
        try:
            next(steps)
        except StopIteration as end:
            candidate = end.value
            break
    model = find_model(candidate.name)
    assert verify_model(model) == []
    assert model.config["network"]["family"] == family
    assert load_model(candidate.name).network.config.family == family
    assert model.config["training"]["parent"]["sha256"] == before == default_model().sha256
    assert check_canary(candidate.folder).passed
    made = read_evidence(candidate.folder / "evidence" / "evidence.json")
    assert made.candidate.sha256 == model.sha256
    assert made.held_out.images == 12
