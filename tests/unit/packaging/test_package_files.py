"""What lies beside and inside a package: checks, licences, bill of materials, man page, figures."""

import hashlib
import importlib
import importlib.metadata
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fnet_studio.cli.main import parser
from fnet_studio.core import run_bundle

FILES = Path(__file__).resolve().parents[3] / "packaging" / "linux" / "files"
posix = pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell script")


@pytest.fixture
def handed_out(tmp_path):
    folder = tmp_path / "handed out"
    folder.mkdir()
    names = ("program_1.deb", "program 1.tar.xz")
    for name in names:
        (folder / name).write_bytes(name.encode() * 1000)
    sums = [f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    (folder / "SHA256SUMS").write_text("".join(sums))
    shutil.copy(FILES / "verify.sh", folder / "verify.sh")
    return folder


def verify(folder, *names):
    done = subprocess.run(["sh", str(folder / "verify.sh"), *names], capture_output=True, text=True)
    return done.returncode, done.stdout


@posix
def test_whole_packages_pass_their_check(handed_out):
    code, said = verify(handed_out)
    assert code == 0
    assert said.count("whole") == 2
    (handed_out / "program_1.deb").unlink()
    assert verify(handed_out, "program 1.tar.xz") == (0, "program 1.tar.xz: whole\n")
    assert verify(handed_out)[0] == 0


@posix
@pytest.mark.parametrize("place", [0, 5000, -1])
def test_a_package_with_one_byte_changed_fails_its_check(place, handed_out):
    path = handed_out / "program_1.deb"
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)
    code, said = verify(handed_out, "program_1.deb")
    assert code == 1
    assert "DAMAGED" in said
    assert verify(handed_out)[0] == 1


@posix
def test_a_package_that_was_cut_short_missing_or_unknown_fails_its_check(handed_out):
    path = handed_out / "program_1.deb"
    path.write_bytes(path.read_bytes()[:-1])
    assert verify(handed_out, str(path))[0] == 1
    path.rename(handed_out / "other.deb")
    assert verify(handed_out, "program_1.deb") == (1, "program_1.deb: missing\n")
    assert verify(handed_out, "other.deb") == (1, "other.deb: not in SHA256SUMS\n")
    (handed_out / "program 1.tar.xz").unlink()
    assert verify(handed_out)[0] == 1
    (handed_out / "SHA256SUMS").unlink()
    assert verify(handed_out)[0] == 1


@pytest.fixture
def unpacked(tmp_path, monkeypatch):
    """The archive as a user unpacks it, with a small program in place of the real one."""
    top = tmp_path / "unpacked"
    (top / "fnet-studio").mkdir(parents=True)
    (top / "share" / "applications").mkdir(parents=True)
    program = top / "fnet-studio" / "fnet-studio"
    program.write_text("#!/bin/sh\necho started\n")
    program.chmod(0o755)
    shutil.copy(FILES / "fnet-studio.desktop", top / "share" / "applications")
    shutil.copy(FILES / "install.sh", top)
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(top)}\n"
        for path in sorted(top.rglob("*"))
        if path.is_file()
    ]
    (top / "fnet-studio.sha256").write_text("".join(lines))
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    return top, home


