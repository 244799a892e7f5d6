"""Cleaning, and messages collapsed to unique documents."""

import itertools
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import preprocessing
from pipeline.config.settings import Text
from pipeline.data import schemas
from pipeline.data.codecs import Npz
from pipeline.errors import DataError

SETTINGS = Text(preset="casefold", digits="shape", min_token=1, stop_words=())
LABELS = st.sampled_from(["personal", "spam", None])
drawn = st.lists(
    st.tuples(st.sampled_from(["", "a", "b a", "a b", "\u00e9 \u4f60"]), LABELS),
    max_size=30,
)


def tables(
    rows: list[tuple[str, str | None]], shards: int
) -> tuple[list[pd.DataFrame], pd.DataFrame, list[pd.DataFrame]]:
    """Votes of one rule a label, named like it, their verdicts, and the cleaned texts."""
    keys = [str(i) for i in range(len(rows))]
    texts, labels = [text for text, _ in rows], [label for _, label in rows]
    votes = pd.DataFrame(
        {"key": keys, "rules": [[label] if label else [] for label in labels]}
    ).astype({"key": "str"})
    verdicts = pd.DataFrame(
        {
            "rules": [["personal"], [], ["spam"]],
            "label": pd.Series(["personal", None, "spam"], dtype="str"),
            "confidence": [0.75, 0.0, 0.5],
        }
    )
    cleaned = pd.DataFrame({"key": keys, "text": texts}).astype("str")
    return (
        [votes.iloc[s::shards] for s in range(shards)],
        verdicts,
        [cleaned.iloc[s::shards] for s in range(shards)],
    )


@given(drawn, st.integers(1, 3))
def test_documents_are_the_labelled_messages_counted(rows, shards):
    expected = Counter(row for row in rows if row[1] is not None)
    if len({label for _, label in expected}) < 2:
        with pytest.raises(DataError, match="two labels are needed"):
            preprocessing.build_training_set(*tables(rows, shards), soft=False)
        return
    built = preprocessing.build_training_set(*tables(rows, shards), soft=False)
    texts = [
        " ".join(built.vocabulary[t] for t in built.tokens[a:b])
        for a, b in itertools.pairwise(built.offsets)
    ]
    labels = [built.labels[y] for y in built.y]
    assert (
        dict(zip(zip(texts, labels, strict=True), built.weight, strict=True))
        == expected
    )
    assert sorted(zip(texts, labels, strict=True)) == list(
        zip(texts, labels, strict=True)
    )
    same_group = built.group[:, None] == built.group[None, :]
    assert (same_group == (np.array(texts)[:, None] == np.array(texts)[None, :])).all()
    assert built.messages == expected.total() and (built.confidence == 1).all()
    soft = preprocessing.build_training_set(*tables(rows, shards), soft=True)
    assert soft.confidence.tolist() == [
        {"personal": 0.75, "spam": 0.5}[label] for label in labels
    ]


@pytest.mark.parametrize("soft", [False, True])
def test_humans_labels_go_before_those_of_the_rules_with_their_weight(soft):
    rows = [
        ("a", "spam"),
        ("a", "spam"),
        ("a", "personal"),
        ("b", None),
        ("c", "personal"),
        ("c", "personal"),
    ]
    human = pd.DataFrame(
        {"key": ["1", "3", "4", "9"], "label": ["personal", "spam", "unheard", "spam"]}
    ).astype("str")
    built = preprocessing.build_training_set(
        *tables(rows, 2), soft=soft, human=[human.assign(weight=[5.0, 3.0, 7.0, 1.0])]
    )
    texts = [
        "".join(built.vocabulary[t] for t in built.tokens[a:b])
        for a, b in itertools.pairwise(built.offsets)
    ]
    documents = list(
        zip(texts, (built.labels[y] for y in built.y), built.weight, strict=True)
    )
    assert documents == [
        ("a", "personal", 2),
        ("a", "spam", 1),
        ("b", "spam", 1),
        ("c", "personal", 2),
    ]
    assert built.confidence.tolist() == (
        [(5 + 0.75) / 2, 0.5, 3, 0.75] if soft else [3, 1, 3, 1]
    )


def test_a_training_set_survives_its_codec():
    built = preprocessing.build_training_set(
        *tables([("a b", "spam"), ("", "personal"), ("\u00e9 \u4f60", "spam")], 1),
        soft=True,
    )
    encoded = Npz().encode(built)
    again = Npz().decode(encoded)
    assert Npz().encode(again) == encoded
    assert (again.labels, again.vocabulary) == (built.labels, built.vocabulary)
    assert all(
        (getattr(again, name) == getattr(built, name)).all()
        for name in ("y", "weight", "confidence", "tokens", "offsets")
    )


def test_malformed_messages_survive_cleaning():
    nasty = [
        "\x00",
        "\x1b[31mred",
        "&lt;b&gt; &amp;",
        "\u202eright to left",
        "e\u0301" * 5_000,
        "\U0010ffff",
        "   ",
    ]
    table = pd.DataFrame(
        {"key": [str(i) for i in range(len(nasty))], "body": nasty}
    ).astype("str")
    cleaned = schemas.check(preprocessing.clean(table, SETTINGS), "cleaned")
    assert cleaned["text"].tolist()[:4] == [
        "",
        "00mred",
        "lt b gt amp",
        "right to left",
    ]
