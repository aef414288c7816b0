"""The models of a site: what each is, what its evidence says, and where the site stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from miqa_app.core.assessment import Thresholds
from miqa_app.core.network_families import family_title
from miqa_app.errors import BadModel
from miqa_app.registry.acceptance import evidence_file, stored_verdict
from miqa_app.registry.folders import (
    ModelFolder,
    bundled_default,
    default_model,
    find_identical,
    find_model,
    list_models,
)
from miqa_app.registry.ledger import interrupted
from miqa_app.registry.state import Change, ModelState, RegistryState, read_state, state_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True)
class ModelRow:
    """An installed model.

    Attributes:
        name: by which users ask for it.
        state: what it is to the site.
        sha256: of its content.
        training: one line on what it learnt from.
        path: its folder.
        network: name of its design.
        family: 'MIQANet', 'LoDa', 'LoDaPro' or 'LAR-IQA'.
        evidence: the page to read, or None.
        verdict: of the gate, as the evidence says it: 'pass', 'fail', 'uncertain', or ''.
        since: when it became active or shadow, ISO 8601, or ''.
        by: who decided that.
        judges: whether it scores; else it is a start for a training.
        srocc: rank correlation with the quality index on sources it never saw, or None where that was not measured.
    """

    name: str
    state: ModelState
    sha256: str
    training: str
    path: Path
    network: str
    family: str
    evidence: Path | None
    verdict: str
    since: str
    by: tuple[str, ...]
    judges: bool
    srocc: float | None


@dataclass(frozen=True)
class NetworkRow:
    """A network that the program can train.

    Attributes:
        name: as recipes name it.
        family: 'MIQANet', 'LoDa', 'LoDaPro' or 'LAR-IQA'.
        weights: how many, all heads included.
        operations: multiply-accumulates on a slice of 224 × 224 pixels.
    """

    name: str
    family: str
    weights: int
    operations: int


@dataclass(frozen=True)
class RegistryStatus:
    """Where the site stands.

    Attributes:
        active: the model that scores, or None where there is no sound one.
        problem: why there is none, or ''.
        shadow: the model that scores beside it, or None.
        thresholds: with which the active model's scores become verdicts.
        interrupted: changes that were cut off and did not come into force, in words, or ''.
        unaudited: changes that the audit log still lacks, because its store was out of reach.
        history: all changes, the latest last.
    """

    active: ModelRow | None
    problem: str
    shadow: ModelRow | None
    thresholds: Thresholds
    interrupted: str
    unaudited: int
    history: tuple[Change, ...]


def models() -> list[ModelRow]:
    """Return all installed models by name.

    Raises:
        BadModel: the registry is damaged.
    """
    state = read_state()
    return [row_of(folder, state) for folder in list_models()]


def networks() -> list[NetworkRow]:
    """Return the networks of all families by name, trained or not."""
    from miqa_app.networks import CONFIGS, SIZES

    return [
        NetworkRow(name, family_title(CONFIGS[name].model_dump()), size.weights, size.operations)
        for name, size in SIZES.items()
    ]


def status() -> RegistryStatus:
    """Return where the site stands; a damaged active model is a problem in words, not an error.

    Raises:
        BadModel: the registry itself is damaged.
    """
    state, problem, active = read_state(), "", None
    try:
        active = row_of(default_model(), state)
    except BadModel as error:
        problem = str(error)
    shadow = None
    if state.shadow is not None:
        try:
            shadow = row_of(find_identical(state.shadow.name, state.shadow.sha256), state)
        except BadModel as error:
            problem = problem or str(error)
    cut_off = interrupted()
    return RegistryStatus(
        active,
        problem,
        shadow,
        state.thresholds_of(active.sha256) if active else Thresholds(),
        "; ".join(_cut_off(change) for change in cut_off),
        len(state.unaudited),
        state.history,
    )


def evidence_page(name: str) -> Path:
    """Return the page of evidence of a model, its figures where there is no page.

    Raises:
        BadModel: there is no such model, or it has no evidence.
    """
    folder = find_model(name)
    page = _page(folder)
    if page is None:
        message = (
            f"{folder.name} has no evidence; 'miqa finetune' makes it together with a candidate."
        )
        raise BadModel(message)
    return page


def row_of(folder: ModelFolder, state: RegistryState) -> ModelRow:
    """Return what is shown of a model."""
    place = state_of(folder, state, default=folder.path == bundled_default())
    design = folder.config["network"]
    held = {ModelState.ACTIVE: state.active, ModelState.SHADOW: state.shadow}.get(place)
    return ModelRow(
        folder.name,
        place,
        folder.sha256,
        folder.identity.training,
        folder.path,
        str(design.get("name", "")),
        family_title(design),
        _page(folder),
        stored_verdict(folder.path),
        held.since if held else "",
        held.by if held else (),
        folder.judges,
        _srocc(folder.config),
    )


def _srocc(config: Mapping[str, Any]) -> float | None:
    match config.get("evaluation"):
        case {"pooled": {"srocc": int() | float() as value}}:
            return float(value)
    return None


def _page(folder: ModelFolder) -> Path | None:
    figures = evidence_file(folder.path)
    pages = (figures.with_suffix(".html"), figures.with_suffix(".pdf"), figures)
    return next((page for page in pages if page.is_file()), None)


def _cut_off(change: Change) -> str:
    who = " and ".join(change.by)
    return f"'{change.what}' ({change.name}) by {who} was cut off on {change.when} and did not come into force"
