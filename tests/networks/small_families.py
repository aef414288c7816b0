"""The smallest member of each family beside MIQANet, for tests of what all families share."""

from __future__ import annotations

from miqa_app.networks.design import Design
from miqa_app.networks.families import DbCnnConfig, LarIqaConfig, LoDaConfig, LoDaProConfig

SMALL: dict[str, Design] = {
    "loda": LoDaConfig(
        name="small_loda", transformer="vit_tiny", cnn="resnet10t", frozen=False, latent=16,
        heads=2, injections=2,
    ),
    "lodapro": LoDaProConfig(name="small_lodapro", transformer="vit_tiny", latent=16, heads=2),
    "lariqa": LarIqaConfig(
        name="small_lariqa", cnn="mobilenetv3_small_050", width=16, whole_edge=64,
    ),
}  # fmt: skip
DBCNN = DbCnnConfig(name="small_dbcnn", cnn="resnet10t")
"""The smallest DBCNN, which stands in tables alone."""
