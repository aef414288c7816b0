"""Everybody whose work is inside the installed program: their names, versions, licences, and the texts of those.

    python third_parties.py PROGRAM_FOLDER COLLECTED.json

Runs in the environment from which the program was made. Writes `licences/` (a table, and a folder of texts per part) and
`sbom.cdx.json`, a bill of materials in CycloneDX 1.6, into the program's folder.
"""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from dataclasses import dataclass, field
from importlib.metadata import Distribution, PackageNotFoundError, distribution, version
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).resolve().parent.parent
EXTRAS = ("postgres",)
"""Optional parts of miqa_app that the installed program brings."""

_TEXT = re.compile(r"(licen[cs]e|copying|notice|authors|copyright)", re.IGNORECASE)
_CODE = (".py", ".pyc", ".pyi", ".json", ".h", ".hpp")
_NEVER_SHIPPED = {"openvino-telemetry", "pip", "setuptools", "wheel"}

# what a distribution says badly or not at all, from its own files or its project's page
STATED = {
    "pyside6-essentials": "LGPL-3.0-only",
    "shiboken6": "LGPL-3.0-only",
    "psycopg": "LGPL-3.0-only",
    "psycopg-binary": "LGPL-3.0-only",
    "cuda-toolkit": "LicenseRef-NVIDIA-Proprietary",
}

# their wheels come without a text
TEXTS = {
    "pyside6-essentials": ("LGPL-3.0.txt", "GPL-3.0.txt"),
    "shiboken6": ("LGPL-3.0.txt", "GPL-3.0.txt"),
}

# by the beginning of the SHA-256 of the file that a model's card names: name, version, licence, notice
WEIGHTS = {
    "384371dbd49f": (
        "EfficientNet-Lite0 weights",
        "0.1.0",
        "Apache-2.0",
        "EfficientNet-Lite0.txt",
    ),
}


@dataclass(frozen=True)
class Part:
    """One third party's work.

    Attributes:
        name: as its makers call it.
        version: theirs.
        licence: an SPDX expression where its makers give one, else their words.
        kind: 'python' for a wheel, 'system' for a library of the system that it was built on, 'weights' for those with
            which a bundled model began, 'program' for others.
        texts: files with the terms.
        needs: names of other parts.
    """

    name: str
    version: str
    licence: str
    kind: str = "python"
    texts: tuple[Path, ...] = ()
    needs: tuple[str, ...] = field(default=())

    @property
    def purl(self) -> str:
        """Return the package URL, or ''."""
        if self.kind == "python":
            return f"pkg:pypi/{canonicalize_name(self.name)}@{self.version}"
        return f"pkg:deb/debian/{self.name}@{self.version}" if self.kind == "system" else ""


# ------------------------------------------------------------------ Python's packages


def shipped_distributions(root: Path = ROOT) -> list[str]:
    """Return the names of all installed packages that miqa_app needs, directly or through others."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    lines = [*project["dependencies"], *(line for extra in EXTRAS for line in extras[extra])]
    todo = _applying(lines)
    found: set[str] = set()
    seen: set[tuple[str, str]] = set()
    while todo:
        wanted = todo.pop()
        name = canonicalize_name(wanted.name)
        try:
            known = distribution(name)
        except PackageNotFoundError:
            continue
        found.add(name)
        for extra in {"", *wanted.extras} - {extra for done, extra in seen if done == name}:
            seen.add((name, extra))
            todo += _applying(known.requires, extra)
    return sorted(found - _NEVER_SHIPPED)


def _applying(lines: Iterable[str] | None, extra: str = "") -> list[Requirement]:
    """Return the requirements that count on this system, with one extra of whoever states them."""
    wanted = [Requirement(line) for line in lines or ()]
    return [one for one in wanted if one.marker is None or one.marker.evaluate({"extra": extra})]


def python_parts(root: Path = ROOT) -> list[Part]:
    """Return the packages that miqa_app needs."""
    names = shipped_distributions(root)
    return [_python_part(distribution(name), set(names)) for name in names]


def _python_part(known: Distribution, shipped: set[str]) -> Part:
    name = canonicalize_name(known.metadata["Name"])
    texts = [
        Path(str(file.locate()))
        for file in known.files or []
        if _TEXT.search(file.name) and file.suffix.lower() not in _CODE
    ] or [Path(__file__).with_name("licences") / text for text in TEXTS.get(name, ())]
    needs = {canonicalize_name(one.name) for one in _applying(known.requires)}
    return Part(
        known.metadata["Name"],
        known.version,
        licence_of(known),
        texts=tuple(text for text in texts if text.is_file()),
        needs=tuple(sorted(needs & shipped)),
    )


def licence_of(known: Distribution) -> str:
    """Return the licence of a package: its SPDX expression, else its short words, else its classifiers."""
    meta = known.metadata
    stated = STATED.get(canonicalize_name(meta["Name"])) or meta.get("License-Expression")
    if stated:
        return stated
    classifiers = [
        line.rsplit(" :: ", 1)[-1]
        for line in meta.get_all("Classifier") or []
        if line.startswith("License ::") and not line.endswith("OSI Approved")
    ]
    words = (meta.get("License") or "").strip()
    short = words if words and "\n" not in words and len(words) < 60 else ""
    return short or "; ".join(classifiers)


# ------------------------------------------------------- Python itself and the system's libraries


def other_parts(collected: list[tuple[str, str]]) -> list[Part]:
    """Return what is no package of Python's.

    Args:
        collected: place inside the program and place on this machine of every library.
    """
    return [_python_itself(), _starter(), *first_weights(), *system_parts(collected)]


def first_weights(root: Path = ROOT) -> list[Part]:
    """Return the weights of others with which a bundled model began: those that its config.json names with a file."""
    found = {}
    for config in sorted((root / "models").glob("*/config.json")):
        start = json.loads(config.read_text(encoding="utf-8"))["training"].get("start", "")
        for file in re.findall(r"file sha256 ([0-9a-f]{12})", start):
            if file not in WEIGHTS:
                raise SystemExit(
                    f"No terms are known of the weights {file} in {config}; add them to WEIGHTS."
                )
            name, number, licence, text = WEIGHTS[file]
            texts = (Path(__file__).with_name("licences") / text, root / "LICENSE")
            found[file] = Part(name, number, licence, "weights", texts)
    return list(found.values())


def _python_itself() -> Part:
    name = f"python{sysconfig.get_python_version()}"
    places = [
        Path(sysconfig.get_path("stdlib"), "LICENSE.txt"),
        Path("/usr/share/doc", name, "copyright"),
    ]
    texts = tuple(place for place in places if place.is_file())[:1]
    return Part("Python", sys.version.split()[0], "PSF-2.0", "program", texts)


def _starter() -> Part:
    """Return PyInstaller's starter, of which the makers allow any use in programs made with it."""
    texts = [file for file in distribution("pyinstaller").files or [] if file.name == "COPYING.txt"]
    return Part(
        "PyInstaller bootloader",
        version("pyinstaller"),
        "GPL-2.0-or-later WITH Bootloader-exception",
        "program",
        tuple(Path(str(text.locate())) for text in texts[:1]),
    )


