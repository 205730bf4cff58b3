"""Pieces of a vocabulary that stand for no words, as FNet's and BERT's vocabularies spell them."""

SEPARATOR = "[SEP]"
"""Between two texts, and behind them."""
UNKNOWN = frozenset({"<unk>", "[UNK]"})
"""Read in the place of what has no piece of its own."""
SPECIAL = UNKNOWN | {"<pad>", "[PAD]", "[CLS]", SEPARATOR, "[MASK]", "<s>", "</s>"}
