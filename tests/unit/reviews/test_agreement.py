"""How far annotators agree, and the labels that are decided from their reviews."""

import pytest

from pipeline.data.reviewed_messages import aggregate
from pipeline.records.reviews import Agreement
from pipeline.reviews import measure_agreement
from tests.support.training_corpus import EVALUATION
from tests.unit.data.test_reviewed_messages import crowd, labels, table


def agreement_of(labels_of_message: dict[str, str]) -> Agreement:
    """Return the agreement of x, y and z, who gave messages these labels in turn."""
    rows = []
    for key, message_labels in labels_of_message.items():
        for annotator, label in zip("xyz", message_labels, strict=False):
            rows.append((key, label, "crowd", annotator))
    return measure_agreement(table(*rows), EVALUATION)


def test_agreement_is_with_the_majority_of_others_and_of_each_pair():
    agreement = agreement_of({"1": "aab", "2": "bbb", "3": "abc", "4": "a"})
    annotators = {
        row.annotator: (row.reviews, row.compared, row.agreement)
        for row in agreement.annotators
    }
    assert annotators == {
        "crowd/x": (4, 1, 1.0),
        "crowd/y": (3, 1, 1.0),
        "crowd/z": (3, 2, 0.5),
    }
    pairs = {row.annotators: (row.messages, row.agreement) for row in agreement.pairs}
    assert pairs == {
        ("crowd/x", "crowd/y"): (3, pytest.approx(2 / 3)),
        ("crowd/x", "crowd/z"): (3, pytest.approx(1 / 3)),
        ("crowd/y", "crowd/z"): (3, pytest.approx(1 / 3)),
    }
    assert (agreement.reviews, agreement.messages) == (10, 4)
    assert agreement.reviewed_twice == 3
    assert agreement.alpha.defined
    assert agreement.decided["majority"] == 3
    assert agreement.undecided["majority"] == 1


def test_methods_of_aggregation_are_compared_where_both_decide():
    _, reviews = crowd()
    agreement = measure_agreement(reviews, EVALUATION)
    majority = labels(aggregate(reviews, "majority", {}))
    estimated = labels(aggregate(reviews, "dawid_skene", {}))
    undecided = sum(label is None for label in majority.values())
    assert undecided > 0
    assert agreement.undecided["majority"] == undecided
    assert agreement.decided["majority"] == len(majority) - undecided
    assert agreement.differ == sum(
        label not in (None, estimated[key]) for key, label in majority.items()
    )
    assert agreement.differ > 0


def test_without_two_reviews_of_a_message_alpha_is_undefined():
    reviews = table(("1", "a", "load", None))
    assert measure_agreement(reviews, EVALUATION).alpha is None
    assert measure_agreement(reviews.iloc[:0], EVALUATION).messages == 0
