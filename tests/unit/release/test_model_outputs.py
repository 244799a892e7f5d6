"""Two models on the same messages, when one of them knows a label that the other does not."""

import pandas as pd
import pytest

from pipeline.release.model_outputs import compare, compare_on_reviews
from tests.unit.statistics.test_bootstrap import REGRESSION
from tests.unit.training.training_corpus import EVALUATION

TEXTS = {"bank": 100, "chat": 100, "spam": 100}
TRUTH = {
    f"{label} {number}": label
    for label, count in TEXTS.items()
    for number in range(count)
}
DOCUMENTS = pd.DataFrame({"body": TRUTH.keys(), "label": TRUTH.values(), "weight": 1})


def forgets_spam(body: str) -> str:
    return "chat" if TRUTH[body] == "spam" else TRUTH[body]


def test_a_label_that_tonights_model_has_forgotten_is_its_loss():
    reviews = pd.DataFrame(
        {"key": TRUTH.keys(), "body": TRUTH.keys(), "label": TRUTH.values()}
    )
    reviews = reviews.assign(source="crowd", annotator=None, reviewed_at=pd.NaT)
    both, known = (forgets_spam, TRUTH.__getitem__), ["bank", "chat", "spam"]
    found = compare_on_reviews(
        reviews, *both, [*known, "bank", "chat"], known, EVALUATION, REGRESSION
    )
    assert (found.documents, found.churn) == (300, pytest.approx(1 / 3))
    assert (
        found.difference["value"] < -0.4
        and found.per_label["spam"]["recall"]["value"] == -1
    )


def test_a_label_that_tonights_model_alone_knows_hides_no_loss():
    def tonight(
        body: str,
    ) -> str:  # knows spam, and takes a third of the bank's messages for it
        return (
            "spam"
            if body.startswith("bank 1") or TRUTH[body] == "spam"
            else TRUTH[body]
        )

    found = compare(DOCUMENTS, tonight, forgets_spam, ["bank", "chat"], REGRESSION)
    assert (
        found.per_label.keys() == {"bank", "chat"}
        and found.per_label["bank"]["recall"]["value"] < -0.1
    )
    only = DOCUMENTS[DOCUMENTS["label"] != "spam"]
    assert (
        compare(only, tonight, forgets_spam, ["bank", "chat"], REGRESSION).difference[
            "value"
        ]
        < 0
    )
