"""An engine without a model: the demonstration, the source of screenshots and the double in tests.

It answers every command of the protocol plausibly and at once, and goes wrong on demand (`engine.faults`).
"""

import os
import platform
import time
from pathlib import Path

import numpy as np
import psutil

from fnet_studio import __version__
from fnet_studio.core import places, presets, protocol, run_models, run_store
from fnet_studio.core.comparison import Comparison
from fnet_studio.core.errors import UserError
from fnet_studio.core.patterns import compile_pattern
from fnet_studio.engine import (
    data_sets,
    datasets,
    faults,
    measures,
    scripted_answers,
    scripted_maps,
    scripted_measuring,
    scripted_plan,
    scripted_text,
    scripted_train,
)
from fnet_studio.engine.job import Job
from fnet_studio.engine.run_texts import require_pairs, spread
from fnet_studio.engine.scripted_text import number

GARBAGE = b"Warning: this line was printed by a library in the middle of the stream\n"
SLOW_START_S = 10.0
CLASSES = ("negative", "positive")


class ScriptedEngine:
    name = "scripted"

    def __init__(self, script: str = "", wire: int | None = None) -> None:
        """script: see `engine.faults`. wire: the descriptor that the fault `garbage-bytes` writes to."""
        self._script_text = script
        self._wire = wire
        self._data = data_sets.DataShelf(scripted_text.WordCutter)

    def start(self) -> protocol.Ready:
        self._script = faults.parse(self._script_text)
        began = time.monotonic()
        if "slow-start" in self._script.always:
            time.sleep(SLOW_START_S)
        if "broken-start" in self._script.always:
            raise ImportError("scripted: libexample.so.1: cannot open shared object file")
        return protocol.Ready((scripted_train.DEVICE,), self._versions(), time.monotonic() - began)

    def device_memory_bytes(self) -> int:
        return 0

    def answer(self, command: protocol.Command, job: Job) -> tuple[protocol.Result | None, bytes]:
        match command:
            case protocol.Load(preset):
                _find(preset)
                return self._loaded(preset), b""
            case protocol.Tokenize(preset, text):
                _find(preset)
                return scripted_text.tokenize(text), b""
            case protocol.FillMask(preset):
                _predicting(preset)
                return scripted_answers.filled(command), b""
            case protocol.FillMany(preset):
                _predicting(preset)
                return scripted_answers.many(command), b""
            case protocol.Score(preset):
                _predicting(preset)
                return scripted_answers.score(command), b""
            case protocol.Compare(first, second):
                _predicting(first.preset)
                _predicting(second.preset)
                return scripted_answers.compare(command), b""
            case protocol.Surprise(preset):
                _predicting(preset)
                return scripted_answers.surprise(command), b""
            case protocol.Measure(preset):
                _find(preset)
                return scripted_measuring.measure(command, job)
            case protocol.Plan():
                return scripted_plan.plan(command, job, self._script), b""
            case protocol.Train():
                return scripted_train.train(command, job, self._script, self._write_garbage), b""
            case protocol.Resume():
                return scripted_train.resume(command, job, self._script, self._write_garbage), b""
            case protocol.Evaluate():
                return self._evaluate(command, job), b""
            case protocol.RepeatSteps():
                return self._repeat_steps(command, job), b""
            case protocol.Relocate():
                from fnet_studio.engine.relocate import write

                return write(command), b""
            case protocol.MapTexts():
                return self._text_map(command, job)
            case protocol.RunTexts():
                return self._texts(command), b""
            case protocol.RunSlice():
                return self._slice(command)
            case protocol.MeasurePreset(preset):
                presets.folder(preset)
                return self._measure_preset(command, job), b""
            case protocol.Classify():
                return self._classify(command), b""
            case protocol.FetchPreset(head=False):
                from fnet_studio.engine.preset_download import fetch_preset

                return fetch_preset(command, job), b""
            case protocol.ForgetDownload(preset):
                from fnet_studio.engine.preset_download import forget

                return forget(preset), b""
            case protocol.CheckPreset(preset):
                presets.folder(preset)
                nothing = Comparison("Nothing: this engine has no model", "nothing", 0, 0.0)
                return protocol.PresetChecked(preset, (nothing,)), b""
            case protocol.Download():
                return datasets.download(command, job), b""
            case protocol.Inspect():
                return datasets.inspect(command, job), b""
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
                return self._health(), b""
        raise UserError("command.unknown", f"This engine does not know {type(command).__name__}.", "Update it.")

    # -------------------------------------------------------------------------------- answers

    def _loaded(self, preset: str) -> protocol.Loaded:
        record = run_store.read(run_models.parse(preset).run) if run_models.is_run(preset) else None
        return protocol.Loaded(
            preset=preset,
            parameters=3_500_000,
            num_layers=len(scripted_measuring.mixings_of(preset)),
            hidden_dim=scripted_maps.HIDDEN,
            vocabulary_size=scripted_text.VOCABULARY,
            sequence_length=scripted_text.LENGTH,
            head="none" if record else "pretrained",
            mixings=scripted_measuring.mixings_of(preset),
            heads=2 if "attention" in scripted_measuring.mixings_of(preset) else 0,
            task="classify" if record and record.recipe["task"] == "classify" else "masked-lm",
            mixes_pads=not (record and record.recipe["model"]["mixer"] in ("attention", "identity")),
            class_names=CLASSES if record and record.classifies else (),
        )

    def _evaluate(self, command: protocol.Evaluate, job: Job) -> protocol.Evaluation:
        """As right as the run's own record says; kept in its folder as the real engine keeps it."""
        record = run_store.read(command.run)
        began = time.monotonic()
        examples = scripted_train.COUNTS[command.split]
        job.phase("testing", examples, "texts")
        for done in range(0, examples, examples // 10):
            job.check()
            job.progress(done)
            time.sleep(0.01)
        accuracy = getattr(record, f"{command.split}_accuracy") or 0.5
        loss = getattr(record, f"{command.split}_loss") or 0.69
        labels, probabilities = np.zeros(0, np.int64), np.zeros((0, 0), np.float32)
        if record.classifies:
            labels = np.arange(examples) % len(CLASSES)
            random = np.random.default_rng(0)
            right = random.permutation(examples) < round(examples * accuracy)
            own = 0.5 + np.where(right, 1, -1) * random.uniform(0.01, 0.49, examples)
            probabilities = np.stack([np.where(labels == at, own, 1 - own) for at in range(2)], axis=1)
        measured = measures.Measured(loss, accuracy, examples, labels, probabilities.astype(np.float32))
        measures.write(run_store.folder(command.run), command.split, measured, CLASSES, record.steps)
        return protocol.Evaluation(
            split=command.split,
            loss=loss,
            accuracy=accuracy,
            examples=examples,
            duration_s=time.monotonic() - began,
            confusion=tuple(map(tuple, measured.confusion.tolist())),
        )

    def _repeat_steps(self, command: protocol.RepeatSteps, job: Job) -> protocol.StepsRepeated:
        """Its steps are made of their numbers: those of its log are the same again."""
        losses = [row["loss"] for row in run_store.read_metrics(command.run) if "split" not in row]
        if len(losses) < 2:
            raise UserError("run.one-checkpoint", f"The run {command.run} has no two steps.", "Train a longer one.")
        job.phase("training", len(losses), "steps")
        for done in range(len(losses)):
            job.check()
            job.progress(done + 1)
            time.sleep(0.002)
        same = Comparison(f"Losses of steps 1 to {len(losses):,}", "the log", len(losses), 0.0, max(losses))
        return protocol.StepsRepeated(command.run, 1, len(losses), (same,))

    def _texts(self, command: protocol.RunTexts) -> protocol.Texts:
        record = run_store.read(command.run)
        many = scripted_train.COUNTS[command.split]
        if not all(0 <= row < many for row in command.rows):
            raise UserError("run.no-texts", f"The {command.split} texts are {many}.", "Choose rows among them.")
        pairs = tuple(f"The second of number {row}." for row in command.rows) if record.data.get("paired") else ()
        return protocol.Texts(tuple(f"The scripted {command.split} text number {row}." for row in command.rows), pairs)

    def _slice(self, command: protocol.RunSlice) -> tuple[protocol.TextSlice, bytes]:
        run_store.read(command.run)
        many = scripted_train.COUNTS[command.split]
        pattern = compile_pattern(command.pattern, regex=command.regex, case=command.case)
        texts = self._texts(protocol.RunTexts(command.run, command.split, tuple(range(many)))).texts
        rows = [row for row, text in enumerate(texts) if pattern is None or pattern.search(text)]
        letters = [len(texts[row]) + number(texts[row], "letters") % 1000 for row in rows]
        return protocol.TextSlice(len(rows), many), np.array([rows, letters], "<i4").tobytes()

    def _text_map(self, command: protocol.MapTexts, job: Job) -> tuple[protocol.TextMap, bytes]:
        """A cloud for each class, with a few texts on the wrong side."""
        run_store.read(command.run)
        texts = scripted_train.COUNTS[command.split]
        rows = spread(texts, command.most)
        job.phase("asking", len(rows), "texts")
        for done in range(0, len(rows), max(len(rows) // 10, 1)):
            job.check()
            job.progress(done)
            time.sleep(0.01)
        random = np.random.default_rng(0)
        labels = rows % 2
        points = random.normal(0, 1, (len(rows), 2)) * (1.0, 0.6) + np.stack([4.0 * labels - 2, 0 * labels], axis=1)
        predicted = (points[:, 0] > 0).astype(int)
        confidence = 1 / (1 + np.exp(-np.abs(points[:, 0])))
        result = protocol.TextMap(
            command.split,
            texts,
            *(tuple(column.tolist()) for column in (rows, labels, predicted, confidence.round(4))),
            class_names=CLASSES,
            dimensions=scripted_maps.HIDDEN,
            explained=(0.61, 0.08),
        )
        return result, points.astype("<f4").tobytes()

    def _measure_preset(self, command: protocol.MeasurePreset, job: Job) -> protocol.PresetMeasured:
        if not Path(command.path).exists():
            raise UserError("data.missing", f"There is no {command.path}.", "Check the path.")
        job.phase("testing", command.windows, "windows")
        for done in range(0, command.windows, max(command.windows // 10, 1)):
            job.check()
            job.progress(done)
            time.sleep(0.01)
        length = scripted_text.LENGTH
        return protocol.PresetMeasured(
            command.preset, 0.3, 4.4, 18 * command.windows, 90.0, command.windows, length, 0.1
        )

    def _classify(self, command: protocol.Classify) -> protocol.Classified:
        require_pairs(None if command.preset else run_store.read(command.run), command)
        asked = map("".join, zip(command.texts, command.pairs)) if command.pairs else command.texts
        positive = [0.02 + 0.96 * (number(text) % 1000) / 1000 for text in asked]
        return protocol.Classified(CLASSES, tuple((1 - p, p) for p in positive))

    def _health(self) -> protocol.Health:
        memory = psutil.virtual_memory()
        return protocol.Health(
            versions=self._versions(),
            devices=(scripted_train.DEVICE,),
            memory_bytes=memory.total,
            memory_free_bytes=memory.available,
            places={
                "data": str(places.data()),
                "config": str(places.config()),
                "cache": str(places.cache_dir()),
                "logs": str(places.logs()),
                "resources": str(places.resources()),
            },
            matmul_gflops=1.0,
        )

    def _versions(self) -> dict[str, str]:
        return {"fnet-studio": __version__, "python": platform.python_version(), "engine": "scripted"}

    def _write_garbage(self) -> None:
        if self._wire is not None:
            os.write(self._wire, GARBAGE)


def _find(name: str) -> None:
    """UserError where the real engine would find neither a preset nor a run's model."""
    if not run_models.is_run(name):
        presets.folder(name)
        return
    run, step = run_models.parse(name)
    if step is not None:
        run_models.checkpoint_path(run, step)


def _predicting(name: str) -> None:
    if run_models.is_run(name):
        _find(name)
        raise UserError("fill-mask.no-head", f"{name} is a classifier.", "Choose a preset with a pretrained head.")
    presets.folder(name)
