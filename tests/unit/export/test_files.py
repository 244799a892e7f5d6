"""The exported files, and the exporters that write them."""

import json

import numpy as np
import pytest

from pipeline.errors import DataError
from pipeline.export import (
    encode_model,
    encode_vectors,
    label_with_thresholds,
    prepare,
)
from pipeline.export.conformance.selection import choose
from pipeline.export.conformance.vectors_file import decode_vectors
from pipeline.export.exporters.nightsieve_linear.format import decode
from pipeline.export.exporters.registry import EXPORTERS
from pipeline.model.counts import count_terms
from pipeline.model.from_sklearn import linear_model
from pipeline.model.quantise import choose_bits, quantise
from pipeline.records.export import (
    DEFAULT_FORMAT,
    EXPORT_FORMATS,
    MANIFEST_FILE,
    MODEL_FILES,
    PreparedExport,
)
from scorers.python import nightsieve_scorer
from tests.support.exported_models import (
    ESTIMATORS,
    PROVENANCE,
    corpus,
    exported,
    fit,
    fixed,
)


def test_the_file_has_the_fewest_bits_that_its_texts_need():
    fitted = fit(ESTIMATORS[0])
    texts = corpus(3)[0]
    cleaned = [[fitted[0].analyzer.cleaned(text) for text in texts]] * 2
    prepared = prepare(fitted, {"spam": 0.25}, cleaned)
    prepared = PreparedExport.from_json(prepared.to_json())
    model = linear_model(fitted).with_thresholds({"spam": 0.25})
    expected, bits = choose_bits(model, count_terms(model, texts))
    assert prepared.bits == bits
    content = encode_model(DEFAULT_FORMAT, fitted, prepared, PROVENANCE)
    written = decode(content)
    np.testing.assert_array_equal(written.weights, expected.weights)
    np.testing.assert_array_equal(written.thresholds, expected.thresholds)
    vectors = decode_vectors(encode_vectors(prepared, content), content)
    assert vectors == choose(expected).vectors
    self_test = json.loads(content)["self_test"]
    chosen = [vectors[index].text for index in choose(expected).self_test]
    assert [vector["text"] for vector in self_test] == chosen


def test_without_a_text_nothing_is_prepared():
    with pytest.raises(DataError, match="no message"):
        prepare(fit(ESTIMATORS[0]), {}, [[]])


def test_every_format_has_an_exporter():
    assert set(EXPORTERS) == set(EXPORT_FORMATS)
    for name, exporter in EXPORTERS.items():
        assert exporter.name == name
        assert callable(exporter.encode)
        assert callable(exporter.verify)


def test_the_manifest_is_the_last_of_a_model_s_files():
    assert len(set(MODEL_FILES)) == len(MODEL_FILES)
    assert set(EXPORT_FORMATS.values()) < set(MODEL_FILES)
    assert MODEL_FILES[-1] == MANIFEST_FILE


def test_a_scorer_labels_with_thresholds_only_if_its_model_has_some():
    without = exported(fixed(ESTIMATORS[0]))
    assert label_with_thresholds(nightsieve_scorer.load(without), without) is None
    model = linear_model(fit(ESTIMATORS[0])).with_thresholds({"spam": 1e6})
    content = exported(quantise(model, 12))
    scorer = nightsieve_scorer.load(content)
    label = label_with_thresholds(scorer, content)
    assert label is not None
    assert scorer.label("free") == "spam"
    assert label("free") != "spam"
