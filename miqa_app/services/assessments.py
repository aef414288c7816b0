"""Keep assessments, what people decided about them, and what a model on trial says; make one once more."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from miqa_app import __version__
from miqa_app.core.assessment import Assessment, Verdict
from miqa_app.errors import BadModel, BadRequest
from miqa_app.imaging.deidentify import hashed
from miqa_app.scoring.phantoms import is_demo_phantom
from miqa_app.store import Context, Decided, Decision, KeptAssessment, ShadowScore
from miqa_app.store.assessment_records import UNDONE
from miqa_app.store.canonical import sha256
from miqa_app.store.decisions import standing
from miqa_app.store.operator import operator

if TYPE_CHECKING:
    from collections.abc import Generator

    from miqa_app.core.series import Series
    from miqa_app.store import Archive

UNDO_SECONDS = 10.0
"""So long can a decision be taken back; after that another one can be taken, and both stay on record."""

_GRACE_SECONDS = 5.0
_SAME_DEVICE, _OTHER_DEVICE = 0.05, 0.1
_KEY_DIGITS = 32


def record(archive: Archive, series: Series, assessment: Assessment) -> str | None:
    """Keep an assessment and return its key; the demo phantom is not kept and has none.

    The same pixels, model, thresholds and version of the program give the same key, and nothing is written twice.
    """
    if is_demo_phantom(series):
        return None
    kept = kept_form(series, assessment)
    archive.add_assessments([kept])
    return kept.key


def record_shadow(archive: Archive, key: str, shadow: Assessment) -> None:
    """Keep what a model on trial says of the series of an assessment.

    Raises:
        BadRequest: the assessment was not kept.
    """
    if shadow.model is None:
        return
    archive.add_shadow(
        ShadowScore(
            key, shadow.model, shadow.verdict, shadow.score, shadow.interval, shadow.scope.distance
        )
    )


def kept_form(series: Series, assessment: Assessment) -> KeptAssessment:
    """Return what is kept of an assessment."""
    pixels = pixel_hash(series)
    model = "" if assessment.model is None else assessment.model.sha256
    identity = [pixels, model, asdict(assessment.thresholds), assessment.reason, __version__]
    source = Path(series.source)
    return KeptAssessment(
        key=sha256(identity)[:_KEY_DIGITS],
        source=str(source.absolute()) if source.exists() else series.source,
        series=pixels,
        title=series.description,
        frames=series.frames,
        model=assessment.model,
        engine=assessment.engine,
        thresholds=assessment.thresholds,
        verdict=assessment.verdict,
        reason=assessment.reason,
        score=assessment.score,
        interval=assessment.interval,
        suspected=assessment.suspected,
        artefacts=assessment.artefacts,
        scope=assessment.scope,
        context=context_of(series),
        app_version=__version__,
    )


def context_of(series: Series) -> Context:
    """Return where a series comes from; the scanner's own name is hashed, the patient is not looked at."""
    facts = series.facts
    return Context(
        manufacturer=facts.get("Manufacturer", ""),
        model=facts.get("Model", ""),
        station=hashed(series.identity.get("Station", "")),
        sequence=" ".join((facts.get("Protocol") or series.description).split()),
        coil=facts.get("Coil", ""),
        anatomy=facts.get("Body part", ""),
        field=facts.get("Field strength", ""),
        acquired=facts.get("Acquisition date", ""),
    )


def pixel_hash(series: Series) -> str:
    """Return the SHA-256 over the voxels and all that turns them into values, which is all that a score depends on."""
    digest = hashlib.sha256()
    form = (series.voxels.shape, series.voxels.dtype.newbyteorder("<").str, series.time_points)
    digest.update(repr((form, series.inverted, series.padding, series.modality)).encode())
    if series.real_part:  # said only where it is so: what was kept of other scans stays as it is
        digest.update(b"real part")
    little = series.voxels.dtype.newbyteorder("<")
    for frame in series.voxels:
        digest.update(np.ascontiguousarray(frame, dtype=little).data)
    for part in (series.slope, series.intercept):
        digest.update(np.ascontiguousarray(part, dtype="<f8").data)
    return digest.hexdigest()


# ---------------------------------------------------------------- decisions


def decide(
    archive: Archive,
    key: str,
    decision: str,
    *,
    reason: str = "",
    by: str = "",
    seconds: float | None = None,
) -> Decision:
    """Keep what a person decided about an assessment.

    Args:
        archive: the store.
        key: of the assessment.
        decision: 'accept', 'check' or 'rescan'.
        reason: for a rescan, one of 'motion', 'ghost', 'coverage', 'contrast', 'metal' and 'other'.
        by: who decided; whoever works at this computer by default.
        seconds: from the moment the result was shown.

    Raises:
        BadRequest: the assessment was not kept, or the words are none of these.
    """
    return archive.add_decision(key, decision, reason, by or operator(), seconds)


