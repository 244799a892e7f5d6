"""Nights with corrections by users, which are measured apart until they are named."""

import json
from contextlib import closing
from typing import Any, NamedTuple

import psycopg2
import pytest

from tests.support.commands import fork, nightsieve
from tests.support.nights import NIGHT, SMALL, model, objects, retrain, sample

LIMIT = 8
FLOOR = [
    *SMALL,
    "release.gate.floors={spam: {recall: 0.5}}",
    f"evaluation.corrections.per_annotator_and_day={LIMIT}",
]
NAMED = [*FLOOR, "evaluation.sources=[correction]"]
REFUSED = 50
CORRECTED = 20
# Two bots say, of the same messages, that personal ones are spam.
ADD_CORRECTIONS = f"""
    INSERT INTO reviews (message_key, label, source, annotator, reviewed_at)
    SELECT message_key, 'spam', 'correction', bot, '{NIGHT} 12:00+00'
    FROM (
        SELECT message_key FROM reviews
        WHERE source = 'truth' AND label = 'personal'
        ORDER BY message_key LIMIT {CORRECTED}
    ) AS personal, unnest(ARRAY['bot 1', 'bot 2']) AS bot
"""


class Ran(NamedTuple):
    """A night: its store, its exit code, the run manifest and what it printed."""

    stored: dict[str, bytes]
    returncode: int
    manifest: dict[str, Any]
    summary: str

    @property
    def results(self) -> dict[str, Any]:
        return self.manifest["results"]

    def output(self, task: str) -> bytes:
        """Return the object that the only task of a family wrote."""
        receipts = self.manifest["tasks"]
        (key,) = [receipt["key"] for receipt in receipts if receipt["task"] == task]
        return self.stored[key]


def run(environment: dict[str, str], patches: list[str]) -> Ran:
    done = fork(*retrain(patches=patches), environment=environment)
    options = [option for patch in patches for option in ("--patch", patch)]
    shown = nightsieve("runs", "show", NIGHT, *options, environment=environment)
    command = ("runs", "show", NIGHT, *options, "--json")
    as_json = nightsieve(*command, environment=environment)
    return Ran(
        objects(environment), done.returncode, json.loads(as_json.stdout), shown.stdout
    )


@pytest.fixture(scope="module")
def before(night_environment) -> Ran:
    """The night before anybody corrected a message."""
    sample(night_environment, rows=800)
    return run(night_environment, FLOOR)


@pytest.fixture(scope="module")
def elsewhere(night_environment, before) -> dict[str, str]:
    """The environment of the same database with corrections, and an empty store."""
    url = night_environment["NIGHTSIEVE_DATABASE_WRITER_URL"]
    with (
        closing(psycopg2.connect(url)) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(ADD_CORRECTIONS)
        assert cursor.rowcount == 2 * CORRECTED
    storage = f"{night_environment['NIGHTSIEVE_STORAGE']}-corrected"
    return {**night_environment, "NIGHTSIEVE_STORAGE": storage}


@pytest.fixture(scope="module")
def apart(elsewhere) -> Ran:
    """The same night with corrections."""
    return run(elsewhere, FLOOR)


@pytest.fixture(scope="module")
def named(elsewhere, apart) -> Ran:
    """The night whose configuration lets corrections alone measure."""
    return run(elsewhere, NAMED)


def without_speed(decision: bytes) -> dict[str, Any]:
    """Return a decision without the only check whose value is a measured time."""
    record = json.loads(decision)
    record["checks"] = [check for check in record["checks"] if check["kind"] != "speed"]
    return record


def test_corrections_change_neither_the_model_nor_the_decision(before, apart):
    assert before.returncode == apart.returncode == 0
    assert model(apart.stored) == model(before.stored)
    for task in ("ExportVectors", "ExportReference", "EvaluateOnReviews"):
        assert apart.output(task) == before.output(task)
    decision = without_speed(apart.output("GateModel"))
    assert decision == without_speed(before.output("GateModel"))
    assert decision["publish"]


def test_corrections_are_measured_apart_with_a_limit_for_each_annotator(before, apart):
    assert before.results["corrections"]["corrections"] == 0
    assert "corrections" not in before.summary
    measured = apart.results["corrections"]
    assert measured["corrections"] == 2 * CORRECTED
    assert measured["annotators"] == 2
    # The same messages of each bot.
    assert measured["over_limit"] == 2 * (CORRECTED - LIMIT)
    assert measured["messages"] == LIMIT
    assert measured["agreement"]["value"] < 0.5
    assert measured["per_label"]["spam"]["messages"] == LIMIT
    assert measured["other_sources"] == {}
    assert (
        "40 corrections by 2 annotators, 8 messages compared; left out: 24 "
        "corrections over the daily limit of an annotator"
    ) in apart.summary
    report = page(apart)
    assert '<h3 id="corrections">' in report
    assert "they are no part of the gate" in report
    assert 'id="corrections"' not in page(before)


def page(night: Ran) -> str:
    """Return the report of the night."""
    pages = [key for key in night.stored if key.endswith("/index.html")]
    (key,) = [page for page in pages if NIGHT in page]
    return night.stored[key].decode()


def test_corrections_that_are_named_gate_and_what_is_left_out_is_shown(before, named):
    assert named.returncode == REFUSED
    assert named.results["corrections"]["corrections"] == 0
    assert named.results["reviews"]["reviews"] == 2 * CORRECTED
    failed = [
        (check["kind"], check["subject"])
        for check in named.results["decision"]["checks"]
        if check["verdict"] == "failed"
    ]
    assert ("floor", "spam") in failed
    truth = before.results["reviews"]["reviews"]
    assert named.results["corrections"]["other_sources"] == {"truth": truth}
    assert (
        "Reviews left out, since evaluation.sources does not let them measure: "
        f"{truth:,} of truth"
    ) in named.summary
