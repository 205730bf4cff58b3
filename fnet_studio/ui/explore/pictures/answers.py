"""What the worker has measured: asked for one at a time, kept while it may be wanted again."""

import time
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, Signal
from shiboken6 import isValid

from fnet_studio.core import protocol
from fnet_studio.core.run_state import phase_words
from fnet_studio.ui import timers

KEPT_BYTES = 64 * 2**20
TELL_MS = 500
Arrays = dict[str, np.ndarray]


class Answer:
    """Arrays by name, float32, and the words that belong to them."""

    def __init__(self, measured: protocol.Measured, blob: bytes) -> None:
        """ValueError when the bytes are not what the shapes say."""
        values = np.frombuffer(blob, np.float32)
        sizes = [int(np.prod(array.shape)) for array in measured.arrays]
        if sum(sizes) != len(values):
            raise ValueError(f"{len(values)} numbers came where {sum(sizes)} were announced")
        parts = np.split(values, np.cumsum(sizes)[:-1])
        self.arrays: Arrays = {it.name: part.reshape(it.shape) for it, part in zip(measured.arrays, parts)}
        self.labels = measured.labels
        self.took_ms = measured.took_ms
        self.bytes = len(blob)


class Answers(QObject):
    """At most one command is out. What is no longer wanted is stopped, and its answer passed over."""

    changed = Signal()
    """An answer has come, or the reason why there is none."""
    progressed = Signal(str)
    """How far the worker is, in words; '' when it is at rest."""

    def __init__(self, supervisor: Any, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._supervisor = supervisor
        self._known: OrderedDict[protocol.Measure, Answer] = OrderedDict()
        self._problems: dict[protocol.Measure, protocol.Failed] = {}
        self._wanted: list[protocol.Measure] = []
        self._out: tuple[int, protocol.Measure] | None = None
        self._total = 0
        self._phase, self._began = "", 0.0
        self._compiling = timers.repeating(self, TELL_MS)
        self._compiling.timeout.connect(self._say_phase)
        supervisor.message.connect(self._heard)

    @property
    def busy(self) -> bool:
        return self._out is not None

    def get(self, question: protocol.Measure) -> Answer | None:
        return self._known.get(question)

    def problem(self, question: protocol.Measure) -> protocol.Failed | None:
        return self._problems.get(question)

    def want(self, questions: Sequence[protocol.Measure]) -> None:
        """In this order, and nothing else any more. What failed before is asked again."""
        self._wanted = list(questions)
        self._problems.clear()
        for question in questions:
            if question in self._known:
                self._known.move_to_end(question)
        if self._out is not None and self._out[1] not in questions:
            self._supervisor.ask(protocol.Stop(self._out[0]))
        self._next()

    def forget(self) -> None:
        """The presets may be others under the same names: nothing that is known holds any longer."""
        self._known.clear()
        self.stop()

    def stop(self) -> None:
        self.want(())

    def _next(self) -> None:
        if self._out is not None:
            return
        missing = [it for it in self._wanted if it not in self._known and it not in self._problems]
        if not missing:
            self.progressed.emit("")
            return
        question = missing[0]
        self._total = 0
        self.progressed.emit("Measuring …")
        id = self._supervisor.ask(
            question,
            on_done=lambda measured, blob: self._ended(question, Answer(measured, blob)),
            on_failed=lambda failed: self._ended(question, failed),
            on_stopped=lambda _: self._ended(question, None),
        )
        self._out = (id, question)

    def _ended(self, question: protocol.Measure, found: Answer | protocol.Failed | None) -> None:
        if not isValid(self):
            return  # the window was closed before the worker's last word
        self._out = None
        self._compiling.stop()
        if isinstance(found, Answer):
            self._known[question] = found
            while sum(answer.bytes for answer in self._known.values()) > KEPT_BYTES and len(self._known) > 1:
                self._known.popitem(last=False)
        elif found is not None and question in self._wanted:
            self._problems[question] = found
        self._next()
        if found is not None:
            self.changed.emit()

    def _say_phase(self) -> None:
        took = int(time.monotonic() - self._began)
        self.progressed.emit(f"{self._phase} …" + (f" {took} s" if took else ""))

    def _heard(self, envelope: protocol.Envelope, _: bytes) -> None:
        if self._out is None or not envelope.reply_to or envelope.reply_to != self._out[0]:
            return
        match envelope.body:
            case protocol.Phase("measuring", total=total):
                self._total = total
                self._compiling.stop()
            case protocol.Phase(name):
                self._phase, self._began = phase_words(name), time.monotonic()
                self._say_phase()
                self._compiling.start()
            case protocol.Progress(done=done, left_s=left_s) if self._total:
                left = f", {left_s:.0f} s left" if left_s >= 1 else ""
                self.progressed.emit(f"Pass {done} of {self._total}{left}")
