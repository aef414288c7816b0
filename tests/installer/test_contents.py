"""What goes into the installed program: nothing that our code opens is missing, nothing that must stay out is in."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_every_bundled_folder_that_the_code_asks_for_goes_in(installer):
    contents = installer("contents")
    asked = set()
    for file in (ROOT / "miqa_app").rglob("*.py"):
        asked |= set(re.findall(r"""\bbundled\(["'](\w+)["']\)""", file.read_text("utf-8")))
    assert asked == {"models", "resources"}
    assert asked <= set(contents.OWN_DATA.values())
    assert all((ROOT / source).exists() for source in contents.OWN_DATA)


def test_what_the_code_opens_beside_a_module_goes_in(installer):
    """A module that looks for files beside itself or beside a library must have them named in contents.py."""
    files = {file: file.read_text("utf-8") for file in (ROOT / "miqa_app").rglob("*.py")}
    looking = {str(file.relative_to(ROOT)) for file, text in files.items() if "__file__" in text}
    assert looking == {
        "miqa_app/paths.py",  # models, resources
        "miqa_app/store/migrate.py",  # migrations
        "miqa_app/evaluation/rated/lookalike.py",  # LIBRARY_DATA
    }
    assert "miqa_app/store/migrations" in installer("contents").OWN_DATA
    others = [
        file
        for file in (ROOT / "miqa_app").rglob("*")
        if file.is_file() and file.suffix not in (".py", ".pyc") and file.name != "py.typed"
    ]
    assert not others, "data files beside the code need an entry in contents.OWN_DATA"


def test_the_libraries_files_that_we_open_are_there_under_these_names(installer):
    contents = installer("contents")
    for package, patterns in contents.LIBRARY_DATA.items():
        folder = Path(find_spec(package).origin).parent
        for pattern in patterns:
            assert (folder / pattern).is_file(), f"{package}: {pattern}"
            opened = (ROOT / "miqa_app" / "evaluation" / "rated" / "lookalike.py").read_text(
                "utf-8"
            )
            assert Path(pattern).name in opened


@pytest.mark.parametrize(
    ("place", "out"),
    [
        ("PySide6/Qt/plugins/platforms/libqxcb.so", False),
        ("PySide6/Qt/plugins/platforms/libqoffscreen.so", False),
        ("PySide6/Qt/plugins/platforms/libqwayland.so", False),
        ("PySide6/Qt/plugins/platforms/libqvnc.so", True),
        ("PySide6/Qt/plugins/platformthemes/libqgtk3.so", True),
        ("PySide6\\Qt\\plugins\\sqldrivers\\qsqlite.dll", True),
        ("PySide6/Qt/lib/libQt6Core.so.6", False),
        ("PySide6/Qt/lib/libQt6Network.so.6", True),
        ("libreadline.so.8", True),
        ("torch/bin/torch_shm_manager", False),
        ("torch/bin/protoc", True),
        ("torch/lib/libtorch_cpu.so", False),
        ("torch/include/ATen/ATen.h", True),
        ("nvidia/cu13/lib/libcublas.so.13", False),
        ("nvidia/cu13/lib/libcudart_static.a", True),
        ("resources/self_test/window.png", False),
    ],
)  # fmt: skip
def test_what_stays_out_and_what_does_not(installer, place, out):
    assert installer("contents").left_out(place) is out


@pytest.mark.parametrize(
    ("name", "out"),
    [
        ("openvino._offline_transformations", False),
        ("openvino.frontend.pytorch.fx_decoder", False),
        ("openvino.frontend.tensorflow.utils", True),
        ("openvino.tools.benchmark", True),
        ("openvino_telemetry", True),
        ("alembic.testing.suite", True),
        ("miqa_app.services.score", False),
    ],
)
def test_modules_stay_out_with_all_that_is_below_them(installer, name, out):
    assert installer("contents").module_left_out(name) is out


def test_no_telemetry_and_no_gpl_library_goes_in(installer):
    out = installer("contents").LEFT_OUT_MODULES
    assert {"openvino_telemetry", "readline", "_gdbm", "_dbm"} <= set(out)


def test_no_module_that_our_code_imports_is_left_out(installer):
    out = set(installer("contents").LEFT_OUT_MODULES)
    for file in (ROOT / "miqa_app").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module]
            assert not out & set(names), f"{file} imports {names}"


def test_openvino_keeps_what_a_cpu_needs_and_nothing_for_other_devices(installer):
    needs = installer("contents").openvino_needs
    for name in ("libopenvino.so.2641", "libopenvino_intel_cpu_plugin.so", "libtbb.so.12"):
        assert needs(name)
    for name in ("libopenvino_intel_gpu_plugin.so", "libopenvino_tensorflow_frontend.so.2641"):
        assert not needs(name)


def test_the_recipe_for_pyinstaller_is_python(installer):
    ast.parse((ROOT / "installer" / "miqa.spec").read_text("utf-8"))


def test_torchvision_can_be_imported_without_its_compiled_part(tmp_path):
    """The shim declares what the Python part describes, so that it does not stop; nothing else changes."""
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import torchvision_without_kernels\n"
        "assert 'torch' not in sys.modules, 'the shim must not load torch by itself'\n"
        "import torch\n"
        # what happens where the compiled part does not fit: it is not loaded
        "torch.ops.load_library = lambda path: (_ for _ in ()).throw(OSError(path))\n"
        "import torchvision, timm, piq\n"
        "assert not torchvision.extension._has_ops()\n"
        "assert piq.ssim(torch.ones(1, 1, 32, 32), torch.ones(1, 1, 32, 32)) == 1\n"
        "print('imported')\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, str(ROOT / "installer")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.strip() == "imported", done.stderr


def test_the_windows_script_takes_what_the_build_makes():
    script = (ROOT / "installer" / "windows" / "miqa.iss").read_text("utf-8")
    assert "PrivilegesRequired=lowest" in script
    spec = (ROOT / "installer" / "miqa.spec").read_text("utf-8")
    for program in set(re.findall(r"([\w-]+)\.exe", script)):
        assert f'"{program}"' in spec
    for source in re.findall(r"\.\.\\\.\.\\([\w.\\]+)", script):
        first = source.split("\\")[0]
        assert first in {"build", "dist"} or (ROOT / first).exists()
    sections = re.findall(r"^\[(\w+)\]$", script, re.MULTILINE)
    assert len(sections) == len(set(sections))
    for line in script.splitlines():
        assert line.count('"') % 2 == 0, line
