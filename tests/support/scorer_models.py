"""Models at opposite corners of the format, and their files."""

import functools
from datetime import UTC, datetime

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import ComplementNB
from sklearn.pipeline import Pipeline

from nightsieve.cli.demo_data import generate
from pipeline.export.conformance.selection import make_vectors
from pipeline.export.exporters.nightsieve_linear.format import encode
from pipeline.model.fixed_point import FixedPointModel
from pipeline.model.from_sklearn import linear_model
from pipeline.model.quantise import quantise
from pipeline.records.export import Provenance
from pipeline.text import Tokeniser
from pipeline.text.character_map import CharacterMap, preset

PROVENANCE = Provenance(
    date="2026-11-20",
    fingerprint="0123456789abcdef",
    candidate="made for tests",
    messages=9,
    documents=7,
    libraries={"scikit-learn": "1.9.1"},
    bits=14,
)
SELF_TEST = [
    "",
    "Your code is 123456",
    "free FREE free\0win \ud83d\U0001f600",
    "see you tomorrow, don't be late " * 3,
]


def exported(model: FixedPointModel) -> bytes:
    """Return the model's file, with a small self-test."""
    self_test = make_vectors(model, dict.fromkeys(SELF_TEST, ""))
    return encode(model, PROVENANCE, self_test)


@functools.cache
def nightly(messages: int = 6000, min_df: int = 3) -> FixedPointModel:
    """Return a model as a night makes it.

    It takes any script, digits as shapes, n-grams of 1 and 2, logarithms and vectors of
    length 1, and has three labels.
    """
    tokeniser = Tokeniser(
        preset("casefold", "shape"), 2, frozenset({"the", "to", "you"}), (1, 2)
    )
    vectoriser = TfidfVectorizer(analyzer=tokeniser, min_df=min_df, sublinear_tf=True)
    return _fitted(vectoriser, LogisticRegression(C=5), messages, bits=14)


@functools.cache
def plain(messages: int = 4000, min_df: int = 3) -> FixedPointModel:
    """Return a model at the opposite corner of the format.

    It takes ASCII without digits, n-grams of 2 and 3 and raw counts without a norm, and
    has two labels.
    """
    tokeniser = Tokeniser(
        preset("ascii", "separate"), 3, frozenset({"the", "and", "dont"}), (2, 3)
    )
    vectoriser = TfidfVectorizer(analyzer=tokeniser, min_df=min_df, norm=None)
    return _fitted(
        vectoriser, ComplementNB(), messages, bits=20, labels=("personal", "spam")
    )


def _fitted(
    vectoriser: TfidfVectorizer,
    estimator: ClassifierMixin,
    count: int,
    bits: int,
    labels: tuple[str, ...] | None = None,
) -> FixedPointModel:
    block = next(generate(2 * count, 20261119, datetime(2026, 11, 20, tzinfo=UTC)))
    bodies: list[str] = []
    classes: list[str] = []
    for body, label in zip(block.bodies, block.labels, strict=True):
        if body is not None and (labels is None or label in labels):
            bodies.append(body)
            classes.append(label)
    fitted = Pipeline([("tfidf", vectoriser), ("estimator", estimator)])
    fitted.fit(bodies[:count], classes[:count])
    return quantise(linear_model(fitted), bits)


@functools.cache
def handmade() -> FixedPointModel:
    """Return a model that the format allows, though no training makes it.

    It has kinds of characters that overlap, steps over astral letters, strings with
    separators, ties, thresholds, extreme weights, a table of three counts, and names
    that are traps.
    """
    characters = CharacterMap(
        replace=(
            (0, 0, "nul"),
            (0x30, 0x39, "0"),
            (0xDF, 0xDF, "ss"),
            (0x130, 0x130, "i\u0307"),
            (0x2122, 0x2122, " t m "),
            (0xFFFD, 0xFFFD, "\U0001f4a9"),
            (0x1F600, 0x1F64F, "\U00010428 😀"),
        ),
        drop=(
            (0x27, 0x27),
            (0x39, 0x41),
            (0x300, 0x36F),
            (0x200B, 0x200F),
            (0xD800, 0xDFFF),
            (0x10FFFF, 0x10FFFF),
        ),
        shift=(
            (0x41, 0x5A, 1, 32),
            (0x100, 0x17E, 2, 1),
            (0x391, 0x3A9, 3, 32),
            (0xFF21, 0xFF3A, 1, 0x61 - 0xFF21),
            (0x10400, 0x10427, 1, 40),
            (0x1D400, 0x1D7FF, 7, -0x100),
            (0x20000, 0x20010, 1, 0x4E00 - 0x20000),
        ),
        keep=((0x2F, 0x7A), (0x80, 0x3FF), (0x900, 0xFFFC), (0x10000, 0x10FFFE)),
    )
    terms = (
        "\U00010428",
        "😀",
        "ss",
        "t",
        "m",
        "bc",
        "000000",
        "一",
        "nul",
        "\u0101",
        "i\u0307",
        "free",
        "you",
        "\U0001f4a9",
        "__proto__",
        "constructor",
        "t m t",
        "nul nul",
        "free free free",
        "\U00010428 😀",
        "bc bc",
        "one \u2028",
        "u",
        "i",
        "is",
        "to",
        "your",
        "call",
        "me",
        "in",
        "ab",
        "b",
        "i\u2019m",
        "call me",
        "in the",
    )
    rng = np.random.default_rng(20261120)
    weights = rng.integers(-(2**29), 2**29, size=(5, len(terms)))
    weights[:, ::4] = [[1], [1], [-1], [0], [-1]]
    weights[-1] = -weights[:-1].sum(axis=0)
    return FixedPointModel(
        labels=("__proto__", 'a "b" \\c', "tab\tline\n\x7f", "é\u2028😀", "1"),
        tokeniser=Tokeniser(
            characters, 1, frozenset({"the", "hasOwnProperty", "t m", "you"}), (1, 3)
        ),
        terms=terms,
        norm="l2",
        term_frequency=np.array([1, 3, 16]),
        term_frequency_squared=np.array([2, 9, 300]),
        idf_squared=np.where(
            np.arange(len(terms)) % 6, rng.integers(1, 2**31, size=len(terms)), 0
        ),
        weights=weights,
        biases=np.array([2**31 + 1, 2**31 + 1, -(2**52), 2**30, 0]),
        thresholds=np.array([2**36, 0, 0, -5, 2**30]),
        bias_shift=-31,
        score_shift=-7,
    )
