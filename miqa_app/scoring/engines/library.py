"""OpenVINO as a library, without its telemetry, and what it says of this computer's processor."""

from __future__ import annotations

import sys
from typing import Any

from miqa_app.errors import BadRequest

FAST_NOTE = (
    "Scored in the fast mode (bfloat16), which may differ from the exact score by up to 1.5 points."
)


def library() -> Any:
    """Return OpenVINO, imported without its telemetry.

    Its import alone reports to its makers where `openvino_telemetry` can be imported, and that package keeps files in the
    user's home; where it cannot, OpenVINO takes a stand-in that does nothing.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino


def has_bfloat16() -> bool:
    """Return whether the CPU computes in bfloat16 (AVX512-BF16 or AMX)."""
    return "BF16" in library().Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def require_bfloat16() -> None:
    """Raise BadRequest where the CPU does not compute in bfloat16: it would imitate it, and be slow."""
    if not has_bfloat16():
        message = "This computer's processor does not compute in bfloat16, so there is no fast mode; leave --engine out."
        raise BadRequest(message)
