"""A real worker beside a desktop's power manager, which here is a few lines on a real D-Bus session of its own."""

import os
import shutil
import subprocess
import sys

import pytest
from power_manager import PowerManager
from worker_process import BareWorker, quick_recipe

from fnet_studio.core import protocol

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("dbus-daemon") is None, reason="needs Linux and dbus-daemon"
)


@pytest.fixture
def power(monkeypatch, tmp_path):
    power = PowerManager(tmp_path / "bus")
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", power.address)
    yield power
    power.end()


@pytest.fixture
def worker(power):
    workers = []

    def start(script):
        workers.append(BareWorker(script))
        return workers[-1]

    yield start
    for one in workers:
        one.close()


def test_the_machine_is_kept_awake_from_a_runs_start_to_its_end_and_by_nothing_else(power, worker):
    bare = worker("rate=200")
    assert isinstance(bare.reply(bare.send(protocol.Doctor())), protocol.Done)
    assert power.told == []
    run = bare.send(protocol.Train(quick_recipe()))
    bare.read_until(lambda: bare.events(protocol.Metrics))
    assert power.told == ["Inhibit"]
    assert isinstance(bare.reply(run), protocol.Done)
    bare.reply(bare.send(protocol.Doctor()))
    assert power.told == ["Inhibit", "UnInhibit"]


def test_a_run_that_is_stopped_or_fails_lets_the_machine_sleep_too(power, worker):
    bare = worker("rate=100,nan@30")
    assert isinstance(bare.reply(bare.send(protocol.Train(quick_recipe()))), protocol.Failed)
    stopped = bare.send(protocol.Train(quick_recipe()))
    bare.read_until(lambda: power.told[2:] == ["Inhibit"])
    bare.send(protocol.Stop(stopped))
    assert not isinstance(bare.reply(stopped), protocol.Done)
    assert power.told == ["Inhibit", "UnInhibit"] * 2


def test_a_desktop_that_goes_away_during_a_run_costs_the_run_nothing(power, worker):
    bare = worker("rate=100")
    run = bare.send(protocol.Train(quick_recipe()))
    bare.read_until(lambda: power.told == ["Inhibit"] and bare.events(protocol.Metrics))
    power.end()
    assert isinstance(bare.reply(run), protocol.Done)


def test_a_worker_that_is_killed_takes_its_hold_on_sleep_with_it(power, worker):
    """The manager sees the connection end: what it does then is the specification's part."""
    bare = worker("rate=100")
    bare.send(protocol.Train(quick_recipe()))
    bare.read_until(lambda: bare.events(protocol.Metrics))
    environment = {**os.environ, "DBUS_SESSION_BUS_ADDRESS": power.address}
    assert len(names(environment)) == 3
    bare.process.kill()
    bare.process.wait()
    assert len(names(environment)) == 2


def names(environment):
    """Of the connections on the bus: the manager's, this question's own, and perhaps the worker's."""
    code = (
        "from jeepney.bus_messages import message_bus\n"
        "from jeepney.io.blocking import open_dbus_connection\n"
        "with open_dbus_connection('SESSION') as bus:\n"
        "    found = bus.send_and_get_reply(message_bus.ListNames()).body[0]\n"
        "print(*[name for name in found if name.startswith(':')])\n"
    )
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    ).stdout.split()
