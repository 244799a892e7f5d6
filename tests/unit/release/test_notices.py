"""The notices about a night's model."""

import datetime

import pytest

from pipeline.records.release import Overtaken, Publication
from pipeline.release.notices import gate_warnings, notices
from tests.support.gate_records import (
    CHAMPION,
    DATE,
    OVERRIDE,
    changed,
    decision,
    export_manifest,
    first_night,
    gate_input,
    gate_settings,
    labelling_summary,
    review_evaluation,
    sample_of,
)

NEXT_NIGHT = datetime.date(2026, 11, 21)
TOO_MANY_TERMS = export_manifest(terms=101)
TERMS_LINE = "- terms: the number of terms is 101; it must be at most 100"


def publication(serial: int | None = None, later: bool | None = None) -> Publication:
    overtaken = None
    if later is not None:
        date = NEXT_NIGHT if later else DATE
        overtaken = Overtaken(serial=8, date=date, later=later)
    return Publication(serial=serial, overtaken=overtaken, removed=())


def test_a_published_model_is_one_line():
    assert notices(DATE, decision(), publication(9)) == [
        ("published", "The model of 2026-11-20 was published as model 9.")
    ]


def test_a_model_that_replaces_one_of_a_night_in_the_future_says_so():
    future = datetime.date(2062, 11, 20)
    champion = changed(CHAMPION, traits=changed(CHAMPION.traits, date=future))
    passed = decision(gate_input(champion=champion))
    assert passed.publish
    ((_, text),) = notices(DATE, passed, publication(9))
    assert text == (
        "The model of 2026-11-20 was published as model 9, in place of model 7 "
        "(of 2062-11-20, a night in the future)."
    )
    refused = decision(gate_input(champion=champion, export=TOO_MANY_TERMS))
    ((_, text),) = notices(DATE, refused, publication())
    assert text.startswith(
        "The model of 2026-11-20 was refused: model 7 (of 2062-11-20, a night in the "
        "future) stays published."
    )


def test_a_refusal_lists_every_reason_and_drift_has_a_notice_of_its_own():
    night = gate_input(
        export=TOO_MANY_TERMS,
        sample=sample_of(600),
        rules=labelling_summary(ham=500, spam=300),
    )
    refused, drift = notices(DATE, decision(night), publication())
    drift_lines = [
        "- number of messages: the ratio to the number on the published model's night "
        "is 0.5455; it must be at least 0.6",
        "- share of ham: the change since the published model's night is 0.135; "
        "it must be at most 0.1",
        "- share of spam: the change since the published model's night is 0.135; "
        "it must be at most 0.1",
    ]
    assert refused.event == "refused"
    assert refused.text.splitlines() == [
        "The model of 2026-11-20 was refused: model 7 stays published.",
        TERMS_LINE,
        *drift_lines,
    ]
    assert drift.event == "drift"
    assert drift.text.splitlines() == [
        "The messages or reviews of 2026-11-20 differ from those of the published "
        "model's night.",
        *drift_lines,
    ]


def test_the_first_model_can_be_refused_too():
    night = first_night()
    unreviewed = vars(night.measurements) | {"reviews": review_evaluation(None)}
    measurements = type(night.measurements)(**unreviewed)
    refused_night = type(night)(**vars(night) | {"measurements": measurements})
    (refused,) = notices(DATE, decision(refused_night), publication())
    headline, *_ = refused.text.splitlines()
    assert headline == (
        "The model of 2026-11-20 was refused: no model is published yet."
    )


def test_a_failure_other_than_drift_gives_no_notice_of_drift():
    decided = decision(gate_input(export=TOO_MANY_TERMS))
    events = [notice.event for notice in notices(DATE, decided, publication())]
    assert events == ["refused"]


def test_an_overridden_model_has_both_reasons():
    night = gate_input(export=TOO_MANY_TERMS)
    decided = decision(night, gate={"override": OVERRIDE})
    ((event, text),) = notices(DATE, decided, publication(9))
    assert event == "published"
    assert text.splitlines() == [
        "The model of 2026-11-20 was published as model 9, although checks failed: "
        f"{OVERRIDE['reason']}",
        TERMS_LINE,
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
def test_a_night_that_is_only_older_has_no_notice(terms: int, count: int):
    before = datetime.date(2026, 11, 18)
    decided = decision(gate_input(date=before, export=export_manifest(terms=terms)))
    assert len(notices(before, decided, publication())) == count


def test_an_override_that_was_left_in_place_is_warned_of():
    gate = gate_settings({"override": OVERRIDE})
    assert gate_warnings(gate, DATE) == []
    (line,) = gate_warnings(gate, NEXT_NIGHT)
    assert line == (
        "release.gate.override: names the night of 2026-11-20, so it does nothing "
        "here; remove it"
    )
