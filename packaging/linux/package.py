"""Builds everything that is handed out for Linux: package.py [--compression LEVEL] [--reuse].

In `dist/`: the folder, a `.deb`, a `.tar.xz` with an installer for one user, a software bill of materials, SHA256SUMS
and a script that checks them. Run it with the build environment's Python (`make package` does).
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import bill
import bundled
import deb
import figures
import licences
import manual
import slim

from fnet_studio import __version__
from fnet_studio.core import gpu_list

ROOT = Path(__file__).resolve().parents[2]
FILES = ROOT / "packaging" / "linux" / "files"
WORK, DIST = ROOT / "build", ROOT / "dist"
LIMITS = {"folder_bytes": 520e6, "deb_bytes": 150e6}
"""What the project promised; a build that is larger fails."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compression", type=int, default=6, help="xz's level, 0 to 9 (6)")
    parser.add_argument("--archive-compression", type=int, help="of the .tar.xz, where it is to differ")
    parser.add_argument("--reuse", action="store_true", help="take the frozen folder that is there already")
    options = parser.parse_args()
    began = time.monotonic()
    date = epoch()
    os.environ["SOURCE_DATE_EPOCH"] = str(int(date))
    frozen = WORK / "frozen" / "fnet-studio"
    if not options.reuse:
        say("Freezing: window and worker into one folder (some minutes)")
        freeze(frozen.parent)
        say("Removing what nothing needs, and symbols")
        slim.slim(frozen)
    say(take_gpu_list(WORK / gpu_list.BUNDLED, frozen / "_internal" / "fnet_studio" / "resources"))
    froze_s = time.monotonic() - began
    parts = bundled.read(
        WORK / "pyinstaller" / "fnet-studio" / "bundled.json",
        frozen,
        [ROOT / "fnet_studio", ROOT / "resources", ROOT / "packaging"],
    )
    if parts.unknown:
        raise SystemExit("Nobody knows where these come from, nor their licence:\n" + "\n".join(parts.unknown))
    say(f"{len(parts.distributions)} Python distributions and {len(parts.system)} system packages are in it")
    DIST.mkdir(exist_ok=True)
    for old in (*DIST.glob("fnet-studio*"), DIST / "SHA256SUMS", DIST / "verify.sh"):
        shutil.rmtree(old) if old.is_dir() and not old.is_symlink() else old.unlink(missing_ok=True)
    index = licences.write(parts, frozen / "licenses", ROOT / "LICENSE")
    name = f"fnet-studio-{__version__}-linux-{os.uname().machine}"
    bill_file = DIST / f"fnet-studio-{__version__}.cdx.json"
    components = bill.write(parts, bill_file, ROOT)
    say(f"{bill_file.name}: {components} components")
    share = WORK / "share"
    lay_out_share(share, date)

    say(f"Packing the .deb (xz -{options.compression})")
    tree, package = WORK / "deb", DIST / f"fnet-studio_{__version__}_amd64.deb"
    package = package.with_name(package.name.replace("amd64", architecture()))
    deb.tree(frozen, tree, version=__version__, date=date, share=share, index=index, changes="  * See the changelog.")
    needs = deb.depends(frozen)
    say(f"It depends on {needs}")
    deb.build(tree, package, version=__version__, depends_on=needs, compression=options.compression)

    level = options.compression if options.archive_compression is None else options.archive_compression
    say(f"Packing the .tar.xz (xz -{level})")
    archive = DIST / f"{name}.tar.xz"
    pack_archive(frozen, share, archive, name, date, level)
    (DIST / "fnet-studio").symlink_to(os.path.relpath(frozen, DIST))
    shutil.copy(FILES / "verify.sh", DIST / "verify.sh")
    outputs = [package, archive, bill_file]
    (DIST / "SHA256SUMS").write_text("".join(f"{digest(path)}  {path.name}\n" for path in outputs))
    found = {
        "version": __version__,
        "folder_bytes": sum(
            path.stat().st_size for path in frozen.rglob("*") if path.is_file() and not path.is_symlink()
        ),
        "deb_bytes": package.stat().st_size,
        "archive_bytes": archive.stat().st_size,
        "compression": options.compression,
    }
    took_s = time.monotonic() - began
    if not options.reuse:
        found |= {"freeze_s": round(froze_s), "package_s": round(took_s)}
    figures.put(found)
    for key in ("folder_bytes", "deb_bytes", "archive_bytes"):
        say(f"{key.removesuffix('_bytes')}: {found[key] / 1e6:.1f} MB")
    too_large = [key for key, most in LIMITS.items() if found[key] > most]
    if too_large:
        raise SystemExit(f"Larger than promised: {', '.join(too_large)}")
    say(f"All is in {DIST}, after {took_s:.0f} s")
    return 0


