import psutil
import pytest

from fnet_studio.core import protocol
from fnet_studio.core import recipe as recipes
from fnet_studio.ui.app import make_window
from fnet_studio.ui.hand import StrayWindows


class Driver:
    """A window under test: the real one, with a real worker process."""

    def __init__(self, qtbot, window):
        self.qtbot, self.window, self.supervisor = qtbot, window, window.supervisor

    def wait(self, condition, timeout_ms=20_000):
        self.qtbot.waitUntil(condition, timeout=timeout_ms)

    def wait_ready(self, limit_ms=20_000):
        self.wait(lambda: self.supervisor.state.name == "ready", limit_ms)

    def train(self, name="A run", epochs="30", **callbacks):
        recipe = recipes.to_mapping(recipes.load(recipes.bundled("sample-quick"), {"training.epochs": epochs}))
        return self.supervisor.ask(protocol.Train(recipe, name), **callbacks)

    def train_to_steps(self, limit_ms=20_000, **options):
        """Train until its first steps have come back."""
        seen = []

        def look(envelope, _blob):
            if isinstance(envelope.body, protocol.Metrics):
                seen.append(envelope.reply_to)

        self.supervisor.message.connect(look)
        id = self.train(**options)
        self.wait(lambda: id in seen, limit_ms)
        self.supervisor.message.disconnect(look)
        return id

    def kill_worker(self):
        psutil.Process(self.supervisor.pid).kill()


@pytest.fixture
def open_window(qtbot, qapp):
    """Opens the window with a script of faults; closes it and its worker at the end."""
    opened = []
    stray = StrayWindows(qapp)
    qapp.installEventFilter(stray)

    def open_(script="", page="settings", engine="scripted"):
        window = make_window(qapp, engine, script, page)
        opened.append(window)
        window.show()
        driver = Driver(qtbot, window)
        driver.wait(lambda: window.supervisor.pid > 0)
        return driver

    yield open_
    for window in opened:
        pid = window.supervisor.pid
        window.supervisor.shutdown()
        window.close()
        window.deleteLater()
        window.supervisor.deleteLater()
        assert not (pid and psutil.pid_exists(pid))
    qapp.removeEventFilter(stray)
    assert stray.seen == []
