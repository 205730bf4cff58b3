"""Making a SentencePiece vocabulary for a model from scratch: the authors' kind, special tokens and ids."""

import io
import threading
from collections.abc import Callable, Sequence

import sentencepiece

from fnet_studio.core.errors import UserError
from fnet_studio.models.tokenizer import CLS, MASK, PAD, SEP, SPACE, FNetTokenizer

DOCUMENT_END = 2
"""`</s>`, which no FNet input holds."""
LONGEST_LINE = 4000
"""Bytes; SentencePiece leaves longer lines out, so they are cut."""
_CLOSING = "\"'”’)]»"
_OPENING = "\"'“‘([«"


def make_vocabulary(lines: Sequence[str], size: int, wait: Callable[[], None] | None = None) -> bytes:
    """A unigram model, cased, of `size` pieces or as many as the lines give: `<unk>` 0, `<s>` 1, `</s>` 2, `<pad>` 3,
    `[CLS]` 4, `[SEP]` 5, `[MASK]` 6. wait: called ten times a second; it may raise to give up. UserError
    `tokenizer.no-vocabulary` when the lines hold too little."""
    model, problems = io.BytesIO(), []

    def work() -> None:
        try:
            sentencepiece.SentencePieceTrainer.train(
                sentence_iterator=iter(lines),
                model_writer=model,
                vocab_size=size,
                model_type="unigram",
                hard_vocab_limit=False,
                character_coverage=0.9995,
                unk_id=0,
                bos_id=1,
                eos_id=DOCUMENT_END,
                pad_id=3,
                pad_piece=PAD,
                control_symbols=[CLS, SEP, MASK],
                max_sentence_length=2 * LONGEST_LINE,
                minloglevel=2,
            )
        except Exception as error:
            problems.append(error)

    thread = threading.Thread(target=work, name="vocabulary", daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(0.1)
        if wait is not None:
            wait()
    if problems:
        raise UserError(
            "tokenizer.no-vocabulary",
            f"No vocabulary of {size} pieces could be made ({str(problems[0]).strip()}).",
            "Use more text, or a smaller vocabulary (data.vocabulary_size).",
        )
    return model.getvalue()


def pieces_by_use(tokenizer: FNetTokenizer) -> tuple[list[bool], list[bool], list[bool]]:
    """Of each piece: whether it can end a sentence, begin one, and begin a word."""
    ends, sentence_begins, word_begins = [], [], []
    for piece in tokenizer.get_vocabulary():
        word = piece.lstrip(SPACE)
        ends.append(word.rstrip(_CLOSING).endswith((".", "!", "?")))
        bare = word.lstrip(_OPENING)
        sentence_begins.append(piece.startswith(SPACE) and (not bare or bare[0].isupper() or bare[0].isdigit()))
        word_begins.append(piece.startswith(SPACE) or not word[:1].isalnum())
    return ends, sentence_begins, word_begins
