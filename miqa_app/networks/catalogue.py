"""How large the networks are: counted once, kept as a table, and counted again by the tests."""

from __future__ import annotations

from typing import NamedTuple


class Size(NamedTuple):
    """The size of a network with all its heads.

    Attributes:
        weights: all of them.
        learnt: those that training changes; fewer where encoders are frozen.
        operations: multiply-accumulates on a slice of 224 x 224 pixels without a margin.
    """

    weights: int
    learnt: int
    operations: int


SIZES: dict[str, Size] = {
    "base": Size(51_892_920, 51_892_920, 10_212_977_792),
    "lite": Size(5_380_386, 5_380_386, 2_495_247_664),
    "loda": Size(118_849_768, 9_543_080, 23_754_081_792),
    "loda_small": Size(48_349_096, 3_175_400, 9_538_397_952),
    "loda_tiny": Size(17_945_864, 17_945_864, 3_505_448_832),
    "lodapro": Size(87_495_914, 87_495_914, 17_939_971_648),
    "lodapro_tiny": Size(6_499_658, 6_499_658, 1_511_284_672),
    "lodapro_lite": Size(6_348_618, 6_348_618, 1_511_137_472),
    "lariqa": Size(16_744_232, 16_744_232, 1_206_739_200),
    "lariqa_mlp": Size(16_032_353, 16_032_353, 1_213_445_120),
    "lariqa_paper": Size(22_176_152, 22_176_152, 1_344_088_320),
    "lariqa_128": Size(14_486_936, 14_486_936, 1_167_486_720),
}
"""The networks of the four families by name; the rows of the ablation study are counted where they are tabulated."""
