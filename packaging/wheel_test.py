"""Builds the wheel and proves it: installed into an empty environment outside the checkout, by pip and by uv, the
program fills a mask from the command line and its window paints.

    python packaging/wheel_test.py [--keep FOLDER]

Fetches the dependencies with the ordinary clients, as a user's machine would, so it takes some minutes.
"""

import argparse
import email.parser
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SENTENCE = "The capital of France is [MASK]."
PAINT_S = 60.0
OLD_SYSTEMS = {"x86_64-apple-darwin": "an Intel Mac", "aarch64-pc-windows-msvc": "Windows on ARM"}
"""uv's names of systems for which no jaxlib is made any more: there an install must fail, not fetch an ancient JAX."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, help="make the environments here and leave them, for looking into")
    options = parser.parse_args()
    folder = options.keep or Path(tempfile.mkdtemp(prefix="fnet-studio-wheel-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        wheel = build()
        check_content(wheel)
        by_pip = install_with_pip(wheel, folder.resolve())
        check_program(by_pip, folder, "pip install")
        if shutil.which("uv"):
            by_uv = install_with_uv(wheel, folder.resolve())
            check_program(by_uv, folder, "uv tool install")
            for system, words in OLD_SYSTEMS.items():
                check_refused(wheel, system, words)
        else:
            say("uv is not on this machine: `uv tool install` was not tried")
    finally:
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
    say("the wheel is what it should be")
    return 0


def build() -> Path:
    """The wheel in ``dist/``, made without a network from the build tools of this environment."""
    dist = ROOT / "dist"
    for old in dist.glob("*.whl"):
        old.unlink()
    run([sys.executable, "-m", "hatchling", "build", "--target", "wheel"], cwd=ROOT)
    (wheel,) = dist.glob("*.whl")
    say(f"built {wheel.name}, {wheel.stat().st_size / 2**20:.1f} MiB")
    return wheel


def check_content(wheel: Path) -> None:
    """Every tracked file of ``resources/`` is inside as it is in the checkout, and nothing that is not the program."""
    listed = run(["git", "ls-files", "resources"], cwd=ROOT).splitlines()
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        for name in listed:
            inside = f"fnet_studio/{name}"
            if inside not in names:
                fail(f"{name} is missing in the wheel")
            if digest(archive.read(inside)) != digest((ROOT / name).read_bytes()):
                fail(f"{name} is not the same in the wheel")
    foreign = sorted(name for name in names if not name.startswith(("fnet_studio/", "fnet_studio-")))
    foreign += sorted(name for name in names if "__pycache__" in name or name.endswith((".pyc", ".orig", "~")))
    if foreign:
        fail(f"the wheel holds what is not the program: {', '.join(foreign[:5])}")
    say(f"holds {len(names)} files, all {len(listed)} resources among them")


def install_with_pip(wheel: Path, folder: Path) -> Path:
    venv = folder / "venv"
    run([sys.executable, "-m", "venv", "--clear", str(venv)], cwd=folder)
    scripts = venv / ("Scripts" if os.name == "nt" else "bin")
    run([str(scripts / "python"), "-m", "pip", "install", "--quiet", str(wheel)], cwd=folder)
    run([str(scripts / "python"), "-m", "pip", "check"], cwd=folder)
    return scripts / "fnet-studio"


def install_with_uv(wheel: Path, folder: Path) -> Path:
    places = {"UV_TOOL_DIR": str(folder / "uv-tools"), "UV_TOOL_BIN_DIR": str(folder / "uv-bin")}
    run(["uv", "tool", "install", "--quiet", "--python", sys.executable, str(wheel)], cwd=folder, extra=places)
    return folder / "uv-bin" / "fnet-studio"


def check_program(program: Path, folder: Path, way: str) -> None:
    """In an empty home and an empty working folder: the version, a fill-mask, the devices, the window's first paint."""
    outside = Path(tempfile.mkdtemp(prefix="outside-", dir=folder))
    home = {"FNET_STUDIO_HOME": str(outside / "home"), "HOME": str(outside), "QT_QPA_PLATFORM": "offscreen"}
    version = run([str(program), "--version"], cwd=outside, extra=home).strip()
    answer = run([str(program), "fill-mask", SENTENCE, "--top", "3"], cwd=outside, extra=home)
    if not any(line.strip() for line in answer.splitlines()):
        fail(f"{way}: fill-mask answered nothing")
    run([str(program), "doctor", "--json"], cwd=outside, extra=home)
    paint_ms = first_paint_ms(program, outside, home)
    if (outside / ".keras").exists():
        fail(f"{way}: Keras wrote into the user's home")
    say(f"{way}: {version}; the window painted after {paint_ms:.0f} ms; fill-mask said:")
    print("\n".join(f"    {line}" for line in answer.splitlines()[:6]), flush=True)


def first_paint_ms(program: Path, folder: Path, extra: dict[str, str]) -> float:
    environment = environment_of({**extra, "FNET_STUDIO_TRACE_START": "1"})
    began = time.time()
    window = subprocess.Popen([str(program)], cwd=folder, env=environment, stderr=subprocess.PIPE, text=True)
    assert window.stderr is not None
    said = []
    try:
        for line in window.stderr:
            said.append(line)
            if line.startswith("first paint at "):
                return (float(line.split()[-1]) - began) * 1000
            if time.time() - began > PAINT_S:
                break
    finally:
        window.kill()
        window.wait()
        window.stderr.close()
    return fail(f"the window never painted:\n{''.join(said)}")


def check_refused(wheel: Path, system: str, words: str) -> None:
    """The wheel's lower bound of JAX makes an install fail there for want of a jaxlib."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = email.parser.HeaderParser().parsestr(archive.read(name).decode())
    wanted = [line for line in metadata.get_all("Requires-Dist", []) if line.startswith("jax") and ";" not in line]
    asked = ["uv", "pip", "compile", "--quiet", "--python-version", "3.11", "--python-platform", system, "-"]
    done = subprocess.run(
        [*asked, "--only-binary", ":all:"],
        input="\n".join(wanted),
        capture_output=True,
        text=True,
        env=environment_of({}),
    )
    if not wanted or done.returncode == 0 or "jaxlib" not in done.stderr:
        fail(f"an install on {words} is not refused:\n{done.stdout[-500:]}{done.stderr[-500:]}")
    say(f"on {words}, {', '.join(wanted)} is refused for want of a jaxlib")


def environment_of(extra: dict[str, str]) -> dict[str, str]:
    """This process's, without what would lead back into the checkout."""
    dropped = {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "FNET_STUDIO_HOME", "KERAS_HOME"}
    return {**{name: value for name, value in os.environ.items() if name not in dropped}, **extra}


def run(words: list[str], cwd: Path, extra: dict[str, str] | None = None) -> str:
    done = subprocess.run(words, cwd=cwd, env=environment_of(extra or {}), capture_output=True, text=True)
    if done.returncode:
        fail(f"{' '.join(words)} ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    return done.stdout


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def say(words: str) -> None:
    print(f"wheel: {words}", flush=True)


def fail(words: str) -> float:
    raise SystemExit(f"wheel: FAILED: {words}")


if __name__ == "__main__":
    sys.exit(main())
