"""How long the exported model takes to score a message."""

from pipeline.model.from_sklearn import linear_model
from pipeline.model.quantise import quantise
from pipeline.records.release import Latency
from pipeline.release import measure_latency
from pipeline.release.latency import MAX_TIMED
from tests.support.exported_models import ESTIMATORS, SENTENCES, exported, fit


def test_latency_is_measured_on_some_messages_and_undefined_without_one():
    model = exported(quantise(linear_model(fit(ESTIMATORS[0])), 12))
    bodies = list(SENTENCES.values()) * MAX_TIMED
    latency = measure_latency(model, bodies)
    assert latency.messages == MAX_TIMED
    assert latency.microseconds is not None
    assert latency.microseconds > 0
    assert measure_latency(model, []) == Latency(messages=0, microseconds=None)
