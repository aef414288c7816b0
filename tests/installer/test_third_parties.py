"""Everybody whose work is shipped is named with a licence, and none of the licences forbids it."""

from __future__ import annotations

import csv
import json
import re
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec

import pytest

pytest.importorskip("packaging")


@pytest.fixture
def parties(installer):
    return installer("third_parties")


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_pinned_package_that_is_needed_is_on_the_list_with_a_licence_and_a_text(
    parties, installer
):
    text = installer("bootstrap").CONSTRAINTS.read_text("utf-8")
    pinned = {canonical(line.split("==")[0]) for line in text.splitlines() if "==" in line}
    parts = {canonical(part.name): part for part in parties.python_parts()}
    assert set(parts) <= pinned, "shipped but not pinned"
    assert not [name for name, part in parts.items() if not part.licence]
    # the list of CUDA's parts is a package without files
    assert not [name for name, part in parts.items() if not part.texts and name != "cuda-toolkit"]
    # whatever is pinned beyond that is for tests, for development, or for making the program
    names = {"numpy", "torch", "fsspec", "aiohttp", "pyside6-essentials"}
    if find_spec("psycopg_binary"):  # an extra, which the environment of the tests need not have
        names.add("psycopg-binary")
    assert names <= set(parts)
    assert not {"pytest", "ruff", "mypy", "hypothesis", "pyinstaller"} & set(parts)


def test_no_shipped_package_is_gpl_or_for_non_commercial_use_only(parties):
    for part in parties.python_parts():
        words = part.licence.replace("LGPL", "lesser").replace("Lesser General", "lesser")
        assert not re.search(r"GPL|GNU General|non-?commercial|CC.BY.NC", words, re.IGNORECASE), (
            f"{part.name}: {part.licence}"
        )


def test_weights_of_others_in_a_bundled_model_are_named_with_their_terms(parties, tmp_path):
    (part,) = parties.first_weights()
    assert (part.kind, part.licence) == ("weights", "Apache-2.0")
    parties.write_licences([part], tmp_path)
    notice, terms = sorted((tmp_path / f"{part.name}-{part.version}").iterdir())
    assert "ML Illustrated" in notice.read_text("utf-8")
    assert "Apache License" in terms.read_text("utf-8")
    # a model that began with other weights must be told of before a program can be made
    model = tmp_path / "models" / "other"
    model.mkdir(parents=True)
    start = {"training": {"start": "cnn (x, file sha256 0123456789ab)"}}
    (model / "config.json").write_text(json.dumps(start))
    with pytest.raises(SystemExit, match="weights 0123456789ab in .*add them"):
        parties.first_weights(tmp_path)


def test_telemetry_is_never_shipped(parties):
    assert "openvino-telemetry" not in parties.shipped_distributions()


def test_an_extra_brings_what_it_asks_for(parties):
    """fsspec[http] needs aiohttp, and that needs yarl."""
    assert "http" in {
        extra
        for line in distribution("lightning").requires or []
        for extra in re.findall(r"\[(\w+)\]", line)
    }
    assert {"aiohttp", "yarl"} <= set(parties.shipped_distributions())


def test_licences_are_written_with_a_table_and_a_folder_of_texts_each(parties, tmp_path):
    parts = [
        part for part in parties.python_parts() if canonical(part.name) in ("numpy", "shiboken6")
    ]
    parties.write_licences(parts, tmp_path)
    with (tmp_path / "third_parties.csv").open(encoding="utf-8") as file:
        rows = {row["name"]: row for row in csv.DictReader(file)}
    assert rows["shiboken6"]["licence"] == "LGPL-3.0-only"
    for part in parts:
        texts = list((tmp_path / f"{part.name}-{part.version}").iterdir())
        assert len(texts) == len(part.texts) == int(rows[part.name]["texts"])
    lesser = next((tmp_path).glob("shiboken6-*")) / "LGPL-3.0.txt"
    assert "GNU LESSER GENERAL PUBLIC LICENSE" in lesser.read_text("utf-8")


def test_the_bill_of_materials_names_every_part_once_and_links_only_what_it_names(parties):
    parts = parties.python_parts()
    document = json.loads(json.dumps(parties.bill_of_materials(parts, "0.1.0")))
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    references = [component["bom-ref"] for component in document["components"]]
    assert len(references) == len(set(references)) == len(parts)
    known = {*references, "miqa_app"}
    assert {link["ref"] for link in document["dependencies"]} == known
    for link in document["dependencies"]:
        assert set(link["dependsOn"]) <= known
    torch = next(c for c in document["components"] if c["name"] == "torch")
    assert torch["purl"] == f"pkg:pypi/torch@{distribution('torch').version}"


def test_libraries_of_the_system_are_named_by_their_package(parties):
    from pathlib import Path

    library = next(Path("/usr/lib").glob("*/libz.so.1"), None)
    if library is None or not Path("/var/lib/dpkg/status").exists():
        pytest.skip("this system is not of Debian's kin")
    (part,) = parties.system_parts([("libz.so.1", str(library))])
    assert part.name == "zlib1g"
    assert part.kind == "system"
    assert part.texts


def test_a_package_without_any_licence_is_noticed(parties):
    with pytest.raises(PackageNotFoundError):
        distribution("no-such-package")
    silent = parties.Part("silent", "1", "")
    assert not silent.licence
    assert silent.purl == "pkg:pypi/silent@1"
