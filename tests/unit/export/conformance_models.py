"""Models of many kinds, for the conformance vectors of every model."""

import dataclasses
import functools

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import ComplementNB, MultinomialNB
from sklearn.pipeline import Pipeline
from sklearn.svm import LinearSVC

from pipeline.model.fixed_point import FixedPointModel
from pipeline.model.from_sklearn import linear_model
from pipeline.model.linear import LinearModel
from pipeline.model.quantise import quantise
from pipeline.text import Tokeniser
from pipeline.text.character_map import CharacterMap, preset
from tests.support import scorer_models
from tests.support.exported_models import ESTIMATORS, corpus, fit, fixed


@functools.cache
def rich() -> FixedPointModel:
    """Return a model with 1- and 2-grams, sublinear counts and thresholds.

    It has stop words and a term without a weight. Case is folded, digits are shapes.
    """
    model = fixed(ESTIMATORS[0], 3, "l2", True, bits=16)
    weights = model.weights.copy()
    weights[:, len(model.terms) // 2] = 0
    thresholds = model.biases - model.biases[::-1] + 1
    return dataclasses.replace(model, weights=weights, thresholds=thresholds)


@functools.cache
def contrary() -> FixedPointModel:
    """Return the opposite of the rich model: no norm, no bias, only 2-grams.

    Ranges of different kinds overlap.
    """
    model = rich()
    none = np.array([], dtype=np.int64)
    characters = CharacterMap(
        replace=((0x41, 0x43, "x"),),
        drop=((0x30, 0x34),),
        shift=((0x41, 0x5A, 1, 32),),
        keep=((0x30, 0x10FFFF),),
    )
    return dataclasses.replace(
        model,
        labels=("B", "a", "c"),
        tokeniser=Tokeniser(characters, 1, frozenset(), (2, 2)),
        norm=None,
        term_frequency_squared=none,
        idf_squared=none,
        biases=model.biases * 0,
    )


@functools.cache
def least() -> FixedPointModel:
    """Return a model of one term, two labels, and a map that keeps one letter."""
    model = rich()
    characters = CharacterMap((), (), (), ((0x78, 0x78),))
    return dataclasses.replace(
        model,
        labels=("a", "b"),
        terms=("x",),
        tokeniser=Tokeniser(characters, 1, frozenset()),
        weights=np.array([[1], [-1]]),
        term_frequency=model.term_frequency[:1],
        term_frequency_squared=model.term_frequency_squared[:1],
        idf_squared=model.idf_squared[:1],
        biases=model.biases[:2],
        thresholds=model.thresholds[:2],
    )


@functools.cache
def operated() -> FixedPointModel:
    """Return a model of a night whose labels have goals."""
    return quantise(_fitted_svm({"bank": 0.2, "chat": -0.1, "spam": 0.5}), 12)


@functools.cache
def strict() -> FixedPointModel:
    """Return a model of a night with a goal for one label's precision."""
    return quantise(_fitted_svm({"spam": 0.4}), 12)


@functools.cache
def single_words() -> FixedPointModel:
    """Return a model of single words, digits as they are, a norm, stop words."""
    tokeniser = Tokeniser(
        preset("casefold", "keep"), 1, frozenset({"the", "you", "免费"}), (1, 1)
    )
    vectoriser = TfidfVectorizer(analyzer=tokeniser, min_df=2, norm="l2")
    return quantise(_fitted(vectoriser, LinearSVC(random_state=0), 3), 12)


@functools.cache
def single_words_without_norm() -> FixedPointModel:
    """Return a model of ASCII words, shapes of digits, no norm, and a threshold."""
    tokeniser = Tokeniser(
        preset("ascii", "shape"), 2, frozenset({"the", "code"}), (1, 1)
    )
    vectoriser = TfidfVectorizer(analyzer=tokeniser, min_df=2, norm=None)
    model = _fitted(vectoriser, MultinomialNB(), 2).with_thresholds({"chat": 1.5})
    return quantise(model, 14)


@functools.cache
def phrases_without_norm() -> FixedPointModel:
    """Return a model of 1- and 2-grams of long words, without norm and bias."""
    tokeniser = Tokeniser(preset("casefold", "separate"), 3, frozenset(), (1, 2))
    vectoriser = TfidfVectorizer(
        analyzer=tokeniser, min_df=1, norm=None, sublinear_tf=True
    )
    model = _fitted(vectoriser, ComplementNB(), 3)
    return quantise(model.with_thresholds({"bank": -0.3, "spam": 0.7}), 10)


@functools.cache
def shapes() -> FixedPointModel:
    """Return a model of 1- to 3-grams of two labels, in few bits."""
    tokeniser = Tokeniser(
        preset("casefold", "shape"), 2, frozenset({"the", "to"}), (1, 3)
    )
    vectoriser = TfidfVectorizer(
        analyzer=tokeniser, min_df=2, norm="l2", sublinear_tf=True
    )
    return quantise(_fitted(vectoriser, LogisticRegression(C=5), 2), 9)


@functools.cache
def nightly() -> FixedPointModel:
    """Return a model of a night with made-up messages."""
    return scorer_models.nightly(1500, 4)


@functools.cache
def nightly_with_thresholds() -> FixedPointModel:
    """Return a larger model of a night, with thresholds."""
    model = scorer_models.nightly(3000, 3)
    thresholds = np.linspace(-0.2, 0.4, len(model.labels))
    integers = np.ldexp(thresholds, -model.bias_shift).astype(np.int64)
    return dataclasses.replace(model, thresholds=integers)


@functools.cache
def plain() -> FixedPointModel:
    """Return a model of 2- and 3-grams of ASCII, without norm, of two labels."""
    return scorer_models.plain(1500, 4)


MODELS = {
    "rich": rich,
    "contrary": contrary,
    "least": least,
    "operated": operated,
    "strict": strict,
    "single words": single_words,
    "single words without norm": single_words_without_norm,
    "phrases without norm": phrases_without_norm,
    "shapes": shapes,
    "nightly": nightly,
    "nightly with thresholds": nightly_with_thresholds,
    "plain": plain,
    "handmade": scorer_models.handmade,
}


def _fitted_svm(thresholds: dict[str, float]) -> LinearModel:
    fitted = fit(ESTIMATORS[1], 3, "l2", True)
    return linear_model(fitted).with_thresholds(thresholds)


def _fitted(
    vectoriser: TfidfVectorizer, estimator: ClassifierMixin, labels: int
) -> LinearModel:
    pipeline = Pipeline([("tfidf", vectoriser), ("estimator", estimator)])
    return linear_model(pipeline.fit(*corpus(labels)))
