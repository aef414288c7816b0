"""Nothing that could run code when opened lies in a model folder, at any depth and under any name."""

from __future__ import annotations

import gzip
import io
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from miqa_app.errors import BadModel
from miqa_app.registry.folders import read_folder
from miqa_app.registry.pickles import unpickled


def torch_bytes(*, old: bool) -> bytes:
    buffer = io.BytesIO()
    torch.save({"x": torch.ones(2)}, buffer, _use_new_zipfile_serialization=not old)
    return buffer.getvalue()


PICKLES = {
    "protocol 2": pickle.dumps({"a": 1}, protocol=2),
    "protocol 4": pickle.dumps({"a": 1}, protocol=4),
    "protocol 5": pickle.dumps({"a": 1}, protocol=5),
    "torch": torch_bytes(old=False),
    "torch of old": torch_bytes(old=True),
    "packed": gzip.compress(pickle.dumps({"a": 1})),
}


@pytest.mark.parametrize("kind", PICKLES)
@pytest.mark.parametrize(
    "name", ["model.safetensors", "evidence/notes.txt", "evidence/local/deep/er/picture.png", "x"]
)
def test_a_pickle_is_found_by_its_content(folder: Path, kind: str, name: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(PICKLES[kind])
    with pytest.raises(BadModel, match=f"holds {name}, which could run code when opened"):
        read_folder(folder)


@pytest.mark.parametrize("name", ["a.PKL", "evidence/x.npy", "b/c/d.joblib", "w.pt2", "m.h5"])
def test_a_name_of_a_pickle_is_enough(folder: Path, name: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(b"")
    with pytest.raises(BadModel, match="could run code"):
        read_folder(folder)


@pytest.mark.parametrize("length", [0x0280, 0x0380, 0x0480, 0x0580])
def test_a_header_whose_length_looks_like_a_pickle_is_none(tmp_path: Path, length: int) -> None:
    # the header is padded by its metadata until its length begins with the bytes 80 02 … 80 05
    for padding in range(2000):
        file = tmp_path / "model.safetensors"
        save_file({"x": torch.ones(1)}, file, metadata={"pad": "x" * padding})
        if int.from_bytes(file.read_bytes()[:8], "little") == length:
            assert unpickled(tmp_path) == ""
            return
    pytest.fail("no header of that length came about")


def test_evidence_as_it_is_written_passes(folder: Path) -> None:
    local = folder / "evidence" / "local"
    local.mkdir(parents=True)
    (folder / "evidence" / "evidence.json").write_text("{}")
    (folder / "evidence" / "evidence.pdf").write_bytes(b"%PDF-1.7\n%\x80\x81")
    (local / "predictions.csv").write_text("image,target\n")
    (local / "map.png").write_bytes(b"\x89PNG\r\n\x1a\n" + np.zeros(9, np.uint8).tobytes())
    assert read_folder(folder).name == "tiny"
