"""A training of seconds, and what was heard of it."""

import dataclasses

from fnet_studio.core import protocol, recipe
from fnet_studio.core.run_state import RunState
from fnet_studio.link.blocking import Worker


def tiny(**changes: str) -> dict:
    """A training of seconds on the bundled sample."""
    small = {"training.epochs": "2", "model.num_layers": "2", "model.hidden_dim": "16", "data.sequence_length": "32"}
    return recipe.to_mapping(recipe.load(recipe.bundled("sample-quick"), small | changes))


@dataclasses.dataclass
class Heard:
    """A training, folded as the window folds it."""

    state: RunState
    envelopes: list[protocol.Envelope]
    blobs: list[bytes]
    finished: protocol.RunFinished

    def of(self, kind: type) -> list:
        return [it.body for it in self.envelopes if isinstance(it.body, kind)]


def train(worker: Worker, mapping: dict, **options) -> Heard:
    return follow(worker, protocol.Train(mapping, "contract"), **options)


def follow(
    worker: Worker, command: protocol.Command, *, on_event=lambda envelope, blob: None, credits: int = 1
) -> Heard:
    worker.call(protocol.Watch("maps", 24, 32))
    for _ in range(credits):
        worker.post(protocol.Credit("maps"))
    id = worker.post(command)
    heard = Heard(RunState(), [], [], None)  # type: ignore[arg-type]
    heard.state.begin(id, 0.0)

    def listen(envelope: protocol.Envelope, blob: bytes) -> None:
        heard.state.apply(envelope, blob)
        if envelope.reply_to == id:
            heard.envelopes.append(envelope)
            heard.blobs.append(blob)
        on_event(envelope, blob)

    try:
        heard.finished, _ = worker.result(id, listen)
    finally:
        worker.call(protocol.Watch("maps", 0, 0))
    return heard
