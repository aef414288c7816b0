"""Checkpoints: config.json, fp16 safetensors in shards below 50 MB, card.md."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import torch
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from miqa_app.errors import BadModel
from miqa_app.networks import QualityNetwork, build, design_of
from miqa_app.registry.folders import ModelFolder, default_model, find_model

if TYPE_CHECKING:
    from torch import Tensor

SCHEMA = "miqa.model/1"
_SHARD_BYTES = 45_000_000


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A network ready to score, in fp32 and evaluation mode on the CPU, with the folder it came from."""

    network: QualityNetwork
    folder: ModelFolder


def load_model(name: str | None = None, *, start: bool = False) -> LoadedModel:
    """Return the model of a name or path, the site's active one by default.

    Args:
        name: name or path.
        start: a training begins with it, so its heads may be random, as those of `miqa pretrain` are.

    Raises:
        BadModel: it is missing, damaged, unsafe, does not fit this program, or cannot score and is no `start`.
    """
    folder = find_model(name) if name else default_model()
    if not start:
        folder.require_judge()
    try:
        network = build(design_of(folder.config["network"]))
        state: dict[str, Tensor] = {}
        for file in folder.weights:
            state.update(load_file(file))
        network.load_state_dict({key: _single(value) for key, value in state.items()})
    except (ValidationError, SafetensorError, OSError, RuntimeError, ValueError) as error:
        reason = _first_fault(error)
        message = f"The model {folder.path} cannot be loaded: {reason}; install or import it again."
        raise BadModel(message) from error
    return LoadedModel(network.eval().requires_grad_(False), folder)


def _first_fault(error: Exception) -> str:
    """Return the first thing that is wrong, on one line and without a final mark."""
    if isinstance(error, ValidationError):
        fault = error.errors()[0]
        place = ".".join(str(part) for part in fault["loc"]) or "network"
        return f"{place}: {fault['msg']}".rstrip(".")
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    # torch heads its list of keys with a line that names none of them
    first = lines[1] if len(lines) > 1 and lines[0].endswith(":") else lines[0]
    return (first if len(first) <= 200 else first[:200] + " …").rstrip(".:")


def save_model(path: Path, network: QualityNetwork, config: dict[str, Any], card: str) -> None:
    """Write a model folder, whole or not at all.

    Args:
        path: the folder; an older one of the same name is replaced.
        network: its weights are stored in fp16, integer buffers as they are.
        config: 'preprocessing', 'score_scale', 'training' and what else the card builds on.
        card: text of card.md.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=path.parent, prefix=f".{path.name}-") as name:
        fresh = Path(name) / path.name
        fresh.mkdir()
        state = {key: _half(value) for key, value in network.state_dict().items()}
        shards = _shards(state)
        files = {}
        for number, shard in enumerate(shards, start=1):
            file = fresh / (
                "model.safetensors" if len(shards) == 1 else f"model-{number}.safetensors"
            )
            save_file(shard, file)
            files[file.name] = hashlib.sha256(file.read_bytes()).hexdigest()
        document = {
            "schema": SCHEMA,
            "network": network.config.model_dump(mode="json"),
            **config,
            "files": files,
            "tensors": len(state),
        }
        (fresh / "config.json").write_text(
            json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
        )
        (fresh / "card.md").write_text(card, encoding="utf-8")
        if path.exists():
            path.rename(Path(name) / "old")
        fresh.rename(path)


def _half(value: Tensor) -> Tensor:
    value = value.detach().cpu()
    return (value.half() if value.is_floating_point() else value).contiguous().clone()


def _single(value: Tensor) -> Tensor:
    return value.float() if value.is_floating_point() else value


def _shards(state: dict[str, Tensor]) -> list[dict[str, Tensor]]:
    """Return the tensors in groups below 45 MB, in order."""
    shards: list[dict[str, Tensor]] = [{}]
    size = 0
    for name, tensor in state.items():
        if size + tensor.nbytes > _SHARD_BYTES and shards[-1]:
            shards.append({})
            size = 0
        shards[-1][name] = tensor
        size += tensor.nbytes
    return shards


def half_precision_network(network: QualityNetwork) -> QualityNetwork:
    """Return the network with its weights rounded to fp16 and back, as a bundled checkpoint has them."""
    with torch.no_grad():
        for value in [*network.parameters(), *network.buffers()]:
            if value.is_floating_point():
                value.copy_(value.half().float())
    return network
