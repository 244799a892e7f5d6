"""The evaluation set: held-out messages, counted, whatever their shards are."""

from collections import Counter
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.data import schemas
from pipeline.data.evaluation_set import within
from pipeline.data.holdout import held_out
from pipeline.preprocessing import EvaluationSetStage
from tests.support.stages import keys, results, split

RULES = ("chat", "spam", None)
MESSAGES = st.lists(
    st.tuples(st.sampled_from("ABab \u00e9"), st.sampled_from(RULES)), max_size=20
)
RESOLVED = pd.DataFrame(
    {
        "rules": [["chat"], ["spam"], []],
        "label": pd.Series(["chat", "spam", None], dtype="str"),
        "confidence": [1.0, 1.0, 0.0],
    }
)
#: The cleaned text, the body, and the label.
Document = tuple[str, str, str | None]
FRACTIONS = st.sampled_from([0.0, 0.3, 0.6, 1.0])


def shards(messages: list[tuple[str, str | None]], n: int) -> list[tuple]:
    """Return the tables of n shards; a text is the body in lower case."""
    bodies = [body for body, _ in messages]
    columns: dict[str, list[Any]] = {
        "body": bodies,
        "text": list(map(str.lower, bodies)),
        "rules": [[rule] if rule else [] for _, rule in messages],
    }
    tables = []
    for name, values in columns.items():
        dtypes = {"key": "str", name: object if name == "rules" else "str"}
        table = pd.DataFrame({"key": keys(len(messages)), name: values}).astype(dtypes)
        tables.append(split(table, n))
    return list(zip(*tables, strict=True))


@given(MESSAGES, st.integers(1, 3), FRACTIONS)
def test_the_set_has_the_held_out_messages_counted_and_in_order(messages, n, fraction):
    built = EvaluationSetStage(RESOLVED, fraction).run(shards(messages, n))
    schemas.check(built, "evaluation_set")
    expected: Counter[Document] = Counter()
    for body, label in messages:
        text = body.lower()
        if held_out([text], fraction).all():
            expected[text, body, label] += 1
    labels = built["label"].astype(object).where(built["label"].notna(), None)
    documents = list(zip(built["text"], built["body"], labels, strict=True))
    assert dict(zip(documents, built["weight"], strict=True)) == expected
    assert documents == sorted(documents, key=unlabelled_last)


def unlabelled_last(document: Document) -> tuple[str, ...]:
    text, body, label = document
    return text, body, label or "\uffff"


@given(MESSAGES, st.permutations(range(3)))
def test_neither_shards_nor_the_order_of_merging_matter(messages, order):
    stage = EvaluationSetStage(RESOLVED, 0.6)
    expected = stage.run(shards(messages, 1))
    for result in results(stage, shards(messages, 3), order):
        pd.testing.assert_frame_equal(result, expected)


@given(MESSAGES, FRACTIONS, FRACTIONS)
def test_a_smaller_fraction_selects_the_rows_that_it_holds_out(messages, one, other):
    small, large = sorted((one, other))
    whole = EvaluationSetStage(RESOLVED, large).run(shards(messages, 1))
    expected = EvaluationSetStage(RESOLVED, small).run(shards(messages, 1))
    pd.testing.assert_frame_equal(within(whole, small), expected)


def test_rules_that_were_not_resolved_are_an_error():
    with pytest.raises(KeyError):
        EvaluationSetStage(RESOLVED.iloc[:1], 1.0).run(shards([("a", "spam")], 1))
