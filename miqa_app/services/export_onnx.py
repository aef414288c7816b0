"""A model's network as ONNX, for programs of others."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from miqa_app.errors import BadRequest

if TYPE_CHECKING:
    from pathlib import Path


def export_onnx(name: str, file: Path) -> Path:
    """Write the network of a model as ONNX of opset 20 with dynamic sizes, whole or not at all; return the file.

    Its inputs are 'image' (batch, 1, height, width) float32 from 0 to 1, padded to multiples of 32, and 'valid' (batch,
    height / 8, width / 8) bool, the cells that hold real pixels; its outputs are the fields of `networks.Prediction`.

    Args:
        name: name or folder of the model.
        file: replaced where it is there.

    Raises:
        BadModel: there is no such model.
        BadRequest: its network has no form in ONNX, or the folder of the file is missing.
        OSError: the file cannot be written.
    """
    from miqa_app.registry.checkpoint import load_model
    from miqa_app.scoring.engines.graph import sees_the_mask, write_onnx

    if not file.parent.is_dir():
        message = f"{file} cannot be written: there is no folder {file.parent}; make it, or name another place."
        raise BadRequest(message)
    model = load_model(name)
    if not sees_the_mask(model.network):
        message = (
            f"{model.folder.name} is no MIQANet: its network resizes within itself by a rule that ONNX lacks, so it "
            "cannot be written as ONNX."
        )
        raise BadRequest(message)
    partial = file.with_name(f".{file.name}.{os.getpid()}.partial")
    try:
        write_onnx(model.network, partial)
        os.replace(partial, file)
    finally:
        partial.unlink(missing_ok=True)
    return file
