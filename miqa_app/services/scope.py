"""Measure the scope check of a model on the frozen list of what it must refuse and what it may not."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from miqa_app.errors import BadModel
from miqa_app.evaluation.scope_check import Judged, check_scope, load_scope_list, rates
from miqa_app.registry.checkpoint import load_model
from miqa_app.scoring.engine import Engine
from miqa_app.scoring.scope import ScopeModel

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def check(
    model: str | None, data: Path, report: Callable[[int], None], listed: str = "scope-1"
) -> dict[str, Any]:
    """Return the rates per category with counts, see `evaluation.scope_check.rates`.

    Args:
        model: name or folder; the site's active model by default.
        data: folder that holds the scans of the list.
        report: called with the number of cases done.
        listed: name of the frozen list.

    Raises:
        BadModel: the model is missing, or was stored without a scope check.
        BadRecipe: a scan of the list is missing.
    """
    loaded = load_model(model)
    scope = ScopeModel.from_config(loaded.folder.config)
    if scope is None:
        message = f"The model {loaded.folder.name} was stored without a scope check; measure it anew with 'miqa models measure'."
        raise BadModel(message)
    engine = Engine(loaded.network)
    judged: list[Judged] = []
    for item in check_scope(load_scope_list(listed), data, engine, scope):
        judged.append(item)
        report(len(judged))
    return {
        "list": listed,
        "model": asdict(loaded.folder.identity),
        "engine": asdict(engine.identity),
        **rates(judged),
    }
