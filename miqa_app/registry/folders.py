"""Model folders on disk: which there are, what they say of themselves, and their identity."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from miqa_app.core.assessment import ModelIdentity
from miqa_app.errors import BadModel, BadRequest
from miqa_app.paths import bundled, user_data
from miqa_app.registry.pickles import unpickled
from miqa_app.registry.state import read_state

_CONTENT = ("*.json", "*.safetensors", "*.md")
_TABLES = ("network", "preprocessing", "score_scale", "training")
_NEEDED = ("schema", *_TABLES)
_MOST_OF_A_NAME = 1000

UNTRAINED = "untrained"
"""What config.json says under training, score, of a model that is a start for a training and no judge."""


@dataclass(frozen=True, eq=False)
class ModelFolder:
    """A model folder whose config.json has been read.

    Attributes:
        path: the folder.
        config: the content of config.json.
        sha256: over names and bytes of config.json, weights and card.
    """

    path: Path
    config: dict[str, Any]
    sha256: str

    @property
    def name(self) -> str:
        """Return the folder's name, by which users ask for the model."""
        return self.path.name

    @property
    def weights(self) -> list[Path]:
        """Return the weight files in order."""
        return sorted(self.path.glob("model*.safetensors"))

    @property
    def card(self) -> str:
        """Return the text of card.md, or ''."""
        card = self.path / "card.md"
        return card.read_text(encoding="utf-8") if card.exists() else ""

    @property
    def judges(self) -> bool:
        """Return whether its scores mean something: those of `miqa pretrain` are encoders with random heads."""
        return bool(self.config["training"].get("score") != UNTRAINED)

    def require_judge(self) -> None:
        """Refuse a start for a training where a score is wanted.

        Raises:
            BadModel: its heads are random.
        """
        if not self.judges:
            message = (
                f"The model {self.name} cannot score: its encoders are trained and its heads are not; train it on ratings "
                "first, as its card says."
            )
            raise BadModel(message)

    @property
    def identity(self) -> ModelIdentity:
        """Return what every result says of the model."""
        return ModelIdentity(
            self.name, self.sha256, str(self.config["training"].get("summary", ""))
        )


