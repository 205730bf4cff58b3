"""What the frozen program holds, and the environment that it gives to others."""

import importlib
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def rules():
    return importlib.import_module("rules")


@pytest.fixture
def slim():
    return importlib.import_module("slim")


def test_neither_program_holds_what_the_contracts_forbid_its_side(rules):
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    of_window = next(it for it in contracts if it["name"].startswith("the window's side"))
    of_worker = next(it for it in contracts if it["name"].startswith("the worker's side"))
    installed = {name for name in of_window["forbidden_modules"] if name not in ("tensorflow", "torch")}
    assert installed <= set(rules.WINDOW_WITHOUT)
    assert set(of_worker["forbidden_modules"]) - {"keras_hub"} <= set(rules.WORKER_WITHOUT)
    assert not set(rules.WINDOW_PACKAGES) & set(rules.WINDOW_WITHOUT)
    assert not set(rules.WORKER_PACKAGES) & set(rules.WORKER_WITHOUT)


def test_every_package_of_the_product_is_in_one_of_the_programs(rules):
    packages = {f"fnet_studio.{path.parent.name}" for path in (ROOT / "fnet_studio").glob("*/__init__.py")}
    assert packages == set(rules.WINDOW_PACKAGES) | set(rules.WORKER_PACKAGES)


@pytest.mark.parametrize(
    ("name", "out"),
    [
        ("PySide6/Qt/plugins/platforms/libqxcb.so", False),
        ("PySide6/Qt/plugins/platforms/libqwayland.so", False),
        ("PySide6/Qt/plugins/platforms/libqeglfs.so", True),
        ("PySide6/plugins/platforms/qwindows.dll", False),
        ("PySide6/Qt/translations/qtbase_de.qm", True),
        ("libstdc++.so.6", True),
        ("libxcb.so.1", True),
        ("libxcb-cursor.so.0", False),
        ("numpy/_core/tests/data/umath.csv", True),
        ("fnet_studio/resources/icons/check.svg", False),
    ],
)
def test_files_of_the_folder_are_left_out_by_rule(name, out, rules):
    assert rules.left_out(name) is out


def test_no_shipped_resource_is_left_out(rules):
    resources = ROOT / "resources"
    names = [f"fnet_studio/resources/{path.relative_to(resources).as_posix()}" for path in resources.rglob("*")]
    assert names
    assert not [name for name in names if rules.left_out(name)]


def test_a_librarys_own_tests_are_left_out_and_its_testing_tools_stay(rules):
    assert rules.is_test("keras.src.ops.math_test")
    assert rules.is_test("scipy.linalg.tests.test_basic")
    assert not rules.is_test("numpy.testing")
    assert not rules.is_test("fnet_studio.ui.tour")


IMPORT_ALL = """
import importlib, pkgutil, sys
sys.path.insert(0, sys.argv[1])
import rules
packages, without = (getattr(rules, name) for name in sys.argv[2:4])

class LeftOut:
    def find_spec(self, name, path=None, target=None):
        if any(name == one or name.startswith(one + ".") for one in without):
            raise ModuleNotFoundError(f"{name} is left out")

sys.meta_path.insert(0, LeftOut())
if without is rules.WINDOW_WITHOUT:
    import no_opengl
for package in packages:
    place = importlib.import_module(package).__path__
    for module in pkgutil.walk_packages(place, package + "."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
for name in sys.argv[4:]:
    importlib.import_module(name)
print("all imported")
"""


@pytest.mark.parametrize(
    "words",
    [
        ("WINDOW_PACKAGES", "WINDOW_WITHOUT", "pyqtgraph"),
        ("WORKER_PACKAGES", "WORKER_WITHOUT", "keras", "jax.scipy.linalg", "tokenizers", "sentencepiece"),
    ],
)
def test_every_module_can_be_imported_without_what_is_left_out(words, tmp_path):
    environment = {**os.environ, "FNET_STUDIO_HOME": str(tmp_path), "KERAS_BACKEND": "jax", "KERAS_HOME": str(tmp_path)}
    line = [sys.executable, "-c", IMPORT_ALL, str(ROOT / "packaging" / "freeze"), *words]
    done = subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.stdout.endswith("all imported\n"), done.stderr


@given(
    st.dictionaries(st.sampled_from("abcdefgh"), st.sets(st.sampled_from("abcdefgh"))),
    st.sets(st.sampled_from("abcdefgh")),
)
def test_what_is_reachable_is_the_smallest_closed_set_around_the_roots(needs, roots):
    sys.path.insert(0, str(ROOT / "packaging" / "linux"))
    try:
        found = importlib.import_module("slim").reachable(roots, needs)
    finally:
        sys.path.pop(0)
    assert roots <= found
    assert all(needs.get(name, set()) <= found for name in found)
    for name in found - roots:
        assert any(name in needs.get(other, ()) for other in found)


def test_only_plain_libraries_may_be_removed_as_unneeded(slim, tmp_path):
    inside = tmp_path / "_internal"
    for name, plain in (
        ("libpango-1.0.so.0", True),
        ("scipy.libs/libgfortran-1.so.5", True),
        ("PySide6/Qt/lib/libQt6Network.so.6", True),
        ("libpython3.11.so.1.0", False),
        ("PySide6/Qt/plugins/platforms/libqxcb.so", False),
        ("numpy/_core/_multiarray_umath.so", False),
    ):
        assert slim.in_pool(inside / name, inside) is plain, name
    assert not slim.in_pool(tmp_path / "fnet-studio", inside)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such search path")
@pytest.mark.parametrize("before", ["/users/own", None])
def test_programs_that_are_started_get_the_users_own_search_path(before):
    hook = ROOT / "packaging" / "freeze" / "own_environment.py"
    environment = {**os.environ, "LD_LIBRARY_PATH": "/opt/fnet-studio/_internal"}
    environment.pop("LD_LIBRARY_PATH_ORIG", None)
    if before is not None:
        environment["LD_LIBRARY_PATH_ORIG"] = before
    code = f"exec(open({str(hook)!r}).read()); import subprocess; subprocess.run(['env'])"
    seen = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True).stdout
    lines = [line for line in seen.splitlines() if line.startswith("LD_LIBRARY_PATH")]
    assert lines == ([f"LD_LIBRARY_PATH={before}"] if before is not None else [])
