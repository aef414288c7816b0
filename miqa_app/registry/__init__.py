"""Models as folders: written once, identified by their content, loaded without unpickling.

What needs torch is in `registry.checkpoint`, so that listing and verifying models takes no seconds.
"""

from miqa_app.registry.folders import (
    ModelFolder,
    default_model,
    find_content,
    find_model,
    list_models,
    shipped_model,
    verify_model,
)

__all__ = [
    "ModelFolder",
    "default_model",
    "find_content",
    "find_model",
    "list_models",
    "shipped_model",
    "verify_model",
]
