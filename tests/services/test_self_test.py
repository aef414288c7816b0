"""The self-test notices what it is there for: another score, a missing heatmap, a damaged installation."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from miqa_app.core.assessment import Assessment, EngineIdentity, Verdict
from miqa_app.errors import MiqaError
from miqa_app.registry.folders import read_folder
from miqa_app.services import self_test

ENGINE = EngineIdentity("torch", "cpu", "fp32")


@pytest.fixture
def found() -> dict[str, Assessment]:
    """Assessments with the very scores that are expected."""
    document = json.loads((self_test.place() / "expected.json").read_text("utf-8"))
    return {
        name: Assessment("key", Verdict.CHECK, score=score, engine=ENGINE)
        for name, score in document["scores"].items()
    }


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A picture of the window that looks as expected, at full size."""
    with Image.open(self_test.place() / "window.png") as image:
        whole = image.resize((image.width * 8, image.height * 8), Image.Resampling.NEAREST)
    canvas = Image.new("RGB", self_test.PICTURE_SIZE)
    canvas.paste(whole)
    canvas.save(tmp_path / "picture.png")
    return tmp_path / "picture.png"


def test_what_is_expected_belongs_to_the_bundled_model() -> None:
    document = json.loads((self_test.place() / "expected.json").read_text("utf-8"))
    assert document["model"] == read_folder(self_test.model()).sha256
    assert len(document["scores"]) == 2


def test_the_expected_scores_pass_and_the_engine_is_named(found: dict[str, Assessment]) -> None:
    checks = self_test.check_scores(found)
    assert [check.passed for check in checks] == [True, True]
    assert all("torch, cpu, fp32" in check.words for check in checks)


@pytest.mark.parametrize(("gap", "passed"), [(0.04, True), (-0.04, True), (0.06, False)])
def test_a_score_may_move_by_rounding_only(
    found: dict[str, Assessment], gap: float, passed: bool
) -> None:
    name, other = sorted(found)
    moved = replace(found[name], score=(found[name].score or 0) + gap)
    checks = self_test.check_scores({name: moved, other: found[other]})
    assert [check.passed for check in checks] == [passed, True]


def test_a_series_without_a_score_fails(found: dict[str, Assessment]) -> None:
    name, other = sorted(found)
    refused = Assessment("key", Verdict.NOT_ASSESSED, "no MR image")
    checks = self_test.check_scores({name: refused})
    assert [check.passed for check in checks] == [False, False]
    assert other in checks[1].words


def test_the_expected_picture_passes_with_other_letters_but_not_without_the_heatmap(
    picture: Path,
) -> None:
    assert self_test.check_picture(picture).passed
    with Image.open(picture) as image:
        pixels = np.asarray(image).copy()
    # other letters stand a little elsewhere
    letters = pixels.copy()
    letters[:, 1050:] = np.roll(pixels[:, 1050:], (2, 3), axis=(0, 1))
    Image.fromarray(letters).save(picture)
    assert self_test.check_picture(picture).passed
    grey = pixels.copy()
    view = np.s_[100:660, 427:900]
    grey[view] = pixels[view].mean(axis=-1, keepdims=True)
    Image.fromarray(grey).save(picture)
    assert not self_test.check_picture(picture).passed
    Image.fromarray(np.zeros_like(pixels)).save(picture)
    assert not self_test.check_picture(picture).passed


def test_a_sharp_screen_gives_the_same_picture_larger(picture: Path) -> None:
    with Image.open(picture) as image:
        image.resize((image.width * 2, image.height * 2), Image.Resampling.NEAREST).save(picture)
    assert self_test.check_picture(picture).passed


def test_what_was_written_is_what_is_expected_next_time(
    found: dict[str, Assessment], picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    self_test.write_expected(found, picture, out)
    monkeypatch.setattr(self_test, "place", lambda: out)
    assert all(check.passed for check in self_test.check_scores(found))
    assert self_test.check_picture(picture).passed


@pytest.mark.parametrize("text", ["", "[]", '{"model": "x"}', '{"model": "x", "scores": {"a": 1}}'])
def test_a_damaged_installation_is_one_sentence(
    text: str, found: dict[str, Assessment], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "expected.json").write_text(text, "utf-8")
    (tmp_path / "window.png").write_bytes(b"no picture")
    monkeypatch.setattr(self_test, "place", lambda: tmp_path)
    with pytest.raises(MiqaError, match="install the program again"):
        self_test.check_scores(found)
    with pytest.raises(MiqaError, match="install the program again"):
        self_test.check_picture(tmp_path / "window.png")


def test_every_decoder_is_there() -> None:
    check = self_test.check_decoders()
    assert check.passed, check.words
    assert "JPEG 2000" in check.words


def test_a_missing_decoder_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from pydicom.pixels.decoders import JPEGLSLosslessDecoder

    # as where neither of its libraries is there
    monkeypatch.setattr(JPEGLSLosslessDecoder, "_available", {})
    check = self_test.check_decoders()
    assert not check.passed
    assert check.words == "no decoder for JPEG-LS"
