"""Records are strict when made and when read, and written with the same bytes."""

import json

import pytest
from pydantic import ValidationError

from pipeline.errors import ArtefactError
from pipeline.records.release import Bound, Check, CheckKind, Comparison, Verdict
from pipeline.records.run import RunManifest
from pipeline.records.sample import SampleCounts
from pipeline.statistics.interval import Interval
from pipeline.statistics.metrics import LabelMetrics
from tests.support.report_records import manifest

COUNTS = SampleCounts(sampled=4, null_bodies=1, oversized_bodies=1, kept=2)
HALF = Interval(0.5, 0.25, 0.75)


def test_a_whole_night_is_read_as_it_was_written():
    written = manifest()
    content = written.to_json()
    assert RunManifest.from_json(content) == written
    assert RunManifest.from_json(content).to_json() == content


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [0.1], {}])
def test_a_record_refuses_a_value_that_is_not_a_number(value):
    with pytest.raises(ValidationError):
        Check(
            kind=CheckKind.CHURN,
            value=value,
            bound=Bound(comparison=Comparison.AT_MOST, value=0.05),
            verdict=Verdict.PASSED,
        )


@pytest.mark.parametrize("value", ["0.5", float("nan"), float("inf")])
def test_statistics_refuse_a_value_that_is_not_a_number(value):
    with pytest.raises(ValidationError):
        Interval(value, 0.25, 0.75)
    with pytest.raises(ValidationError):
        LabelMetrics(precision=value, recall=HALF, f1=HALF, support=1, predicted=1)


@pytest.mark.parametrize(
    ("field", "value"), [("kept", "2"), ("kept", 2.5), ("kept", None), ("lost", 0)]
)
def test_a_record_refuses_a_wrong_or_an_unknown_field(field, value):
    with pytest.raises(ValidationError):
        SampleCounts(**(COUNTS.model_dump() | {field: value}))


def test_a_record_cannot_be_changed():
    with pytest.raises(ValidationError):
        COUNTS.kept = 3


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        COUNTS.to_json()[:-3],
        b"\xff" + COUNTS.to_json(),
        json.dumps(COUNTS.model_dump() | {"kept": "a secret"}).encode(),
        json.dumps(COUNTS.model_dump() | {"lost": 0}).encode(),
        COUNTS.to_json().replace(b"2", b"NaN"),
    ],
    ids=["empty", "list", "cut", "not UTF-8", "type", "unknown field", "NaN"],
)
def test_content_that_is_not_the_record_is_an_error_that_quotes_no_value(content):
    with pytest.raises(ArtefactError) as error:
        SampleCounts.from_json(content)
    assert "secret" not in str(error.value)
    assert "\n" not in str(error.value)
