"""Removing the package, and what is left: nothing but what the user made. Then the same of the archive."""

import re
import shutil
import subprocess

from clean_machine import USER, CleanMachine
from file_checks import change
from report import DIST, Report

from fnet_studio import __version__

OWN = {".local", ".local/share", ".local/share/fnet-studio", ".config", ".config/fnet-studio", ".cache"}


def check_removal(report: Report, machine: CleanMachine, before: set[str]) -> None:
    report.say("Removing it")
    data = {path: path.stat().st_size for path in machine.home.rglob("*") if path.is_file()}
    done = machine.run(["apt-get", "purge", "-y", "-q", "fnet-studio"], check=False)
    report.expect(done.returncode == 0, "apt removes it", done.stdout)
    report.expect("stays" in done.stdout, "and says that the user's runs and presets stay", done.stdout)
    still = {path: path.stat().st_size for path in machine.home.rglob("*") if path.is_file()}
    report.expect(data == still, f"the user's {len(data)} files are untouched")
    machine.run(["apt-get", "autoremove", "--purge", "-y", "-q"])
    left = sorted(
        path for path in machine.listing() - before if not path.startswith(("home/", "var/", "tmp/", "root/"))
    )
    ignored = re.compile(
        r"(^|/)(ld\.so\.cache|.*\.cache|fonts/conf.d.*)$|^etc/(machine-id|resolv.conf)|^(dev|proc|sys|run)/"
    )
    left = [path for path in left if not ignored.search(path) and not owned(machine, path)]
    report.expect(not left, "nothing of it is left outside the home", "\n".join(left[:60]))
    named = [path for path in machine.listing() if "fnet" in path.lower() and not path.startswith("home/")]
    report.expect(not named, "nor anything of its name anywhere", "\n".join(named))
    homes = {str(path.relative_to(machine.home)) for path in machine.home.rglob("*")}
    report.say(f"      in the home: {', '.join(sorted(path for path in homes if '/' not in path))}")
    strange = [path for path in homes if path.split("/")[0].startswith(".") and not _of_the_user(path)]
    report.expect(not strange, "in the home are only its own three places", "\n".join(strange[:40]))


def _of_the_user(path: str) -> bool:
    if path in OWN or path in (".bashrc", ".profile", ".bash_logout"):
        return True
    places = (".local/share/fnet-studio/", ".config/fnet-studio/", ".cache/fnet-studio", ".local/state/fnet-studio")
    return path.startswith(
        (*places, ".local/state", ".cache/fontconfig", ".cache/mesa_shader_cache", ".cache/qtshader")
    )


def owned(machine: CleanMachine, path: str) -> bool:
    return machine.run(["dpkg-query", "-S", f"/{path}"], check=False).returncode == 0


def check_archive(report: Report, machine: CleanMachine) -> None:
    report.say("The archive, for one user")
    machine.run(["apt-get", "install", "-y", "-q", "--no-install-recommends", "xz-utils"])
    archive = next(DIST.glob("*.tar.xz"))
    place = machine.home / "unpacked"
    place.mkdir()
    subprocess.run(["tar", "-C", str(place), "-xf", str(archive)], check=True)
    subprocess.run(["chroot", str(machine.root), "chown", "-R", f"{USER}:{USER}", f"/home/{USER}"], check=True)
    top = next(place.iterdir())
    inside = f"/home/{USER}/unpacked/{top.name}"

    def sh(*words: str) -> subprocess.CompletedProcess[str]:
        line = machine.as_user(["sh", *words])
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "stdin": subprocess.DEVNULL}
        return subprocess.run(line, text=True, check=False, **options)

    victim = top / "fnet-studio" / "_internal" / "base_library.zip"
    change(victim)
    done = sh(f"{inside}/install.sh")
    nothing = not (machine.home / ".local").exists()
    report.expect(
        done.returncode == 1 and nothing, "install.sh refuses a damaged copy, and installs nothing", done.stdout
    )
    change(victim)
    done = sh(f"{inside}/install.sh")
    report.expect(done.returncode == 0, "install.sh puts a whole one into ~/.local", done.stdout)
    line = machine.as_user([f"/home/{USER}/.local/bin/fnet-studio", "--version"])
    said = subprocess.run(line, capture_output=True, text=True, check=False)
    report.expect(__version__ in said.stdout, "it starts there", said.stdout + said.stderr)
    run = machine.home / ".local/share/fnet-studio/runs/kept"
    run.mkdir(parents=True)
    (run / "run.json").write_text("{}")
    shutil.rmtree(place)
    done = sh(f"/home/{USER}/.local/opt/fnet-studio/install.sh", "--uninstall")
    report.expect(done.returncode == 0 and "They are kept." in done.stdout, "--uninstall keeps the runs", done.stdout)
    left = sorted(str(path.relative_to(machine.home)) for path in machine.home.rglob("*") if path.is_file())
    known = {".local/share/fnet-studio/runs/kept/run.json", ".bashrc", ".profile", ".bash_logout"}
    caches = {path for path in left if path.endswith(("mimeinfo.cache", "icon-theme.cache")) or "/mime/" in path}
    report.expect(set(left) - caches <= known, "and leaves nothing else", "\n".join(set(left) - caches - known))
    shutil.rmtree(machine.home / ".local")
