"""What branches have learnt from must not judge what is trained from them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from miqa_app.errors import BadRequest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from miqa_app.evaluation.rated.record import RatedSet


def content_of(rated: RatedSet) -> str:
    """Return a hash of the files of a set, whatever they are called and however they were rated."""
    digests = []
    for image in rated.images:
        files = sorted(image.path.rglob("*")) if image.path.is_dir() else [image.path]
        digest = hashlib.sha256()
        for file in (file for file in files if file.is_file()):
            with file.open("rb") as stream:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
        digests.append(digest.digest())
    return hashlib.sha256(b"".join(sorted(digests))).hexdigest()


def refuse_seen(training: Mapping[str, Any], rated: RatedSet) -> None:
    """Raise where a set would be judged by a network whose branches learnt from it.

    A set is known by its name and by all its files together: a part of it under another name is not noticed.

    Args:
        training: what config.json of the start says of its training.
        rated: the set that is to be judged.

    Raises:
        BadRequest: it is one of those.
    """
    learnt = list(_learnt(training))
    if not learnt:
        return
    content = content_of(rated)
    for told in learnt:
        if told["name"] == rated.name or told["content"] == content:
            message = (
                f"The start has learnt from the set {told['name']}, and would be judged on what it has seen; cross-validate "
                "on another set, or train the branches without this one."
            )
            raise BadRequest(message)


def _learnt(training: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield what is told of each set that branches learnt from, here or in a training before this one."""
    for facts in training.get("branches", {}).values():
        yield from facts["sets"]
    if training.get("before"):
        yield from _learnt(training["before"])
