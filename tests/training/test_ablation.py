"""An ablation trains every variant under the same recipe and puts their figures side by side."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from miqa_app.core.artefact_kinds import KEYS
from miqa_app.errors import BadRecipe
from miqa_app.networks import Prediction, build, named_config
from miqa_app.paths import bundled
from miqa_app.registry.checkpoint import load_model
from miqa_app.registry.folders import find_model
from miqa_app.services.ablate import HEADINGS, ablate, as_markdown
from miqa_app.services.method_list import read_method_list
from miqa_app.training import ablation
from miqa_app.training.ablation import figures_on_crops, read_ablation
from miqa_app.training.crops import Crops
from miqa_app.training.progress import Progress
from miqa_app.training.rated_recipe import read_rated_recipe


@pytest.fixture
def variants(recipe_values: dict[str, Any], tmp_path: Path) -> Path:
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(recipe_values))
    path = tmp_path / "losses.yaml"
    content = {"all parts": {}, "No rank!": {"rank": 0}}
    path.write_text(
        yaml.safe_dump(
            {
                "recipe": "tiny.yaml",
                "change": {"epochs": 1},
                "seeds": [3, 4],
                "variants": content,
            },
            sort_keys=False,
        )
    )
    return path


def test_variants_differ_in_the_named_part_only(variants: Path) -> None:
    found = read_ablation(variants)
    assert [recipe.seed for recipe in found["all parts"]] == [3, 4]
    for whole, less in zip(found["all parts"], found["No rank!"], strict=True):
        assert (whole.epochs, less.epochs) == (1, 1)
        assert (whole.name, less.name) == (f"all-parts-{whole.seed}", f"no-rank--{whole.seed}")
        assert less.loss == whole.loss.model_copy(update={"rank": 0})
        other = {"name", "loss"}
        assert less.model_dump(exclude=other) == whole.model_dump(exclude=other)


def test_without_seeds_it_is_that_of_the_recipe(variants: Path) -> None:
    document = yaml.safe_load(variants.read_text())
    del document["seeds"]
    variants.write_text(yaml.safe_dump(document))
    assert [recipe.seed for recipe in read_ablation(variants)["all parts"]] == [3]


def test_a_variant_may_change_the_network_instead(variants: Path) -> None:
    document = yaml.safe_load(variants.read_text())
    document["variants"] = {"other": {"network": "lariqa", "rank": 0}}
    variants.write_text(yaml.safe_dump(document))
    ((other, _),) = read_ablation(variants).values()
    assert (other.network, other.loss.rank, other.epochs) == ("lariqa", 0, 1)


def test_the_bundled_list_of_networks_has_one_of_each_family_and_the_same_training() -> None:
    found = read_ablation(bundled("resources") / "recipes" / "ablation" / "networks.yaml")
    families = [named_config(recipe.network).family for recipe, *_ in found.values()]
    assert sorted(families) == ["lariqa", "loda", "lodapro", "miqanet"]
    same = [recipe.model_dump(exclude={"name", "network"}) for recipe, *_ in found.values()]
    assert all(recipe == same[0] for recipe in same)


def test_the_bundled_list_leaves_out_every_part_that_teaches() -> None:
    found = read_ablation(bundled("resources") / "recipes" / "ablation" / "losses.yaml")
    whole = next(iter(found.values()))[0].loss
    gone = {
        part
        for recipe, *_ in found.values()
        for part, weight in recipe.loss.model_dump().items()
        if weight == 0 and getattr(whole, part) > 0
    }
    assert gone == {"rank", "plcc", "kind", "severity", "map", "kind_map"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("- a list", "is no list of variants"),
        ("recipe: gone.yaml\nvariants: {}", "no such recipe"),
        ("recipe: tiny.yaml\nvariants: {odd: {colour: 1}}", "the variant 'odd' does not check out"),
    ],
)
def test_a_list_that_does_not_check_out_is_named(variants: Path, content: str, words: str) -> None:
    variants.write_text(content)
    with pytest.raises(BadRecipe, match=words):
        read_ablation(variants)


def test_every_variant_is_trained_once_and_written_to_the_table(
    variants: Path, phantom: Path, tmp_path: Path
) -> None:
    stages: list[str] = []

    def note(step: Progress) -> None:
        stages.append(step.stage)

    variants.write_text(variants.read_text().replace("- 4\n", ""))
    threads = torch.get_num_threads()
    table = ablate(variants, phantom, tmp_path / "out", note)
    assert list(table) == ["all parts", "No rank!"]
    assert torch.get_num_threads() == threads  # two trainings on one machine share its cores
    assert table["all parts"] != table["No rank!"]
    assert all(set(row) == {"seed", *HEADINGS} for rows in table.values() for row in rows)
    assert list(dict.fromkeys(stage for stage in stages if "train" in stage)) == [
        "all parts, seed 3: train",
        "No rank!, seed 3: train",
    ]
    with (tmp_path / "out" / "ablation.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["variant"], row["seed"]) for row in rows] == [(name, "3") for name in table]
    assert (tmp_path / "out" / "ablation.md").read_text().strip() == as_markdown(table)
    listed = read_method_list(str(tmp_path / "out" / "methods.yaml"))
    assert [row.label for row in listed.rows] == list(table)
    for row in listed.rows:
        # the list is read by a run that knows nothing of this one: its weights load and judge, and are not the same
        assert row.applied(read_rated_recipe(listed.recipe)).method == "frozen"
        assert load_model(row.start).network.config.name == row.network
    assert len({find_model(str(row.start)).sha256 for row in listed.rows}) == len(table)
    stages.clear()
    (tmp_path / "out" / "methods.yaml").unlink()
    assert ablate(variants, phantom, tmp_path / "out", note) == table
    assert not stages  # nothing is trained a second time
    assert read_method_list(str(tmp_path / "out" / "methods.yaml")) == listed


def test_a_difference_stands_beside_its_scatter_over_the_seeds() -> None:
    def row(seed: int, value: float) -> dict[str, float]:
        return {"seed": seed, **dict.fromkeys(HEADINGS, value)}

    # without the part: 0.1 and 0.3 lower, so 0.2 on average, with a standard deviation of 0.1414
    table = {"all": [row(1, 0.6), row(2, 0.8)], "less": [row(1, 0.5), row(2, 0.5)]}
    whole, less = as_markdown(table).splitlines()[2:]
    assert whole == "| all | 2 |" + " 0.700 |" * len(HEADINGS)
    assert less == "| less | 2 |" + " 0.500 (-0.200 ± 0.141) |" * len(HEADINGS)
    # while the second seed is under way, one run is compared with its own seed, and what is not begun has no row
    table = {"all": [row(1, 0.6), row(2, 0.8)], "less": [row(1, 0.5)], "least": []}
    assert as_markdown(table).splitlines()[3:] == ["| less | 1 |" + " 0.500 |" * len(HEADINGS)]


def test_the_figures_on_crops_are_those_of_a_network_that_knows(
    crops: Crops, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the targets as predictions every figure is 1; with the members swapped every group is out of order."""

    def knowing(network: Any, flat: dict[str, torch.Tensor]) -> Prediction:
        del network
        empty = torch.zeros(())
        known = {
            "score": flat["q"],
            "artefact_logits": flat["kinds"],
            "score_map": flat["cells"],
        }
        return Prediction(**{name: known.get(name, empty) for name in Prediction._fields})

    monkeypatch.setattr(ablation, "judged", knowing)
    found = figures_on_crops(build("lite"), crops)
    assert found["srocc"] == pytest.approx(1)
    assert (found["order"], found["kind_auc"], found["map_auc"]) == (1, 1, 1)
    monkeypatch.setattr(
        ablation,
        "judged",
        lambda n, flat: knowing(n, flat)._replace(score=flat["q"].view(-1, 2).flip(1).flatten()),
    )
    assert figures_on_crops(build("lite"), crops)["order"] == 0
    assert len(KEYS) == 13
