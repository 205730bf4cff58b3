"""The downloads of presets that the worker has at work, whatever page is shown."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from fnet_studio.core import preset_downloads, preset_records, protocol
from fnet_studio.core.errors import UserError
from fnet_studio.core.run_state import phase_words
from fnet_studio.ui.arriving import arriving
from fnet_studio.ui.supervisor import Supervisor


@dataclass
class Download:
    preset: str
    head: bool
    command: int = 0
    phase: str = ""
    done: int = 0
    total: int = 0
    rate_per_s: float = 0.0
    left_s: float = -1.0
    stopping: str = ""

    @property
    def words(self) -> str:
        """Such as `Downloading: 120 MB of 332 MB, 8.1 MB a second, 26 s left`."""
        if self.stopping:
            return self.stopping
        if not self.total:
            return phase_words(self.phase) if self.phase else "Waiting for the worker"
        return f"{phase_words(self.phase)}: {arriving(self.done, self.total, self.rate_per_s, self.left_s)}"


class Downloads(QObject):
    """Owns what is under way; what was paused lies on the disk (`core.preset_downloads`)."""

    moved = Signal(str)
    """Name of the preset whose count, rate or phase has changed."""
    changed = Signal()
    """One began, or ended: the list has to be read again."""
    finished = Signal(str, object)
    """(name, what its reader should know, in sentences)."""
    failed = Signal(object)
    """`protocol.Failed`."""

    def __init__(self, supervisor: Supervisor, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._supervisor = supervisor
        self.running: dict[str, Download] = {}
        supervisor.message.connect(self._message)

    def start(self, preset: str, head: bool = False) -> None:
        """Begin, or go on with it. preset: a built-in name or a handle."""
        try:
            name = preset_downloads.name_of(preset)
        except UserError as error:
            self.failed.emit(protocol.Failed(error.kind, error.message, error.advice))
            return
        if name in self.running:
            return
        download = self.running[name] = Download(preset, head)
        download.command = self._supervisor.ask(
            protocol.FetchPreset(preset, head),
            on_done=lambda result, _blob: self._done(name, result),
            on_failed=lambda failed: self._failed(name, failed),
            on_stopped=lambda _: self._over(name),
        )
        self.changed.emit()

    def pause(self, name: str) -> None:
        self._stop(name, "keep", "Pausing")

    def cancel(self, name: str, preset: str) -> None:
        """Remove what has arrived, also of one that is paused."""
        if name in self.running:
            self._stop(name, "discard", "Removing what has arrived")
        else:
            self._supervisor.ask(
                protocol.ForgetDownload(preset), lambda _result, _blob: self.changed.emit(), self.failed.emit
            )

    def _stop(self, name: str, mode: Any, words: str) -> None:
        """Without the ladder, which would end the worker, and a training with it, for a server that is slow."""
        download = self.running.get(name)
        if download is not None and not download.stopping:
            download.stopping = words
            self._supervisor.ask(protocol.Stop(download.command, mode))
            self.moved.emit(name)

    def _message(self, envelope: protocol.Envelope, _blob: bytes) -> None:
        for name, download in self.running.items():
            if envelope.reply_to == download.command and download.command:
                match envelope.body:
                    case protocol.Phase(name=phase, total=total, unit=unit):
                        download.phase, download.total = phase, total if unit == "bytes" else 0
                        download.done, download.rate_per_s, download.left_s = 0, 0.0, -1.0
                    case protocol.Progress(done, rate, left_s):
                        download.done, download.rate_per_s, download.left_s = done, rate, left_s
                    case _:
                        return
                self.moved.emit(name)
                return

    def _done(self, name: str, result: protocol.Converted) -> None:
        download = self.running[name]
        try:
            preset_records.put(name, Path(result.folder), download.preset)
        except UserError as error:
            self.failed.emit(protocol.Failed(error.kind, error.message, error.advice))
        self._over(name)
        self.finished.emit(name, result.notes)

    def _failed(self, name: str, failed: protocol.Failed) -> None:
        self._over(name)
        self.failed.emit(failed)

    def _over(self, name: str) -> None:
        self.running.pop(name, None)
        self.changed.emit()
