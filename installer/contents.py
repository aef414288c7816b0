"""What goes into the installed program and what stays out, as tables; `miqa.spec` hands them to PyInstaller.

Standard library only, so that the tests read the same tables without PyInstaller.
"""

from __future__ import annotations

from fnmatch import fnmatch

# folder or file of the checkout -> folder inside the program; miqa_app.paths.bundled() finds the first two
OWN_DATA = {
    "models": "models",
    "resources": "resources",
    # Alembic runs these as files
    "miqa_app/store/migrations": "miqa_app/store/migrations",
    "LICENSE": ".",
    "README.md": ".",
}

# package -> patterns of its data files that our code opens by their place
LIBRARY_DATA = {
    "nibabel": ["tests/data/example4d.nii.gz"],  # evaluation.rated.lookalike
    "pydicom": ["data/test_files/examples_overlay.dcm"],  # evaluation.rated.lookalike
    "matplotlib": ["mpl-data/sample_data/s1045.ima.gz"],  # evaluation.rated.lookalike
}

# packages of which modules are found at run time by name only
WHOLE_PACKAGES = [
    "miqa_app",
    "alembic",  # migrations import it, and they are data here
    "openvino",  # its compiled part imports modules of its Python part
    "pylibjpeg",
    "openjpeg",
    "psycopg",
]
SINGLE_MODULES = [
    "gdcm",
    "logging.config",
    "psycopg_binary._psycopg",
    "psycopg_binary.pq",
    "sqlalchemy.dialects.sqlite",
    "sqlalchemy.dialects.postgresql.psycopg",
]

# packages of which functions are read as text at run time (torch.jit, onnxscript)
NEED_SOURCE = ["timm", "piq", "torchmetrics", "onnxscript"]

# OpenVINO finds its plug-ins by the names of files beside its library: these are all that a CPU needs
OPENVINO_LIBRARIES = [
    "libopenvino.*",
    "openvino.dll",
    "*openvino_intel_cpu_plugin*",
    "*openvino_ir_frontend*",
    "*openvino_onnx_frontend*",
    "*openvino_pytorch_frontend*",
    "*tbb*",
    "*hwloc*",
    "plugins.xml",
]

LEFT_OUT_MODULES = [
    "alembic.testing",
    # the GNU readline and gdbm behind these are GPL, Berkeley DB asks for its own terms; nobody calls them
    "readline",
    "_gdbm",
    "_dbm",
    "dbm.gnu",
    "dbm.ndbm",
    # speaks to its maker
    "openvino_telemetry",
    # developers' tools and other windows, drawn in by libraries that can also use them
    "IPython",
    "hf_xet",  # makes downloads faster, and nothing is downloaded
    "_pytest",
    "hypothesis",
    "mypy",
    "pip",
    "pytest",
    "setuptools",
    "tensorboard",
    "tkinter",
    "torch.utils.tensorboard",
    "wheel",
    "onnx.backend.test",
    "openvino.frontend.jax",
    "openvino.frontend.paddle",
    "openvino.frontend.pytorch.torchdynamo",
    "openvino.frontend.tensorflow",
    "openvino.tools.benchmark",
    "openvino.torch",
    "PySide6.QtNetwork",
    "PySide6.QtOpenGL",
    "PySide6.QtQml",
    "PySide6.QtQuick",
    "PySide6.QtTest",
]

# files by their place inside the program; what PyInstaller collects beyond need
LEFT_OUT_FILES = [
    # Qt without networking, QML, databases, translations, and screens that no desktop has
    "PySide6/Qt/qml/*",
    "PySide6/Qt/translations/*",
    "*/plugins/egldeviceintegrations/*",
    "*/plugins/generic/*",
    "*/plugins/networkinformation/*",
    "*/plugins/platforminputcontexts/*qtvirtualkeyboard*",
    "*/plugins/platforms/*eglfs*",
    "*/plugins/platforms/*linuxfb*",
    "*/plugins/platforms/*minimal*",
    "*/plugins/platforms/*vkkhrdisplay*",
    "*/plugins/platforms/*vnc*",
    "*/plugins/platformthemes/*gtk3*",
    "*/plugins/sqldrivers/*",
    "*/plugins/tls/*",
    "*Qt6Network.*",
    "*Qt6OpenGL*.*",
    "*Qt6Pdf*.*",
    "*Qt6Qml*.*",
    "*Qt6Quick*.*",
    "*Qt6VirtualKeyboard*.*",
    "*Qt6EglFS*.*",
    "*Qt6EglFs*.*",
    # GTK and what hangs on it; the desktop's own is not used
    "libgtk-3.*",
    "libgdk-3.*",
    "libgdk_pixbuf*",
    "libatk*",
    "libcairo*",
    "libdatrie.*",
    "libfribidi.*",
    "libgio-2.0.*",
    "libgmodule-2.0.*",
    "libgobject-2.0.*",
    "libgraphite2.*",
    "libharfbuzz.so*",
    "libpango*",
    "libpixman*",
    "libthai.*",
    # of libgio alone
    "libblkid.*",
    "libmount.*",
    "libselinux.*",
    # GPL; see LEFT_OUT_MODULES
    "libreadline.*",
    "libgdbm*",
    "libdb-5*",
    "onnx/backend/test/*",
    # for linking other programs
    "*.a",
    "*.lib",
    "*.pyi",
    "torch/include/*",
    "torch/share/*",
    "torch/bin/protoc*",
    "torch/bin/test*",
    "triton/backends/nvidia/lib/*.bc",
    "*/nvvm/bin/*",
]


# and, where torchvision's compiled part does not fit torch, that part with what it brought
WITHOUT_KERNELS = [
    "torchvision/*.so*",
    "torchvision/*.pyd",
    "torchvision.libs/*",
    "libcudart.*",
    "libnvjpeg.*",
]


def module_left_out(name: str) -> bool:
    """Return whether a module stays out, by its full name."""
    return ".testing" in name or any(
        name == one or name.startswith(f"{one}.") for one in LEFT_OUT_MODULES
    )


def left_out(place: str) -> bool:
    """Return whether a collected file stays out, by its place inside the program."""
    place = place.replace("\\", "/")
    return any(fnmatch(place, pattern) for pattern in LEFT_OUT_FILES)


def openvino_needs(name: str) -> bool:
    """Return whether a file of openvino/libs is needed to run a network on a CPU."""
    return any(fnmatch(name, pattern) for pattern in OPENVINO_LIBRARIES)
