"""What the window of the models has done on the other thread; each function is a generator for `Job`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from miqa_app.errors import BadRequest, MiqaError

if TYPE_CHECKING:
    from collections.abc import Generator

    from miqa_app.evaluation.evidence import Evidence
    from miqa_app.registry.proposals import Proposal
    from miqa_app.services.exchange import Exported, Imported, Signed
    from miqa_app.services.models import ModelRow, RegistryStatus
    from miqa_app.services.registry import Promotion, Step
    from miqa_app.services.thresholds import InForce

_LAST = 5000
"""Entries of the audit log that are searched."""

ACTIONS = (
    "model promoted",
    "model promoted to shadow",
    "model rolled back",
    "shadow model set",
    "shadow model taken off",
    "thresholds promoted",
    "model change not carried out",
    "model export begun",
    "model import begun",
    "model folder import begun",
    "site trusted",
)
"""What the audit log says about models."""


@dataclass(frozen=True)
class Entry:
    """One entry of the history.

    Attributes:
        when: UTC time in ISO 8601.
        what: one of `ACTIONS`.
        model: its name, or ''.
        before: the model that was in its place, or ''.
        by: who decided.
        audited: it is in the audit log.
    """

    when: str
    what: str
    model: str
    before: str
    by: str
    audited: bool = True


@dataclass(frozen=True)
class Site:
    """Where the site stands.

    Attributes:
        rows: all models, the active one first.
        status: of the registry.
        thresholds: of the active model, None where it is not known which that is.
        history: the latest first.
        trouble: why the audit log could not be read, or ''.
        operator: who works at this computer.
    """

    rows: tuple[ModelRow, ...]
    status: RegistryStatus
    thresholds: InForce | None
    history: tuple[Entry, ...]
    trouble: str
    operator: str


@dataclass(frozen=True)
class Detail:
    """One model.

    Attributes:
        name: of the model.
        card: its card, Markdown.
        evidence: the evidence on it, None where it has none.
        trouble: why the evidence cannot be read, or ''.
    """

    name: str
    card: str
    evidence: Evidence | None
    trouble: str


def site(url: str | None = None) -> Generator[None, None, Site]:
    """Return where the site stands."""
    yield
    from miqa_app.services import thresholds
    from miqa_app.services.models import models, status
    from miqa_app.store.operator import operator

    now = status()
    yield
    order = ("active", "shadow", "candidate", "bundled", "retired")
    rows = sorted(models(), key=lambda row: (order.index(row.state), row.name))
    yield
    try:
        in_force = thresholds.show()
    except MiqaError:
        in_force = None
    try:
        history, trouble = _audited(url), ""
    except MiqaError as error:
        history, trouble = [], "" if isinstance(error, BadRequest) else str(error)
    missing = now.history if not history else now.history[len(now.history) - now.unaudited :]
    late = [
        Entry(one.when, one.what, one.name, one.before, " and ".join(one.by), audited=False)
        for one in missing
    ]
    return Site(tuple(rows), now, in_force, tuple(reversed([*history, *late])), trouble, operator())


def detail(row: ModelRow) -> Generator[None, None, Detail]:
    """Return card and evidence of a model."""
    yield
    from miqa_app.evaluation.evidence import read_evidence
    from miqa_app.registry.acceptance import evidence_file
    from miqa_app.registry.folders import read_folder

    card = read_folder(row.path).card
    path = evidence_file(row.path)
    try:
        found, trouble = read_evidence(path) if path.is_file() else None, ""
    except MiqaError as error:
        found, trouble = None, str(error)
    return Detail(row.name, card, found, trouble)


def allowed(name: str) -> Generator[None, None, tuple[Promotion, Proposal | None]]:
    """Return whether a model may be promoted, and thresholds that were fitted to its scores and wait."""
    yield
    from miqa_app.registry.proposals import newest
    from miqa_app.services.registry import promotion

    found = promotion(name)
    waiting = newest(found.model.sha256)
    return found, waiting[0] if waiting else None


def promoted(
    name: str, by: str, second: str | None, *, shadow: bool, thresholds: bool
) -> Generator[Step, None, str]:
    """Promote a model and return what happened in words."""
    from miqa_app.gui.quiet import collector_off, link_torch
    from miqa_app.services.registry import promote

    # the canary set is scored with torch, which comes in without a stutter
    with collector_off():
        link_torch()
        import miqa_app.registry.canary  # noqa: F401
    return (yield from promote(name, by, second, shadow=shadow, thresholds=thresholds))


def rolled_back(by: str, to: str | None) -> Generator[None, None, str]:
    """Return to an earlier model and say so in words."""
    yield
    from miqa_app.services.registry import rollback

    return rollback(by, to)


def shadowed(name: str | None, by: str) -> Generator[None, None, str]:
    """Let a model score unseen beside the active one, or none any more; say so in words."""
    yield
    from miqa_app.services.registry import set_shadow

    return set_shadow(name, by)


def exported(name: str, file: Path) -> Generator[Step, None, Exported]:
    """Write a model to an archive."""
    from miqa_app.services.exchange import export_model

    return (yield from export_model(name, file))


def inspected(file: Path) -> Generator[None, None, Signed]:
    """Return who signed an archive."""
    yield
    from miqa_app.services.exchange import inspect

    return inspect(file)


def imported(file: Path, by: str, *, trusting: bool) -> Generator[Step, None, Imported]:
    """Put the model of an archive among the candidates."""
    from miqa_app.services.exchange import import_model

    return (yield from import_model(file, trusting=trusting, by=by or None))


def folder_imported(folder: Path, by: str) -> Generator[Step, None, Imported]:
    """Put a model folder that nobody signed among the candidates."""
    from miqa_app.services.exchange import import_folder

    return (yield from import_folder(folder, by=by or None))


def fitted(source: str | None, model: str) -> Generator[None, None, Proposal]:
    """Fit thresholds to decisions: those in the store, or those of a table."""
    yield
    from miqa_app.services.thresholds import fit

    return fit(source, model)


def thresholds_promoted(by: str, second: str | None, model: str) -> Generator[None, None, str]:
    """Put the latest thresholds in force and say so in words."""
    yield
    from miqa_app.services.thresholds import promote

    return promote(by, second, model)


def two_signatures() -> bool:
    """Return whether the site asks for two persons; it does where its rules cannot be read."""
    from miqa_app.settings import site_settings

    try:
        return site_settings().two_signatures
    except MiqaError:
        return True


def day_words(iso: str) -> str:
    """Return UTC time as date and time of this place."""
    if not iso:
        return ""
    here = datetime.fromisoformat(iso).astimezone()
    return f"{here.day} {here:%b %Y, %H:%M}"


def _audited(url: str | None) -> list[Entry]:
    """Return what the audit log says about models, the latest last."""
    from miqa_app.services.audit import log

    found = []
    for entry in log(url, _LAST):
        told = entry["detail"]
        if entry["action"] not in ACTIONS or not isinstance(told, dict):
            continue
        names = told.get("by") or [entry["actor"]]
        model = told.get("model") or told.get("sha256", "")[:12] or told.get("fingerprint", "")[:12]
        found.append(
            Entry(
                str(entry["recorded"]),
                str(entry["action"]),
                str(model),
                str(told.get("before", "")),
                " and ".join(names),
            )
        )
    return found
