"""Neither the window nor its worker asks anybody anything at the start."""

import os
import subprocess
import sys

import psutil

WATCH = """
import os, sys

ASKING = {"socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo", "socket.gethostbyname",
          "socket.gethostbyaddr", "urllib.Request", "http.client.connect", "socket.bind"}

def told(event, arguments):
    # urllib3, which Keras imports where it is installed, binds to ::1 to see whether there is IPv6: nobody is asked
    own = event == "socket.bind" and arguments[1][0] in ("::1", "127.0.0.1")
    if event in ASKING and not own:
        with open(os.environ["WATCHED"], "a") as out:
            out.write(f"{os.getpid()} {event} {arguments!r}\\n")

sys.addaudithook(told)
with open(os.environ["WATCHED"] + ".processes", "a") as out:
    out.write(" ".join(sys.argv) + "\\n")
"""

OPEN = """
import sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from fnet_studio.ui.app import make_window

application = QApplication(["fnet-studio"])
window = make_window(application, "jax")

def look():
    if window.supervisor.state.name == "ready":
        print("ready", window.supervisor.pid, flush=True)
        sys.stdin.readline()
        window.close()
        application.quit()

timer = QTimer()
timer.timeout.connect(look)
timer.start(50)
window.show()
application.exec()
assert "PySide6.QtNetwork" not in sys.modules
"""


def test_the_window_and_its_worker_ask_nobody_at_start(tmp_path):
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    (hooks / "sitecustomize.py").write_text(WATCH)
    watched = tmp_path / "watched.txt"
    path = os.pathsep.join([str(hooks), *filter(None, sys.path)])
    window = subprocess.Popen(
        [sys.executable, "-c", OPEN],
        env={**os.environ, "PYTHONPATH": path, "WATCHED": str(watched)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert window.stdin is not None
    assert window.stdout is not None
    try:
        word, worker = window.stdout.readline().split()
        assert word == "ready"
        for pid in (window.pid, int(worker)):
            assert psutil.Process(pid).net_connections("inet") == []
        _, said = window.communicate("\n", timeout=60)
        assert window.returncode == 0, said
    finally:
        window.kill()
        window.wait()
    processes = (tmp_path / "watched.txt.processes").read_text().splitlines()
    assert len(processes) >= 2, "the worker was watched too"
    assert not watched.exists(), watched.read_text()


def test_the_watch_sees_a_question(tmp_path):
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    (hooks / "sitecustomize.py").write_text(WATCH)
    watched = tmp_path / "watched.txt"
    code = "import socket; socket.getaddrinfo('127.0.0.1', 80)"
    environment = {**os.environ, "PYTHONPATH": str(hooks), "WATCHED": str(watched)}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    assert "socket.getaddrinfo" in watched.read_text()
