"""A linear text classifier as a value: between scikit-learn, which fits it, and the format, which carries it."""

from dataclasses import dataclass

import numpy as np

from pipeline.text import Tokeniser


@dataclass(frozen=True, eq=False)
class LinearModel:
    """Every number that a prediction needs: K labels, V terms, one row of weights a label, also with two labels.

    Attributes
    ----------
    labels : K class names, in code-point order.
    tokeniser : turns a text into its n-grams.
    terms : the V n-grams that count, in code-point order.
    idf : float64 [V], the inverse document frequency of each term.
    weights : float64 [K, V].
    intercepts : float64 [K].
    sublinear_tf : whether a term that occurs tf times counts 1 + ln(tf) instead of tf.
    norm : ``l2`` when a text's vector is scaled to length 1 before it is weighed, else None.
    """

    labels: tuple[str, ...]
    tokeniser: Tokeniser
    terms: tuple[str, ...]
    idf: np.ndarray
    weights: np.ndarray
    intercepts: np.ndarray
    sublinear_tf: bool
    norm: str | None
