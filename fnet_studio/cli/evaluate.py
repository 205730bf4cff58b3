"""fnet-studio evaluate RUN"""

import argparse

import msgspec

from fnet_studio.core import protocol, run_store
from fnet_studio.link.blocking import Worker


def add_to(commands: argparse._SubParsersAction) -> None:
    it = commands.add_parser("evaluate", help="measure a trained model again, or ask it about a text")
    it.add_argument("run_id", metavar="RUN", help="a run's id, as `fnet-studio runs` lists it")
    it.add_argument("--split", default="test", choices=("train", "validation", "test"), help="(%(default)s)")
    it.add_argument("--text", action="append", default=[], help="classify this text instead; may be repeated")
    it.add_argument("--json", action="store_true", help="JSON")
    it.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    run_store.folder(options.run_id)
    with Worker() as worker:
        if options.text:
            result, _ = worker.call(protocol.Classify(options.run_id, tuple(options.text)))
            assert isinstance(result, protocol.Classified)
            print(_json(result) if options.json else _classes(options.text, result))
        else:
            result, _ = worker.call(protocol.Evaluate(options.run_id, options.split))
            assert isinstance(result, protocol.Evaluation)
            print(_json(result) if options.json else _measures(result))
    return 0


def _json(result: protocol.Result) -> str:
    return msgspec.json.encode(result).decode()


def _measures(result: protocol.Evaluation) -> str:
    return (
        f"{result.split}: accuracy {result.accuracy:.2%}, loss {result.loss:.4f} "
        f"on {result.examples:,} texts in {result.duration_s:.1f} s"
    )


def _classes(texts: list[str], result: protocol.Classified) -> str:
    lines = []
    for text, row in zip(texts, result.probabilities, strict=True):
        best = max(range(len(row)), key=row.__getitem__)
        lines.append(f"{result.class_names[best]}  {row[best]:.1%}  {text}")
    return "\n".join(lines)
