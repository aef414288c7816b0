"""The file in which a model travels: a zip with a signed manifest that lists every other file with its SHA-256."""

from __future__ import annotations

import hashlib
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from miqa_app.errors import BadRequest
from miqa_app.registry import signing
from miqa_app.registry.durable import settle, settle_tree, write_whole
from miqa_app.registry.state import Sha256

if TYPE_CHECKING:
    from miqa_app.registry.folders import ModelFolder

SCHEMA = "miqa.exchange/1"

_MANIFEST, _SIGNATURE = "manifest.json", "signature.hex"
_WEIGHTS = r"model(-\d{1,2})?\.safetensors"
_MEMBER = re.compile(rf"config\.json|card\.md|{_WEIGHTS}|evidence/(evidence|canary)\.json")
_NEEDED = frozenset({"config.json", "card.md", "evidence/evidence.json", "evidence/canary.json"})
_LONGEST = {".safetensors": 50_000_000, ".json": 20_000_000, ".md": 1_000_000, ".hex": 1_000}
"""Bytes unpacked by kind of file: a small archive must not fill the disk."""

_EARLY = (1980, 1, 1, 0, 0, 0)
"""The time stamp of all files: when a site works is nobody's business either."""


class Manifest(BaseModel):
    """What an archive holds and who signed it.

    Attributes:
        format: of the archive.
        name: what the model is called outside the house.
        sha256: of the model's content.
        files: SHA-256 of every other file by its name.
        key: public key of the signer, hexadecimal.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: str = Field(default=SCHEMA, pattern=f"^{SCHEMA}$")
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,60}$")
    sha256: str = Sha256
    files: dict[str, str]
    key: str = Sha256

    @property
    def fingerprint(self) -> str:
        """Return the fingerprint of the signer's key."""
        return signing.fingerprint(bytes.fromhex(self.key))


@dataclass(frozen=True, eq=False)
class Archived:
    """An archive that is whole and signed by the owner of the key in it; whether to trust that owner is another matter.

    Attributes:
        path: the file.
        manifest: what it holds.
    """

    path: Path
    manifest: Manifest


def manifest_of(model: ModelFolder, name: str) -> Manifest:
    """Return the manifest of a folder, all of whose files travel.

    Args:
        model: as it leaves the house, with its evidence.
        name: what it is called outside.

    Raises:
        BadModel: the site's key cannot be read.
    """
    files = {
        path.relative_to(model.path).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(model.path.rglob("*"))
        if path.is_file()
    }
    key = signing.public_key().hex()
    return Manifest(name=name, sha256=model.sha256, files=files, key=key)


def write_archive(folder: Path, manifest: Manifest, path: Path) -> None:
    """Write the files of a manifest, signed, to one file; the same files give the same bytes.

    Args:
        folder: where they lie; the archive is put together beside it.
        manifest: from `manifest_of`.
        path: the archive; an older one is replaced.
    """
    content = (manifest.model_dump_json(indent=1) + "\n").encode()
    partial = folder.parent / "archive"
    with zipfile.ZipFile(partial, "w") as archive:
        _add(archive, _MANIFEST, content)
        _add(archive, _SIGNATURE, signing.sign(content).hex().encode())
        for name in manifest.files:
            _add(archive, name, (folder / name).read_bytes())
    settle_tree(folder.parent)
    partial.replace(path)
    settle(path.parent)


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    """Put a file in without the time, system and owner that zipfile would note."""
    info = zipfile.ZipInfo(name, _EARLY)
    info.create_system = 3
    info.external_attr = 0o644 << 16
    weights = name.endswith(".safetensors")
    info.compress_type = zipfile.ZIP_STORED if weights else zipfile.ZIP_DEFLATED
    archive.writestr(info, content)


def inspect_archive(path: Path) -> Archived:
    """Return what an archive holds once every byte of it is what its signer signed.

    Raises:
        BadRequest: it is no such archive, damaged, changed, or signed by nobody.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = _checked(archive, path)
    except FileNotFoundError as error:
        message = f"There is no file {path}; check the path."
        raise BadRequest(message) from error
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError) as error:
        message = f"{path} is no exported model or is damaged ({error}); have it sent again."
        raise BadRequest(message) from error
    return Archived(path, manifest)


def unpack(archived: Archived, folder: Path) -> None:
    """Write what an archive holds below a folder, each file checked against what was signed.

    Raises:
        BadRequest: the file is not any more what was inspected.
    """
    with zipfile.ZipFile(archived.path) as archive:
        if _checked(archive, archived.path) != archived.manifest:
            message = f"{archived.path} has changed while it was read; try again."
            raise BadRequest(message)
        for name, digest in archived.manifest.files.items():
            content = _content(archive, name, archived.path)
            if hashlib.sha256(content).hexdigest() != digest:
                message = f"{archived.path} has changed while it was read; try again."
                raise BadRequest(message)
            write_whole(folder / name, content)


def _checked(archive: zipfile.ZipFile, path: Path) -> Manifest:
    """Return the manifest of an archive that holds exactly what was signed."""
    names = archive.namelist()
    if _MANIFEST not in names or _SIGNATURE not in names:
        message = f"{path} is no exported model: it has no manifest or no signature."
        raise BadRequest(message)
    content = _content(archive, _MANIFEST, path)
    try:
        manifest = Manifest.model_validate_json(content)
        signature = bytes.fromhex(_content(archive, _SIGNATURE, path).decode("ascii"))
    except (ValidationError, ValueError) as error:
        message = f"{path} has a manifest or a signature that this program does not know; it may come from a newer version."
        raise BadRequest(message) from error
    if not signing.is_signed(content, signature, bytes.fromhex(manifest.key)):
        message = f"{path} was changed after it was signed; have it sent again, and ask the sender for the fingerprint."
        raise BadRequest(message)
    _refuse_names(names, manifest, path)
    for name, digest in manifest.files.items():
        if hashlib.sha256(_content(archive, name, path)).hexdigest() != digest:
            message = f"{path} was changed after it was signed: {name} is not what the manifest says; have it sent again."
            raise BadRequest(message)
    return manifest


def _refuse_names(names: list[str], manifest: Manifest, path: Path) -> None:
    """Refuse an archive with anything but the files that a model has; none of them can lead out of its folder."""
    listed = set(manifest.files)
    strange = sorted(name for name in names if name not in {_MANIFEST, _SIGNATURE, *listed})
    strange += sorted(name for name in listed if not _MEMBER.fullmatch(name))
    if strange or len(names) != len(set(names)):
        what = f"'{strange[0][:80]}'" if strange else "a file twice"
        message = f"{path} holds {what}, which an exported model does not; it is not imported."
        raise BadRequest(message)
    missing = sorted((_NEEDED | listed) - (set(names) & listed))
    if missing or not any(re.fullmatch(_WEIGHTS, name) for name in listed):
        message = f"{path} is incomplete: {missing[0] if missing else 'its weights'} missing; have it sent again."
        raise BadRequest(message)


def _content(archive: zipfile.ZipFile, name: str, path: Path) -> bytes:
    longest = _LONGEST.get(Path(name).suffix, 0)
    with archive.open(name) as stream:
        content = stream.read(longest + 1)
    if len(content) > longest:
        message = (
            f"{path} holds '{name}', which is larger than such a file can be; it is not imported."
        )
        raise BadRequest(message)
    return content
