"""Messages that a person may see: a few common words, all else hidden.

A word can be read only if many texts have it; the other words are blocks, and every
digit is 0.
"""

import re
from collections import Counter
from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import pandas as pd
import scipy.sparse as sp

from pipeline.config.settings import Masking
from pipeline.data.training_set import TrainingSet
from pipeline.text.character_map import SEPARATOR

BLOCK = "\N{FULL BLOCK}"
#: What a masked text ends with, after a space, if its end is not shown.
ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"
_DIGIT = re.compile(r"\d")


def mask(cleaned: str, weights: Mapping[str, float], max_visible: float) -> str:
    """Return the cleaned text with most of its tokens as blocks of the same length.

    The tokens that can be read are among the ``weights``, the heaviest first. So what
    can be read is never the whole message, even if every word of it is a common one.

    Parameters
    ----------
    max_visible
        The maximum share of the tokens that can be read, in [0, 1).

    Examples
    --------
    >>> mask("your code 4829", {"your": 0.1, "code": 0.7}, max_visible=0.5)
    '████ code ████'
    """
    tokens = cleaned.split(SEPARATOR)
    remaining = int(max_visible * len(tokens))
    counts = Counter(tokens)
    visible = set()
    heaviest_first = sorted((-weights.get(token, 0), token) for token in counts)
    for _, token in heaviest_first:
        if token in weights and counts[token] <= remaining:
            visible.add(token)
            remaining -= counts[token]
    return SEPARATOR.join(
        hide_digits(token) if token in visible else BLOCK * len(token)
        for token in tokens
    )


def hides(masked: str, cleaned: str) -> bool:
    """Return whether a masked text may be this cleaned text, or the beginning of it.

    Examples
    --------
    >>> hides("████ code ████", "your code 4829"), hides("████ code ████", "my code 1")
    (True, False)
    """
    shown = masked.removesuffix(f"{SEPARATOR}{ELLIPSIS}")
    is_beginning = shown != masked
    compared = cleaned[: len(shown)] if is_beginning else cleaned
    if len(compared) != len(shown):
        return False
    for shown_character, character in zip(shown, hide_digits(compared), strict=True):
        is_block = shown_character == BLOCK and character != SEPARATOR
        if not is_block and shown_character != character:
            return False
    return True


def common_words(training_set: TrainingSet, masking: Masking) -> set[str]:
    """Return the tokens that are in enough distinct texts to be shown.

    Texts that differ in digits alone are one text, and so are tokens.

    Parameters
    ----------
    masking
        Its ``min_texts`` and ``min_share`` say how many texts are enough.

    Examples
    --------
    >>> training_set = TrainingSet(
    ...     labels=("ham", "spam"),
    ...     vocabulary=("ann", "bob", "hello"),
    ...     y=np.array([0, 1]),
    ...     weight=np.array([1, 1]),
    ...     label_weight=np.array([1.0, 1.0]),
    ...     group=np.array([0, 1]),
    ...     tokens=np.array([2, 0, 2, 1], dtype=np.int32),
    ...     offsets=np.array([0, 2, 4]),
    ... )
    >>> masking = Masking(min_texts=2, min_share=0.0, max_visible=0.5)
    >>> common_words(training_set, masking)
    {'hello'}
    """
    without_digits = [hide_digits(token) for token in training_set.vocabulary]
    # The shape of a token: tokens that differ in digits alone share it.
    shape_of_token, shapes = pd.factorize(np.array(without_digits, dtype=object))
    shape_ids = shape_of_token.astype(np.int32)[training_set.tokens]
    documents = _distinct_documents(shape_ids, training_set.offsets)

    # Which shapes each document has: [n_documents, n_shapes].
    has_shape = sp.csr_array(
        (np.ones(len(shape_ids), dtype=bool), shape_ids, training_set.offsets),
        shape=(len(training_set), len(shapes)),
    )
    of_distinct = has_shape[documents]
    # A shape that a document has several times counts once.
    of_distinct.sum_duplicates()
    n_texts = np.bincount(of_distinct.indices, minlength=len(shapes))

    enough = max(masking.min_texts, masking.min_share * len(documents))
    is_common = n_texts >= enough
    vocabulary = zip(training_set.vocabulary, shape_of_token, strict=True)
    return {token for token, shape in vocabulary if is_common[shape]}


def _distinct_documents(tokens: np.ndarray, offsets: np.ndarray) -> list[int]:
    """Return the last document of each distinct text.

    Parameters
    ----------
    tokens, offsets
        As in a `TrainingSet`.
    """
    document_of_text = {
        tokens[start:end].tobytes(): document
        for document, (start, end) in enumerate(pairwise(offsets))
    }
    return list(document_of_text.values())


def hide_digits(text: str) -> str:
    """Return the text with every digit, of any script, as 0.

    Examples
    --------
    >>> hide_digits("Your code is 4711.")
    'Your code is 0000.'
    """
    return _DIGIT.sub("0", text)
