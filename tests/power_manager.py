"""A desktop's power manager in a few lines, on a D-Bus session of its own that any user of the machine may join."""

import subprocess
import threading
from pathlib import Path

CONFIGURATION = """<busconfig>
  <type>session</type>
  <listen>unix:path={socket}</listen>
  <policy context="default">
    <allow user="*"/> <allow own="*"/> <allow send_destination="*" eavesdrop="true"/> <allow eavesdrop="true"/>
  </policy>
</busconfig>"""
COOKIE = 7


class PowerManager:
    """Owns the bus, whose socket lies at the given place. told: what it was asked for, in order."""

    def __init__(self, socket: Path) -> None:
        self.told: list[str] = []
        settings = socket.with_name(f"{socket.name}.conf")
        settings.write_text(CONFIGURATION.format(socket=socket))
        self.daemon = subprocess.Popen(
            ["dbus-daemon", f"--config-file={settings}", "--nofork", "--print-address"],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.daemon.stdout is not None
        self.address = self.daemon.stdout.readline().strip()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        assert self._ready.wait(10)

    def _serve(self) -> None:
        from jeepney import new_method_return
        from jeepney.bus_messages import message_bus
        from jeepney.io.blocking import open_dbus_connection

        with open_dbus_connection(self.address) as bus:
            bus.send_and_get_reply(message_bus.RequestName("org.freedesktop.PowerManagement"))
            self._ready.set()
            try:
                while True:
                    asked = bus.receive()
                    name = asked.header.fields.get(3)  # the member
                    if name in ("Inhibit", "UnInhibit"):
                        self.told.append(name)
                        reply = ("u", (COOKIE,)) if name == "Inhibit" else (None, ())
                        bus.send(new_method_return(asked, *reply))
            except (ConnectionError, EOFError):
                return

    def end(self) -> None:
        self.daemon.kill()
        self.daemon.wait()
        self._thread.join(10)
        if self.daemon.stdout is not None:
            self.daemon.stdout.close()
