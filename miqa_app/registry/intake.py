"""A model folder that somebody brings in on a disk or a stick: looked through, copied whole, and a candidate like any other.

Nobody has signed such a folder, so what it says of itself is not believed: evidence and canary stay behind, and without them
the model can be tried beside the one in use but never promoted. A signed archive (`exchange`) brings both.
"""

from __future__ import annotations

import re
import shutil
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from miqa_app.errors import BadModel, BadRequest
from miqa_app.registry.durable import settle, settle_tree
from miqa_app.registry.folders import (
    content_files,
    find_content,
    free_place,
    read_folder,
    verify_model,
)

if TYPE_CHECKING:
    from miqa_app.registry.folders import ModelFolder

_LONGEST_NAME = 60


def holds_model(path: Path) -> bool:
    """Return whether a path looks like a model: a folder with config.json and weights, or an archive with a manifest.

    A quick look at names alone, by which scans and models that are dropped on a window are told apart.
    """
    if path.is_dir():
        return (path / "config.json").is_file() and any(path.glob("model*.safetensors"))
    if path.suffix.lower() not in (".miqa", ".zip"):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return {"manifest.json", "config.json"} <= set(archive.namelist())
    except zipfile.BadZipFile:
        # its name says what it is meant to be, and importing it says what is wrong
        return path.suffix.lower() == ".miqa"
    except OSError:
        return False


def import_folder(source: Path, models: Path) -> tuple[ModelFolder, bool]:
    """Copy a model folder among the models, whole or not at all.

    Args:
        source: the folder.
        models: the folder of the site's models.

    Returns:
        The model, and whether it is new; the same content twice is there once.

    Raises:
        BadModel: it is incomplete, damaged, would be unpickled, or fits no network.
        BadRequest: it cannot be read to the end, or there is no room for it.
    """
    from miqa_app.registry.checkpoint import load_model

    offered = read_folder(source)
    load_model(str(source.absolute()))
    there = find_content(offered.sha256)
    if there is not None:
        return there, False
    models.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=models, prefix=".import-") as place:
        copy = Path(place) / "model"
        copy.mkdir()
        try:
            for file in content_files(source):
                shutil.copyfile(file, copy / file.name)
        except OSError as error:
            message = f"The model folder {source} cannot be copied: {error.strerror or error}; copy it again, or make room."
            raise BadRequest(message) from error
        model = read_folder(copy)
        faults = verify_model(model)
        if faults or model.sha256 != offered.sha256:
            reason = faults[0] if faults else "it changed while it was copied"
            message = f"The model folder {source} is not imported: {reason}; copy it again from where it comes."
            raise BadModel(message)
        name = re.sub(r"[^a-z0-9]+", "-", source.resolve().name.lower()).strip("-")
        target = free_place(models, name[:_LONGEST_NAME] or "model")
        settle_tree(copy)
        copy.rename(target)
        settle(models)
    return read_folder(target), True