def read_folder(path: Path) -> ModelFolder:
    """Return the model folder.

    Raises:
        BadModel: the folder is missing, incomplete, or holds a file that would have to be unpickled.
    """
    if not path.is_dir():
        message = f"There is no model folder {path}; 'miqa models list' shows the models."
        raise BadModel(message)
    unsafe = unpickled(path)
    if unsafe:
        message = f"The model {path} holds {unsafe}, which could run code when opened, and cannot be loaded; only safetensors are loaded."
        raise BadModel(message)
    try:
        config = json.loads((path / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        message = f"The model {path} has no readable config.json: {error}."
        raise BadModel(message) from error
    if not isinstance(config, dict):
        message = f"The model {path} has a config.json that is no table of settings; copy it again."
        raise BadModel(message)
    missing = [key for key in _NEEDED if key not in config]
    odd = [key for key in _TABLES if key in config and not isinstance(config[key], dict)]
    if odd:
        message = f"The model {path} has a config.json whose '{odd[0]}' is no table of settings; copy it again."
        raise BadModel(message)
    if missing or not list(path.glob("model*.safetensors")):
        message = f"The model {path} is incomplete: {', '.join(missing) or 'its weights are'} missing; copy it again."
        raise BadModel(message)
    return ModelFolder(path, config, content_hash(path))


def content_hash(path: Path) -> str:
    """Return the SHA-256 over the names and bytes of config.json, weights and card, in the order of names."""
    digest = hashlib.sha256()
    for file in content_files(path):
        digest.update(file.name.encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def content_files(path: Path) -> list[Path]:
    """Return the files that make a model's content, in the order of names."""
    return sorted(file for pattern in _CONTENT for file in path.glob(pattern))


def model_roots() -> list[Path]:
    """Return the folders in which models are looked for: the user's first, then the bundled."""
    return [user_data() / "models", bundled("models")]


def list_models() -> list[ModelFolder]:
    """Return all readable models by name, the user's before the bundled of the same name.

    A folder that cannot be read is left out, so that it hides no sound model; asking for it by name says what is wrong.
    """
    found: dict[str, ModelFolder] = {}
    for root in model_roots():
        for path in sorted(root.iterdir()) if root.is_dir() else []:
            if (path / "config.json").exists() and path.name not in found:
                with suppress(BadModel):
                    found[path.name] = read_folder(path)
    return sorted(found.values(), key=lambda model: model.name)


def find_model(name: str) -> ModelFolder:
    """Return the model of a name or at a path.

    Raises:
        BadModel: there is none; the message lists those there are.
    """
    if any(mark in name for mark in "/\\"):
        return read_folder(Path(name))
    for root in model_roots() if name not in {"", ".", ".."} else []:
        if (root / name / "config.json").exists():
            return read_folder(root / name)
    names = ", ".join(model.name for model in list_models()) or "none is installed"
    message = f"There is no model '{name}'; the models are: {names}."
    raise BadModel(message)


def default_model() -> ModelFolder:
    """Return the site's active model: the one promoted last, else the bundled one that models/default names.

    A folder of the user's with the name of the bundled default is not taken for it: only a promotion makes a model
    active.

    Raises:
        BadModel: no model is installed, or the promoted one is gone or no longer what was promoted; no other is taken
            in its place.
    """
    active = read_state().active
    if active is not None:
        return find_identical(active.name, active.sha256)
    return shipped_model()


def shipped_model() -> ModelFolder:
    """Return the model that came with the program as its default, whatever the site has promoted since.

    Raises:
        BadModel: none is installed.
    """
    path = bundled_default()
    return read_folder(path) if (path / "config.json").exists() else find_model(path.name)


def bundled_default() -> Path:
    """Return where the model lies that scores until a person promotes another: models/default names it."""
    root = bundled("models")
    marker = root / "default"
    name = marker.read_text(encoding="utf-8").strip() if marker.exists() else ""
    return root / (name or "lite")


def free_place(models: Path, name: str) -> Path:
    """Return where a model that comes in goes: its name, with a number where that is taken or a bundled model has it.

    Raises:
        BadRequest: a thousand models have the name.
    """
    for number in range(1, _MOST_OF_A_NAME):
        free = name if number == 1 else f"{name}-{number}"
        if not any((root / free).exists() for root in (models, bundled("models"))):
            return models / free
    message = f"There are {_MOST_OF_A_NAME} models called {name}; remove some."
    raise BadRequest(message)


def find_content(sha256: str) -> ModelFolder | None:
    """Return an installed model by the SHA-256 of its content, whatever it is called, or None."""
    for root in model_roots():
        for path in sorted(root.iterdir()) if root.is_dir() else []:
            if (path / "config.json").exists() and content_hash(path) == sha256:
                return read_folder(path)
    return None


def find_identical(name: str, sha256: str) -> ModelFolder:
    """Return the installed model of a name and content.

    Raises:
        BadModel: there is none; the message says whether the folder is gone or its content another.
    """
    found = [root / name for root in model_roots() if (root / name).is_dir()]
    for path in found:
        if content_hash(path) == sha256:
            return read_folder(path)
    if found:
        reason = (
            f"its content in {found[0]} is not that which was approved (SHA-256 {sha256[:12]}…)"
        )
    else:
        reason = f"its folder {model_roots()[0] / name} is gone"
    message = (
        f"The model '{name}' cannot be used: {reason}; bring the folder back from a backup, or return to another model "
        "with 'miqa models rollback --to NAME --by PERSON'."
    )
    raise BadModel(message)


def verify_model(model: ModelFolder) -> list[str]:
    """Return what is wrong with the weights: empty when every tensor that config.json lists is there and finite."""
    import numpy as np
    from safetensors import SafetensorError, safe_open

    faults: list[str] = []
    names: set[str] = set()
    for file in model.weights:
        try:
            with safe_open(file, framework="numpy") as tensors:
                for name in tensors.keys():  # noqa: SIM118 safe_open is no mapping
                    names.add(name)
                    if not np.isfinite(tensors.get_tensor(name)).all():
                        faults.append(f"{file.name}: {name} holds values that are not finite")
        except (SafetensorError, OSError) as error:
            faults.append(f"{file.name} cannot be read: {error}")
        expected = model.config.get("files", {}).get(file.name)
        if expected and expected != hashlib.sha256(file.read_bytes()).hexdigest():
            faults.append(f"{file.name} differs from the file that was released")
    missing = set(model.config.get("files", {})) - {file.name for file in model.weights}
    faults += [f"{name} is missing" for name in sorted(missing)]
    count = model.config.get("tensors")
    if count is not None and not faults and count != len(names):
        faults.append(f"{len(names)} tensors are there, {count} are needed")
    return faults