def say(words: str) -> None:
    print(f"package: {words}", flush=True)


def epoch() -> float:
    """Seconds since the epoch of the last commit, or SOURCE_DATE_EPOCH, so that a build can be repeated."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    if given:
        return float(given)
    words = ["git", "-C", str(ROOT), "log", "-1", "--format=%ct"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return float(done.stdout) if done.returncode == 0 and done.stdout.strip() else time.time()


def architecture() -> str:
    return subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True).stdout.strip()


def take_gpu_list(built: Path, resources: Path) -> str:
    """Put what "Add GPU support" fetches among the resources, and say so. SystemExit when it was made for another JAX,
    Python or machine than those of this environment."""
    (resources / built.name).unlink(missing_ok=True)
    if not built.is_file():
        return "Without GPU support to fetch: make gpu-list makes its list"
    one = gpu_list.decode(built.read_bytes(), str(built))
    if not gpu_list.fits(one):
        raise SystemExit(f"{built} is for JAX {one.jax}, Python {one.python}, {one.machine}: make it again")
    shutil.copy(built, resources)
    return f"GPU support for JAX {one.jax} can be fetched: {len(one.wheels)} wheels, {one.bytes / 1e9:.2f} GB"


def freeze(target: Path) -> None:
    log = WORK / "pyinstaller.log"
    log.parent.mkdir(exist_ok=True)
    words = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--clean", "--distpath", str(target)]
    words += ["--workpath", str(WORK / "pyinstaller"), str(ROOT / "packaging" / "fnet-studio.spec")]
    with log.open("w") as file:
        done = subprocess.run(words, cwd=ROOT, stdout=file, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        tail = "\n".join(log.read_text().splitlines()[-20:])
        raise SystemExit(f"PyInstaller failed. The end of {log}:\n{tail}")


def lay_out_share(target: Path, date: float) -> None:
    """What goes below /usr/share, or a user's own."""
    shutil.rmtree(target, ignore_errors=True)
    day = time.strftime("%Y-%m-%d", time.gmtime(date))
    metainfo = (FILES / "studio.fnet.FNetStudio.metainfo.xml").read_text()
    metainfo = metainfo.replace("@VERSION@", __version__).replace("@DATE@", day)
    for place, text in (
        ("applications/fnet-studio.desktop", (FILES / "fnet-studio.desktop").read_text()),
        ("mime/packages/fnet-studio.xml", (FILES / "fnet-studio.xml").read_text()),
        ("metainfo/studio.fnet.FNetStudio.metainfo.xml", metainfo),
    ):
        path = target / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    man = target / "man" / "man1" / "fnet-studio.1"
    man.parent.mkdir(parents=True)
    man.write_text(manual.page(day))
    subprocess.run(["gzip", "-9n", str(man)], check=True)
    icons = Path(__file__).with_name("icons.py")
    subprocess.run([sys.executable, str(icons), str(target / "icons" / "hicolor")], check=True)


def pack_archive(folder: Path, share: Path, archive: Path, name: str, date: float, compression: int) -> None:
    """A folder that its install.sh puts in place for one user. It holds the sum of each of its files."""
    top = WORK / "archive" / name
    shutil.rmtree(top.parent, ignore_errors=True)
    top.mkdir(parents=True)
    shutil.copytree(folder, top / "fnet-studio", symlinks=True)
    shutil.copytree(share, top / "share")
    shutil.copy(FILES / "install.sh", top / "install.sh")
    (top / "install.sh").chmod(0o755)
    deb.set_modes(top)
    files = sorted(path for path in top.rglob("*") if path.is_file() and not path.is_symlink())
    sums = "".join(f"{digest(path)}  {path.relative_to(top)}\n" for path in files)
    (top / "fnet-studio.sha256").write_text(sums)
    words = ["tar", "--sort=name", "--owner=0", "--group=0", "--numeric-owner", f"--mtime=@{int(date)}"]
    words += ["-I", f"xz -T0 -{compression}", "-cf", str(archive), "-C", str(top.parent), name]
    subprocess.run(words, check=True)
    shutil.rmtree(top.parent)


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


if __name__ == "__main__":
    sys.exit(main())
