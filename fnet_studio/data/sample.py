"""The bundled reviews: `resources/samples/reviews/{train,test}.jsonl`, one `{"label", "text"}` a line."""

import hashlib
import json

import numpy as np

from fnet_studio.core import places
from fnet_studio.core.errors import UserError
from fnet_studio.data.corpus import Corpus, LabelledTexts

CLASS_NAMES = ("neg", "pos")


def read_sample() -> Corpus:
    """UserError `data.sample` when the installation lacks the files or they are damaged."""
    folder = places.resources() / "samples" / "reviews"
    digest = hashlib.sha256()
    splits = {}
    for split in ("train", "test"):
        path = folder / f"{split}.jsonl"
        try:
            raw = path.read_bytes()
            rows = [json.loads(line) for line in raw.decode("utf-8").splitlines()]
            texts = [str(row["text"]) for row in rows]
            labels = [CLASS_NAMES.index(row["label"]) for row in rows]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UserError(
                "data.sample", f"The bundled sample {path} cannot be read: {error}.", "Install the program again."
            ) from error
        digest.update(raw)
        splits[split] = LabelledTexts(texts, np.array(labels, np.int32))
    return Corpus(splits["train"], splits["test"], CLASS_NAMES, digest.hexdigest())
