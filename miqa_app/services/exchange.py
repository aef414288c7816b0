"""Models between sites: one signed file out, one signed file in; what comes in is a candidate and nothing more."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from miqa_app.errors import BadRequest
from miqa_app.registry.folders import find_model, model_roots, read_folder
from miqa_app.registry.signing import is_trusted, spoken, trust
from miqa_app.services.registry import Step

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping


@dataclass(frozen=True)
class Exported:
    """An archive that was written.

    Attributes:
        file: the archive.
        name: what the model is called in it, without names of the house.
        sha256: of the model's content as it travels; the same as at home where nothing had to be left out.
        fingerprint: of the site's key; the receiver compares it.
    """

    file: Path
    name: str
    sha256: str
    fingerprint: str


@dataclass(frozen=True)
class Signed:
    """An archive that is whole and as its signer signed it.

    Attributes:
        name: what the model is called.
        sha256: of its content.
        fingerprint: of the signer's key.
        trusted: whether the site trusts that signer.
    """

    name: str
    sha256: str
    fingerprint: str
    trusted: bool


@dataclass(frozen=True)
class Imported:
    """A model that came in.

    Attributes:
        name: of its folder, by which it is promoted.
        folder: where it lies.
        sha256: of its content.
        fingerprint: of the signer's key; '' for a folder, which nobody signed.
        new: False where the same content was there already.
    """

    name: str
    folder: Path
    sha256: str
    fingerprint: str
    new: bool


def export_model(name: str, file: Path) -> Generator[Step, None, Exported]:
    """Write a model with its evidence to a signed archive, yielding progress.

    Raises:
        BadModel: there is no such model, it is damaged, or it has no evidence.
        BadRequest: it came with the program.
        MiqaError: the store cannot be reached; the archive is not written then.
    """
    from miqa_app.registry.exchange import export_archive

    folder = find_model(name)
    yield Step(0, 2, "Making the archive")
    partial = file.with_name(f".{file.name}.partial")
    try:
        manifest = export_archive(folder, partial)
        yield Step(1, 2, "Reading it back")
        inspect(partial)
        detail = {"model": folder.name, "sha256": folder.sha256, "travels_as": manifest.sha256}
        _entry(None, "model exported", detail)
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)
    yield Step(2, 2, "Done")
    return Exported(file, manifest.name, manifest.sha256, manifest.fingerprint)


def inspect(file: Path) -> Signed:
    """Return who signed an archive, once every byte of it is what was signed.

    Raises:
        BadRequest: it is no archive, damaged or changed.
    """
    from miqa_app.registry.archive import inspect_archive

    manifest = inspect_archive(file).manifest
    trusted = is_trusted(manifest.fingerprint)
    return Signed(manifest.name, manifest.sha256, manifest.fingerprint, trusted)


def import_model(
    file: Path, *, trusting: bool = False, by: str | None = None
) -> Generator[Step, None, Imported]:
    """Put the model of an archive among the candidates, yielding progress.

    Args:
        file: the archive.
        trusting: whether to trust its signer from now on, after the fingerprint was compared with the sender.
        by: who decides; whoever works at this computer by default.

    Raises:
        BadModel: the model in it does not check out.
        BadRequest: it is no archive, was changed, or its signer is unknown; the message shows the fingerprint.
        MiqaError: the store cannot be reached; nothing was imported then.
    """
    from miqa_app.registry.archive import inspect_archive
    from miqa_app.registry.exchange import import_archive

    yield Step(0, 2, "Checking signature and content")
    archived = inspect_archive(file)
    fingerprint = archived.manifest.fingerprint
    if not is_trusted(fingerprint):
        if not trusting:
            message = (
                f"{file} is signed by a site that is not known here: {spoken(fingerprint)}. Compare this fingerprint "
                "with the sender by telephone, and import it with --trust if it is the same."
            )
            raise BadRequest(message)
        _entry(by, "site trusted", {"fingerprint": fingerprint})
        trust(fingerprint, by or _operator())
    yield Step(1, 2, "Putting it among the candidates")
    _entry(by, "model import begun", {"sha256": archived.manifest.sha256, "signer": fingerprint})
    folder, new = import_archive(archived, model_roots()[0])
    yield Step(2, 2, "Done")
    return Imported(folder.name, folder.path, folder.sha256, fingerprint, new)


def import_folder(folder: Path, *, by: str | None = None) -> Generator[Step, None, Imported]:
    """Put an unsigned model folder among the candidates, without its evidence, yielding progress.

    Args:
        folder: the model folder, from a disk or a stick.
        by: who decides; whoever works at this computer by default.

    Raises:
        BadModel: it is incomplete, damaged, or fits no network.
        BadRequest: it cannot be copied.
        MiqaError: the store cannot be reached; nothing was imported then.
    """
    from miqa_app.registry import intake

    yield Step(0, 2, "Looking through the folder")
    offered = read_folder(folder)
    yield Step(1, 2, "Putting it among the candidates")
    _entry(by, "model folder import begun", {"sha256": offered.sha256, "signer": "nobody"})
    model, new = intake.import_folder(folder, model_roots()[0])
    yield Step(2, 2, "Done")
    return Imported(model.name, model.path, model.sha256, "", new)


def _entry(by: str | None, action: str, detail: Mapping[str, object]) -> None:
    from miqa_app.store import Archive

    with Archive() as archive:
        archive.add_audit(by or _operator(), action, detail)


def _operator() -> str:
    from miqa_app.store.operator import operator

    return operator()
