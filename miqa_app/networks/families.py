"""The designs beside MIQANet: LoDa, LoDaPro, LAR-IQA and DBCNN, with the values of their papers as defaults."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

VitName = Literal["vit_tiny", "vit_small", "vit_base"]
LodaCnn = Literal["resnet10t", "resnet18", "resnet34", "resnet50", "resnet101"]
EfficientName = Literal["efficientnet_b0", "efficientnet_lite0"]
MobileName = Literal["mobilenetv3_large_100", "mobilenetv3_small_100", "mobilenetv3_small_050"]


class FamilyConfig(BaseModel):
    """What the designs of all these families say.

    Attributes:
        name: how results and model cards name the design.
        frozen: whether the encoders stay as they were learnt, so that a network of random weights is worth nothing.
        grid: pixels per cell of score and weight maps.
        artefact_kinds: number K of artefact kinds that the network names.
        norm: mean and standard deviation of the input, "imagenet" or "half" for (x - 0.5) / 0.5.
        channels: the three input channels: the slice three times, or the colours of a photograph ("grey", for encoders that
            learnt on photographs), or three views of its grey values ("views", see `views.py`).
        score_bias: start value of the score, the mean of the training targets, 0 to 1.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = "custom"
    frozen: bool = False
    grid: Literal[8] = 8
    artefact_kinds: int = Field(default=13, ge=1, le=256)
    norm: Literal["imagenet", "half"] = "imagenet"
    channels: Literal["grey", "views"] = "grey"
    score_bias: float = 0.5


class LoDaConfig(FamilyConfig):
    """LoDa (K. Xu et al., CVPR 2024): local distortions that a CNN sees are injected into a Vision Transformer.

    Attributes:
        family: which family it is.
        transformer: the ViT, patches of 16 pixels.
        cnn: gives maps at four scales.
        latent: dimension r in which tokens and distortions meet; the paper tries 48, 64 and 80.
        heads: of the cross attention; the paper tries 2, 4 and 8.
        injections: number N of places, evenly spaced before the twelve blocks; the paper tries 3, 6 and 12.
        head: the cosine with a learnt direction, or a linear layer.
    """

    family: Literal["loda"] = "loda"
    frozen: bool = True
    transformer: VitName = "vit_base"
    cnn: LodaCnn = "resnet50"
    latent: int = Field(default=64, ge=8, le=1024)
    heads: int = Field(default=4, ge=1, le=16)
    injections: Literal[1, 2, 3, 4, 6, 12] = 12
    head: Literal["cosine", "linear"] = "cosine"

    @model_validator(mode="after")
    def _heads_divide(self) -> LoDaConfig:
        """Refuse heads of unequal size."""
        _check_heads(self.latent, self.heads)
        return self

    @property
    def backbones(self) -> dict[str, str]:
        """Return the names of the encoders by branch."""
        return {"cnn": self.cnn, "transformer": self.transformer}


class LoDaProConfig(FamilyConfig):
    """LoDaPro: the class token of a Vision Transformer asks the local features of an EfficientNet.

    Attributes:
        family: which family it is.
        transformer: the ViT, patches of 16 pixels.
        cnn: the paper's EfficientNet-B0, or EfficientNet-Lite0: the same widths and depths without squeeze-and-excitation
            and with ReLU6 for SiLU; its ImageNet weights come in a package under Apache-2.0 (see `lite_weights`).
        latent: dimension d of the local features, which the paper leaves open; LoDa's value.
        heads: of the cross attention.
        gamma: start value of the scale of what is gathered.
    """

    family: Literal["lodapro"] = "lodapro"
    transformer: VitName = "vit_base"
    cnn: EfficientName = "efficientnet_b0"
    latent: int = Field(default=64, ge=8, le=1024)
    heads: int = Field(default=4, ge=1, le=16)
    gamma: float = 0.02

    @model_validator(mode="after")
    def _heads_divide(self) -> LoDaProConfig:
        """Refuse heads of unequal size."""
        _check_heads(self.latent, self.heads)
        return self

    @property
    def backbones(self) -> dict[str, str]:
        """Return the names of the encoders by branch."""
        return {"cnn": self.cnn, "transformer": self.transformer}


class LarIqaConfig(FamilyConfig):
    """LAR-IQA (N. Avanaki et al. 2024): two small CNNs, one on the whole slice made small, one at full resolution.

    Attributes:
        family: which family it is.
        cnn: the encoder; each branch has its own.
        features: what stands for an image: the last map of the encoder, averaged ("pooled"), or the 1000 outputs of its
            classifier ("logits", as in the paper).
        head: Kolmogorov-Arnold layers ("kan") or the layers of the paper's comparison ("mlp").
        width: numbers per branch between the layers; the paper's first stage has 128, its others 512.
        whole_edge: side of the whole slice for its branch, in pixels; the paper's 384 (224 in its first training).
    """

    family: Literal["lariqa"] = "lariqa"
    cnn: MobileName = "mobilenetv3_large_100"
    features: Literal["pooled", "logits"] = "pooled"
    head: Literal["kan", "mlp"] = "kan"
    width: int = Field(default=512, ge=8, le=2048)
    whole_edge: int = Field(default=384, ge=64, le=1024, multiple_of=32)

    @property
    def backbones(self) -> dict[str, str]:
        """Return the names of the encoders by branch."""
        return {"whole": self.cnn, "detail": self.cnn}


class DbCnnConfig(FamilyConfig):
    """DBCNN (W. Zhang et al. 2020): products of what a CNN of photographs and a CNN of distortions see.

    Attributes:
        family: which family it is.
        cnn: the CNN of photographs; the paper's VGG16 up to conv5_3, or a small ResNet for tests.
    """

    family: Literal["dbcnn"] = "dbcnn"
    cnn: Literal["vgg16", "resnet10t"] = "vgg16"

    @property
    def backbones(self) -> dict[str, str]:
        """Return the names of the encoders by branch."""
        return {"cnn": self.cnn, "distortions": "s-cnn"}


def _check_heads(latent: int, heads: int) -> None:
    if latent % heads:
        raise ValueError(f"The dimension {latent} cannot be shared by {heads} heads.")


FAMILY_ROWS = (
    LoDaConfig(name="loda"),
    LoDaConfig(name="loda_small", transformer="vit_small"),
    LoDaConfig(
        name="loda_tiny", transformer="vit_tiny", cnn="resnet18", frozen=False, channels="views"
    ),
    LoDaProConfig(name="lodapro"),
    LoDaProConfig(name="lodapro_tiny", transformer="vit_tiny", channels="views"),
    LoDaProConfig(
        name="lodapro_lite", transformer="vit_tiny", cnn="efficientnet_lite0", channels="views"
    ),
    LarIqaConfig(name="lariqa", channels="views"),
    LarIqaConfig(name="lariqa_mlp", head="mlp", channels="views"),
    LarIqaConfig(name="lariqa_paper", features="logits"),
    LarIqaConfig(name="lariqa_128", features="logits", width=128),
    DbCnnConfig(name="dbcnn"),
)
"""Every named network of these families; DBCNN stands in tables alone."""
