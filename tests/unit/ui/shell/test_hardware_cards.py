"""The cards about the machine and its GPU, with another machine put in and stand-in wheels from a local server."""

import pytest
import stand_in_wheels as made
from PySide6.QtGui import QGuiApplication
from stand_in_wheels import LIBRARY, Index

from fnet_studio.core import gpu_list, gpu_support, protocol, wsl
from fnet_studio.core.files import size
from fnet_studio.core.hardware import Gpu, Hardware
from fnet_studio.core.settings import Settings
from fnet_studio.core.wsl import Answer
from fnet_studio.link import command
from fnet_studio.link.liveness import Pulse
from fnet_studio.ui.hardware.gpu_card import GpuCard
from fnet_studio.ui.hardware.machine_card import MachineCard
from fnet_studio.ui.hardware.welcome_page import WelcomePage
from fnet_studio.ui.hardware.wsl_card import WslCard
from fnet_studio.ui.rail import DeviceFoot
from fnet_studio.ui.settings_page import SettingsPage
from fnet_studio.ui.supervisor import Supervisor

BOX = Hardware("linux", "A Fine Processor", 8, 16 * 2**30, (Gpu("NVIDIA L4", 24 * 2**30),), "550.1")


class Waiting(Supervisor):
    """Without a process; ready is what a worker would have said."""

    said: protocol.Ready | None = None

    @property
    def ready(self):
        return self.said


@pytest.fixture
def supervisor(qapp):
    it = Waiting(command.local("scripted"))
    yield it
    it.deleteLater()


@pytest.fixture
def index(tmp_path, home, monkeypatch):
    monkeypatch.delenv("FNET_STUDIO_OFFLINE", raising=False)
    made.write(tmp_path / "served")
    with Index(tmp_path / "served") as it:
        offer = gpu_list.read(it.list)
        monkeypatch.setattr(gpu_list, "bundled", lambda: offer)
        yield it


@pytest.fixture
def card(qtbot, index, supervisor, themes):
    it = GpuCard(supervisor, themes)
    qtbot.addWidget(it)
    it.show()
    return it


def shown(card):
    return [item.text() for item in (card.add, card.restart, card.stop, card.remove) if item.isVisible()]


def test_nothing_is_fetched_before_the_button_and_then_all_of_it(card, index, supervisor, qtbot):
    assert index.requests == ["GET /list.json"]
    assert shown(card) == ["Add GPU support"]
    card.add.click()
    assert shown(card) == ["Stop"]
    qtbot.waitUntil(lambda: not card.busy)
    assert gpu_support.state().used
    assert shown(card) == ["Remove"]
    supervisor.said = protocol.Ready((), {"jax": "1"})
    card.show_state()
    assert shown(card) == ["Restart the worker", "Remove"]
    with qtbot.waitSignal(card.restart_wanted):
        card.restart.click()
    supervisor.said = protocol.Ready((), {"jax-cuda12-pjrt": "9.9"}, gpu_trouble="The driver is too old.")
    card.show_state()
    assert "cannot use it" in card.words.text()
    assert "The driver is too old." in card.words.text()
    supervisor.said = protocol.Ready((protocol.Device("gpu", "NVIDIA L4"),), {"jax-cuda12-pjrt": "9.9"})
    card.show_state()
    assert "uses NVIDIA L4" in card.words.text()
    card.remove.click()
    qtbot.waitUntil(lambda: not card.busy)
    assert shown(card) == ["Add GPU support"]
    assert gpu_support.for_worker() is None


def test_a_stop_and_a_break_keep_what_has_arrived_and_it_goes_on(card, index, qtbot):
    index.wait_after = 100_000
    card.add.click()
    qtbot.waitUntil(lambda: "100 kB" in card.words.text() or gpu_support.state().arrived_bytes == 100_000)
    card.stop.click()
    qtbot.waitUntil(lambda: not card.busy)
    index.go_on.set()
    index.wait_after = None
    assert shown(card) == ["Go on", "Remove"]
    assert "100 kB of" in card.words.text()
    index.cut[LIBRARY] = 50_000
    with qtbot.waitSignal(card.failed) as told:
        card.add.click()
    assert told.args[0].kind == "download.no-network"
    card.add.click()
    qtbot.waitUntil(lambda: not card.busy)
    assert gpu_support.state().used
    assert index.ranges == [f"{LIBRARY} bytes=100000-", f"{LIBRARY} bytes=150000-"]


def test_tampered_bytes_are_told_and_not_used(card, index, qtbot):
    index.corrupted.add(LIBRARY)
    with qtbot.waitSignal(card.failed) as told:
        card.add.click()
    assert told.args[0].kind == "download.checksum"
    assert gpu_support.for_worker() is None


def test_a_machine_without_a_gpu_and_a_build_without_a_list_are_told_so(card, monkeypatch):
    card.know_gpu(False)
    assert "nothing is gained" in card.words.text()
    monkeypatch.setattr(gpu_list, "bundled", lambda: None)
    card.show_state()
    assert "pip install" in card.words.text()
    assert shown(card) == []


def test_support_for_another_jax_is_offered_again(card, index, monkeypatch, qtbot):
    card.add.click()
    qtbot.waitUntil(lambda: not card.busy)
    jax, *rest = gpu_list.here()
    monkeypatch.setattr(gpu_list, "here", lambda: ("99.0", *rest))
    card.show_state()
    assert f"made for JAX {jax} and is not used" in card.words.text()
    assert shown(card) == ["Add it again", "Remove"]


