"""With trained weights, padding and tiling move the score less than stated."""

from pathlib import Path

import numpy as np
import pytest
import torch

from miqa_app.networks import predict_tiled

ROOT = Path(__file__).parents[2]
PADDING_LIMIT = 0.5
TILING_LIMIT = 2.0


def _trained(name):
    registry = pytest.importorskip("miqa_app.registry.checkpoint", exc_type=ImportError)
    if not (ROOT / "models" / name / "config.json").exists():
        pytest.skip(f"the trained model '{name}' is not bundled yet")
    return registry.load_model(name).network.eval()


@pytest.fixture(scope="module")
def network():
    return _trained("lite")


@pytest.fixture(scope="module", params=["lite", "loda_tiny", "lodapro_tiny", "lariqa"])
def any_network(request):
    """A trained network of each family."""
    return _trained(request.param)


@pytest.fixture(scope="module")
def slices(shared):
    """Central slices of real volumes, one per source, scaled as the network expects, with odd sides."""
    nibabel = pytest.importorskip("nibabel")
    found, sources = [], set()
    for path in sorted(shared.rglob("*.nii.gz")):
        source = path.relative_to(shared).parts[0]
        if source in sources:
            continue
        volume = nibabel.load(path)
        if len(volume.shape) < 3 or min(volume.shape[:2]) < 150:
            continue
        pixels = np.asarray(volume.dataobj[:, :, volume.shape[2] // 2], dtype=np.float32)
        pixels = pixels.reshape(*pixels.shape[:2], -1)[..., 0]
        low, high = np.percentile(pixels[pixels > pixels.mean()], [0.5, 99.5])
        if high > low:
            scaled = np.clip((pixels - min(low, 0)) / (high - min(low, 0)), 0, 1)
            sources.add(source)
            found.append(torch.from_numpy(scaled)[None, None])
        if len(found) == 4:
            break
    if not found:
        pytest.skip("no real volume is large enough")
    return found


def _points(network, image):
    with torch.inference_mode():
        return 100 * network(image).score.item()


def test_padding_by_32_moves_the_score_little(any_network, slices, record_property):
    """Slices whose sides need no padding, against the same slices with a whole step of padding."""
    differences = []
    for image in slices:
        rows, columns = (side // 32 * 32 for side in image.shape[-2:])
        image = image[..., :rows, :columns]
        padded = torch.nn.functional.pad(image, (0, 32, 0, 32), mode="reflect")
        real = torch.zeros(padded.shape, dtype=torch.bool)
        real[..., :rows, :columns] = True
        with torch.inference_mode():
            moved = 100 * any_network(padded, real).score.item()
        differences.append(abs(moved - _points(any_network, image)))
    record_property("padding_points", max(differences))
    assert max(differences) <= PADDING_LIMIT, differences


def test_windows_move_the_score_little(network, slices, record_property):
    differences = [
        abs(100 * predict_tiled(network, image, 160, 80).score.item() - _points(network, image))
        if max(image.shape) <= 224
        else abs(100 * predict_tiled(network, image).score.item() - _points(network, image))
        for image in slices
    ]
    record_property("tiling_points", max(differences))
    assert max(differences) <= TILING_LIMIT, differences
