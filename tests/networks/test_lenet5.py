"""The dense LeNet-5 has the shapes of the original, and its map lies on the grid."""

import pytest
import torch

from miqa_app.networks.lenet5 import LeNet5


@pytest.mark.parametrize("grid", [4, 8])
@pytest.mark.parametrize("size", [(32, 32), (97, 130), (7, 9)])
def test_the_map_has_one_cell_of_84_numbers_per_grid_step(grid, size):
    cells = tuple(-(-side // grid) for side in size)
    assert LeNet5(grid)(torch.rand(2, 1, *size)).shape == (2, 84, *cells)


def test_its_layers_have_the_weights_of_the_original_that_is_fully_connected():
    count = sum(weight.numel() for weight in LeNet5(8).parameters())
    convolutions = (25 * 6 + 6) + (6 * 25 * 16 + 16)
    assert count == convolutions + (16 * 25 * 120 + 120) + (120 * 84 + 84)
