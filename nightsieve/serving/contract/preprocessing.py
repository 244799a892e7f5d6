"""From texts to tokens, as training and phones make them."""

from collections.abc import Iterable
from typing import NamedTuple

from nightsieve.serving.contract.preparation import Message, ServedModel


class PreprocessedText(NamedTuple):
    """A text that is ready to be scored.

    Attributes
    ----------
    characters
        The length of the text in code points.
    tokens
        The tokens that count, in order.
    unknown
        How many of the tokens are in none of the model's terms.
    """

    text: str
    characters: int
    tokens: list[str]
    unknown: int


def preprocess(
    model: ServedModel, messages: Iterable[Message]
) -> list[PreprocessedText]:
    """Return the texts of messages with their tokens, in the same order."""
    vocabulary = model.vocabulary
    texts = []
    for message in messages:
        tokens = model.scorer.tokens(message.text)
        unknown = sum(token not in vocabulary for token in tokens)
        texts.append(PreprocessedText(message.text, len(message.text), tokens, unknown))
    return texts
