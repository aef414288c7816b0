"""The gate: rules registered beforehand, and the verdict on a candidate's findings."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Annotated

import yaml
from pydantic import Field, ValidationError

from miqa_app.errors import BadRecipe
from miqa_app.evaluation.evidence.criteria import CRITERIA, Ruling
from miqa_app.evaluation.evidence.facts import ModelName, Sha256
from miqa_app.evaluation.evidence.limits import Limits
from miqa_app.evaluation.evidence.record import Criterion, Verdict
from miqa_app.evaluation.evidence.strata_rule import grouped
from miqa_app.paths import bundled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miqa_app.evaluation.evidence.record import Findings

STANDARD = "standard"

_MOST_NAMED = 6


class Gate(Limits):
    """The rules of one version.

    Attributes:
        name: of the rules.
        version: of the rules.
        may_stay_uncertain: criteria that list what they cannot say without keeping the candidate back.
        sha256: of the file they were read from.
    """

    name: ModelName
    version: Annotated[int, Field(ge=1)]
    may_stay_uncertain: tuple[str, ...]
    sha256: Sha256


def load_gate(name: str = STANDARD) -> Gate:
    """Return the rules of a name.

    Raises:
        BadRecipe: there are none, or they are damaged.
    """
    path = bundled("resources") / "gates" / f"{name}.yaml"
    try:
        content = path.read_bytes()
        rules = yaml.safe_load(content)
        # line ends differ between checkouts, rules do not
        plain = content.replace(b"\r\n", b"\n")
        return Gate(**rules, sha256=hashlib.sha256(plain).hexdigest())
    except (OSError, ValidationError, yaml.YAMLError, TypeError, UnicodeError) as error:
        message = f"The rules of the gate '{name}' cannot be read from {path}: {error}."
        raise BadRecipe(message) from error


def judge(findings: Findings, gate: Gate) -> Verdict:
    """Return the verdict: 'fail' where a criterion failed, 'uncertain' where one that must be met cannot be judged.

    The same findings always give the same verdict, so a stored one can be checked against its own figures.
    """
    criteria = [
        _criterion(key, title, rule(findings, gate), gate)
        for key, (title, rule) in CRITERIA.items()
    ]
    failed = [one for one in criteria if one.outcome == "failed"]
    unclear = [one for one in criteria if one.outcome == "uncertain" and one.blocking]
    listed = [one for one in criteria if one.outcome == "uncertain" and not one.blocking]
    outcome = "fail" if failed else "uncertain" if unclear else "pass"
    return Verdict.model_validate(
        {
            "gate": gate.name,
            "version": gate.version,
            "rules_sha256": gate.sha256,
            "outcome": outcome,
            "words": _words(failed, unclear, listed, len(criteria)),
            "criteria": criteria,
        }
    )


def _criterion(key: str, title: str, ruling: Ruling, gate: Gate) -> Criterion:
    return Criterion(
        key=key,
        title=title,
        outcome=ruling.outcome,
        blocking=ruling.outcome == "failed"
        or (ruling.outcome == "uncertain" and key not in gate.may_stay_uncertain),
        words=ruling.words,
        strata=ruling.strata,
    )


def _words(
    failed: Sequence[Criterion],
    unclear: Sequence[Criterion],
    listed: Sequence[Criterion],
    count: int,
) -> str:
    if failed:
        words = f"Stopped: {len(failed)} of {count} criteria failed: {_named(failed)}."
        return words + (f" Too uncertain to say: {_named(unclear)}." if unclear else "")
    if unclear:
        return f"Too uncertain to promote: {_named(unclear)}. None failed."
    met = count - len(listed)
    words = f"Passed: {met} of {count} criteria are met, none failed."
    words += f" Too uncertain to say: {_named(listed)}." if listed else ""
    return f"{words} A named person may promote it."


def _named(criteria: Sequence[Criterion]) -> str:
    return "; ".join(one.title + _strata(one.strata) for one in criteria)


def _strata(names: Sequence[str]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f" ({grouped(names[:_MOST_NAMED])}{more})"
