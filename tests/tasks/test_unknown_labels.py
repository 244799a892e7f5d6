"""A night whose reviews have labels that no rule votes for."""

import json
from contextlib import closing

import psycopg2

from tests.support.commands import fork
from tests.support.nights import SMALL, objects, retrain, sample

# As a person writes them who had another tool before.
RELABEL = """
    UPDATE reviews SET label =
        CASE label WHEN 'spam' THEN 'Spam' WHEN 'personal' THEN '0' ELSE 'Not spam' END
"""
MERGE = "evaluation.merge={Spam: [spam], 0: [personal], Not spam: [notification]}"


def test_reviews_of_which_none_counts_refuse_the_model_until_they_are_merged(
    night_environment,
):
    sample(night_environment)
    url = night_environment["NIGHTSIEVE_DATABASE_WRITER_URL"]
    with (
        closing(psycopg2.connect(url)) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(RELABEL)

    refused = fork(*retrain(), environment=night_environment)
    assert refused.returncode == 50, refused.stderr
    lines = refused.stderr.splitlines()
    (warned,) = [line for line in lines if "EvaluateOnReviews: reviewed" in line]
    assert "WARNING" in warned
    assert " with the unknown label Spam" in warned
    assert " with the unknown label 0" in warned
    assert " with the unknown label (not like a label)" in warned
    failed = (
        "labels of reviews: the number of reviewed messages whose label counts is 0"
    )
    assert failed in refused.stderr
    assert not any(key.startswith("models/") for key in objects(night_environment))

    merged = retrain(patches=[*SMALL, MERGE, "release.gate.floors={0: {recall: 0.01}}"])
    published = fork(*merged, environment=night_environment)
    assert published.returncode == 0, published.stderr
    assert "unknown label" not in published.stderr
    measured = set()
    for key, body in objects(night_environment).items():
        if key.startswith("export/reviews-") and not key.endswith(".receipt.json"):
            metrics = json.loads(body)["metrics"]
            measured.add(tuple(metrics["labels"]) if metrics else ())
    assert measured == {(), ("0", "Not spam", "Spam")}
