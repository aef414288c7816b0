"""The site's signature: an Ed25519 key (RFC 8032) that never leaves this computer, and the keys of those it trusts."""

from __future__ import annotations

import hashlib
import json
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from filelock import FileLock
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from miqa_app.errors import BadModel, MiqaError
from miqa_app.paths import user_data
from miqa_app.registry.durable import write_whole

if TYPE_CHECKING:
    from pathlib import Path

KEY_BYTES = 32
_OWNER_ONLY = 0o600


class Trusted(BaseModel):
    """A site whose models may be imported.

    Attributes:
        fingerprint: of its key.
        by: who trusted it.
        since: UTC time in ISO 8601.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    fingerprint: str = Field(pattern=r"^[0-9a-f]{64}$")
    by: str
    since: str


_TRUSTED = TypeAdapter(tuple[Trusted, ...])


def sign(content: bytes) -> bytes:
    """Return the site's signature, 64 bytes; its key is made when it signs for the first time.

    Raises:
        MiqaError: the key cannot be read or written.
    """
    return _private().sign(content)


def public_key() -> bytes:
    """Return the site's public key, 32 bytes.

    Raises:
        MiqaError: the key cannot be read or written.
    """
    return _raw(_private().public_key())


def is_signed(content: bytes, signature: bytes, key: bytes) -> bool:
    """Return whether the owner of a public key, 32 bytes, signed the content."""
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, content)
    except (InvalidSignature, ValueError):
        return False
    return True


def fingerprint(key: bytes) -> str:
    """Return the SHA-256 of a public key, by which people compare it."""
    return hashlib.sha256(key).hexdigest()


def spoken(fingerprint: str) -> str:
    """Return a fingerprint in groups of four, to be read out on the telephone."""
    return " ".join(fingerprint[start : start + 4] for start in range(0, len(fingerprint), 4))


def is_trusted(fingerprint: str) -> bool:
    """Return whether the site trusts the owner of a key; it always trusts itself.

    Raises:
        MiqaError: the list of trusted keys is damaged.
    """
    if any(own.fingerprint == fingerprint for own in _trusted()):
        return True
    return _key_file().is_file() and _fingerprint_of_site() == fingerprint


def trust(fingerprint: str, by: str) -> None:
    """Put a key on the list of those whose models may be imported.

    Raises:
        MiqaError: the list is damaged or cannot be written.
    """
    with FileLock(_folder() / "lock"):
        since = datetime.now(UTC).isoformat(timespec="seconds")
        entries = (*_trusted(), Trusted(fingerprint=fingerprint, by=by, since=since))
        content = json.dumps([entry.model_dump() for entry in entries], indent=1) + "\n"
        write_whole(_trusted_file(), content.encode(), _OWNER_ONLY)


def _fingerprint_of_site() -> str:
    return fingerprint(public_key())


def _folder() -> Path:
    folder = user_data() / "keys"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _key_file() -> Path:
    return user_data() / "keys" / "site-ed25519.pem"


def _trusted_file() -> Path:
    return user_data() / "keys" / "trusted.json"


def _trusted() -> tuple[Trusted, ...]:
    try:
        return _TRUSTED.validate_json(_trusted_file().read_bytes())
    except FileNotFoundError:
        return ()
    except (OSError, ValidationError) as error:
        message = f"The list of trusted sites {_trusted_file()} is damaged; delete it and trust them anew."
        raise MiqaError(message) from error


def _private() -> Ed25519PrivateKey:
    path = _key_file()
    with FileLock(_folder() / "lock"):
        if not path.is_file():
            write_whole(path, _pem(Ed25519PrivateKey.generate()), _OWNER_ONLY)
    try:
        if os.name == "posix" and path.stat().st_mode & 0o077:
            path.chmod(_OWNER_ONLY)  # a backup may have brought it back readable for all
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        message = f"The site's key {path} cannot be read; bring it back from a backup, or delete it to become a new signer."
        raise BadModel(message) from error
    if not isinstance(key, Ed25519PrivateKey):
        message = (
            f"The site's key {path} is of another kind; bring the right one back from a backup."
        )
        raise BadModel(message)
    return key


def _pem(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _raw(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
