"""The real engine: answers the worker's commands with Keras on JAX."""

import time
from typing import Any

from fnet_studio.core import protocol
from fnet_studio.core.errors import UserError
from fnet_studio.engine import failures
from fnet_studio.engine.job import Job


class JaxEngine:
    """Owns the presets in memory. Implements `engine.job.Engine`; its imports happen in `start`."""

    name = "jax"

    def start(self) -> protocol.Ready:
        began = time.monotonic()
        from fnet_studio.engine import accelerators, devices

        devices.use_all_cores()
        self._gpu_trouble = accelerators.first_look()
        from fnet_studio.engine import answers, candidates, data_sets, health, in_memory, surprise, text_cutter

        self._answers, self._candidates, self._surprise, self._health = answers, candidates, surprise, health
        self._presets = in_memory.InMemory()
        self._data = data_sets.DataShelf(text_cutter.PresetCutter)
        self._measured: list[Any] = []
        self._classifier: Any = None
        self._devices, self._versions = devices.devices(), health.versions()
        self._out_of_memory = devices.out_of_memory
        self.device_memory_bytes = devices.memory_in_use_bytes
        return protocol.Ready(self._devices, self._versions, time.monotonic() - began, self._gpu_trouble)

    def answer(self, command: protocol.Command, job: Job) -> tuple[protocol.Result | None, bytes]:
        try:
            return self._answer(command, job)
        except Exception as error:
            if self._out_of_memory(error):
                raise UserError(
                    "device.out-of-memory",
                    "The device has not enough memory for this.",
                    "Choose a smaller batch, or close other programs that use the device.",
                ) from error
            if failures.lost(error):
                raise failures.device_lost(error, 0) from error
            raise

    def _answer(self, command: protocol.Command, job: Job) -> tuple[protocol.Result | None, bytes]:
        match command:
            case protocol.Load():
                return self._presets.get(command.preset, job).loaded(), b""
            case protocol.Tokenize():
                return self._presets.get(command.preset, job).tokenize(command.text), b""
            case protocol.FillMask():
                return self._answers.fill(self._presets.preset(command.preset, job), command, job), b""
            case protocol.FillMany():
                return self._answers.fill_many(self._presets.preset(command.preset, job), command, job), b""
            case protocol.Score():
                return self._candidates.score(self._presets.preset(command.preset, job), command, job), b""
            case protocol.Compare():
                sides = (self._presets.preset(asked.preset, job) for asked in (command.first, command.second))
                return self._answers.compare(*sides, command, job), b""
            case protocol.Surprise():
                return self._surprise.surprise(self._presets.preset(command.preset, job), command, job), b""
            case protocol.Measure():
                return self._measuring(command.preset, job).measure(command, job)
            case protocol.Plan():
                from fnet_studio.engine.preflight import plan

                return plan(command, job), b""
            case protocol.Train():
                from fnet_studio.engine.train import train

                return train(command, job, self._devices[0], self._versions), b""
            case protocol.Resume():
                from fnet_studio.engine.train import resume

                return resume(command, job, self._devices[0], self._versions), b""
            case protocol.Evaluate():
                from fnet_studio.engine.stored_run import evaluate

                return evaluate(command, job), b""
            case protocol.RepeatSteps():
                from fnet_studio.engine.repeat import repeat_steps

                return repeat_steps(command, job), b""
            case protocol.Relocate():
                from fnet_studio.engine.relocate import relocate

                return relocate(command, job), b""
            case protocol.MeasurePreset():
                from fnet_studio.engine.measure_preset import measure_preset

                return measure_preset(command, job), b""
            case protocol.Classify():
                return self._classifying().classify(command, job), b""
            case protocol.MapTexts():
                from fnet_studio.engine.text_map import text_map

                return text_map(command, job)
            case protocol.RunTexts():
                from fnet_studio.engine.run_texts import run_texts

                return run_texts(command, job), b""
            case protocol.RunSlice():
                from fnet_studio.engine.run_texts import run_slice

                return run_slice(command, job)
            case protocol.Convert():
                from fnet_studio.engine.converting import convert

                return convert(command, job), b""
            case protocol.Average():
                from fnet_studio.engine.converting import average

                return average(command, job), b""
            case protocol.FetchHead():
                from fnet_studio.engine.converting import fetch_head

                return fetch_head(command, job), b""
            case protocol.FetchPreset():
                from fnet_studio.engine.preset_download import fetch_preset
                from fnet_studio.models.preset import require_readable

                return fetch_preset(command, job, require_readable), b""
            case protocol.ForgetDownload():
                from fnet_studio.engine.preset_download import forget

                return forget(command.preset), b""
            case protocol.CheckPreset():
                from fnet_studio.engine.converting import check_preset

                return check_preset(command, job), b""
            case protocol.Download():
                from fnet_studio.engine.datasets import download

                return download(command, job), b""
            case protocol.Inspect():
                from fnet_studio.engine.datasets import inspect

                return inspect(command, job), b""
            case protocol.PreviewData():
                from fnet_studio.engine.preview import preview

                return preview(command), b""
            case (
                protocol.OpenData()
                | protocol.DataRows()
                | protocol.DataTwins()
                | protocol.DataLengths()
                | protocol.PackText()
            ):
                return self._data.answer(command, job)
            case protocol.Doctor():
                return self._health.check(self._gpu_trouble), b""
        raise UserError("command.unknown", f"This engine does not know {type(command).__name__}.", "Update it.")

    def _measuring(self, name: str, job: Job) -> Any:
        """The model's, made at its first measurement; those of the two newest are kept, since pictures of two models
        are compared. Called by one thread alone."""
        from fnet_studio.engine.measuring import Measuring

        model = self._presets.get(name, job)
        found = next((it for it in self._measured if it.preset is model), None) or Measuring(model)
        self._measured = [found, *(it for it in self._measured if it is not found)][: self._presets.KEPT]
        return found

    def _classifying(self) -> Any:
        """Made at the first question. Called by one thread alone."""
        from fnet_studio.engine.classifying import Classifying

        self._classifier = self._classifier or Classifying()
        return self._classifier
