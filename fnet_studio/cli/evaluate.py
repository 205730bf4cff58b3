"""fnet-studio evaluate RUN, and evaluate --task masked-lm PRESET --data FILE"""

import argparse
import os
import shlex
from pathlib import Path

import msgspec

from fnet_studio.cli.numbers import at_least
from fnet_studio.core import classifiers, presets, protocol, run_evaluation, run_models, run_store
from fnet_studio.core.by_class import by_class
from fnet_studio.core.counts import plural
from fnet_studio.core.errors import UserError
from fnet_studio.core.run_evaluation import EvaluationReport
from fnet_studio.core.shares import percent
from fnet_studio.link.blocking import Worker

SPLIT, WINDOWS, TOKENS = "test", 2048, 2000
MOST_CLASSES = 20
"""Of more, each one's figures are in the JSON alone."""
WORDS = {
    "macro_f1": "macro F1",
    "roc_auc": "area under the ROC curve",
    "average_precision": "average precision",
    "expected_error": "expected calibration error",
    "pseudo_perplexity": "pseudo-perplexity",
    "naive_bayes": "accuracy of naive Bayes",
}


def add_to(commands: argparse._SubParsersAction) -> None:
    it = commands.add_parser("evaluate", help="measure a trained model again, or ask it about a text")
    it.add_argument(
        "what", metavar="RUN", help="a run's id, as `fnet-studio runs` lists it; for --text and --task a preset too"
    )
    it.add_argument("--split", choices=("train", "validation", "test"), help=f"({SPLIT})")
    it.add_argument("--text", action="append", default=[], help="classify this text instead; may be repeated")
    it.add_argument("--pair", action="append", default=[], help="the second text of a --text, for a model of pairs")
    it.add_argument("--task", choices=("masked-lm",), help="measure a preset's predictions of masked words in --data")
    it.add_argument("--data", metavar="FILE", help="of masked-lm: a .txt or .txt.xz file, or a folder of such")
    it.add_argument(
        "--windows", type=at_least(1), metavar="N", help=f"of masked-lm: drawn from the text at most ({WINDOWS})"
    )
    it.add_argument(
        "--tokens",
        type=at_least(1),
        metavar="N",
        help=f"of masked-lm: that pseudo-perplexity is estimated from ({TOKENS})",
    )
    it.add_argument("--json", action="store_true", help="JSON")
    it.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    _refuse_mixed(options)
    if options.task:
        return _preset(options)
    asked = classifiers.find(options.what)
    if asked.preset and not (options.text or options.pair):
        raise UserError(
            "evaluate.no-data",
            f"{asked.preset} is a preset: what texts it was trained with is not known.",
            "Ask it about a --text, or about those of a file with fnet-studio classify.",
        )
    with Worker() as worker:
        if options.text or options.pair:
            texts, pairs = tuple(options.text), tuple(options.pair)
            result, _ = worker.call(protocol.Classify(asked.run, texts, pairs, asked.preset))
            assert isinstance(result, protocol.Classified)
            print(_json(result) if options.json else _classes(options.text, options.pair, result))
        else:
            split = options.split or SPLIT
            result, _ = worker.call(protocol.Evaluate(asked.run, split))
            assert isinstance(result, protocol.Evaluation)
            report = run_evaluation.read(asked.run, split)
            print(_all_as_json(result, report) if options.json else _measures(result, report))
    return 0


def _refuse_mixed(options: argparse.Namespace) -> None:
    """An option of another question would be dropped, and the figures taken for its answer. UserError
    `evaluate.options`."""
    of_words, others = (
        [name for name in names if getattr(options, name) not in (None, [])]
        for names in (("data", "windows", "tokens"), ("text", "pair", "split"))
    )
    words, advice = "", ""
    if options.task and others:
        words = f"--{others[0]} does not belong to --task {options.task}, which measures the text of --data."
        advice = f"Leave --task out to ask {options.what} with --{others[0]}."
    elif of_words and not options.task:
        words, advice = f"--{of_words[0]} belongs to --task masked-lm.", "Add --task masked-lm and --data FILE."
        if options.data:
            command = shlex.join(("fnet-studio", "classify", options.what, options.data))
            advice = f"To sort a file's texts: {command}. To measure predictions of words in it: --task masked-lm."
    elif len(others) > 1 and options.split:
        words = f"--{others[0]} asks about a text of your own, --split about a part of the run's data."
        advice = "Leave one of them out."
    if words:
        raise UserError("evaluate.options", words, advice)


