"""Lets torchvision be imported where its compiled part does not fit the installed torch.

A CPU build of torch without the torchvision made for it has torchvision's Python part only. That part describes two
operators which the compiled part would have brought, and stops where they are missing. They are declared here, without a
kernel, just before torchvision is imported. Nothing in miqa_app calls a kernel of torchvision: deformable convolution is
written with `grid_sample`, and boxes are not our business.
"""

import sys
from importlib.abc import MetaPathFinder

_OPERATORS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
_kept = []


class _BeforeTorchvision(MetaPathFinder):
    """Declares the operators when somebody asks for torchvision, and finds nothing itself."""

    def find_spec(self, name, path=None, target=None):  # noqa: ARG002
        """Declare the operators once, then leave the search to the others."""
        if name == "torchvision":
            sys.meta_path.remove(self)
            import torch

            library = torch.library.Library("torchvision", "DEF")
            for schema in _OPERATORS:
                library.define(schema)
            _kept.append(library)


sys.meta_path.insert(0, _BeforeTorchvision())
