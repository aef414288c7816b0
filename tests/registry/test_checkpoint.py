"""A model folder gives back the network that was saved, and nothing else is ever loaded."""

from __future__ import annotations

import json
import pickle
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from miqa_app.errors import BadModel
from miqa_app.networks import MIQANet, build, named_config
from miqa_app.registry import find_model, list_models, verify_model
from miqa_app.registry.checkpoint import half_precision_network, load_model, save_model
from miqa_app.registry.folders import content_hash, default_model

CONFIG: dict[str, Any] = {
    "preprocessing": {"version": "robust-series-1"},
    "score_scale": {"low": 0, "high": 100},
    "training": {"summary": "weights at random"},
}

ROOT = Path(__file__).parents[2]


def refused(name: str | Path) -> str:
    """Return the message with which loading was refused: one sentence of one line."""
    with pytest.raises(BadModel) as caught:
        load_model(str(name))
    message = str(caught.value)
    assert re.fullmatch(r"The(re| model) [^\n]+[.]", message), message
    return message


def edit(folder: Path, **changes: Any) -> None:
    document = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(document | changes))


def test_a_saved_network_comes_back_with_the_same_predictions(
    folder: Path, network: MIQANet
) -> None:
    loaded = load_model("tiny")
    assert loaded.network.config == network.config
    assert not loaded.network.training
    assert not any(value.requires_grad for value in loaded.network.parameters())
    image = torch.rand(2, 1, 64, 72, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected, found = network(image), loaded.network(image)
    assert torch.allclose(found.score, expected.score, atol=2e-3)
    assert torch.allclose(found.score_map, expected.score_map, atol=5e-3)
    for name, value in network.state_dict().items():
        stored = loaded.network.state_dict()[name]
        assert stored.dtype == value.dtype
        assert torch.equal(stored, value.half().float() if value.is_floating_point() else value)


def test_weights_rounded_to_half_precision_survive_saving_exactly(
    models: Path, network: MIQANet
) -> None:
    copy = build(network.config)
    copy.load_state_dict(network.state_dict())
    rounded = half_precision_network(copy).eval()
    save_model(models / "rounded", rounded, CONFIG, "")
    image = torch.rand(1, 1, 64, 64, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        assert torch.equal(rounded(image).score, load_model("rounded").network(image).score)


def test_the_config_says_what_the_network_is_and_what_belongs_to_it(folder: Path) -> None:
    document = json.loads((folder / "config.json").read_text())
    assert document["schema"] == "miqa.model/1"
    assert document["network"]["name"] == "tiny"
    assert document["training"] == CONFIG["training"]
    assert set(document["files"]) == {"model.safetensors"}
    assert document["tensors"] == len(load_file(folder / "model.safetensors"))
    assert {file.name for file in folder.iterdir()} == {
        "config.json",
        "model.safetensors",
        "card.md",
    }


def test_a_new_model_of_the_same_name_replaces_the_old_one_whole(
    folder: Path, network: MIQANet
) -> None:
    (folder / "leftover.md").write_text("old")
    save_model(folder, network, CONFIG | {"training": {"summary": "second"}}, "# second")
    model = find_model("tiny")
    assert model.identity.training == "second"
    assert model.card == "# second"
    assert not (folder / "leftover.md").exists()
    assert [path.name for path in folder.parent.iterdir()] == ["tiny"]


def test_a_large_network_is_cut_into_shards_below_50_mb(models: Path) -> None:
    torch.manual_seed(0)
    base = build(named_config("base")).eval()
    save_model(models / "large", base, CONFIG, "")
    shards = find_model("large").weights
    assert [file.name for file in shards] == [f"model-{n}.safetensors" for n in (1, 2, 3)]
    assert all(file.stat().st_size < 50_000_000 for file in shards)
    loaded = load_model("large").network.state_dict()
    assert loaded.keys() == base.state_dict().keys()
    assert all(torch.equal(loaded[k], v.half().float()) for k, v in base.named_parameters())
    assert verify_model(find_model("large")) == []
    shards[1].unlink()
    assert verify_model(find_model("large")) == ["model-2.safetensors is missing"]
    assert "cannot be loaded" in refused("large")


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "card.md"])
@pytest.mark.parametrize("place", [0.0, 0.3, 0.999])
def test_the_identity_changes_with_any_byte(folder: Path, name: str, place: float) -> None:
    before = content_hash(folder)
    assert before == content_hash(folder) == find_model("tiny").sha256
    content = bytearray((folder / name).read_bytes())
    content[int(place * len(content))] ^= 1
    (folder / name).write_bytes(content)
    assert content_hash(folder) != before
    content[int(place * len(content))] ^= 1
    (folder / name).write_bytes(content)
    assert content_hash(folder) == before


def test_the_identity_changes_when_a_file_is_added_or_renamed(folder: Path) -> None:
    before = content_hash(folder)
    (folder / "card.md").rename(folder / "card2.md")
    assert content_hash(folder) != before


def test_verify_finds_a_sound_model_sound(folder: Path) -> None:
    assert verify_model(find_model("tiny")) == []


def test_verify_finds_a_changed_byte_of_the_weights(folder: Path) -> None:
    file = folder / "model.safetensors"
    content = bytearray(file.read_bytes())
    content[-50] ^= 64
    file.write_bytes(content)
    faults = verify_model(find_model("tiny"))
    assert "model.safetensors differs from the file that was released" in faults


def test_verify_finds_a_file_cut_short_and_loading_refuses_it(folder: Path) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-1000])
    faults = verify_model(find_model("tiny"))
    assert faults[0].startswith("model.safetensors cannot be read")
    assert "cannot be loaded" in refused("tiny")


