"""Thresholds of the site: fitted to its own decisions, proposed with their figures, put in force by a person."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from miqa_app.core.assessment import Thresholds
from miqa_app.errors import BadRequest
from miqa_app.registry.folders import default_model, find_model
from miqa_app.registry.ledger import changing
from miqa_app.registry.promotion import signatures, with_thresholds
from miqa_app.registry.proposals import (
    CutFigures,
    Proposal,
    RateFigures,
    by_digest,
    keep,
    newest,
)
from miqa_app.registry.state import RegistryState, SiteThresholds, read_state
from miqa_app.settings import site_settings

if TYPE_CHECKING:
    from miqa_app.registry.folders import ModelFolder
    from miqa_app.statistics.operating_points import Cut, Rate


@dataclass(frozen=True)
class InForce:
    """The thresholds with which the active model's scores become verdicts.

    Attributes:
        thresholds: as results carry them.
        fitted: the version put in force for the active model, or None for the usual ones.
        proposal: with its figures, where its file is still there.
        waiting: the latest proposal for the active model that is not in force, or None.
    """

    thresholds: Thresholds
    fitted: SiteThresholds | None
    proposal: Proposal | None
    waiting: Proposal | None


@dataclass(frozen=True)
class _Case:
    score: float
    decision: str
    group: str


def fit(
    source: str | None = None, model: str | None = None, sensitivity: float | None = None
) -> Proposal:
    """Fit thresholds to decisions and keep them as a proposal; nothing is in force yet.

    Args:
        source: a CSV file of score and decision (accept, check or rescan) with optional columns group (what belongs
            together, such as the patient) and model_sha256; None takes the decisions in the store.
        model: whose scores they are; the active one by default. From the store a shadow model's scores count as well.
        sensitivity: wished for both cuts, 0–1; None takes the largest sum of both Youden indices.

    Raises:
        BadModel: there is no such model.
        BadRequest: the table cannot be read, or the decisions are too few.
    """
    from miqa_app.statistics.operating_points import fit_operating_points

    folder = find_model(model) if model else default_model()
    cases = _from_table(Path(source), folder) if source else _from_store(folder)
    try:
        points = fit_operating_points(
            [case.score for case in cases],
            [case.decision for case in cases],
            [case.group for case in cases],
            sensitivity=sensitivity,
        )
    except ValueError as error:
        where = source or "The store"
        message = f"{where}: no thresholds can be fitted for {folder.name}, because {error}."
        raise BadRequest(message) from error
    proposal = Proposal(
        name=folder.name,
        sha256=folder.sha256,
        accept=_figures(points.accept),
        rescan=_figures(points.rescan),
        counts=points.counts,
        wished=sensitivity,
        source="table" if source else "store",
        made=_now(),
    )
    keep(proposal)
    return proposal


def promote(by: str, second: str | None = None, model: str | None = None) -> str:
    """Put the latest proposal for a model in force and say so in words.

    Args:
        by: who decides.
        second: who agrees, where the site asks for two.
        model: name; the active one by default.

    Raises:
        BadModel: there is no such model.
        BadRequest: there is no proposal for it, or a signature is missing.
        MiqaError: the store cannot be reached; nothing has changed then.
    """
    names = signatures(by, second, two=site_settings().two_signatures)
    folder = find_model(model) if model else default_model()
    with changing() as ledger:
        after = with_proposal(ledger.state, folder, names)
        ledger.carry_out(after)
    own = after.thresholds[-1]
    return f"{folder.name}: accept from {own.accept:.0f}, consider a rescan below {own.rescan:.0f} (version {own.version})."


def with_proposal(state: RegistryState, folder: ModelFolder, by: tuple[str, ...]) -> RegistryState:
    """Return the registry with the latest proposal for a model in force.

    Raises:
        BadRequest: there is none, or it is in force already.
    """
    found = newest(folder.sha256)
    if found is None:
        message = f"No thresholds were fitted for {folder.name} (SHA-256 {folder.sha256[:12]}…); run 'miqa models thresholds fit' first."
        raise BadRequest(message)
    proposal, digest = found
    own = [item for item in state.thresholds if item.sha256 == folder.sha256]
    if own and own[-1].proposal == digest:
        message = f"The latest thresholds for {folder.name} are in force already (version {own[-1].version})."
        raise BadRequest(message)
    thresholds = SiteThresholds(
        version=len(state.thresholds) + 1,
        name=folder.name,
        sha256=folder.sha256,
        accept=proposal.accept.score,
        rescan=proposal.rescan.score,
        proposal=digest,
        since=_now(),
        by=by,
    )
    return with_thresholds(state, thresholds)


def show() -> InForce:
    """Return the thresholds of the active model, and what waits to be put in force.

    Raises:
        BadModel: which model is active is not known.
    """
    state, active = read_state(), default_model()
    own = [item for item in state.thresholds if item.sha256 == active.sha256]
    fitted = own[-1] if own else None
    waiting = newest(active.sha256)
    if waiting and fitted and waiting[1] == fitted.proposal:
        waiting = None
    return InForce(
        state.thresholds_of(active.sha256),
        fitted,
        by_digest(fitted.proposal) if fitted else None,
        waiting[0] if waiting else None,
    )


def words_of(proposal: Proposal) -> tuple[str, ...]:
    """Return what a proposal says, a sentence per line."""
    counts = ", ".join(f"{count} {name}" for name, count in proposal.counts.items())
    lines = [f"{proposal.name}: {sum(proposal.counts.values())} decisions ({counts})."]
    for title, cut, found in (
        ("Accept from", proposal.accept, "of those not accepted"),
        ("Rescan below", proposal.rescan, "of the rescans"),
    ):
        lines.append(
            f"{title} {cut.score} (95 % interval {cut.low:.0f}–{cut.high:.0f}): sensitivity {_shown(cut.sensitivity)} "
            f"{found}, specificity {_shown(cut.specificity)}."
        )
    if proposal.accept.score == proposal.rescan.score:
        lines.append("Both cuts are the same, so the verdict 'check' would never be given.")
    if proposal.source == "store":
        lines.append("Whoever decided saw the advice of then, which draws decisions towards it.")
    return tuple(lines)


def _shown(rate: RateFigures) -> str:
    unseen = "" if rate.unseen is None else f"; {rate.unseen:.2f} on cases left out of the fit"
    return f"{rate.value:.2f} ({rate.low:.2f}–{rate.high:.2f} of {rate.count}{unseen})"


def _from_table(path: Path, folder: ModelFolder) -> list[_Case]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            missing = [
                name for name in ("score", "decision") if name not in (reader.fieldnames or [])
            ]
            if missing:
                message = f"{path} lacks the column '{missing[0]}'; it needs score and decision."
                raise BadRequest(message)
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        message = f"{path} cannot be read as a table: {error}."
        raise BadRequest(message) from error
    cases = []
    for line, row in enumerate(rows, start=2):
        if row.get("model_sha256") not in (None, "", folder.sha256):
            continue
        try:
            score = float(row["score"])
        except (TypeError, ValueError) as error:
            message = f"{path}, line {line}: '{row['score']}' is no score from 0 to 100."
            raise BadRequest(message) from error
        decision = str(row["decision"]).strip().lower()
        cases.append(_Case(score, decision, row.get("group") or f"line {line}"))
    return cases


def _from_store(folder: ModelFolder) -> list[_Case]:
    """Return the decisions on series that a model scored; one accepted only after a look counts as 'check'."""
    from miqa_app.services.assessments import decided
    from miqa_app.store import Archive

    cases = []
    with Archive(create=False) as archive:
        for item in decided(archive, model_sha256=folder.sha256):
            kept, decision = item.assessment, item.decision.decision
            scores = [one.score for one in item.shadows if one.model.sha256 == folder.sha256]
            if kept.model is not None and kept.model.sha256 == folder.sha256:
                scores.append(kept.score)
            looked = item.looked and decision == "accept"
            if scores and scores[-1] is not None:
                said = "check" if looked else decision
                cases.append(_Case(scores[-1], said, kept.series))
    return cases


def _figures(cut: Cut) -> CutFigures:
    return CutFigures(
        score=cut.score,
        low=cut.low,
        high=cut.high,
        sensitivity=_rate(cut.sensitivity, cut.unseen_sensitivity),
        specificity=_rate(cut.specificity, cut.unseen_specificity),
    )


def _rate(rate: Rate, unseen: float) -> RateFigures:
    return RateFigures(
        value=rate.value,
        low=rate.low,
        high=rate.high,
        count=rate.count,
        unseen=None if unseen != unseen else unseen,  # NaN: no draw left a case out
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
