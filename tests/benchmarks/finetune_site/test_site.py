"""The simulated site is what it says it is."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import yaml

from miqa_app.core.artefact_kinds import KEYS
from miqa_app.paths import bundled
from tests.benchmarks.finetune_site.cases import BROKEN, MIRRORED, Case, Row, spoilt
from tests.benchmarks.finetune_site.items import draw
from tests.benchmarks.finetune_site.material import TRAIN, UNSEEN
from tests.benchmarks.finetune_site.raters import Site


def test_no_recipe_of_a_bundled_model_trains_on_a_person_of_the_site() -> None:
    people = {(source.name, source.subject) for source in (*TRAIN, *UNSEEN)}
    recipes = [
        values
        for path in (bundled("resources") / "recipes").glob("*.yaml")
        if "train" in (values := yaml.safe_load(path.read_text(encoding="utf-8")))
    ]
    assert recipes
    for recipe in recipes:
        trained = {(one["name"], one["subject"]) for one in recipe["train"]}
        assert not trained & people, recipe["name"]


def test_nobody_is_both_learnt_from_and_tested_on() -> None:
    assert not {one.name for one in TRAIN} & {one.name for one in UNSEEN}


@pytest.mark.parametrize("q", [20.0, 50.0, 90.0])
def test_the_site_is_stricter_on_motion_and_more_lenient_on_noise(q: float) -> None:
    site = Site()
    plain = site.latent(q, ["blur"])
    assert site.latent(q, ["motion"]) < plain < site.latent(q, ["white_noise"])
    assert site.low <= site.latent(q, ["motion"])
    assert plain == pytest.approx(35 + 0.5 * q)


def test_votes_scatter_as_stated_and_the_same_people_vote_in_all_parts() -> None:
    site = Site(raters=40)
    latent = np.full(500, 60.0)
    first, second = site.votes(latent, 1), site.votes(latent, 2)
    assert not np.array_equal(first, second)
    assert first.std(0).mean() == pytest.approx(site.scatter, rel=0.05)
    # a person's bias is that person's in every part
    assert np.corrcoef(first.mean(0), second.mean(0))[0, 1] > 0.98


def test_draws_are_balanced_and_hold_one_clean_image_of_every_reference() -> None:
    items = draw(300, 36, 3)
    assert len(items) == 300
    clean = [item.reference for item in items if not item.artefacts]
    assert sorted(clean) == list(range(36))
    per_reference = Counter(item.reference for item in items)
    assert max(per_reference.values()) - min(per_reference.values()) <= 1
    kinds = Counter(kind for item in items for kind, _ in item.artefacts)
    assert set(kinds) == set(KEYS)
    assert max(kinds.values()) <= 1.4 * min(kinds.values())
    assert all(len({kind for kind, _ in item.artefacts}) == len(item.artefacts) for item in items)


def _rows() -> list[Row]:
    kinds = ("clean", BROKEN, "motion", f"motion+{BROKEN}")
    return [
        {"image": str(n), "mos": f"{40 + n:.3f}", "ci": f"{n}", "kind": kinds[n % 4]}
        for n in range(40)
    ]


def test_shuffled_ratings_are_the_same_ratings_on_other_images() -> None:
    rows = _rows()
    shuffled = spoilt(rows, "shuffled")
    assert [row["image"] for row in shuffled] == [row["image"] for row in rows]
    assert Counter(row["mos"] for row in shuffled) == Counter(row["mos"] for row in rows)
    moved = sum(one["mos"] != other["mos"] for one, other in zip(rows, shuffled, strict=True))
    assert moved >= 30


def test_only_the_broken_kind_is_turned_upside_down() -> None:
    rows = _rows()
    for before, after in zip(rows, spoilt(rows, "broken"), strict=True):
        turned = BROKEN in before["kind"].split("+")
        expected = 120 - float(before["mos"]) if turned else float(before["mos"])
        assert float(after["mos"]) == pytest.approx(expected)


def test_the_mirrored_site_judges_the_same_images_the_other_way_round() -> None:
    rows = [
        {"image": str(n), "mos": "0", "ci": "0", "kind": kind, "q": "50"}
        for n, kind in enumerate(["motion"] * 200 + ["blur"] * 200 + ["white_noise"] * 200)
    ]
    case = Case(112, mirrored=True)
    assert case.name == "mirrored-112"
    scores = np.array([float(row["mos"]) for row in case.rated(rows, 3)]).reshape(3, 200).mean(1)
    motion, blur, noise = scores
    assert motion > blur + 5 > noise + 10
    assert blur == pytest.approx(MIRRORED.latent(50, ["blur"]), abs=4)
    assert Case(112).rated(rows, 3) == rows
