"""Messages that a person may see: a few words, such as many texts have; the others are blocks, every digit is 0."""

import re
from collections import Counter
from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import pandas as pd

from pipeline.config.settings import Masking
from pipeline.data.training_set import TrainingSet
from pipeline.text.character_map import SEPARATOR

BLOCK = "\N{FULL BLOCK}"


def mask(cleaned: str, weights: Mapping[str, float], most: float) -> str:
    """The cleaned text, its tokens as long as they were; most of them can be read no more.

    Those that can are among the ``weights``, the heaviest first, and no more than the share ``most`` of all its tokens.
    So what is left is never the message, even if every word of it is a common one.
    """
    tokens = cleaned.split(SEPARATOR)
    left, legible = int(most * len(tokens)), set()
    for token, times in sorted(
        Counter(tokens).items(), key=lambda each: (-weights.get(each[0], 0), each[0])
    ):
        if token in weights and times <= left:
            legible.add(token)
            left -= times
    return SEPARATOR.join(
        hide_digits(token) if token in legible else BLOCK * len(token)
        for token in tokens
    )


def common_words(training_set: TrainingSet, masking: Masking) -> set[str]:
    """The tokens that stand in as many distinct texts as is asked for; texts that differ in digits alone are one."""
    shape, shapes = pd.factorize(
        np.array(
            [hide_digits(token) for token in training_set.vocabulary], dtype=object
        )
    )
    tokens, lengths = (
        shape.astype(np.int32)[training_set.tokens],
        np.diff(training_set.offsets),
    )
    last = {
        tokens[a:b].tobytes(): number
        for number, (a, b) in enumerate(pairwise(training_set.offsets))
    }
    distinct = np.zeros(len(training_set), dtype=bool)
    distinct[list(last.values())] = True
    chosen = np.repeat(distinct, lengths)
    places = (
        np.repeat(np.arange(len(training_set)), lengths)[chosen] * len(shapes)
        + tokens[chosen]
    )
    texts = np.bincount(np.unique(places) % max(len(shapes), 1), minlength=len(shapes))
    enough = max(masking.min_texts, masking.min_share * len(last))
    return {
        token
        for token, number in zip(training_set.vocabulary, shape, strict=True)
        if texts[number] >= enough
    }


def hide_digits(text: str) -> str:
    """The text with every digit, of any script, as 0."""
    return re.sub(r"\d", "0", text)
