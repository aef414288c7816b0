"""A model folder from a stick is looked through, copied whole, and is a candidate without evidence."""

from __future__ import annotations

import json
import pickle
import re
import shutil
from pathlib import Path

import pytest

from miqa_app.errors import BadModel
from miqa_app.registry.acceptance import evidence_file
from miqa_app.registry.archive import inspect_archive
from miqa_app.registry.canary import canary_file
from miqa_app.registry.folders import default_model, find_model
from miqa_app.registry.intake import holds_model, import_folder
from miqa_app.services.exchange import import_folder as import_folder_with_entry
from miqa_app.store import Archive
from tests.registry.promotable import NAME, exported, prepared


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return prepared(tmp_path, monkeypatch)


@pytest.fixture
def stick(tmp_path: Path, models: Path) -> Path:
    """The model of the site, moved onto a stick under a name with blanks."""
    folder = tmp_path / "Update 2026 (new)"
    shutil.move(models / NAME, folder)
    return folder


def test_a_folder_becomes_a_candidate_of_the_same_content_and_leaves_its_evidence_behind(
    stick: Path, models: Path
) -> None:
    assert (stick / "evidence").is_dir()
    model, new = import_folder(stick, models)
    assert new
    assert model.path == models / "update-2026-new"
    assert model.sha256 == find_model(str(stick)).sha256
    assert not evidence_file(model.path).exists()
    assert not canary_file(model.path).exists()
    assert default_model().name == "lite"


def test_the_same_content_is_there_once(stick: Path, models: Path) -> None:
    first, _ = import_folder(stick, models)
    again, new = import_folder(stick, models)
    assert not new
    assert again.path == first.path
    assert [path.name for path in models.iterdir()] == [first.name]


def test_a_folder_with_the_name_of_a_bundled_model_does_not_hide_that(
    stick: Path, models: Path
) -> None:
    named = stick.rename(stick.with_name("lite"))
    model, _ = import_folder(named, models)
    assert model.name == "lite-2"
    assert find_model("lite").sha256 == default_model().sha256


def _flip(stick: Path) -> str:
    weights = next(stick.glob("*.safetensors"))
    content = bytearray(weights.read_bytes())
    content[-1] ^= 255
    weights.write_bytes(bytes(content))
    return "differs from the file that was released"


def _lose(stick: Path) -> str:
    next(stick.glob("*.safetensors")).unlink()
    return "incomplete"


def _hide_code(stick: Path) -> str:
    (stick / "more.pt").write_bytes(pickle.dumps({"a": 1}))
    return "could run code"


def _other_network(stick: Path) -> str:
    config = json.loads((stick / "config.json").read_text())
    config["network"]["cnn"] = "cnn_of_nobody"
    (stick / "config.json").write_text(json.dumps(config))
    return re.escape(str(stick)) + ".*cnn: Input should be"


@pytest.mark.parametrize("spoil", [_flip, _lose, _hide_code, _other_network])
def test_a_folder_that_is_not_sound_is_refused_and_leaves_nothing(
    stick: Path, models: Path, spoil
) -> None:
    words = spoil(stick)
    with pytest.raises(BadModel, match=words):
        import_folder(stick, models)
    assert list(models.iterdir()) == []


def test_the_audit_log_says_who_took_an_unsigned_folder(stick: Path) -> None:
    *_, last = import_folder_with_entry(stick, by="Dr Ada")
    assert last.done == last.total == 2
    with Archive() as archive:
        entries = archive.audit_log(1)
    assert [(entry["actor"], entry["action"]) for entry in entries] == [
        ("Dr Ada", "model folder import begun")
    ]


def test_models_and_scans_are_told_apart_by_a_look_at_names(stick: Path, tmp_path: Path) -> None:
    archive, zipped = tmp_path / "theirs.miqa", tmp_path / "theirs.zip"
    shutil.copytree(stick, tmp_path / "scan folder", ignore=shutil.ignore_patterns("config.json"))
    (tmp_path / "broken.miqa").write_bytes(b"no zip")
    (tmp_path / "broken.zip").write_bytes(b"no zip")
    assert holds_model(stick)
    assert holds_model(tmp_path / "broken.miqa"), (
        "its name says so; importing it says what is wrong"
    )
    for other in (tmp_path / "scan folder", tmp_path / "broken.zip", archive, zipped, tmp_path):
        assert not holds_model(other)


def test_an_archive_of_this_program_is_known_by_its_content(tmp_path: Path) -> None:
    zipped = tmp_path / "theirs.zip"
    zipped.write_bytes(exported())
    assert inspect_archive(zipped).manifest.name
    assert holds_model(zipped)
