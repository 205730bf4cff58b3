"""Proves the package on a clean machine: package_test.py [--keep] [--only PART,…].

As root. Checks what was built, spoils copies of it, installs the `.deb` where there is no Python and no Qt, uses it as
an ordinary user (command line, trainings, the guided tour of the window), kills its processes, removes it and looks for
what is left. Before that the `.tar.xz`, in short. Pictures and figures stay in build/package-test/.
"""

import argparse
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable

from clean_machine import CleanMachine, clean_machine
from command_checks import check_command
from file_checks import check_package
from removal_checks import check_archive, check_removal
from report import WORK, Report, deb
from window_checks import check_tour, check_window


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", action="store_true", help="leave the machine in build/package-test/machine")
    parser.add_argument("--only", default="", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not options.inside:
        # a mount namespace of its own, and an X server outside of the machine
        inside = [sys.executable, __file__, "--inside", *sys.argv[1:]]
        screen = "-screen 0 1600x1200x24 -ac"
        words = ["unshare", "--mount", "--propagation", "private", "xvfb-run", "-a", "-s", screen, *inside]
        return subprocess.run(words, check=False).returncode
    wanted = [part for part in options.only.split(",") if part] or list(PARTS)
    report = Report()
    WORK.mkdir(parents=True, exist_ok=True)
    if "package" in wanted:
        check_package(report)
    if set(wanted) & {"command", "window", "tour", "removal", "archive"}:
        with clean_machine(WORK) as machine:
            on_machine(report, machine, wanted)
        if not options.keep:
            shutil.rmtree(WORK / "machine", ignore_errors=True)
    print(f"\n{len(report.failures)} did not hold." if report.failures else "\nAll held.")
    for words in report.failures:
        print(f"  FAIL  {words}")
    return 1 if report.failures else 0


def on_machine(report: Report, machine: CleanMachine, wanted: list[str]) -> None:
    machine.run(["apt-get", "update", "-qq"])
    if "archive" in wanted:
        check_archive(report, machine)
    if set(wanted) & {"command", "window", "tour", "removal"}:
        before = machine.listing()
        install(report, machine)
        for part in ("command", "window", "tour"):
            if part in wanted:
                PARTS[part](report, machine)
        if "removal" in wanted:
            check_removal(report, machine, before)


def install(report: Report, machine: CleanMachine) -> None:
    report.say("A clean machine")
    found = machine.run(["dpkg-query", "-W", "-f", "${Package}\\n"]).stdout.split()
    ours = [name for name in found if re.match(r"python|libpython|libqt|qt6", name)]
    report.expect(not ours, "it has no Python and no Qt", " ".join(ours))
    shutil.copy(deb(), machine.root / "root" / deb().name)
    began = time.monotonic()
    done = machine.run(
        ["apt-get", "install", "-y", "-q", "--no-install-recommends", f"/root/{deb().name}"], check=False
    )
    took = time.monotonic() - began
    report.expect(done.returncode == 0, f"apt installs the package with what it needs, in {took:.0f} s", done.stdout)
    (machine.root / "root" / deb().name).unlink()
    found = machine.run(["dpkg-query", "-W", "-f", "${Package}\\n"]).stdout.split()
    ours = [name for name in found if re.match(r"python3|libpython|libqt|qt6", name)]
    report.expect(not ours, "still no Python and no Qt but its own", " ".join(ours))
    report.expect(not list(machine.home.glob(".[!bp]*")), "nothing was written into the user's home")
    whole = machine.run(["dpkg", "--verify", "fnet-studio"], check=False).stdout
    report.expect(not whole.strip(), "dpkg --verify finds every file as it was packed", whole)


PARTS: dict[str, Callable[..., None]] = {
    "package": check_package,
    "archive": check_archive,
    "command": check_command,
    "window": check_window,
    "tour": check_tour,
    "removal": check_removal,
}

if __name__ == "__main__":
    sys.exit(main())
