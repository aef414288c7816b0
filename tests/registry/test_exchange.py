"""What leaves the house names nobody, and what comes in is what was signed."""

from __future__ import annotations

import io
import json
import os
import pickle
import shutil
import stat
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from miqa_app.errors import BadModel, BadRequest, MiqaError
from miqa_app.evaluation.evidence import read_evidence
from miqa_app.registry import signing
from miqa_app.registry.acceptance import accepted, evidence_file
from miqa_app.registry.archive import Manifest, inspect_archive
from miqa_app.registry.canary import check_canary
from miqa_app.registry.exchange import export_archive, import_archive
from miqa_app.registry.folders import default_model, find_model
from tests.registry.promotable import NAME, exported, prepared, rebound

IDENTITIES = (
    "Müller^Hans^Peter",
    "HANS-PETER",
    "St Marys Hospital",
    "1.2.840.113619.2.55.3.604688119",
    "/home/radiology/patients",
    "PID-4711-0815",
    "MRSCANNER7",
)
PLANTED = " ".join(IDENTITIES)


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return prepared(tmp_path, monkeypatch)


def spoiled(config: Any) -> Any:
    """Plant identities in a configuration: in every text, under every table as a new key, and in every list."""
    if isinstance(config, dict):
        inner = {key: spoiled(value) for key, value in config.items()}
        return {**inner, "patient": PLANTED, IDENTITIES[0]: 1.5, "institution": {"name": PLANTED}}
    if isinstance(config, list):
        return [*(spoiled(value) for value in config), PLANTED]
    return f"{config} {PLANTED}" if isinstance(config, str) else config


def plant(folder: Path) -> None:
    """Plant identities in every place of a model folder that still loads."""
    config = json.loads((folder / "config.json").read_text())
    kept = {key: config[key] for key in ("schema", "network", "files", "tensors")}
    config = {**spoiled(config), **kept, "notes": PLANTED, "source": list(IDENTITIES)}
    config["preprocessing"]["version"] = "robust-series-1"
    config["network"]["name"] = "st-marys"
    (folder / "config.json").write_text(json.dumps(config, ensure_ascii=False))
    (folder / "card.md").write_text(f"# {PLANTED}\n" * 4)
    (folder / "README.md").write_text(PLANTED)
    state = load_file(folder / "model.safetensors")
    save_file(state, folder / "model.safetensors", metadata={"patient": PLANTED, "path": PLANTED})
    local = folder / "evidence" / "local"
    local.mkdir(parents=True, exist_ok=True)
    (local / "predictions.csv").write_text(f"image,subject\n{PLANTED},{PLANTED}\n")
    (local / "examples.png").write_bytes(PLANTED.encode())
    (folder / "evidence" / "evidence.html").write_text(PLANTED)
    (folder / "evidence" / f"{IDENTITIES[5]}.json").write_text(PLANTED)


def every_byte(archive: Path) -> bytes:
    """Return an archive as it is, and all that it holds unpacked."""
    parts = [archive.read_bytes()]
    with zipfile.ZipFile(archive) as opened:
        parts.append(opened.comment)
        for info in opened.infolist():
            parts += [info.filename.encode(), info.extra, info.comment, opened.read(info)]
    return b"\n".join(parts)


def found_in(content: bytes) -> set[str]:
    """Return which planted words are there, in any of the encodings in which they may be written."""
    words = {word for name in IDENTITIES for word in (name, *name.replace("^", " ").split())}
    return {
        word
        for word in words
        for form in (word.encode(), word.encode("utf-16-le"), json.dumps(word)[1:-1].encode())
        if len(word) > 4 and form.lower() in content.lower()
    }


