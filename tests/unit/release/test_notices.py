"""What people are told about a night's model."""

import datetime

import pytest

from pipeline.config.settings import Gate
from pipeline.records.release import Overtaken, Publication
from pipeline.release import gate_warnings, notices
from tests.unit.release.test_checks import (
    DATE,
    GATE,
    OVERRIDE,
    decision,
    export,
    rules,
    sample,
)

NEXT_NIGHT = datetime.date(2026, 11, 21)
DRIFTED = {"sample": sample(600), "rules": rules(ham=500, spam=300)}


def publication(serial: int | None = None, later: bool | None = None) -> Publication:
    overtaken = None
    if later is not None:
        date = NEXT_NIGHT if later else DATE
        overtaken = Overtaken(serial=8, date=date, later=later)
    return Publication(serial=serial, overtaken=overtaken, removed=())


def test_a_published_model_is_told_in_a_line():
    assert notices(DATE, decision(), publication(9)) == [
        ("published", "The model of 2026-11-20 was published as 9.")
    ]


def test_a_refused_model_is_told_with_every_reason_and_drift_by_itself():
    found = decision(export=export(terms=101), **DRIFTED)
    refused, drift = notices(DATE, found, publication())
    drift_lines = [
        "- messages: share of the champion's 0.5455, must be at least 0.6",
        "- share of ham: change 0.135, must be at most 0.1",
        "- share of spam: change 0.135, must be at most 0.1",
    ]
    assert refused.event == "refused"
    assert refused.text.splitlines() == [
        "The model of 2026-11-20 was refused; the published one stays.",
        "- terms: terms 101, must be at most 100",
        *drift_lines,
    ]
    assert drift.event == "drift"
    assert drift.text.splitlines()[1:] == drift_lines


def test_a_failure_that_is_no_drift_gives_no_notice_of_drift():
    found = decision(export=export(terms=101))
    assert [notice.event for notice in notices(DATE, found, publication())] == [
        "refused"
    ]


def test_an_overridden_model_is_told_with_the_reason_of_both():
    found = decision(export=export(terms=101), gate={"override": OVERRIDE})
    ((event, text),) = notices(DATE, found, publication(9))
    assert event == "published"
    assert text.splitlines() == [
        "The model of 2026-11-20 was published as 9, although it failed: "
        f"{OVERRIDE['reason']}",
        "- terms: terms 101, must be at most 100",
    ]


def test_an_overtaken_model_is_refused_unless_a_later_night_is_published():
    ((event, text),) = notices(DATE, decision(), publication(later=False))
    assert event == "refused"
    assert text == (
        "The model of 2026-11-20 was not published: model 8 was published after it "
        "was judged."
    )
    assert notices(DATE, decision(), publication(later=True)) == []


@pytest.mark.parametrize(("terms", "count"), [(90, 0), (101, 1)])
def test_a_night_that_is_only_older_is_not_told(terms, count):
    before = datetime.date(2026, 11, 18)
    found = decision(date=before, export=export(terms=terms))
    assert len(notices(before, found, publication())) == count


def test_an_override_that_was_left_in_place_is_warned_of():
    gate = Gate.model_validate({**GATE, "override": OVERRIDE})
    assert gate_warnings(gate, DATE) == []
    (line,) = gate_warnings(gate, NEXT_NIGHT)
    assert line == (
        "release.gate.override is for the night of 2026-11-20 and overrides nothing "
        "here; take it out"
    )
