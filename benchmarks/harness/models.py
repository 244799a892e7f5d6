"""Models of a given size, trained by the project's own estimators, and the files that they are exported as."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from sklearn.feature_extraction.text import (
    CountVectorizer,
    TfidfTransformer,
    TfidfVectorizer,
)
from sklearn.pipeline import Pipeline

from benchmarks import machine
from pipeline.config import DEFAULTS, file_layer, resolve
from pipeline.config.settings import Candidate, Settings
from pipeline.export.conformance.selection import choose, make_vectors
from pipeline.export.exporters.nightsieve_linear.format import encode
from pipeline.export.reference import from_units
from pipeline.model.fixed_point import FixedPointModel
from pipeline.records.export import Provenance
from pipeline.rules.files import read_rules
from pipeline.text import Tokeniser
from pipeline.training.estimators import Weights, train

NGRAMS = (1, 2)


@dataclass(frozen=True)
class Training:
    """Messages, counted.

    Attributes
    ----------
    terms : the n-grams, single tokens and pairs, that stand in the messages most often; V.
    counts : float64 [n_messages, V].
    labels : [n_messages].
    """

    terms: list[str]
    counts: sp.csr_array
    labels: np.ndarray


@functools.cache
def settings() -> Settings:
    """The project's own configuration."""
    return resolve([file_layer(DEFAULTS)], read_rules).settings


@functools.cache
def candidates() -> dict[str, Candidate]:
    """The configuration's first candidate of single tokens and pairs for each of the five estimators."""
    found: dict[str, Candidate] = {}
    for candidate in settings().training.search.candidates:
        if candidate.ngrams == NGRAMS:
            found.setdefault(candidate.estimator, candidate)
    return found


def count(texts: Sequence[str], labels: Sequence[str], terms: int) -> Training:
    """The messages, with at most so many terms."""
    vectoriser = CountVectorizer(
        analyzer=_tokeniser(), max_features=terms, dtype=np.float64
    )
    counts = sp.csr_array(vectoriser.fit_transform(texts))
    return Training(list(vectoriser.get_feature_names_out()), counts, np.array(labels))


def fit(training: Training, candidate: Candidate) -> Pipeline:
    """The fitted pipeline, raw text in and label out, as a night writes it."""
    scaling = {"norm": candidate.norm, "sublinear_tf": candidate.sublinear_tf}
    transformer = TfidfTransformer(**scaling)
    vectors = transformer.fit_transform(training.counts)
    tfidf = TfidfVectorizer(analyzer=_tokeniser(), vocabulary=training.terms, **scaling)
    tfidf.idf_ = transformer.idf_
    weight = np.ones(len(training.labels), dtype=np.int64)
    estimator = train(
        candidate,
        settings().training,
        vectors,
        training.labels,
        Weights(messages=weight, label=weight.astype(np.float64)),
    )
    return Pipeline([("tfidf", tfidf), ("estimator", estimator)])


def test_texts(model: FixedPointModel) -> list[str]:
    """The texts of the self-test that a night would write into this model's file."""
    chosen = choose(model)
    return [from_units(chosen.vectors[index].text) for index in chosen.self_test]


def export(
    model: FixedPointModel,
    bits: int,
    candidate: Candidate,
    messages: int,
    texts: list[str],
) -> bytes:
    """The model file as a night writes it, with a self-test of these ``texts``."""
    described = machine.describe()
    provenance = Provenance(
        date=described["date"],
        fingerprint="0123456789abcdef",
        candidate=str(candidate),
        messages=messages,
        documents=messages,
        libraries={name: described["versions"][name] for name in machine.LIBRARIES},
        bits=bits,
    )
    return encode(model, provenance, make_vectors(model, dict.fromkeys(texts, "")))


def _tokeniser() -> Tokeniser:
    return Tokeniser.from_settings(settings().text, NGRAMS)