def test_identities_planted_everywhere_are_in_no_byte_of_the_archive(
    models: Path, tmp_path: Path
) -> None:
    named = models / "lite-muller-hans-st-marys-hospital"
    (models / NAME).rename(named)
    plant(named)
    folder = rebound(named)
    # the search finds what is really there, also in what is packed
    assert len(found_in(b"".join(p.read_bytes() for p in named.rglob("*") if p.is_file()))) > 6
    packed = tmp_path / "all.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x", PLANTED * 3)
    assert found_in(every_byte(packed))
    out = tmp_path / "out.miqa"
    manifest = export_archive(folder, out)
    content = every_byte(out)
    assert found_in(content) == set()
    assert b"muller" not in content.lower()
    assert b"marys" not in content.lower()
    with zipfile.ZipFile(out) as archive:
        assert set(archive.namelist()) == {
            "manifest.json",
            "signature.hex",
            "config.json",
            "card.md",
            "model.safetensors",
            "evidence/evidence.json",
            "evidence/canary.json",
        }
    assert manifest.name.startswith("model-")


def test_no_place_of_the_evidence_lets_an_identity_through(models: Path, tmp_path: Path) -> None:
    path = evidence_file(models / NAME)
    document = json.loads(path.read_text())

    def planted_at(keys: list[Any]) -> str:
        spoilt = json.loads(json.dumps(document))
        place = spoilt
        for key in keys[:-1]:
            place = place[key]
        place[keys[-1]] = PLANTED
        path.write_text(json.dumps(spoilt, ensure_ascii=False))
        try:
            export_archive(find_model(NAME), tmp_path / "out.miqa")
        except MiqaError:
            return "refused"
        assert found_in(every_byte(tmp_path / "out.miqa")) == set(), keys
        return "left out"

    def places(value: Any, before: list[Any]) -> list[list[Any]]:
        if isinstance(value, dict):
            return [p for key, item in value.items() for p in places(item, [*before, key])]
        if isinstance(value, list):
            return [p for key, item in enumerate(value[:2]) for p in places(item, [*before, key])]
        return [before] if isinstance(value, str) else []

    texts = places(document, [])
    assert len(texts) > 20
    words = [keys for keys in texts if keys[-1] in ("words", "title")]
    others = [keys for keys in texts if keys not in words]
    assert {planted_at(keys) for keys in (*words[:3], *others[:8])} == {"refused", "left out"}


def test_a_model_comes_out_at_another_site_as_it_went_in(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = find_model(NAME)
    manifest = export_archive(before, tmp_path / "out.miqa")
    assert manifest.sha256 == before.sha256
    assert manifest.name == f"model-{before.sha256[:8]}"
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "elsewhere"))
    there = tmp_path / "elsewhere" / "miqa_app" / "models"
    archived = inspect_archive(tmp_path / "out.miqa")
    assert not signing.is_trusted(archived.manifest.fingerprint)
    model, new = import_archive(archived, there)
    assert (model.sha256, new, model.name) == (before.sha256, True, manifest.name)
    assert accepted(model, default_model().identity).refusals == ()
    assert check_canary(model.path).passed
    again, new = import_archive(archived, there)
    assert (again.path, new) == (model.path, False)
    assert [path.name for path in there.iterdir()] == [model.name]


def test_what_had_to_be_left_out_changes_the_identity_and_evidence_and_canary_follow_it(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = models / NAME
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "author": PLANTED}))
    rebound(folder)
    manifest = export_archive(find_model(NAME), tmp_path / "out.miqa")
    assert manifest.sha256 != find_model(NAME).sha256
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "elsewhere"))
    there = tmp_path / "elsewhere" / "miqa_app" / "models"
    model, _ = import_archive(inspect_archive(tmp_path / "out.miqa"), there)
    assert read_evidence(evidence_file(model.path)).candidate.sha256 == model.sha256
    assert accepted(model, default_model().identity).refusals == ()


