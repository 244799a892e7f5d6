"""Two models on the same messages, when only one of them knows a label."""

import pandas as pd
import pytest

from pipeline.config.settings import Evaluation
from pipeline.data.reviewed_messages import reviewed_messages
from pipeline.records.models import ModelTraits
from pipeline.release.comparison import Evidence
from pipeline.release.contenders import Contender
from pipeline.release.model_outputs import compare
from tests.unit.release.test_checks import CHAMPION
from tests.unit.statistics.test_bootstrap import REGRESSION

TEXTS = {"bank": 100, "chat": 100, "spam": 100}
TRUTH = {
    f"{label} {number}": label
    for label, count in TEXTS.items()
    for number in range(count)
}
DOCUMENTS = pd.DataFrame({"body": TRUTH.keys(), "label": TRUTH.values(), "weight": 1})
TRAITS: ModelTraits = CHAMPION.traits


def forgets_spam(body: str) -> str:
    return "chat" if TRUTH[body] == "spam" else TRUTH[body]


def contender(predict, *labels: str) -> Contender:
    return Contender(
        label=predict,
        label_with_thresholds=predict,
        labels=labels,
        has_thresholds=False,
        traits=TRAITS,
    )


@pytest.mark.parametrize("merge", [{}, {"chat": ("spam",)}], ids=["apart", "merged"])
def test_a_label_that_tonights_model_has_forgotten_is_its_loss_unless_merged(merge):
    reviews = pd.DataFrame(
        {"key": TRUTH.keys(), "body": TRUTH.keys(), "label": TRUTH.values()}
    ).assign(source="crowd", annotator=None, reviewed_at=pd.NaT)
    reviewed = reviewed_messages(reviews, reviews["body"], "majority", merge)
    evidence = Evidence(
        evaluation_set=DOCUMENTS.head(0).assign(text=""),
        reviewed=reviewed,
        evaluation=Evaluation(aggregation="majority", merge=merge, confidence=0.95),
        regression=REGRESSION,
    )
    tonight = contender(forgets_spam, "bank", "chat")
    champion = contender(TRUTH.__getitem__, "bank", "chat", "spam")
    found = evidence.compare(tonight, champion, None, False).reviews
    assert found.documents == 300
    if merge:
        assert found.per_label.keys() == {"bank", "chat"}
        assert (found.churn, found.macro_f1.value) == (0, 0)
    else:
        assert found.churn == pytest.approx(1 / 3)
        assert found.macro_f1.value < -0.4
        assert found.per_label["spam"].recall.interval.value == -1


def test_a_label_that_tonights_model_alone_knows_hides_no_loss():
    def tonight(body: str) -> str:
        """Know spam, and take a tenth of the bank's messages for it."""
        is_spam = body.startswith("bank 1") or TRUTH[body] == "spam"
        return "spam" if is_spam else TRUTH[body]

    judged = ["bank", "chat"]
    found = compare(DOCUMENTS, tonight, forgets_spam, judged, REGRESSION)
    assert found.per_label.keys() == {"bank", "chat"}
    assert found.per_label["bank"].recall.interval.value < -0.1
    only = DOCUMENTS[DOCUMENTS["label"] != "spam"]
    found = compare(only, tonight, forgets_spam, judged, REGRESSION)
    assert found.macro_f1.value < 0


def test_documents_without_a_label_count_for_churn_alone():
    unlabelled = DOCUMENTS.assign(label=None)
    found = compare(
        unlabelled, forgets_spam, TRUTH.__getitem__, ["bank", "chat"], REGRESSION
    )
    assert (found.documents, found.messages) == (300, 300)
    assert (found.macro_f1, found.per_label) == (None, {})
    assert found.churn == pytest.approx(1 / 3)
    assert found.churn_per_label == {"bank": 0.0, "chat": 0.0, "spam": 1.0}
    alone = compare(unlabelled, forgets_spam, None, (), REGRESSION)
    assert (alone.documents, alone.churn, alone.churn_per_label) == (300, None, {})
