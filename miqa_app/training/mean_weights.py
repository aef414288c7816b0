"""The mean of two models' weights, where one went on from the other: between what the two do well.

Run: python -m miqa_app.training.mean_weights MODEL OTHER FOLDER

After M. Wortsman et al., "Model soups: averaging weights of multiple fine-tuned models improves accuracy without increasing
inference time" (ICML 2022). It works for models of one design that lie near one another, such as a model and the one that its
training began with. The result keeps what OTHER says of its training; interval, scope check and figures are those of neither
and are left out: `miqa models measure` makes them.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from miqa_app.errors import BadModel
from miqa_app.registry.checkpoint import load_model, save_model
from miqa_app.training.by_hand import started

_OPEN = {"name", "score_bias"}
"""Parts of a design that may differ: the name, and the value that the score began with before any training."""

_KEPT = ("preprocessing", "score_scale", "training")


def mean_of(name: str, other: str, folder: Path) -> Path:
    """Write a model whose every weight is the mean of two models', and return its folder.

    Running statistics of BatchNorm are averaged like weights; counters are those of the other model.

    Args:
        name: name or folder of a model.
        other: name or folder of a model of the same design.
        folder: of the result.

    Raises:
        BadModel: a model is missing or damaged, or the two are of different designs.
    """
    one, two = load_model(name), load_model(other)
    first, second = (m.network.config.model_dump(exclude=_OPEN) for m in (one, two))
    if first != second:
        message = f"{one.folder.name} and {two.folder.name} are of different designs and have no mean; choose models of one network."
        raise BadModel(message)
    state = one.network.state_dict()
    two.network.load_state_dict(
        {
            key: torch.lerp(state[key], value, 0.5) if value.is_floating_point() else value
            for key, value in two.network.state_dict().items()
        }
    )
    config = {key: two.folder.config[key] for key in _KEPT}
    identities = " and ".join(model.folder.sha256[:12] for model in (one, two))
    config["training"] = config["training"] | {"mean_of": identities}
    card = f"The mean of the weights of the models {identities}; not measured yet.\n"
    save_model(folder, two.network, config, card)
    return folder


def main(arguments: list[str]) -> int:
    """Average MODEL and OTHER into FOLDER; return 0, 1 where it failed, or 2 for wrong usage."""
    usage = "python -m miqa_app.training.mean_weights MODEL OTHER FOLDER"
    return started(arguments, usage, lambda name, other, folder: mean_of(name, other, Path(folder)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
