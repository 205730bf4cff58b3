"""Pieces of a vocabulary that stand for no words, as FNet's and BERT's vocabularies spell them."""

UNKNOWN = frozenset({"<unk>", "[UNK]"})
"""Read in the place of what has no piece of its own."""
SPECIAL = UNKNOWN | {"<pad>", "[PAD]", "[CLS]", "[SEP]", "[MASK]", "<s>", "</s>"}
