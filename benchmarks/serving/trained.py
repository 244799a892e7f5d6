"""The model that the service is measured with, and its files."""

import json
from dataclasses import dataclass
from pathlib import Path

import joblib

from benchmarks.harness import corpus, models
from pipeline.model.counts import count_terms
from pipeline.model.from_sklearn import linear_model
from pipeline.model.quantise import choose_bits

ESTIMATOR = "logistic_regression"


@dataclass(frozen=True)
class Prepared:
    """The files that are measured with.

    Attributes
    ----------
    model, pipeline
        The same model, as a night writes it.
    texts
        A JSON list.
    """

    model: Path
    pipeline: Path
    texts: Path


def prepare(folder: Path, drawn: corpus.Corpus, terms: int) -> Prepared:
    """Train a model, and write its files and the texts."""
    candidate = models.default_candidates()[ESTIMATOR]
    counted = models.count_messages(drawn.texts, drawn.labels, terms)
    fitted = models.fit(counted, candidate)
    model = linear_model(fitted)
    fixed, bits = choose_bits(model, count_terms(model, drawn.texts))
    self_test = models.self_test_texts(fixed)
    content = models.export(fixed, bits, candidate, len(drawn.texts), self_test)
    prepared = Prepared(
        folder / "model.json", folder / "pipeline.joblib", folder / "texts.json"
    )
    prepared.model.write_bytes(content)
    joblib.dump(fitted, prepared.pipeline)
    prepared.texts.write_text(json.dumps(drawn.texts[:20_000]))
    return prepared
