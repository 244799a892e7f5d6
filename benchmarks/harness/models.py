"""Models of a given size, trained by the project's own estimators, and their files."""

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

from benchmarks.harness import machine
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
FINGERPRINT = "0123456789abcdef"  # of a configuration that does not exist


@dataclass(frozen=True)
class CountedMessages:
    """Messages as counts of terms.

    Attributes
    ----------
    terms
        The most frequent n-grams, single tokens and pairs; V.
    counts
        float64 [n_messages, V].
    labels
        [n_messages].
    """

    terms: list[str]
    counts: sp.csr_array
    labels: np.ndarray


@functools.cache
def default_settings() -> Settings:
    """Return the project's own configuration."""
    return resolve([file_layer(DEFAULTS)], read_rules).settings


@functools.cache
def default_candidates() -> dict[str, Candidate]:
    """Return the first candidate of single tokens and pairs for each estimator."""
    by_estimator: dict[str, Candidate] = {}
    for candidate in default_settings().training.search.candidates:
        if candidate.ngrams == NGRAMS:
            by_estimator.setdefault(candidate.estimator, candidate)
    return by_estimator


def count_messages(
    texts: Sequence[str], labels: Sequence[str], max_terms: int
) -> CountedMessages:
    """Count the terms of messages, of the most frequent terms alone."""
    vectoriser = CountVectorizer(
        analyzer=_tokeniser(), max_features=max_terms, dtype=np.float64
    )
    counts = sp.csr_array(vectoriser.fit_transform(texts))
    terms = list(vectoriser.get_feature_names_out())
    return CountedMessages(terms, counts, np.array(labels))


def fit(messages: CountedMessages, candidate: Candidate) -> Pipeline:
    """Return the fitted pipeline, raw text in and label out, as a night writes it."""
    scaling = {"norm": candidate.norm, "sublinear_tf": candidate.sublinear_tf}
    transformer = TfidfTransformer(**scaling)
    vectors = transformer.fit_transform(messages.counts)
    tfidf = TfidfVectorizer(analyzer=_tokeniser(), vocabulary=messages.terms, **scaling)
    tfidf.idf_ = transformer.idf_
    ones = np.ones(len(messages.labels), dtype=np.int64)
    estimator = train(
        candidate,
        default_settings().training,
        vectors,
        messages.labels,
        Weights(messages=ones, label=ones.astype(np.float64)),
    )
    return Pipeline([("tfidf", tfidf), ("estimator", estimator)])


def self_test_texts(model: FixedPointModel) -> list[str]:
    """Return the texts of the self-test that a night would write for this model."""
    selection = choose(model)
    vectors = selection.vectors
    return [from_units(vectors[index].text) for index in selection.self_test]


def export(
    model: FixedPointModel,
    bits: int,
    candidate: Candidate,
    n_messages: int,
    self_test: Sequence[str],
) -> bytes:
    """Return the model file as a night writes it.

    Parameters
    ----------
    n_messages
        Of the training.
    self_test
        Texts of the self-test in the file.
    """
    run = machine.describe_run()
    provenance = Provenance(
        date=run.date,
        fingerprint=FINGERPRINT,
        candidate=str(candidate),
        messages=n_messages,
        documents=n_messages,
        libraries={name: run.versions[name] for name in machine.LIBRARIES},
        bits=bits,
    )
    vectors = make_vectors(model, dict.fromkeys(self_test, ""))
    return encode(model, provenance, vectors)


def _tokeniser() -> Tokeniser:
    return Tokeniser.from_settings(default_settings().text, NGRAMS)
