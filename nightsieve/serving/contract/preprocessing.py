"""From texts to tokens, as training and phones make them."""

from collections.abc import Iterable
from typing import NamedTuple

from nightsieve.serving.contract.preparation import Message, ServedModel


class PreprocessedText(NamedTuple):
    """A text that is ready to be scored. The text itself is not kept.

    Attributes
    ----------
    characters
        The length of the text in code points.
    tokens
        The tokens that count, in order.
    unknown
        How many of the tokens are in none of the model's terms.
    """

    characters: int
    tokens: list[str]
    unknown: int


def preprocess(
    model: ServedModel, messages: Iterable[Message]
) -> list[PreprocessedText]:
    """Return the texts of messages with their tokens, in the same order."""
    is_known = model.vocabulary.__contains__
    texts = []
    for message in messages:
        tokens = model.scorer.tokens(message.text)
        unknown = len(tokens) - sum(map(is_known, tokens))
        texts.append(PreprocessedText(len(message.text), tokens, unknown))
    return texts