def undo(archive: Archive, key: str, by: str = "") -> Decision | None:
    """Take the last decision about an assessment back and return the one that stands now, if any.

    Raises:
        BadRequest: there is none, or it is older than `UNDO_SECONDS`.
    """
    left = standing(archive.decisions(key))
    if left:
        taken = datetime.fromisoformat(left[-1].recorded)
        # the key was pressed in time; the store may have been busy
        if (datetime.now(UTC) - taken).total_seconds() > UNDO_SECONDS + _GRACE_SECONDS:
            message = (
                f"A decision can be undone within {UNDO_SECONDS:.0f} seconds; decide anew instead."
            )
            raise BadRequest(message)
    archive.add_decision(key, UNDONE, "", by or operator(), None)
    return left[-2] if len(left) > 1 else None


def decision_on(archive: Archive, key: str) -> Decision | None:
    """Return the decision about an assessment that stands, if there is one."""
    left = standing(archive.decisions(key))
    return left[-1] if left else None


def decided(archive: Archive, *, model_sha256: str = "") -> tuple[Decided, ...]:
    """Return the assessments about which a decision stands, in the order in which they were stored.

    Args:
        archive: the store.
        model_sha256: only those of this model, or with a shadow score of it; all by default.
    """
    history = defaultdict(list)
    for decision in archive.decisions():
        history[decision.assessment].append(decision)
    shadows = defaultdict(list)
    for shadow in archive.shadows():
        shadows[shadow.assessment].append(shadow)
    found = []
    for kept in archive.assessments():
        left = standing(history[kept.key])
        own = tuple(shadows[kept.key])
        models = {kept.model.sha256 if kept.model else "", *(one.model.sha256 for one in own)}
        if left and (not model_sha256 or model_sha256 in models):
            looked = any(one.decision == "check" for one in left)
            found.append(Decided(kept, left[-1], looked, own))
    return tuple(found)


# ---------------------------------------------------------------- once more


@dataclass(frozen=True, eq=False)
class Recomputed:
    """An assessment made once more.

    Attributes:
        kept: what was kept.
        score: of now, or None.
        verdict: of now, with the thresholds of then.
        same: whether both are the same within rounding.
        words: one sentence.
    """

    kept: KeptAssessment
    score: float | None
    verdict: Verdict
    same: bool
    words: str


def recompute(
    archive: Archive, key: str, scan: Path | None = None, device: str = "auto"
) -> Generator[object, None, Recomputed]:
    """Judge the scan of a kept assessment once more, with the model of then, yielding the steps of `services.score`.

    Args:
        archive: the store.
        key: of the assessment, or its first digits.
        scan: where the scan lies now, if it was moved.
        device: 'auto', 'cuda', 'mps' or 'cpu'.

    Raises:
        BadRequest: there is no such assessment, the model was not run then, or the scan is gone or another one.
        BadModel: the model of then is not installed any more.
    """
    from miqa_app.imaging import read
    from miqa_app.imaging.events import Completed
    from miqa_app.services.score import Scorer

    kept = archive.assessment(key)
    model = _model_of(kept)
    place = scan or _nearest(Path(kept.source))
    if not place.exists():
        message = f"The scan of the assessment {kept.key[:8]} is not at {place} any more; say with --scan where it lies."
        raise BadRequest(message)
    scorer = Scorer(str(model), device)
    for event in read([place]):
        yield event
        if isinstance(event, Completed) and pixel_hash(event.series) == kept.series:
            return _compared(kept, (yield from scorer.assess(event.series)))
    message = (
        f"{place} holds no series with the pixels of the assessment {kept.key[:8]}: they were changed or moved; "
        "say with --scan where the scan lies."
    )
    raise BadRequest(message)


def _model_of(kept: KeptAssessment) -> Path:
    from miqa_app.registry import list_models

    if kept.model is None:
        message = f"The assessment {kept.key[:8]} was made without a model ({kept.reason}); there is nothing to recompute."
        raise BadRequest(message)
    for folder in list_models():
        if folder.sha256 == kept.model.sha256:
            return folder.path
    message = (
        f"The model {kept.model.name} {kept.model.sha256[:8]} that made the assessment {kept.key[:8]} is not installed "
        "any more; import it again."
    )
    raise BadModel(message)


def _nearest(source: Path) -> Path:
    """Return the source, or the archive that it lies in."""
    inside = next((one for one in source.parents if one.is_file()), None)
    return inside or source


def _compared(kept: KeptAssessment, now: Assessment) -> Recomputed:
    verdict = now.verdict if now.score is None else kept.thresholds.verdict(now.score)
    same_device = now.engine == kept.engine
    if kept.score is None or now.score is None:
        same = kept.score is None and now.score is None and kept.reason == now.reason
        words = "not assessed, as then" if same else "one of the two gives no score"
    else:
        apart = abs(now.score - kept.score)
        same = apart <= (_SAME_DEVICE if same_device else _OTHER_DEVICE)
        words = f"{now.score:.2f} now, {kept.score:.2f} then"
        words += "" if same_device else ", on another device"
    return Recomputed(
        kept, now.score, verdict, same, ("Same: " if same else "Not the same: ") + words
    )
