"""What follows a queue that is done: the card that counts, and the system's own command, which is a script here."""

import sys

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from fnet_studio.core import protocol
from fnet_studio.core.recipe import Recipe, to_mapping
from fnet_studio.link.command import local
from fnet_studio.ui import desktop, when_done
from fnet_studio.ui.cards import ConfirmCard, ErrorCard
from fnet_studio.ui.notices import Notices
from fnet_studio.ui.supervisor import Supervisor
from fnet_studio.ui.when_done import NOTICE, WhenDone

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the script stands in for systemctl")
WAIT_MS = 10_000


@pytest.fixture
def system(tmp_path, monkeypatch):
    """A systemctl that writes down what it is asked; `refuses` makes it fail."""
    asked = tmp_path / "asked"
    script = tmp_path / "systemctl"
    script.write_text(
        f'#!/bin/sh\n[ -e "{tmp_path}/refuses" ] && {{ echo "Access denied" >&2; exit 1; }}\necho "$@" >> "{asked}"\n'
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    asked.touch()
    return asked


@pytest.fixture
def supervisor(qapp):
    it = Supervisor(local("scripted", "rate=50,steps=100"), qapp)
    yield it
    it.shutdown()
    QTest.qWait(20)


@pytest.fixture
def notices(qtbot):
    it = Notices()
    qtbot.addWidget(it)
    it.show()
    return it


@pytest.fixture
def done(supervisor, themes, notices, monkeypatch, system):
    monkeypatch.setattr(when_done, "COUNT_S", 2)
    return WhenDone(supervisor, themes, notices, notices)


def test_it_counts_down_and_then_the_machine_goes_to_sleep(qtbot, done, notices, system):
    done.begin("sleep")
    card = notices.find(NOTICE)
    assert isinstance(card, ConfirmCard)
    assert card.question.text() == "The queue is done. The machine goes to sleep in 2 s."
    qtbot.waitUntil(lambda: "in 1 s" in card.question.text(), timeout=WAIT_MS)
    assert system.read_text() == ""
    qtbot.waitUntil(lambda: system.read_text() == "suspend\n", timeout=WAIT_MS)
    assert notices.find(NOTICE) is None


def test_at_once_when_asked_for(qtbot, done, notices, system):
    done.begin("shut-down")
    QTest.mouseClick(notices.find(NOTICE).buttons["now"], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: system.read_text() == "poweroff\n", timeout=WAIT_MS)


def test_esc_says_no_for_good(done, notices, system):
    done.begin("sleep")
    QTest.keyClick(notices.find(NOTICE), Qt.Key.Key_Escape)
    QTest.qWait(2500)
    assert system.read_text() == ""
    assert notices.find(NOTICE) is None


def test_a_system_that_refuses_is_quoted(qtbot, done, notices, system):
    system.with_name("refuses").touch()
    done.begin("sleep")
    notices.find(NOTICE).answer("now")
    qtbot.waitUntil(lambda: isinstance(notices.find(NOTICE), ErrorCard), timeout=WAIT_MS)
    assert "could not be sent to sleep: Access denied" in notices.find(NOTICE).message.text()


def test_closing_is_the_windows_own(qtbot, done, notices, system):
    done.begin("close")
    with qtbot.waitSignal(done.close_wanted, timeout=WAIT_MS):
        pass
    assert system.read_text() == ""


def test_whoever_begins_a_run_meanwhile_is_there(qtbot, done, notices, system, supervisor):
    supervisor.start()
    qtbot.waitUntil(lambda: supervisor.state.name == "ready", timeout=30_000)
    done.begin("sleep")
    supervisor.ask(protocol.Train(to_mapping(Recipe())))
    qtbot.waitUntil(lambda: notices.find(NOTICE) is None, timeout=WAIT_MS)
    QTest.qWait(2500)
    assert system.read_text() == ""


def test_only_what_the_machine_has_a_command_for_is_offered(system, monkeypatch, tmp_path):
    assert desktop.power_actions() == ("sleep", "shut-down")
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    assert desktop.power_actions() == ()
