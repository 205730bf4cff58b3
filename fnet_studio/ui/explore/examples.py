"""Sentences that a newcomer would try, each with the reason why it is worth a look."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Example:
    text: str
    why: str


EXAMPLES = (
    Example("The capital of France is [MASK].", "A fact: does the model know it?"),
    Example("She opened the [MASK] and walked into the room.", "Common sense from the words around"),
    Example("The film was so [MASK] that I fell asleep.", "What comes before decides the tone"),
    Example("The film was so [MASK] that I watched it twice.", "The same start, another end"),
    Example("He went to the bank of the [MASK] to fish.", "One word with two meanings"),
    Example("In winter the [MASK] are short and the nights are long.", "Opposites help"),
    Example("Two plus two is [MASK].", "Arithmetic is hard for a language model"),
    Example("The [MASK] barked at the [MASK].", "Two masks: each is guessed on its own"),
    Example("They has [MASK] to the market every day.", "Grammar that does not fit"),
    Example("The city was founded in the [MASK] century.", "Many answers are possible"),
)
