"""A configuration gives away numbers and words of closed lists, and nothing that somebody wrote."""

from __future__ import annotations

import json
from typing import Any

import pytest

from miqa_app.errors import BadModel
from miqa_app.registry.folders import find_model
from miqa_app.registry.share import shareable_card, shareable_config, shared_name
from miqa_app.training.finetune.recipe import read_finetune_recipe
from tests.registry.promotable import CONFIG

NETWORK = find_model("lite").config["network"]


def config(**changes: Any) -> dict[str, Any]:
    return {**CONFIG, "network": NETWORK, **changes}


def test_what_may_leave_the_house_passes_whole_and_a_second_time_nothing_changes() -> None:
    once = shareable_config(config())
    assert shareable_config(once) == once
    assert json.loads(json.dumps(once)) == once
    for part in ("preprocessing", "score_scale", "interval", "network"):
        assert once[part] == config()[part]
    kept = CONFIG["training"]
    assert {**once["training"], "summary": ""} == kept
    finetune = {"train_images": 100, "validation_images": 12}
    split = shareable_config(config(training={**kept, "finetune": finetune}))
    assert split["training"]["summary"] == "lite, fine-tuned on 112 of 160 rated images of a site"


@pytest.mark.parametrize("part", ["scope", "interval", "preprocessing", "score_scale"])
def test_what_a_candidate_inherits_from_a_bundled_parent_stays(part: str) -> None:
    parent = find_model("lite").config
    assert shareable_config(config(**{part: parent[part]}))[part] == parent[part]


def test_names_of_sources_leave_a_scope_check_that_a_site_fitted() -> None:
    scope = dict(find_model("lite").config["scope"])
    scope["unseen"] = {"St Marys ward 3": 0.1}
    shared = shareable_config(config(scope=scope))["scope"]
    assert shared == {**scope, "unseen": {}}


def test_a_scope_check_that_holds_text_instead_of_numbers_is_refused() -> None:
    scope = {**find_model("lite").config["scope"], "threshold": "St Marys"}
    with pytest.raises(BadModel, match="damaged"):
        shareable_config(config(scope=scope))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("training", "summary"), "of Hans Müller"),
        (("training", "study"), "Müller"),
        (("training", "parent", "name"), "lite-muller"),
        (("training", "parent", "sha256"), "Müller"),
        (("training", "recipe", "remark"), "for Müller"),
        (("training", "recipe", "name"), "muller"),
        (("training", "recipe", "epochs"), "Müller"),
        (("training", "finetune", "kept"), "average of Müller"),
        (("training", "finetune", "device"), "Müller's GPU"),
        (("training", "finetune", "seeds"), [{"seed": "Müller", "subject": "Müller"}, "Müller"]),
        (("training", "finetune", "notes"), ["Müller"]),
        (("training", "rated", "raters"), ["Müller"]),
        (("score_scale", "target"), "Müller"),
        (("preprocessing", "low"), "Müller"),
        (("interval", "per_kind"), {"Müller": 1.0, "motion": 2.0}),
        (("interval", "level"), "Müller"),
        (("recalibrated",), "64 images of Müller"),
        (("network", "name"), "muller"),
    ],
)
def test_text_of_people_stays_at_home(path: tuple[str, ...], value: Any) -> None:
    spoilt = json.loads(json.dumps(config()))
    place = spoilt
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    shared = shareable_config(spoilt)
    for content in (json.dumps(shared, ensure_ascii=False), shareable_card(spoilt)):
        assert "müller" not in content.lower()
        assert "muller" not in content.lower()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e30, True, None, [1]])
def test_what_is_no_plain_number_does_not_pass_for_one(value: object) -> None:
    spoilt = config(interval={"factor": value, "level": 0.9})
    assert shareable_config(spoilt)["interval"] == {"level": 0.9}


def test_a_network_with_more_than_a_design_is_refused() -> None:
    with pytest.raises(BadModel, match="cannot be shared"):
        shareable_config(config(network={**NETWORK, "owner": "Müller"}))


def test_the_card_says_what_is_in_the_configuration() -> None:
    card = shareable_card(config())
    for words in ("fine-tuned", "| images | 160 |", "| raters | 9 |", "| epochs | 8 |", "a" * 64):
        assert words in card
    assert "not a certified medical device" in card


def test_outside_the_house_a_model_has_a_name_that_says_nothing() -> None:
    assert shared_name("lite", "abcdef0123" + "0" * 54) == "lite-abcdef01"
    assert shared_name("muller", "abcdef0123" + "0" * 54) == "model-abcdef01"


def test_every_setting_of_a_recipe_but_its_remark_may_leave_the_house() -> None:
    recipe = read_finetune_recipe("heads").model_dump(mode="json")
    del recipe["remark"]
    spoilt = config(training={**CONFIG["training"], "recipe": recipe})
    assert shareable_config(spoilt)["training"]["recipe"] == recipe