def test_the_same_model_gives_the_same_bytes(tmp_path: Path) -> None:
    export_archive(find_model(NAME), tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == exported()


@pytest.mark.parametrize("what", ["evidence.json", "canary.json"])
def test_a_model_without_evidence_or_canary_is_not_exported(
    models: Path, tmp_path: Path, what: str
) -> None:
    (models / NAME / "evidence" / what).unlink()
    with pytest.raises(BadModel, match="no evidence or no canary"):
        export_archive(find_model(NAME), tmp_path / "out.miqa")
    assert list(tmp_path.glob("*out.miqa*")) == []


def test_a_bundled_model_is_not_exported(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="came with the program"):
        export_archive(find_model("lite"), tmp_path / "out.miqa")


# ---------------------------------------------------------------- tampering


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    (tmp_path / "out.miqa").write_bytes(exported())
    shutil.rmtree(tmp_path / "data" / "miqa_app" / "models")
    return tmp_path / "out.miqa"


def rewritten(archive: Path, change: dict[str, bytes | None], extra: dict[str, bytes]) -> Path:
    """Return a copy with members replaced, left out (None) or added."""
    copy = archive.with_name("changed.miqa")
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(copy, "w") as new:
        for name in old.namelist():
            content = change.get(name, old.read(name))
            if content is not None:
                new.writestr(name, content)
        for name, content in extra.items():
            new.writestr(name, content)
    return copy


def resigned(archive: Path, change: dict[str, bytes | None], extra: dict[str, bytes]) -> Path:
    """Return a copy whose manifest lists the changed members and is signed anew, as a hostile site could."""
    import hashlib

    with zipfile.ZipFile(archive) as old:
        manifest = json.loads(old.read("manifest.json"))
    for name, content in {**change, **extra}.items():
        if content is None:
            del manifest["files"][name]
        else:
            manifest["files"][name] = hashlib.sha256(content).hexdigest()
    body = json.dumps(manifest).encode()
    signed = {"manifest.json": body, "signature.hex": signing.sign(body).hex().encode()}
    return rewritten(archive, {**change, **signed}, extra)


def refusal(path: Path, models: Path) -> str:
    """Return the sentence with which an import is refused; nothing is left among the models."""
    with pytest.raises(MiqaError) as caught:
        import_archive(inspect_archive(path), models)
    assert not models.exists() or list(models.iterdir()) == []
    return str(caught.value)


@pytest.mark.parametrize(
    "name", ["config.json", "card.md", "model.safetensors", "evidence/evidence.json"]
)
def test_a_changed_byte_is_found(archive: Path, models: Path, name: str) -> None:
    with zipfile.ZipFile(archive) as old:
        content = bytearray(old.read(name))
    content[len(content) // 2] ^= 1
    assert "was changed after it was signed" in refusal(
        rewritten(archive, {name: bytes(content)}, {}), models
    )


def test_a_changed_manifest_a_foreign_signature_and_a_foreign_key_are_found(
    archive: Path, models: Path
) -> None:
    with zipfile.ZipFile(archive) as old:
        manifest = json.loads(old.read("manifest.json"))
    renamed = json.dumps({**manifest, "name": "better"}).encode()
    assert "changed after it was signed" in refusal(
        rewritten(archive, {"manifest.json": renamed}, {}), models
    )
    forged = {"signature.hex": bytes(64).hex().encode()}
    assert "changed after it was signed" in refusal(rewritten(archive, forged, {}), models)
    other = json.dumps({**manifest, "key": "ab" * 32}).encode()
    assert "changed after it was signed" in refusal(
        rewritten(archive, {"manifest.json": other}, {}), models
    )


def test_every_cut_of_the_file_is_refused(archive: Path, models: Path) -> None:
    whole = archive.read_bytes()
    for share in (0.0, 0.1, 0.5, 0.99):
        archive.write_bytes(whole[: int(share * len(whole))])
        assert "is no exported model" in refusal(archive, models)


@pytest.mark.parametrize(
    "name",
    [
        "../evil.json",
        "/etc/evil",
        "evidence/../../evil.json",
        "C:\\evil",
        "models/x.json",
        "evil.py",
    ],
)
def test_a_name_that_leads_out_of_the_folder_is_refused_even_when_signed(
    archive: Path, models: Path, tmp_path: Path, name: str
) -> None:
    for path in (
        rewritten(archive, {}, {name: b"evil"}),
        resigned(archive, {}, {name: b"evil"}),
    ):
        assert "which an exported model does not" in refusal(path, models)
    assert list(tmp_path.rglob("evil*")) == []


def test_a_pickle_under_the_name_of_the_weights_is_refused_and_not_opened(
    archive: Path, models: Path, tmp_path: Path
) -> None:
    trap = tmp_path / "opened"
    buffer = io.BytesIO()
    torch.save({"x": torch.ones(1)}, buffer)
    for content in (pickle.dumps(_Trap(str(trap))), buffer.getvalue(), zlib.compress(b"x")):
        words = refusal(resigned(archive, {"model.safetensors": content}, {}), models)
        assert "could run code" in words or "is not imported" in words or "cannot be" in words
    assert not trap.exists()


class _Trap:
    """Writes a file when unpickled."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (open, (self.path, "w"))


def test_evidence_of_another_model_is_refused_even_when_signed(archive: Path, models: Path) -> None:
    with zipfile.ZipFile(archive) as old:
        document = json.loads(old.read("evidence/evidence.json"))
    document["candidate"]["sha256"] = "d" * 64
    changed = {"evidence/evidence.json": json.dumps(document).encode()}
    assert "different models" in refusal(resigned(archive, changed, {}), models)


def test_a_missing_part_is_refused_even_when_signed(archive: Path, models: Path) -> None:
    for name in ("evidence/canary.json", "card.md", "model.safetensors"):
        assert "is incomplete" in refusal(resigned(archive, {name: None}, {}), models)


def test_a_small_file_that_unpacks_to_a_huge_one_is_refused(archive: Path, models: Path) -> None:
    huge = bytes(21_000_000)
    copy = archive.with_name("bomb.miqa")
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, huge if name == "config.json" else old.read(name))
    assert copy.stat().st_size < archive.stat().st_size + 100_000
    assert "larger than such a file can be" in refusal(copy, models)


@pytest.mark.parametrize("content", [b"", b"PK", b"not a zip at all", b"\x80\x04K\x01."])
def test_what_is_no_archive_is_refused(models: Path, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(BadRequest, match="is no exported model"):
        inspect_archive(tmp_path / "x")
    with pytest.raises(BadRequest, match="There is no file"):
        inspect_archive(tmp_path / "gone")


def test_a_manifest_takes_no_unknown_field_and_no_name_that_leads_out(models: Path) -> None:
    good = {"name": "lite-1", "sha256": "a" * 64, "files": {}, "key": "b" * 64}
    Manifest.model_validate(good)
    for bad in ({"name": "../x"}, {"name": "a/b"}, {"extra": 1}, {"sha256": "x"}, {"format": "2"}):
        with pytest.raises(ValueError, match="validation error"):
            Manifest.model_validate({**good, **bad})


# ---------------------------------------------------------------- keys


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_the_key_of_the_site_is_its_own_and_for_nobody_elses_eyes(tmp_path: Path) -> None:
    key = signing.public_key()
    file = tmp_path / "data" / "miqa_app" / "keys" / "site-ed25519.pem"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.chmod(0o644)
    assert signing.public_key() == key
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert signing.is_trusted(signing.fingerprint(key))
    assert not signing.is_trusted("e" * 64)
    signing.trust("e" * 64, "Dr A")
    assert signing.is_trusted("e" * 64)


def test_a_signature_holds_for_its_content_and_its_key_alone() -> None:
    signature, key = signing.sign(b"content"), signing.public_key()
    assert signing.is_signed(b"content", signature, key)
    assert not signing.is_signed(b"contents", signature, key)
    assert not signing.is_signed(b"content", bytes([signature[0] ^ 1]) + signature[1:], key)
    assert not signing.is_signed(b"content", signature, bytes(32))
    assert not signing.is_signed(b"content", b"", b"")


def test_a_damaged_key_is_not_replaced_in_silence(tmp_path: Path) -> None:
    signing.public_key()
    (tmp_path / "data" / "miqa_app" / "keys" / "site-ed25519.pem").write_text("damaged")
    with pytest.raises(BadModel, match="cannot be read"):
        signing.sign(b"x")
