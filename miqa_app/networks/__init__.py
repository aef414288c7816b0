"""Networks that judge a slice: MIQANet, its configurations and its tiled evaluation."""

from __future__ import annotations

from miqa_app.networks.config import CONFIGS, NetworkConfig, named_config
from miqa_app.networks.deform import DeformableAlignment, deform_conv3x3
from miqa_app.networks.miqanet import (
    MIQANet,
    Prediction,
    build,
    count_parameters,
    freeze_batchnorm,
)
from miqa_app.networks.pooling import masked_mean, pool_score, weighted_mean
from miqa_app.networks.tiling import predict_tiled

__all__ = [
    "CONFIGS",
    "DeformableAlignment",
    "MIQANet",
    "NetworkConfig",
    "Prediction",
    "build",
    "count_parameters",
    "deform_conv3x3",
    "freeze_batchnorm",
    "masked_mean",
    "named_config",
    "pool_score",
    "predict_tiled",
    "weighted_mean",
]
