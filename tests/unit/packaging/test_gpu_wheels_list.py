"""The list of what "Add GPU support" fetches, made from an index on this machine by pip itself."""

import hashlib
import importlib
import platform
import subprocess
import sys

import msgspec
import pytest
import stand_in_wheels as made
from stand_in_wheels import Index

from fnet_studio.core import gpu_list, gpu_support

JAX, PYTHON, MACHINE = gpu_list.here()
PLUGIN = f"jax_cuda12_plugin-{JAX}-cp{PYTHON.replace('.', '')}-cp{PYTHON.replace('.', '')}-manylinux_2_27_{MACHINE}.whl"
OTHER_PYTHON = f"jax_cuda12_plugin-{JAX}-cp39-cp39-manylinux_2_27_{MACHINE}.whl"
LIBRARY = "nvidia_stand_in_cu12-2.0-py3-none-any.whl"
NEEDS = 'Provides-Extra: with-cuda\nRequires-Dist: nvidia-stand-in-cu12; extra == "with-cuda"\n'


class SimpleIndex(Index):
    """Pages of links with checksums, as PEP 503 has them."""

    def answer(self, request, path, body):
        if not path.startswith("/simple/"):
            super().answer(request, path, body)
            return
        begin = path.strip("/").split("/")[1].replace("-", "_")
        links = "".join(
            f'<a href="/{it.name}#sha256={hashlib.sha256(it.read_bytes()).hexdigest()}">{it.name}</a>'
            for it in self.folder.glob(f"{begin}-*.whl")
        )
        request.send(200, f"<html><body>{links}</body></html>".encode(), Content_Type="text/html")


@pytest.fixture
def index(tmp_path, monkeypatch):
    folder = tmp_path / "index"
    folder.mkdir()
    for name, text in ((PLUGIN, NEEDS), (OTHER_PYTHON, NEEDS), (LIBRARY, "")):
        project, version = name.split("-")[:2]
        inside = f"{project}-{version}.dist-info"
        metadata = f"Metadata-Version: 2.1\nName: {project.replace('_', '-')}\nVersion: {version}\n{text}"
        wheel = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        files = {f"{project}/large.bin": b"0" * 200_000, f"{inside}/METADATA": metadata, f"{inside}/WHEEL": wheel}
        made.write_wheel(folder / name, {**files, f"{inside}/RECORD": ""})
    for name in ("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_INDEX_URL", "FNET_STUDIO_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    with SimpleIndex(folder) as it:
        yield it


@pytest.mark.skipif(sys.platform != "linux", reason="GPU support is for Linux")
def test_pip_chooses_the_wheels_for_this_very_jax_and_the_program_can_add_them(index, tmp_path):
    out = tmp_path / "build" / gpu_list.BUNDLED
    script = importlib.import_module("gpu_list").__file__
    words = [sys.executable, script, "--index", f"{index.address}/simple", str(out)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    one = gpu_list.read(str(out))
    assert (one.jax, one.python, one.machine) == (JAX, PYTHON, MACHINE)
    assert {wheel.file for wheel in one.wheels} == {PLUGIN, LIBRARY}
    assert all(wheel.bytes == (index.folder / wheel.file).stat().st_size for wheel in one.wheels)
    assert all(200_000 < wheel.unpacked_bytes < wheel.bytes for wheel in one.wheels)
    gpu_support.add(one)
    assert (gpu_support.folder() / "site" / "nvidia_stand_in_cu12" / "large.bin").is_file()


def test_a_build_takes_the_list_only_for_what_it_bundles(tmp_path):
    package = importlib.import_module("package")
    resources = tmp_path / "resources"
    resources.mkdir()
    built = tmp_path / gpu_list.BUNDLED
    assert "Without GPU support" in package.take_gpu_list(built, resources)
    one = made.write(tmp_path / "wheels")
    built.write_bytes(msgspec.json.encode(one))
    assert JAX in package.take_gpu_list(built, resources)
    assert gpu_list.decode((resources / built.name).read_bytes(), "") == one
    built.write_bytes(msgspec.json.encode(msgspec.structs.replace(one, machine="riscv" + platform.machine())))
    with pytest.raises(SystemExit, match="make it again"):
        package.take_gpu_list(built, resources)
    assert list(resources.iterdir()) == [], "nor does one of an earlier build stay"
