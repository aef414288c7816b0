"""Models as folders: written once, identified by their content, loaded without unpickling."""

from miqa_app.registry.checkpoint import LoadedModel, load_model, save_model
from miqa_app.registry.folders import (
    ModelFolder,
    default_model,
    find_model,
    list_models,
    verify_model,
)

__all__ = [
    "LoadedModel",
    "ModelFolder",
    "default_model",
    "find_model",
    "list_models",
    "load_model",
    "save_model",
    "verify_model",
]