def sh(*words):
    done = subprocess.run(["sh", *map(str, words)], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout + done.stderr


@posix
def test_the_archive_is_installed_for_one_user_and_removed_without_their_runs(unpacked):
    top, home = unpacked
    code, said = sh(top / "install.sh")
    assert code == 0, said
    started = subprocess.run([home / ".local/bin/fnet-studio"], capture_output=True, text=True)
    assert started.stdout == "started\n"
    desktop = (home / ".local/share/applications/fnet-studio.desktop").read_text()
    assert f'Exec="{home}/.local/opt/fnet-studio/fnet-studio" window %F' in desktop
    run = home / ".local/share/fnet-studio/runs/one/run.json"
    run.parent.mkdir(parents=True)
    run.write_text("{}")
    code, said = sh(home / ".local/opt/fnet-studio/install.sh", "--uninstall")
    assert code == 0, said
    assert "They are kept." in said
    left = {path for path in home.rglob("*") if path.is_file() and path.name != "mimeinfo.cache"}
    assert left == {run}


@posix
def test_a_damaged_archive_installs_nothing(unpacked):
    top, home = unpacked
    (top / "fnet-studio" / "fnet-studio").write_text("#!/bin/sh\necho somebody else\n")
    code, said = sh(top / "install.sh")
    assert code == 1
    assert "damaged" in said
    assert not list(home.iterdir())


def test_the_licence_of_an_installed_library_is_found_with_its_text():
    licences = importlib.import_module("licences")
    short, text = licences.of_distribution(importlib.metadata.distribution("numpy"))
    assert "BSD" in short
    assert "NumPy Developers" in text


def test_the_licence_of_every_library_that_the_program_needs_is_known():
    licences = importlib.import_module("licences")
    for name in ("keras", "jax", "jaxlib", "pyside6-essentials", "sentencepiece", "tokenizers", "h5py", "msgspec"):
        short, _ = licences.of_distribution(importlib.metadata.distribution(name))
        assert short, name
        assert short != "not stated", name


def test_the_bill_of_materials_keeps_what_is_packed_and_no_place_of_the_build_machine():
    bill = importlib.import_module("bill")
    full = {
        "metadata": {"component": {"bom-ref": "root", "externalReferences": [{"url": "file:///build"}]}},
        "components": [
            {"name": "Sentence_Piece", "bom-ref": "a", "externalReferences": [{"url": "https://registry"}]},
            {"name": "pytest", "bom-ref": "b"},
        ],
        "dependencies": [{"ref": "root", "dependsOn": ["a", "b"]}, {"ref": "a"}, {"ref": "b", "dependsOn": ["a"]}],
    }
    kept = bill.only(full, {"sentence-piece"})
    assert [component["name"] for component in kept["components"]] == ["Sentence_Piece"]
    assert kept["dependencies"] == [{"ref": "root", "dependsOn": ["a"]}, {"ref": "a"}]
    assert "registry" not in json.dumps(kept)
    assert "file:" not in json.dumps(kept)


def test_the_man_page_names_every_command_and_option():
    page = importlib.import_module("manual").page("2026-01-01")
    commands = next(action for action in parser()._actions if action.choices)
    for name, one in commands.choices.items():
        assert f".SS {name.replace('-', chr(92) + '-')}\n" in page
        for action in one._actions:
            for option in action.option_strings:
                if option not in ("-h", "--help") and action.help != "==SUPPRESS==":
                    assert option.replace("-", "\\-") in page
    assert not [line for line in page.splitlines() if line.startswith("'")]


def test_the_versions_a_package_needs_are_the_newest_symbols_its_programs_use():
    deb = importlib.import_module("deb")
    names = ["GLIBC_2.2.5", "GLIBC_2.34", "GLIBC_2.9", "GLIBCXX_3.4.29"]
    assert deb.newest(names, "GLIBC_") == (2, 34)
    assert deb.newest(names, "GLIBCXX_") == (3, 4, 29)
    assert deb.newest([], "GLIBC_") == ()


def test_figures_go_into_the_readme_and_a_new_version_begins_them_afresh(tmp_path):
    figures = importlib.import_module("figures")
    kept, page = tmp_path / "figures.json", tmp_path / "README.md"
    page.write_text(f"Above.\n{figures.BEGIN}{figures.END}Below.\n")
    figures.put({"version": "1", "deb_bytes": 120_400_000}, kept, page)
    figures.put({"first_paint_s": 0.61}, kept, page)
    assert "| `.deb` | 120 MB | 150 MB |" in page.read_text()
    assert "0.61 s" in page.read_text()
    figures.put({"version": "2", "folder_bytes": 500_000_000}, kept, page)
    assert "120 MB" not in page.read_text()
    assert page.read_text().startswith("Above.\n")
    assert page.read_text().endswith("Below.\n")
    assert figures.ROOT.joinpath("README.md").read_text().count(figures.BEGIN) == 1
    assert json.loads(kept.read_text()) == {"version": "2", "folder_bytes": 500_000_000}


def test_the_desktop_knows_the_files_that_the_program_writes():
    text = (FILES / "fnet-studio.xml").read_text()
    assert f'pattern="*{run_bundle.SUFFIX}"' in text
    kind = text.split('type="')[1].split('"')[0]
    assert f"MimeType={kind};" in (FILES / "fnet-studio.desktop").read_text()
    assert f"<mediatype>{kind}</mediatype>" in (FILES / "studio.fnet.FNetStudio.metainfo.xml").read_text()
    assert (FILES / f"{kind.replace('/', '-')}.svg").is_file()
