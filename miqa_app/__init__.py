"""miqa_app: a workstation for MRI image quality.

For scripts: ``from miqa_app import load, assess`` and then ``assess(load(path)[0])``.
"""

from typing import TYPE_CHECKING

__version__ = "0.1.0"
__all__ = ["__version__", "assess", "load"]

if TYPE_CHECKING:
    from miqa_app.imaging import load
    from miqa_app.services.score import assess


def __getattr__(name: str) -> object:
    """Fetch the two public functions on first use, so that importing the package stays fast."""
    if name == "load":
        from miqa_app.imaging import load

        return load
    if name == "assess":
        from miqa_app.services.score import assess

        return assess
    message = f"module 'miqa_app' has no attribute '{name}'"
    raise AttributeError(message)
