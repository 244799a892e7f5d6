"""Two models on the same messages, when only one of them knows a label."""

import itertools

import pandas as pd
import pytest

from pipeline.data.reviewed_messages import reviewed_messages
from pipeline.records.models import ModelTraits
from pipeline.records.release import Compared
from pipeline.release.comparison import Evidence
from pipeline.release.contenders import Contender, Predict
from pipeline.release.model_outputs import compare
from tests.support.gate_records import CHAMPION
from tests.support.training_corpus import EVALUATION
from tests.unit.statistics.test_bootstrap import REGRESSION

LABELS = ("bank", "chat", "spam")
TRUTH = {f"{label} {i}": label for label, i in itertools.product(LABELS, range(100))}
DOCUMENTS = pd.DataFrame({"body": TRUTH.keys(), "label": TRUTH.values(), "weight": 1})
TRAITS: ModelTraits = CHAMPION.traits


def forgets_spam(body: str) -> str:
    return "chat" if TRUTH[body] == "spam" else TRUTH[body]


def macro_f1(compared: Compared) -> float:
    """Return the change of macro F1, which is defined."""
    assert compared.macro_f1 is not None
    assert compared.macro_f1.value is not None
    return compared.macro_f1.value


def contender(predict: Predict, *labels: str) -> Contender:
    return Contender(
        label=predict,
        label_with_thresholds=predict,
        labels=labels,
        has_thresholds=False,
        traits=TRAITS,
    )


@pytest.mark.parametrize("merge", [{}, {"chat": ("spam",)}], ids=["apart", "merged"])
def test_a_label_that_only_the_champion_knows_is_a_loss_unless_merged(
    merge: dict[str, tuple[str, ...]],
):
    reviews = pd.DataFrame(
        {
            "key": TRUTH.keys(),
            "body": TRUTH.keys(),
            "label": TRUTH.values(),
            "source": "crowd",
            "annotator": None,
            "reviewed_at": pd.NaT,
        }
    )
    reviewed = reviewed_messages(reviews, reviews["body"], "majority", merge)
    evidence = Evidence(
        evaluation_set=DOCUMENTS.head(0).assign(text=""),
        reviewed=reviewed,
        evaluation=EVALUATION.model_copy(update={"merge": merge}),
        regression=REGRESSION,
    )
    tonight = contender(forgets_spam, "bank", "chat")
    champion = contender(TRUTH.__getitem__, "bank", "chat", "spam")
    compared = evidence.compare(tonight, champion, None, False).reviews
    assert compared.documents == 300
    if merge:
        assert compared.per_label.keys() == {"bank", "chat"}
        assert (compared.churn, macro_f1(compared)) == (0, 0)
    else:
        assert compared.churn == pytest.approx(1 / 3)
        assert macro_f1(compared) < -0.4
        assert compared.per_label["spam"].recall.interval.value == -1


def test_a_label_that_only_tonights_model_knows_hides_no_loss():
    def tonight(body: str) -> str:
        """Label spam rightly, and a tenth of the bank's messages as spam."""
        is_spam = body.startswith("bank 1") or TRUTH[body] == "spam"
        return "spam" if is_spam else TRUTH[body]

    judged = ["bank", "chat"]
    compared = compare(DOCUMENTS, tonight, forgets_spam, judged, REGRESSION)
    assert compared.per_label.keys() == {"bank", "chat"}
    assert compared.per_label["bank"].recall.interval.value < -0.1
    only = DOCUMENTS[DOCUMENTS["label"] != "spam"]
    compared = compare(only, tonight, forgets_spam, judged, REGRESSION)
    assert macro_f1(compared) < 0


def test_documents_without_a_label_count_for_churn_alone():
    unlabelled = DOCUMENTS.assign(label=None)
    compared = compare(
        unlabelled, forgets_spam, TRUTH.__getitem__, ["bank", "chat"], REGRESSION
    )
    assert (compared.documents, compared.messages) == (300, 300)
    assert (compared.macro_f1, compared.per_label) == (None, {})
    assert compared.churn == pytest.approx(1 / 3)
    assert compared.churn_per_label == {"bank": 0.0, "chat": 0.0, "spam": 1.0}
    alone = compare(unlabelled, forgets_spam, None, (), REGRESSION)
    assert (alone.documents, alone.churn, alone.churn_per_label) == (300, None, {})