def system_parts(collected: list[tuple[str, str]]) -> list[Part]:
    """Return the packages of the system to which collected libraries belong (Debian and its kin)."""
    packages = Path(sysconfig.get_path("purelib")).resolve()
    foreign = [Path(source) for _, source in collected if Path(source).is_absolute()]
    foreign = [file for file in foreign if not file.resolve().is_relative_to(packages)]
    owners = {owner for file in foreign for owner in [_owner(file)] if owner}
    return [_system_part(name) for name in sorted(owners)]


def _owner(file: Path) -> str:
    """Return the Debian package of a file, or ''."""
    if shutil.which("dpkg-query") is None:
        return ""
    places = {str(file), str(file.resolve())}
    places |= {place.removeprefix("/usr") for place in places} | {
        f"/usr{place}" for place in places
    }
    for place in sorted(places):
        said = subprocess.run(
            ["dpkg-query", "-S", place], capture_output=True, text=True, check=False
        )
        if said.returncode == 0:
            return said.stdout.split(":", 1)[0]
    return ""


def _system_part(name: str) -> Part:
    said = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Version}\n", name], capture_output=True, text=True, check=True
    )
    text = Path("/usr/share/doc", name, "copyright")
    words = text.read_text(encoding="utf-8", errors="replace") if text.is_file() else ""
    named = dict.fromkeys(re.findall(r"^License: *(\S.*)$", words, re.MULTILINE))
    return Part(
        name,
        said.stdout.splitlines()[0],
        "; ".join(named) or "see its text",
        "system",
        (text,) if words else (),
    )


# ------------------------------------------------------------------------- writing


def write_licences(parts: list[Part], folder: Path) -> None:
    """Write the table of all parts and a folder of texts per part."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "third_parties.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["name", "version", "licence", "kind", "texts"])
        for part in parts:
            place = folder / f"{part.name}-{part.version}".replace("/", "_").replace(":", "_")
            for number, text in enumerate(part.texts):
                place.mkdir(exist_ok=True)
                target = place / text.name
                shutil.copyfile(
                    text, target if not target.exists() else place / f"{number}-{text.name}"
                )
            table.writerow([part.name, part.version, part.licence, part.kind, len(part.texts)])


def bill_of_materials(parts: list[Part], app_version: str) -> dict[str, object]:
    """Return the parts as a CycloneDX 1.6 document (ECMA-424)."""
    own = {"type": "application", "bom-ref": "miqa_app", "name": "miqa_app", "version": app_version}
    refs = {canonicalize_name(part.name): part.purl or part.name for part in parts}
    links = [{"ref": "miqa_app", "dependsOn": sorted(refs.values())}]
    links += [
        {
            "ref": refs[canonicalize_name(part.name)],
            "dependsOn": sorted(refs[name] for name in part.needs),
        }
        for part in parts
    ]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": own},
        "components": [_component(part) for part in parts],
        "dependencies": links,
    }


def _component(part: Part) -> dict[str, object]:
    entry: dict[str, object] = {
        "type": "library",
        "bom-ref": part.purl or part.name,
        "name": part.name,
        "version": part.version,
    }
    if part.licence:
        entry["licenses"] = [{"license": {"name": part.licence}}]
    if part.purl:
        entry["purl"] = part.purl
    return entry


def main(program: Path, collected: Path) -> None:
    """Write the licences and the bill of materials of a built program."""
    files = [(place, source) for place, source in json.loads(collected.read_text(encoding="utf-8"))]
    parts = [*python_parts(), *other_parts(files)]
    nameless = [part.name for part in parts if not part.licence]
    if nameless:
        raise SystemExit(f"No licence is known of {', '.join(nameless)}; add it to STATED.")
    write_licences(parts, program / "licences")
    app_version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "version"
    ]
    text = json.dumps(bill_of_materials(parts, app_version), indent=1) + "\n"
    (program / "sbom.cdx.json").write_text(text, encoding="utf-8")
    textless = [part.name for part in parts if not part.texts]
    print(
        f"{len(parts)} parts by third parties; without a text of their own: {', '.join(textless) or 'none'}"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
