"""What goes into the frozen program and what stays out. Only facts and pure functions: the spec and the tests use them.

One folder holds two programs. The window (which is the command line too) has Qt and no learning library; the worker has
the learning libraries and no Qt.
"""

from pathlib import PurePosixPath

WINDOW, WORKER = "fnet-studio", "fnet-studio-worker"
COMMAND_LINE = "fnet-studio-console"
"""On Windows alone."""

WINDOW_PACKAGES = (
    "fnet_studio.ui",
    "fnet_studio.cli",
    "fnet_studio.link",
    "fnet_studio.tables",
    "fnet_studio.core",
)
WORKER_PACKAGES = (
    "fnet_studio.worker",
    "fnet_studio.engine",
    "fnet_studio.models",
    "fnet_studio.data",
    "fnet_studio.tables",
    "fnet_studio.core",
)
"""Named whole, since some of their modules are imported by a computed name."""

WORKER_HIDDEN = (
    "huggingface_hub",
    "kagglehub",
    "tqdm.auto",
    "scipy.linalg",
    # what JAX's plugin for NVIDIA GPUs imports, which lies outside of the frozen folder (core/gpu_support.py)
    "jax._src.lib.triton",
    "jaxlib.triton",
)
"""What is imported by name only when it is asked for."""

METADATA = (
    "keras",
    "jax",
    "jaxlib",
    "numpy",
    "sentencepiece",
    "tokenizers",
    "safetensors",
    "h5py",
    "msgspec",
    "huggingface_hub",
    "kagglehub",
)
"""Distributions whose version the program or their own code asks for at run time."""

NEITHER = (
    "tkinter",
    "_tkinter",
    "setuptools",
    "pip",
    "wheel",
    "pkg_resources",
    "distutils",
    "pytest",
    "_pytest",
    "hypothesis",
    "IPython",
    "matplotlib",
    "pandas",
    "PIL",
    "lib2to3",
    "ensurepip",
    "idlelib",
    "turtledemo",
    "numpy.distutils",
    "sqlite3",
    "chardet",
    "curses",
    "readline",
)
WINDOW_WITHOUT = (
    *NEITHER,
    "numpy.f2py",
    "fnet_studio.worker",
    "fnet_studio.engine",
    "fnet_studio.models",
    "fnet_studio.data",
    "jax",
    "jaxlib",
    "keras",
    "scipy",
    "h5py",
    "sentencepiece",
    "tokenizers",
    "safetensors",
    "huggingface_hub",
    "kagglehub",
    "ml_dtypes",
    "optree",
    "pyqtgraph.opengl",
    "pyqtgraph.examples",
    "pyqtgraph.flowchart",
    "pyqtgraph.console",
    "pyqtgraph.jupyter",
    "OpenGL",
    "PySide6.QtQml",
    "PySide6.QtQuick",
    "PySide6.QtQuickWidgets",
    "PySide6.QtNetwork",
    "PySide6.QtOpenGL",
    "PySide6.QtSql",
    "PySide6.QtDesigner",
    "PySide6.QtHelp",
    "PySide6.QtUiTools",
)
WORKER_WITHOUT = (
    *NEITHER,
    "fnet_studio.ui",
    "fnet_studio.cli",
    "fnet_studio.link",
    "PySide6",
    "shiboken6",
    "pyqtgraph",
    "torch",
    "tensorflow",
    "openvino",
    "onnxruntime",
    "keras.src.backend.torch",
    "keras.src.backend.tensorflow",
    "keras.src.backend.openvino",
    # what jax and keras import is scipy.linalg and scipy.sparse.linalg
    "scipy.cluster",
    "scipy.datasets",
    "scipy.differentiate",
    "scipy.fft",
    "scipy.integrate",
    "scipy.interpolate",
    "scipy.io",
    "scipy.ndimage",
    "scipy.odr",
    "scipy.optimize",
    "scipy.signal",
    "scipy.sparse.csgraph",
    "scipy.spatial",
    "scipy.special",
    "scipy.stats",
    # the program switches this protocol of the Hub off: its downloads cannot be stopped
    "hf_xet",
    "pygments",
)

QT_PLATFORMS_KEPT = ("xcb", "wayland", "offscreen", "minimal", "cocoa", "windows", "direct2d")
QT_LEFT_OUT = (
    "PySide6/Qt/translations/",
    "PySide6/translations/",
    "PySide6/Qt/qml/",
    "PySide6/Qt/plugins/platformthemes/libqgtk3",
    "PySide6/Qt/plugins/qmltooling/",
    "PySide6/Qt/plugins/sqldrivers/",
    "PySide6/Qt/plugins/egldeviceintegrations/",
    "PySide6/Qt/plugins/networkinformation/",
    "PySide6/Qt/plugins/tls/",
    "PySide6/Qt/plugins/generic/",
    "PySide6/Qt/plugins/imageformats/libqicns",
    "PySide6/Qt/plugins/imageformats/libqtga",
    "PySide6/Qt/plugins/imageformats/libqtiff",
    "PySide6/Qt/plugins/imageformats/libqwbmp",
    "PySide6/Qt/plugins/imageformats/libqwebp",
)
SYSTEM_LIBRARIES = (
    "libstdc++.so",
    "libgcc_s.so",
    "libX11.so",
    "libX11-xcb.so",
    "libxcb.so",
    "libXau.so",
    "libXdmcp.so",
    "libfontconfig.so",
    "libfreetype.so",
    "libGL.so",
    "libEGL.so",
    "libGLX.so",
    "libGLdispatch.so",
    "libOpenGL.so",
    "libdbus-1.so",
    "libsystemd.so",
    "libglib-2.0.so",
    "libgthread-2.0.so",
    "libgobject-2.0.so",
    "libgio-2.0.so",
    "libgmodule-2.0.so",
    "libwayland-client.so",
    "libwayland-cursor.so",
    "libwayland-egl.so",
    "libuuid.so",
    "libexpat.so",
    "libpng16.so",
    "libbrotlidec.so",
    "libbrotlicommon.so",
    "libbsd.so",
    "libmd.so",
    "libpcre2-8.so",
    "libcap.so",
    "libgcrypt.so",
    "libgpg-error.so",
    "liblz4.so",
    "libmount.so",
    "libblkid.so",
    "libselinux.so",
)
"""Taken from the machine where the program runs (the package depends on them): another copy of these beside the
machine's drivers and fonts does harm, or they belong to one that is left out."""


def is_test(module: str) -> bool:
    """Whether a Python module holds a library's own tests."""
    parts = module.split(".")
    return len(parts) > 1 and (parts[-1].endswith("_test") or "tests" in parts[1:])


def left_out(name: str) -> bool:
    """Whether a file of the frozen folder, named below it with `/`, is not wanted there."""
    path = PurePosixPath(name)
    if any(name.startswith(prefix) for prefix in QT_LEFT_OUT):
        return True
    if path.parent.name == "platforms" and "PySide6" in path.parts:
        return not any(path.name.startswith((f"libq{kept}", f"q{kept}")) for kept in QT_PLATFORMS_KEPT)
    if path.suffix == ".pyi":
        return True
    if "tests" in path.parts and path.parts[0] in ("scipy", "numpy", "h5py", "jax", "keras"):
        return True
    return any(path.name.startswith(library) for library in SYSTEM_LIBRARIES)
