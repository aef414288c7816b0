"""Which model is active is what a person promoted, by name and content, and nothing else."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from miqa_app.core.assessment import Thresholds
from miqa_app.errors import BadModel
from miqa_app.networks import MIQANet
from miqa_app.registry import default_model, find_content, find_model, shipped_model
from miqa_app.registry.checkpoint import load_model, save_model
from miqa_app.registry.durable import write_whole
from miqa_app.registry.state import (
    Held,
    ModelState,
    RegistryState,
    SiteThresholds,
    as_bytes,
    read_state,
    registry_file,
    state_of,
)
from tests.registry.test_checkpoint import CONFIG

WHEN = "2026-01-01T00:00:00+00:00"


def held(folder: Path, **changes: object) -> Held:
    model = find_model(str(folder.absolute()))
    return Held.model_validate(
        {"name": model.name, "sha256": model.sha256, "since": WHEN, "by": ("Dr A",), **changes}
    )


def write(state: RegistryState) -> None:
    write_whole(registry_file(), as_bytes(state))


def test_a_registry_is_read_as_it_was_written(folder: Path) -> None:
    state = RegistryState(active=held(folder, calibrated=True), retired=(held(folder),))
    write(state)
    assert read_state() == state
    assert json.loads(registry_file().read_text())["schema"] == "miqa.registry/1"


def test_without_a_registry_the_bundled_model_scores_and_none_of_the_same_name_takes_its_place(
    folder: Path, network: MIQANet
) -> None:
    bundled = default_model()
    save_model(folder.parent / bundled.name, network, CONFIG, "# a training of the site\n")
    assert find_model(bundled.name).path == folder.parent / bundled.name
    assert default_model().sha256 == bundled.sha256 == shipped_model().sha256
    assert load_model().folder.sha256 == bundled.sha256


def test_the_promoted_model_is_the_active_one_and_the_shipped_one_stays_known(folder: Path) -> None:
    write(RegistryState(active=held(folder)))
    assert default_model().name == "tiny"
    assert shipped_model().name != "tiny"


@pytest.mark.parametrize("what", ["config.json", "model.safetensors", "card.md"])
def test_an_active_model_whose_content_has_changed_is_refused_and_no_other_taken(
    folder: Path, what: str
) -> None:
    write(RegistryState(active=held(folder)))
    content = (folder / what).read_bytes()
    (folder / what).write_bytes(content + b" ")
    with pytest.raises(BadModel, match="'tiny' cannot be used: its content .* rollback"):
        default_model()
    with pytest.raises(BadModel, match="cannot be used"):
        load_model()
    (folder / what).write_bytes(content)
    assert default_model().name == "tiny"


def test_an_active_model_that_is_gone_is_named_and_no_other_taken(folder: Path) -> None:
    write(RegistryState(active=held(folder)))
    shutil.rmtree(folder)
    with pytest.raises(BadModel, match="'tiny' cannot be used: its folder .* is gone"):
        default_model()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"schema": "miqa.registry/2"}',
        b'{"schema": "miqa.registry/1", "active": "lite"}',
        b'{"schema": "miqa.registry/1", "more": 1}',
        b"\xff\xfe",
    ],
)
def test_a_damaged_registry_stops_scoring_instead_of_guessing(folder: Path, content: bytes) -> None:
    write_whole(registry_file(), content)
    with pytest.raises(BadModel, match=r"The registry .* cannot be read .*--model\.$"):
        default_model()
    assert load_model("tiny").folder.name == "tiny"


def test_every_model_has_one_state(folder: Path, network: MIQANet) -> None:
    for name in ("second", "third", "fourth"):
        save_model(folder.parent / name, network, CONFIG, f"# {name}\n")
    names = ("tiny", "second", "third", "fourth")
    one, two, three, _ = (held(folder.parent / name) for name in names)
    state = RegistryState(active=one, shadow=two, retired=(three,))
    found = {name: state_of(find_model(name), state, default=False) for name in (*names, "lite")}
    assert found == {
        "tiny": ModelState.ACTIVE,
        "second": ModelState.SHADOW,
        "third": ModelState.RETIRED,
        "fourth": ModelState.CANDIDATE,
        "lite": ModelState.BUNDLED,
    }
    assert state_of(find_model("lite"), RegistryState(), default=True) is ModelState.ACTIVE
    assert state_of(find_model("lite"), state, default=True) is ModelState.BUNDLED


def test_a_model_is_found_by_its_content_whatever_it_is_called(
    folder: Path, network: MIQANet
) -> None:
    sha256 = find_model("tiny").sha256
    folder.rename(folder.with_name("renamed"))
    found = find_content(sha256)
    assert found is not None
    assert found.name == "renamed"
    hidden = shipped_model()
    save_model(folder.parent / hidden.name, network, CONFIG, "")
    behind = find_content(hidden.sha256)
    assert behind is not None
    assert behind.path == hidden.path
    assert find_content("0" * 64) is None


def fitted(sha256: str, accept: float, version: int) -> SiteThresholds:
    return SiteThresholds(
        version=version, name="x", sha256=sha256, accept=accept, rescan=30, proposal="", since=WHEN, by=("Dr A",)
    )  # fmt: skip


def test_thresholds_belong_to_the_content_of_a_model_and_the_latest_count() -> None:
    state = RegistryState(
        thresholds=(fitted("a" * 64, 60, 1), fitted("a" * 64, 65, 2), fitted("b" * 64, 80, 3))
    )
    assert state.thresholds_of("a" * 64) == Thresholds(65, 30, calibrated=True)
    assert state.thresholds_of("b" * 64) == Thresholds(80, 30, calibrated=True)
    assert state.thresholds_of("c" * 64) == Thresholds(calibrated=False)


def test_the_mark_uncalibrated_goes_with_the_evidence_of_the_active_model(folder: Path) -> None:
    active = held(folder, calibrated=True)
    assert RegistryState(active=active).thresholds_of(active.sha256) == Thresholds(calibrated=True)
    assert not RegistryState(active=active).thresholds_of("0" * 64).calibrated
    assert not RegistryState(active=held(folder)).thresholds_of(active.sha256).calibrated
    assert not RegistryState(retired=(active,)).thresholds_of(active.sha256).calibrated


def test_reading_the_registry_needs_neither_torch_nor_sql() -> None:
    words = (
        "import sys, miqa_app.registry as r, miqa_app.services.models as m;"
        "import miqa_app.registry.ledger, miqa_app.services.registry, miqa_app.services.thresholds;"
        "r.default_model(); m.models(); m.status();"
        "sys.exit(', '.join({'torch', 'sqlalchemy', 'cryptography', 'PySide6'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
