"""What of a model may leave the house: a whitelist of its configuration, and a card made of nothing else.

Numbers, switches, hashes and words of closed lists pass; free text does not, for people write names in it. A candidate
is saved with its configuration and card from here, so that its content, and with it its identity, stays the same when
it travels to another site.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

from miqa_app.core.artefact_kinds import KEYS
from miqa_app.core.network_families import family_title
from miqa_app.errors import BadModel
from miqa_app.paths import bundled

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_NUMBER_UP_TO = 1e12
_DROPPED = object()

_PARTS = ("heads", "last", "full", "adapter")
CUSTOM = "custom"
"""Stands for the name of a recipe or network that somebody at the site gave."""


def _number(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _DROPPED
    return value if math.isfinite(value) and abs(value) <= _NUMBER_UP_TO else _DROPPED


def _switch(value: object) -> object:
    return value if isinstance(value, bool) else _DROPPED


def _like(pattern: str) -> Callable[[object], object]:
    """Return a rule that lets pass a text of a closed form."""
    form = re.compile(pattern)
    return lambda value: (
        value if isinstance(value, str) and form.fullmatch(value) is not None else _DROPPED
    )


def _device(value: object) -> object:
    word = str(value).lower()
    return next((name for name in ("cuda", "mps", "cpu") if word.startswith(name)), _DROPPED)


def _recipe_name(value: object) -> object:
    return value if value in _PARTS else CUSTOM


_MERIT = dict.fromkeys(("srocc", "plcc", "rmse", "mae", "rehearsal"), _number)
_EPOCH = {**_MERIT, **dict.fromkeys(("epoch", "loss"), _number)}
_SEED = {
    **dict.fromkeys(("seed", "epochs", "best_epoch", "steps", "seconds"), _number),
    "validation": _MERIT,
    "curve": [_EPOCH],
}
_NUMBERS_OF_RECIPE = (
    "adapter_rank", "epochs", "crops", "batch", "crop", "learning_rate", "backbone_rate", "weight_decay", "ema",
    "patience", "seeds", "rehearsal",
)  # fmt: skip
_NUMBERS_OF_TRAINING = (
    "steps", "seconds", "processes", "batch", "trained_parameters", "epochs", "folds", "train_images",
    "train_references", "validation_images", "test_images", "test_references", "threads", "blend",
    "seconds_given_way", "batch_in_memory",
)  # fmt: skip
_COUNTS = ("images", "references", "subjects", "raters", "votes_per_image")

_TRAINING: dict[str, Any] = {
    "recipe": {
        "name": _recipe_name,
        "parts": _like("|".join(_PARTS)),
        "precision": _like("auto|32-true|bf16-mixed"),
        "interval_weights": _switch,
        **dict.fromkeys(_NUMBERS_OF_RECIPE, _number),
        "loss": dict.fromkeys(("mse", "plcc", "rank", "rehearsal", "kinds", "map"), _number),
    },
    "finetune": {
        **dict.fromkeys(_NUMBERS_OF_TRAINING, _number),
        "parent_validation": _MERIT,
        "validation": _MERIT,
        "seeds": [_SEED],
        "images": dict.fromkeys(("train", "validation"), _number),
        "scale": dict.fromkeys(("gain", "offset"), _number),
        "kept": _like(r"average( of \d+ seeds)?|seed \d+"),
        "precision": _like("32-true|bf16-mixed"),
        "device": _device,
        "recipe": _recipe_name,
    },
    "rated": dict.fromkeys(_COUNTS, _number),
}
_SCORE_SCALE = {
    **dict.fromkeys(("low", "high", "best"), _number),
    "target": _like(r"q-\d{1,3}|mos"),
}
_INTERVAL = {
    **dict.fromkeys(
        ("factor", "level", "slice_factor", "base", "per_deviation", "per_middle"), _number
    ),
    "per_kind": dict.fromkeys(KEYS, _number),
}


def shareable_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return what may leave the house of a config.json, without 'files' and 'tensors', which saving adds.

    A second time it changes nothing.

    Raises:
        BadModel: the network or the scope check is damaged.
    """
    shared = {
        "network": _network(config["network"]),
        "preprocessing": _preprocessing(config["preprocessing"]),
        "score_scale": _passed(config["score_scale"], _SCORE_SCALE),
        "training": _training(config["training"]),
    }
    if "interval" in config:
        shared["interval"] = _passed(config["interval"], _INTERVAL)
    if "scope" in config:
        shared["scope"] = _scope(config["scope"])
    return shared