def test_the_machine_card_names_what_was_found(qtbot, themes):
    card = MachineCard(lambda: BOX)
    qtbot.addWidget(card)
    qtbot.waitUntil(lambda: card.hardware is not None)
    said = [card.facts.itemAt(place).widget().accessibleName() for place in range(card.facts.count())]
    assert {"Processor: A Fine Processor", "GPU: NVIDIA L4, 25.8 GB", "Cores: 8", "Memory: 17.2 GB"} <= set(said)
    assert any("GPU lies idle" in item.text() for item in card.sentences)


def test_the_welcome_page_leads_on_and_offers_gpu_support_where_there_is_a_gpu(qtbot, supervisor, themes, index):
    for machine, offered in ((BOX, True), (BOX._replace(gpus=()), False), (BOX._replace(system="macos"), False)):
        page = WelcomePage(supervisor, themes, Settings(), lambda machine=machine: machine)
        qtbot.addWidget(page)
        qtbot.waitUntil(lambda page=page: page.machine.hardware is not None)
        assert page.gpu.isVisibleTo(page) == offered
    with qtbot.waitSignal(page.page_wanted) as asked:
        page.explore.click()
    assert asked.args == ["explore"]


def test_on_a_mac_the_page_says_that_it_is_the_processor(qtbot, supervisor, themes):
    mac = BOX._replace(system="macos", gpus=(), driver="")
    page = SettingsPage(supervisor, themes, Settings(), lambda: mac)
    qtbot.addWidget(page)
    qtbot.waitUntil(lambda: page.machine.hardware is not None)
    assert page.gpu is None
    assert any("On a Mac" in item.text() for item in page.machine.sentences)


# ------------------------------------------------------------------------------------------ Windows

GOOD = {
    "--status": Answer(0, "Default Distribution: Debian"),
    "-L": Answer(0, "GPU 0: NVIDIA L4 (UUID: GPU-1)"),
    "--version": Answer(0, f"FNet Studio {wsl.__version__}"),
    "show": Answer(0, "GPU  NVIDIA L4\nadded      GPU support for JAX 1.0"),
}


def test_on_windows_each_step_is_checked_and_then_the_worker_can_be_used(qtbot, supervisor, themes):
    windows = BOX._replace(system="windows")
    settings = Settings()
    page = SettingsPage(supervisor, themes, settings, lambda: windows)
    qtbot.addWidget(page)
    qtbot.waitUntil(lambda: page.gpu is not None)
    assert isinstance(page.gpu, WslCard)
    page.gpu._asked = lambda words: GOOD[words[-1]]
    assert not page.gpu.use.isEnabled()
    page.gpu.check.click()
    qtbot.waitUntil(page.gpu.use.isEnabled)
    assert len(page.gpu.told()) == 4
    page.gpu.use.click()
    assert settings.worker_command == page.worker.text() == wsl.WORKER
    assert supervisor.command.argv == ("wsl.exe", "--", "fnet-studio", "worker", "--engine", "scripted")
    assert page.device_hint.isVisibleTo(page)


@pytest.mark.parametrize("failing", range(4))
def test_the_first_step_that_does_not_hold_is_told_and_later_ones_are_not_asked(qtbot, themes, failing):
    answers = dict(GOOD)
    answers[list(GOOD)[failing]] = Answer(1, "It is not there.\nmore")
    card = WslCard(themes, lambda words: answers[words[-1]])
    qtbot.addWidget(card)
    card.look()
    qtbot.waitUntil(card.check.isEnabled)
    assert [words.partition(":")[0] for words in card.told()] == ["Done"] * failing + ["Not yet"]
    assert card.told()[-1] == "Not yet: It is not there."
    assert not card.use.isEnabled()


def test_the_commands_can_be_copied(qtbot, themes):
    card = WslCard(themes, lambda _: Answer(-1, ""))
    qtbot.addWidget(card)
    copies = [it for it in card.findChildren(type(card.check)) if it.text() == "Copy"]
    copies[1].click()
    assert QGuiApplication.clipboard().text() == "wsl nvidia-smi -L"


def test_wsl_itself_is_asked_and_its_own_way_of_writing_is_read(tmp_path, monkeypatch):
    program = tmp_path / "wsl.exe"
    program.write_text("#!/bin/sh\nprintf 'D\\0e\\0b\\0i\\0a\\0n\\0'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert wsl.tried(wsl.steps()[0]) == (True, "Debian")
    program.unlink()
    held, words = wsl.tried(wsl.steps()[0])
    assert not held
    assert "There is no wsl.exe" in words


def test_a_worker_command_that_cannot_be_read_is_told_and_not_kept(qtbot, supervisor, themes):
    settings = Settings()
    page = SettingsPage(supervisor, themes, settings, lambda: BOX)
    qtbot.addWidget(page)
    page.worker.setText("ssh 'host")
    page.worker.editingFinished.emit()
    assert page.notices.find("error") is not None
    assert settings.worker_command == ""
    page.worker.setText("ssh -T host 'fnet studio' worker")
    page.worker.editingFinished.emit()
    assert supervisor.command.argv[:5] == ("ssh", "-T", "host", "fnet studio", "worker")
    page.worker.setText("")
    page.worker.editingFinished.emit()
    assert supervisor.command.argv == command.local("scripted").argv
    qtbot.waitUntil(lambda: page.machine.hardware is not None)


def test_memory_is_told_in_the_units_of_a_plan(qtbot, themes):
    foot = DeviceFoot(themes)
    qtbot.addWidget(foot)
    foot.show_devices((protocol.Device("gpu", "NVIDIA L4", 24_000_000_000),))
    foot.show_pulse(Pulse(device_memory_bytes=1_500_000_000))
    assert foot.amount.text() == size(1_500_000_000) == "1.5 GB"
    assert foot.amount.toolTip().endswith("1.5 GB of 24 GB")
