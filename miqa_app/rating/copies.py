"""Copies of protocol presets: free to change, and never to be taken for the preset."""

from __future__ import annotations

from pathlib import Path

import yaml

from miqa_app.errors import BadRequest
from miqa_app.rating.protocol import Protocol, changed, preset, presets, read_protocol

_SUFFIXES = (".yaml", ".yml")


def chosen_protocol(words: str | Path) -> tuple[Protocol, str]:
    """Return the protocol that somebody names, and a sentence where its name had to be changed, else ''.

    A document that claims the name of a preset but differs from it gets a name that shows the change.

    Args:
        words: id of a preset, or path of a YAML document.

    Raises:
        BadRequest: there is no such preset, or the document does not check out.
    """
    if Path(words).suffix.lower() not in _SUFFIXES:
        return preset(str(words)), ""
    own = read_protocol(Path(words))
    original = {known.id: known for known in presets()}.get(own.id)
    if original is None or original == own:
        return own, ""
    values, before = own.model_dump(), original.model_dump()
    fields = [name for name, value in values.items() if value != before[name]]
    renamed = changed(original, **{name: values[name] for name in fields})
    return renamed, (
        f"{words} calls itself '{own.id}' but differs from it in {', '.join(fields)}; the study will say "
        f"'{renamed.id}'."
    )


def write_copy(id: str, path: Path) -> Protocol:
    """Write a copy of a preset for changing, whose id and title say that it is no longer the preset.

    Args:
        id: of the preset.
        path: a .yaml file that is not there yet.

    Raises:
        BadRequest: there is no such preset, the name does not end in .yaml, or the file is there already or cannot be
            written.
    """
    original = preset(id)
    if path.suffix.lower() not in _SUFFIXES:
        raise BadRequest(f"{path} should end in .yaml, so that it can be given as a protocol.")
    copy = changed(original, title=f"{original.title}, changed")
    document = yaml.safe_dump(
        copy.model_dump(mode="json"), sort_keys=False, allow_unicode=True, width=110
    )
    try:
        with path.open("x", encoding="utf-8") as stream:
            stream.write(document)
    except FileExistsError:
        raise BadRequest(f"{path} is there already; choose another name.") from None
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror or error}; choose another folder."
        raise BadRequest(message) from error
    return copy
