"""The site's rules are read as written, and never left out in silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from miqa_app.errors import MiqaError
from miqa_app.settings import settings_file, site_settings


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


def test_without_a_file_one_signature_is_enough() -> None:
    assert not settings_file().exists()
    assert site_settings().two_signatures is False


@pytest.mark.parametrize(
    ("text", "two"),
    [("two_signatures: true\n", True), ("two_signatures: false\n", False), ("", False)],
)
def test_the_file_says_how_many_sign(text: str, two: bool) -> None:
    settings_file().write_text(text)
    assert site_settings().two_signatures is two


@pytest.mark.parametrize(
    "text", ["two_signature: true", "two_signatures: maybe", "- a", "a: [", "5"]
)
def test_a_rule_that_is_not_understood_stops_instead_of_being_left_out(text: str) -> None:
    settings_file().write_text(text)
    with pytest.raises(MiqaError, match=r"The site's rules in .*site\.yaml .*correct the file\.$"):
        site_settings()
