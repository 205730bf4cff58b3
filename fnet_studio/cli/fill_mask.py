"""fnet-studio fill-mask TEXT…"""

import argparse

import msgspec

from fnet_studio.core import protocol
from fnet_studio.link.blocking import Worker

BAR = 24


def add_to(commands: argparse._SubParsersAction) -> None:
    it = commands.add_parser("fill-mask", help="what a model would put in place of [MASK]")
    it.add_argument("text", nargs="+", metavar="TEXT", help='such as "The capital of France is [MASK]."')
    it.add_argument("--preset", default="fnet_mini_en", metavar="P", help="a preset's name or folder (%(default)s)")
    it.add_argument("--top", type=int, default=5, metavar="K", help="answers for each mask (%(default)s)")
    it.add_argument("--transformers", action="store_true", help="tokenise around [MASK] as Transformers does")
    it.add_argument("--json", action="store_true", help="one JSON object a text")
    it.add_argument("--engine", default="jax", choices=("jax", "scripted"), help=argparse.SUPPRESS)
    it.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    with Worker(engine=options.engine) as worker:
        for text in options.text:
            command = protocol.FillMask(
                options.preset, text, top_k=options.top, transformers_compatible=options.transformers
            )
            filled, _ = worker.call(command)
            assert isinstance(filled, protocol.Filled)
            print(_as_json(text, filled) if options.json else _as_words(text, filled), flush=True)
    return 0


def _as_json(text: str, filled: protocol.Filled) -> str:
    masks = [
        {
            "position": answer.position,
            "answers": [
                {"text": c.text, "piece": c.piece, "id": c.id, "probability": c.probability} for c in answer.candidates
            ],
        }
        for answer in filled.answers
    ]
    cut = filled.tokenized.cut_tokens
    return msgspec.json.encode({"text": text, "masks": masks, "cut_tokens": cut}).decode()


def _as_words(text: str, filled: protocol.Filled) -> str:
    lines = [text]
    if filled.tokenized.cut_tokens:
        kept = text[: filled.tokenized.cut_at]
        lines.append(f"  (cut: the model sees {filled.tokenized.sequence_length} tokens, up to “…{kept[-30:]}”)")
    for number, answer in enumerate(filled.answers, 1):
        if len(filled.answers) > 1:
            lines.append(f"  mask {number}")
        width = max((len(c.text) for c in answer.candidates), default=0)
        for candidate in answer.candidates:
            bar = "█" * max(1, round(candidate.probability * BAR))
            lines.append(f"  {candidate.text:<{width}}  {candidate.probability:6.1%}  {bar}")
    return "\n".join(lines)
