"""What a MIQANet is made of: one frozen record, and the table of named networks.

Every row of the ablation study is a value of the same record, so that the rows
differ in nothing but the keys that their record names.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

CnnName = Literal[
    "simplecnn", "lenet5", "vgg19", "resnet10t", "resnet18", "resnet34", "resnet101", "resnet152"
]
GREY_CNNS = ("simplecnn", "lenet5")
"""Small encoders that see the grey slice alone and have one map, which lies on the grid."""

TransformerName = Literal["swin_lite", "swin_tiny", "swin_small", "swin_base", "swin_large"]

PAPER_STAGES = (1, 2, 3, 4)


class NetworkConfig(BaseModel):
    """The design of one network.

    Attributes:
        name: how results and model cards name the design.
        cnn: the convolutional encoder, or None for a transformer alone.
        cnn_stages: which of timm's feature levels of the encoder are used
            (1 to 4 are strides 4 to 32 for a ResNet, 2 to 4 strides 4 to 16 for VGG19);
            ignored for SimpleCNN and LeNet5, which have one map.
        transformer: the Swin encoder, or None for a CNN alone.
        deform: how the CNN map is aligned: a plain 3x3 convolution ("off"), a
            deformable one with offsets from the Swin map ("on"), or that with a
            factor per tap ("modulated").
        ap: adaptive weighting of the branches: from the image ("gated"), one learned
            number ("scalar") or none.
        decoder: which decoding pathways are used.
        width: channels C of the fusion maps.
        grid: pixels per cell of the score and weight maps.
        artefact_kinds: number K of artefact kinds that the network names.
        norm: "imagenet" mean and standard deviation, or "half" for (x - 0.5) / 0.5.
        channels: the three input channels: the slice three times, or the colours of a photograph ("grey", for
            encoders that learnt on photographs), or three views of its grey values ("views", see `views.py`).
        score_bias: start value of the score, the mean of the training targets, 0 to 1.
        drop_path: rate of stochastic depth of the Swin encoder while training.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    family: ClassVar[Literal["miqanet"]] = "miqanet"
    frozen: ClassVar[bool] = False
    """Whether the encoders stay as they were learnt; those of MIQANet learn."""

    name: str = "custom"
    cnn: CnnName | None = "resnet34"
    cnn_stages: tuple[int, ...] = PAPER_STAGES
    transformer: TransformerName | None = "swin_tiny"
    deform: Literal["off", "on", "modulated"] = "on"
    ap: Literal["gated", "scalar", "none"] = "gated"
    decoder: Literal["both", "cnn", "transformer"] = "both"
    width: int = Field(default=256, ge=16, le=2048)
    grid: Literal[4, 8] = 8
    artefact_kinds: int = Field(default=13, ge=1, le=256)
    norm: Literal["imagenet", "half"] = "imagenet"
    channels: Literal["grey", "views"] = "grey"
    score_bias: float = 0.5
    drop_path: float = Field(default=0.1, ge=0.0, lt=1.0)

    @model_validator(mode="after")
    def _check(self) -> NetworkConfig:
        """Refuse combinations that name no network."""
        if self.cnn is None and self.transformer is None:
            raise ValueError("A network needs a CNN, a transformer or both.")
        if self.width % 8:
            raise ValueError(f"The width must be a multiple of 8, not {self.width}.")
        if self.cnn not in (None, *GREY_CNNS) and not self.cnn_stages:
            raise ValueError("A CNN needs at least one stage.")
        if list(self.cnn_stages) != sorted(set(self.cnn_stages)):
            raise ValueError("The stages of the CNN must be in rising order, each once.")
        return self

    @property
    def backbones(self) -> dict[str, str]:
        """Return the names of the encoders by branch."""
        both = {"cnn": self.cnn, "transformer": self.transformer}
        return {branch: name for branch, name in both.items() if name is not None}

    @property
    def fused(self) -> bool:
        """Whether both branches are present."""
        return self.cnn is not None and self.transformer is not None

    @property
    def fused_channels(self) -> int:
        """Channels of the fused map: 2C with both branches, C with one."""
        return 2 * self.width if self.fused else self.width


def _cnn_alone(name: str, cnn: CnnName, stages: tuple[int, ...] = PAPER_STAGES) -> NetworkConfig:
    """Return a row with a CNN only."""
    return NetworkConfig(
        name=name, cnn=cnn, cnn_stages=stages, transformer=None, ap="none", decoder="cnn"
    )


def _swin_alone(name: str, transformer: TransformerName) -> NetworkConfig:
    """Return a row with a transformer only."""
    return NetworkConfig(
        name=name, cnn=None, transformer=transformer, ap="none", decoder="transformer"
    )


_VGG = (2, 3, 4)
ROWS = (
    NetworkConfig(name="base", channels="views"),
    NetworkConfig(
        name="lite",
        cnn="resnet18",
        cnn_stages=(1, 2, 3),
        transformer="swin_lite",
        width=96,
        channels="views",
        drop_path=0.0,
    ),
    _cnn_alone("a1", "simplecnn"),
    _cnn_alone("a2", "vgg19", _VGG),
    _cnn_alone("a3", "resnet34"),
    _swin_alone("a4", "swin_tiny"),
    NetworkConfig(name="a5", cnn="simplecnn", ap="none"),
    NetworkConfig(name="a6", cnn="vgg19", cnn_stages=_VGG, ap="none"),
    NetworkConfig(name="a7", ap="none"),
    NetworkConfig(name="a8", cnn="simplecnn"),
    NetworkConfig(name="a9", cnn="vgg19", cnn_stages=_VGG),
    NetworkConfig(name="a10"),
    NetworkConfig(name="a11", deform="off"),
    NetworkConfig(name="a12", deform="modulated"),
    NetworkConfig(name="a13", ap="scalar"),
    _cnn_alone("b1", "resnet152"),
    _cnn_alone("b1_resnet101", "resnet101"),
    _cnn_alone("resnet18", "resnet18"),
    _cnn_alone("lenet5", "lenet5"),
    _swin_alone("b2", "swin_small"),
    _swin_alone("b3", "swin_large"),
)
"""The two that ship, the rows of the ablation study, and CNNs alone for the table of methods."""