def shareable_card(config: Mapping[str, Any]) -> str:
    """Return the text of card.md for a model that learnt from a site's ratings, from what may leave the house alone."""
    shared = shareable_config(config)
    training = shared["training"]
    lines = [
        f"# {family_title(shared['network'])} `{shared['network']['name']}`, fine-tuned on ratings of a site",
        "",
        "**What the score is.** 0–100, 100 = best: the opinion of the raters of one site, as far as this model learnt it",
        "from what it knew before. Advisory only: not a certified medical device.",
        "",
        "## Where it comes from",
        "",
        f"- What it learnt from: {training['summary']}.",
        f"- Parent: {training['parent']['name']}, SHA-256 {training['parent']['sha256'] or 'unknown'}.",
        "",
        *_rows("Ratings", training["rated"]),
        *_rows("Recipe", _flat(training["recipe"])),
        *_rows("Training", _flat(training["finetune"])),
        "## How good it is",
        "",
        "In the evidence beside this model: compared with the model in use, on references that it never saw, with the",
        "verdict of the gate. Without evidence it is never promoted.",
    ]
    return "\n".join(lines) + "\n"


def shared_name(network: str, sha256: str) -> str:
    """Return what a model is called outside the house, where the name of a study or a person must not go."""
    return f"{network if network in bundled_names() else 'model'}-{sha256[:8]}"


def bundled_names() -> tuple[str, ...]:
    """Return the names of the models that came with the program."""
    root = bundled("models")
    return tuple(sorted(path.parent.name for path in root.glob("*/config.json")))


def _network(network: Mapping[str, Any]) -> dict[str, Any]:
    from miqa_app.networks import CONFIGS, design_of

    try:
        design = design_of(network).model_dump(mode="json")
    except ValueError as error:
        message = "The model's network is described in a way this program does not know; it cannot be shared."
        raise BadModel(message) from error
    return design if design["name"] in CONFIGS else {**design, "name": CUSTOM}


def _preprocessing(preprocessing: Mapping[str, Any]) -> dict[str, Any]:
    """Return it whole where it is that of a bundled model, else its version."""
    if any(preprocessing == own.get("preprocessing") for own in _bundled_configs()):
        return dict(preprocessing)
    version = _like(r"robust-series-\d{1,3}")(preprocessing.get("version"))
    return {} if version is _DROPPED else {"version": version}


def _scope(scope: Mapping[str, Any]) -> dict[str, Any]:
    """Return it whole where it is that of a bundled model, else without the names of the sources it was fitted on."""
    from miqa_app.scoring.scope import ScopeModel

    if any(scope == own.get("scope") for own in _bundled_configs()):
        return dict(scope)
    model = ScopeModel.from_config({"scope": scope})
    return {**model.as_config(), "unseen": {}} if model else {}


def _training(training: Mapping[str, Any]) -> dict[str, Any]:
    shared = _passed(training, _TRAINING)
    parent = training.get("parent")
    parent = parent if isinstance(parent, dict) else {}
    name = parent.get("name") if parent.get("name") in bundled_names() else "another model"
    digest = _like("[0-9a-f]{64}")(parent.get("sha256"))
    return {
        "summary": _summary(str(name), shared),
        "parent": {"name": name, "sha256": "" if digest is _DROPPED else digest},
        **{key: shared.get(key, {}) for key in _TRAINING},
    }


def _summary(parent: str, shared: Mapping[str, Any]) -> str:
    """Return one line on what the model learnt from: the images it learnt from and chose the epoch on, of all rated ones."""
    images, tuned = shared.get("rated", {}).get("images"), shared.get("finetune", {})
    learnt = tuned.get("train_images", 0) + tuned.get("validation_images", 0)
    counts = " of ".join(str(count) for count in (learnt, images) if count)
    return f"{parent}, fine-tuned on {f'{counts} rated images' if counts else 'ratings'} of a site"


def _passed(value: object, rule: Any) -> Any:
    """Return what a rule lets through: a function of one value, a list of one rule, or a table of rules by key."""
    if isinstance(rule, dict):
        if not isinstance(value, dict):
            return {}
        kept = {key: _passed(value[key], own) for key, own in rule.items() if key in value}
        return {key: item for key, item in kept.items() if item is not _DROPPED}
    if isinstance(rule, list):
        if not isinstance(value, list | tuple):
            return _DROPPED
        return [item for item in (_passed(one, rule[0]) for one in value) if item is not _DROPPED]
    return rule(value)


def _bundled_configs() -> list[dict[str, Any]]:
    root = bundled("models")
    return [
        json.loads((root / name / "config.json").read_text(encoding="utf-8"))
        for name in bundled_names()
    ]


def _flat(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return the plain values of a table, those of tables inside under 'outer: inner'; lists stay in config.json."""
    flat: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            flat |= {f"{key}: {inner}": item for inner, item in _flat(value).items()}
        elif not isinstance(value, list):
            flat[key] = value
    return flat


def _rows(title: str, values: Mapping[str, Any]) -> list[str]:
    if not values:
        return []
    rows = [f"| {key.replace('_', ' ')} | {_shown(value)} |" for key, value in values.items()]
    return [f"## {title}", "", "| what | value |", "|---|---|", *rows, ""]


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
