"""The checks of the gate as JUnit's XML."""

import datetime
from collections import Counter
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from pipeline.records.release import Overtaken, Publication, Verdict
from pipeline.report.junit import Case, gate_suite, suite
from tests.support.gate_records import (
    DATE,
    changed,
    decision,
    gate_input,
    metrics,
    review_evaluation,
)
from tests.support.report_records import manifest

#: A night whose floor of spam fails, twice, and whose number of reviews.
REFUSED = decision(gate_input(reviews=review_evaluation(metrics(9))))
NOT_PUBLISHED = Publication(serial=None, overtaken=None, removed=())
LATER = Overtaken(serial=9, date=DATE + datetime.timedelta(days=1), later=True)


def outcomes(publication: Publication) -> Counter[str]:
    """Return how many checks of the night have each result."""
    results = changed(manifest().results, decision=REFUSED, publication=publication)
    (*cases,) = ElementTree.fromstring(gate_suite(DATE, results))
    assert len(cases) == len({case.attrib["name"] for case in cases})
    return Counter(child.tag for case in cases for child in case)


def test_a_failed_check_is_a_failure_only_if_it_holds_the_model_back():
    failed = len(REFUSED.failed)
    assert failed == 3
    assert outcomes(NOT_PUBLISHED)["failure"] == failed
    published = outcomes(changed(NOT_PUBLISHED, serial=8))
    assert published["failure"] == 0
    assert outcomes(changed(NOT_PUBLISHED, overtaken=LATER))["failure"] == 0
    assert published["skipped"] >= failed


def test_a_failure_has_the_sentence_of_the_report():
    results = changed(manifest().results, decision=REFUSED, publication=NOT_PUBLISHED)
    messages = [
        failure.attrib["message"]
        for failure in ElementTree.fromstring(gate_suite(DATE, results)).iter("failure")
    ]
    assert messages[0] == (
        "number of reviews: the number of reviewed messages is 9; it must be at least "
        "10; to add reviews, see nightsieve load --label"
    )


@given(st.text(), st.sampled_from(Verdict), st.text())
def test_any_text_is_valid_xml(name, verdict, text):
    content = suite("gate", "gate", [Case(name, verdict, text)])
    (case,) = ElementTree.fromstring(content)
    assert case.attrib["classname"] == "gate"
