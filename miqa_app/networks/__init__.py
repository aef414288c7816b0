"""Networks that judge a slice: MIQANet and the others, their designs and their tiled evaluation."""

from __future__ import annotations

from miqa_app.networks.build import build, count_parameters
from miqa_app.networks.catalogue import SIZES, Size
from miqa_app.networks.config import NetworkConfig
from miqa_app.networks.deform import DeformableAlignment, deform_conv3x3
from miqa_app.networks.design import CONFIGS, Design, design_of, named_config, outline
from miqa_app.networks.miqanet import MIQANet
from miqa_app.networks.network import QualityNetwork, freeze_batchnorm, freeze_encoders
from miqa_app.networks.pooling import masked_mean, pool_score, weighted_mean
from miqa_app.networks.prediction import Prediction
from miqa_app.networks.tiling import predict_tiled

__all__ = [
    "CONFIGS",
    "DeformableAlignment",
    "Design",
    "MIQANet",
    "NetworkConfig",
    "Prediction",
    "SIZES",
    "QualityNetwork",
    "Size",
    "build",
    "count_parameters",
    "deform_conv3x3",
    "design_of",
    "freeze_batchnorm",
    "freeze_encoders",
    "masked_mean",
    "named_config",
    "outline",
    "pool_score",
    "predict_tiled",
    "weighted_mean",
]