def test_verify_finds_values_that_are_not_finite_and_missing_tensors(folder: Path) -> None:
    file = folder / "model.safetensors"
    state = load_file(file)
    name = next(key for key, value in state.items() if value.is_floating_point())
    state[name].flatten()[0] = torch.nan
    save_file(state, file)
    assert f"model.safetensors: {name} holds values that are not finite" in verify_model(
        find_model("tiny")
    )
    del state[name]
    save_file(state, file)
    edit(folder, files={})
    count = len(state)
    assert verify_model(find_model("tiny")) == [
        f"{count} tensors are there, {count + 1} are needed"
    ]
    assert name in refused("tiny")


@pytest.mark.parametrize("name", ["weights.pt", "x.pth", "last.ckpt", "pytorch_model.bin", "a.pkl"])
def test_a_folder_with_a_pickle_is_refused_and_the_pickle_not_opened(
    folder: Path, name: str, tmp_path: Path
) -> None:
    trap = tmp_path / "opened"
    (folder / name).write_bytes(pickle.dumps(_Trap(str(trap))))
    assert f"holds {name}, which could run code" in refused("tiny")
    assert not trap.exists()


class _Trap:
    """Writes a file when unpickled."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (open, (self.path, "w"))


def test_a_pickle_under_the_name_of_the_weights_is_not_opened(folder: Path, tmp_path: Path) -> None:
    trap = tmp_path / "opened"
    (folder / "model.safetensors").write_bytes(pickle.dumps(_Trap(str(trap))))
    assert "cannot be loaded" in refused("tiny")
    assert not trap.exists()


@pytest.mark.parametrize(
    "described",
    [
        {"cnn": "resnet999"},
        {"layers": "os.system"},
        {"cnn": None, "transformer": None},
        ["resnet34"],
        "resnet34",
        None,
    ],
)
def test_an_unknown_network_is_refused(folder: Path, described: object) -> None:
    edit(folder, network=described)
    message = refused("tiny")
    assert "cannot be loaded" in message or "no table of settings" in message


def test_the_refusal_of_a_network_names_the_fault(folder: Path) -> None:
    edit(folder, network={"cnn": "resnet999"})
    assert "cnn" in refused("tiny")


def test_weights_of_another_network_are_refused(folder: Path) -> None:
    edit(folder, network=named_config("a1").model_dump(mode="json"))
    assert "cannot be loaded" in refused("tiny")


@pytest.mark.parametrize("content", ["", "{", "[]", "7", '"text"', "null", '{"schema": 1}'])
def test_a_config_that_is_none_is_refused(folder: Path, content: str) -> None:
    (folder / "config.json").write_text(content)
    assert "tiny" in refused("tiny")


@pytest.mark.parametrize("part", ["preprocessing", "score_scale", "training"])
def test_a_part_of_the_config_that_is_no_table_is_refused(folder: Path, part: str) -> None:
    edit(folder, **{part: "text"})
    assert part in refused("tiny")


def test_a_folder_without_weights_is_refused(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    assert "its weights are missing" in refused("tiny")


@pytest.mark.parametrize(
    "name", ["../tiny", "../../etc", "/etc", "tiny/../../outside", "..", ".", "", "huge"]
)
def test_a_name_that_leads_to_no_model_is_refused(folder: Path, name: str) -> None:
    with pytest.raises(BadModel, match=r"^The(re is no| model) [^\n]+\.$"):
        find_model(name)


def test_a_name_never_leads_out_of_the_model_folders(folder: Path, network: MIQANet) -> None:
    save_model(folder.parent.parent / "elsewhere", network, CONFIG, "")
    (folder.parent.parent / "config.json").write_text(
        (folder / "config.json").read_text()
    )  # '..' of the model folder now looks like a model
    with pytest.raises(BadModel):
        find_model("..")


def test_a_path_opens_a_model_anywhere(tmp_path: Path, network: MIQANet) -> None:
    save_model(tmp_path / "mine", network, CONFIG, "")
    assert find_model(str(tmp_path / "mine")).name == "mine"
    assert load_model(str(tmp_path / "mine")).folder.identity.name == "mine"


def test_a_file_list_in_the_config_cannot_point_outside(folder: Path) -> None:
    edit(folder, files={"../../secret.safetensors": "0" * 64, "model.safetensors": "0" * 64})
    faults = verify_model(find_model("tiny"))
    assert "../../secret.safetensors is missing" in faults
    assert "model.safetensors differs from the file that was released" in faults


def test_the_user_model_goes_before_the_bundled_one_and_a_broken_one_hides_no_other(
    folder: Path, network: MIQANet
) -> None:
    save_model(folder.parent / "second", network, CONFIG, "")
    broken = folder.parent / "broken"
    broken.mkdir()
    (broken / "config.json").write_text("{")
    names = [model.name for model in list_models()]
    assert {"second", "tiny"} <= set(names)
    assert "broken" not in names
    assert names == sorted(names)
    with pytest.raises(BadModel, match="There is no model 'huge'; the models are: .*second.*tiny"):
        find_model("huge")


def test_the_default_model_is_the_one_that_the_marker_names(
    folder: Path, network: MIQANet, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bundle = tmp_path / "bundled"
    bundle.mkdir()
    monkeypatch.setattr("miqa_app.registry.folders.bundled", lambda _: bundle)
    save_model(folder.parent / "lite", network, CONFIG, "")
    assert default_model().name == "lite"  # without a marker
    (bundle / "default").write_text("tiny\n")
    assert default_model().name == "tiny"
    assert load_model().folder.name == "tiny"
    (bundle / "default").write_text("gone\n")
    with pytest.raises(BadModel, match="no model 'gone'"):
        default_model()


def test_listing_models_needs_no_torch() -> None:
    words = "import sys, miqa_app.registry as r; r.list_models(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", words], cwd=ROOT, check=False).returncode == 0
