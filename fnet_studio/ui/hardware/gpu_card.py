"""Settings, GPU support: fetched at one click, gone on with after a break, checked in the worker, removed."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QProgressBar, QWidget

from fnet_studio.core import gpu_list, gpu_support
from fnet_studio.core.errors import UserError
from fnet_studio.core.files import size as size_words
from fnet_studio.core.gpu_list import GpuList
from fnet_studio.core.pace import Pace
from fnet_studio.ui.arriving import arriving
from fnet_studio.ui.background import STOPPED, Background, Progress
from fnet_studio.ui.parts import Card, button, label, row
from fnet_studio.ui.supervisor import Supervisor
from fnet_studio.ui.theme import ThemeSource

PLUGIN = "jax-cuda"
"""How the plugins among the worker's versions begin."""


class GpuCard(Card):
    """Owns the download that is under way. Nothing is fetched before a button is pressed."""

    failed = Signal(object)
    """The UserError of what was asked for."""
    changed = Signal()
    """It was added or removed."""
    restart_wanted = Signal()

    def __init__(self, supervisor: Supervisor, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._supervisor, self._background = supervisor, Background(self)
        self._progress: Progress | None = None
        self._removing = False
        self._gpu_found = True
        self.column.addWidget(label("GPU support", "section"))
        self.words = label("", "muted", wrap=True, selectable=True)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 1000)
        self.bar.setAccessibleName("Progress of the GPU support")
        self.add = button("Add GPU support", themes, "download", "primary", self._add)
        self.stop = button("Stop", themes, "x", "", self._stop, "What has arrived is kept")
        self.restart = button(
            "Restart the worker",
            themes,
            "rotate-cw",
            "primary",
            self.restart_wanted.emit,
            "It uses the GPU from then on",
        )
        self.remove = button("Remove", themes, "trash-2", "", self._remove)
        self.column.addWidget(self.words)
        self.column.addWidget(self.bar)
        self.column.addLayout(row(self.add, self.restart, self.stop, self.remove, None))
        supervisor.state_changed.connect(self.show_state)
        supervisor.devices_changed.connect(self.show_state)
        self.show_state()

    @property
    def busy(self) -> bool:
        return self._progress is not None or self._removing

    def know_gpu(self, found: bool) -> None:
        """Whether the machine has a GPU with a driver: without one, nothing is gained."""
        self._gpu_found = found
        self.show_state()

    def show_state(self, _state: object = None) -> None:
        """What lies on the disk, and what the worker makes of it."""
        if self.busy:
            self._show(stop=self._progress is not None)
            return
        state = gpu_support.state()
        offer = state.offer
        if state.used and state.added is not None:
            self.words.setText(f"Added for JAX {state.added.jax}. {self._in_worker()}")
            self._show(remove=True, restart=self._worker_is_older())
        elif state.begun is not None and offer is not None:
            arrived, whole = size_words(state.arrived_bytes), size_words(offer.bytes)
            self.words.setText(f"{arrived} of {whole} have arrived. The rest is fetched from there on.")
            self._show(add="Go on", remove=True)
        elif offer is None:
            self.words.setText(
                "This build names no GPU support that it could fetch. Where FNet Studio was installed with pip, "
                "pip install 'fnet-studio[cuda12]' brings it; a list can be named with fnet-studio gpu add --list."
            )
            self._show(remove=state.added is not None)
        else:
            self.words.setText(self._offered(offer, state.added))
            self._show(add="Add GPU support" if state.added is None else "Add it again", remove=state.added is not None)

    def _offered(self, offer: GpuList, old: GpuList | None) -> str:
        words = f"Fetches {size_words(offer.bytes)}, NVIDIA's libraries and JAX's plugin for them, "
        words += f"and needs {size_words(offer.unpacked_bytes)} on the disk."
        if old is not None:
            jax = gpu_list.here()[0]
            words = f"What is here was made for JAX {old.jax} and is not used by this program, with JAX {jax}. {words}"
        if not self._gpu_found:
            words = f"No NVIDIA GPU with a driver was found here: nothing is gained before there is one. {words}"
        return words

    def _worker_is_older(self) -> bool:
        ready = self._supervisor.ready
        return ready is not None and not any(name.startswith(PLUGIN) for name in ready.versions)

    def _in_worker(self) -> str:
        ready = self._supervisor.ready
        if ready is None:
            return "The worker is not ready yet, so it is not known whether it can use it."
        if self._worker_is_older():
            return "The worker uses it from its next start on."
        if ready.gpu_trouble:
            return f"The worker cannot use it, and computes on the processor: {ready.gpu_trouble}"
        return f"The worker uses {', '.join(device.name for device in ready.devices)}."

    def _add(self) -> None:
        offer = gpu_support.state().offer
        if offer is None:
            return
        progress = self._progress = Progress(self)
        pace = Pace()

        def moved(share: float) -> None:
            if progress is not self._progress:
                return
            done = round(share * offer.bytes)
            pace.tell(done, offer.bytes)
            far = arriving(done, offer.bytes, pace.rate_per_s, pace.left_s)
            self.words.setText(f"Fetching and unpacking: {far}")
            self.bar.setValue(round(share * 1000))

        progress.moved.connect(moved)
        self.bar.setValue(0)
        self.words.setText("Beginning …")
        self._show(stop=True)
        self._background.run(
            lambda: gpu_support.add(offer, lambda _, done, total: progress(done, total), progress.asked_to_stop),
            lambda _: self._over(None),
            self._over,
            "gpu",
        )

    def _stop(self) -> None:
        if self._progress is not None:
            self._progress.stop()
            self.words.setText("Stopping. What has arrived is kept.")

    def _remove(self) -> None:
        self._removing = True
        self.words.setText("Removing …")
        self._show()
        self._background.run(gpu_support.remove, lambda _: self._over(None), self._over, "gpu")

    def _over(self, error: UserError | None) -> None:
        self._progress, self._removing = None, False
        self.show_state()
        self.changed.emit()
        if error is not None and error.kind != STOPPED:
            self.failed.emit(error)

    def _show(self, add: str = "", stop: bool = False, restart: bool = False, remove: bool = False) -> None:
        self.add.setText(add)
        self.add.setVisible(bool(add))
        for item, on in ((self.stop, stop), (self.bar, stop), (self.restart, restart), (self.remove, remove)):
            item.setVisible(on)
