"""Folds keep equal texts together and hold every label."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import DataError
from pipeline.training.folds import assign_folds
from tests.support.training_corpus import make_messages, make_training_set

KEY = "training.search.folds"


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 5))
def test_equal_texts_share_a_fold_and_every_fold_has_every_label(seed, n_folds):
    messages = make_messages(80, seed, repeats=3)
    relabelled = [(text, "chat") for text, label in messages[::7] if label != "chat"]
    training_set = make_training_set(messages + relabelled)
    fold = assign_folds(training_set, n_folds, seed, KEY)

    n_texts = training_set.group.max() + 1
    assert n_texts < len(training_set), (
        "no text has two labels, so none could be parted"
    )
    pairs = set(zip(training_set.group.tolist(), fold.tolist(), strict=True))
    assert len(pairs) == n_texts, "a text is in two folds"
    for fold_index in range(n_folds):
        assert set(training_set.y[fold == fold_index]) == {0, 1, 2}
    assert (fold == assign_folds(training_set, n_folds, seed, KEY)).all()


def test_a_text_counts_for_the_label_of_most_of_its_messages():
    messages = [(text, "bank") for text in "abc"]
    messages += [(text, "chat") for text in "aabbcde"]
    with pytest.raises(DataError, match="'bank' has 1\n"):
        assign_folds(make_training_set(messages, ("bank", "chat")), 2, 0, KEY)


def test_too_few_texts_are_an_error_that_names_the_label_the_count_and_the_key():
    messages = [
        *make_messages(40, seed=3),
        ("one more", "rare"),
        ("and another", "rare"),
    ]
    training_set = make_training_set(
        messages, ("bank", "chat", "otp", "rare", "silent")
    )
    with pytest.raises(DataError) as error:
        assign_folds(training_set, 3, 0, KEY)
    assert str(error.value).startswith(
        f"{KEY}: too few distinct texts for 3 folds: 'rare' has 2, 'silent' has 0\n"
    )


def test_one_label_is_not_enough_to_train():
    messages = [(text, "chat") for text in ("a", "b", "c")]
    with pytest.raises(DataError, match="at least two labels, and all have 'chat'"):
        assign_folds(make_training_set(messages), 2, 0, KEY)


def test_no_documents_are_not_enough_to_train():
    empty = replace(make_training_set([]), group=np.array([], dtype=np.int64))
    with pytest.raises(DataError, match="at least two labels, and there are no docu"):
        assign_folds(empty, 2, 0, KEY)