def _preset(options: argparse.Namespace) -> int:
    if not options.data:
        raise UserError("evaluate.no-data", "There is no text to measure on.", "Name one with --data FILE.")
    preset = run_models.name_of(options.what) if run_store.is_id(options.what) else options.what
    presets.folder(preset)
    command = protocol.MeasurePreset(
        preset,
        str(Path(os.path.expanduser(options.data)).absolute()),
        options.windows or WINDOWS,
        options.tokens or TOKENS,
    )
    with Worker() as worker:
        result, _ = worker.call(command)
    assert isinstance(result, protocol.PresetMeasured)
    print(_json(result) if options.json else _predictions(result))
    return 0


def _json(result: protocol.Result) -> str:
    return msgspec.json.encode(result).decode()


def _predictions(result: protocol.PresetMeasured) -> str:
    return (
        f"{result.preset}: masked-LM accuracy {result.accuracy:.2%}, loss {result.loss:.4f} "
        f"on {result.masks:,} {plural('mask', result.masks)} in "
        f"{result.windows:,} {plural('window', result.windows)} of {result.sequence_length}, "
        f"pseudo-perplexity {result.pseudo_perplexity:.1f}, in {result.duration_s:.1f} s"
    )


def _all_as_json(result: protocol.Evaluation, report: EvaluationReport) -> str:
    told = msgspec.to_builtins(result) | _further(report)
    if report.class_names:
        told["classes"] = by_class(report.confusion, report.class_names)
    return msgspec.json.encode(told).decode()


def _further(report: EvaluationReport) -> dict[str, float]:
    """Those that the model and its texts have."""
    found = {
        "macro_f1": report.macro_f1,
        "roc_auc": report.roc_auc,
        "average_precision": report.average_precision,
        "expected_error": report.calibration.expected_error if report.calibration.bins else None,
        "pseudo_perplexity": report.pseudo_perplexity,
        "naive_bayes": report.naive_bayes,
    }
    return {name: value for name, value in found.items() if value is not None}


def _measures(result: protocol.Evaluation, report: EvaluationReport) -> str:
    lines = [
        f"{result.split}: accuracy {result.accuracy:.2%}, loss {result.loss:.4f} "
        f"on {result.examples:,} {result.counted} in {result.duration_s:.1f} s"
    ]
    if further := _further(report):
        lines.append(", ".join(f"{WORDS[name]} {value:.4f}" for name, value in further.items()))
    if 0 < len(report.class_names) <= MOST_CLASSES:
        widest = max(24, *(len(name) for name in report.class_names))
        lines.append(f"{'class':<{widest}} {'texts':>8} {'precision':>10} {'recall':>8} {'F1':>8}")
        lines += [
            f"{one.name:<{widest}} {one.texts:>8,} {_share(one.precision):>10} {_share(one.recall):>8} "
            f"{one.f1_words:>8}"
            for one in by_class(report.confusion, report.class_names)
        ]
    return "\n".join(lines)


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.2%}"


def _classes(texts: list[str], pairs: list[str], result: protocol.Classified) -> str:
    lines = []
    asked = list(map(" / ".join, zip(texts, pairs, strict=True))) if pairs else texts
    for text, row in zip(asked, result.probabilities, strict=True):
        best = max(range(len(row)), key=row.__getitem__)
        lines.append(f"{result.class_names[best]}  {percent(row[best])}  {text}")
    return "\n".join(lines)
