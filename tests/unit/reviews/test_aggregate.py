"""The reviews that train, and that a text that trains does not measure."""

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config.settings import ReviewTraining
from pipeline.data import schemas
from pipeline.data.holdout import held_out
from pipeline.data.reviewed_messages import aggregate
from pipeline.reviews import aggregate_reviews, human_labels
from pipeline.text import Tokeniser
from tests.support.training_corpus import EVALUATION, NO_REVIEWS, TEXT
from tests.unit.data.test_reviewed_messages import crowd, labels, table

DAWID_SKENE = EVALUATION.model_copy(update={"aggregation": "dawid_skene"})


def test_the_sources_that_train_give_labels_and_the_others_do_not():
    rows = [("1", "spam", "fix", None), ("1", "chat", "crowd", None)]
    rows += [("2", "spam", "fix", None), ("2", "chat", "fix", "2")]
    reviews = table(*rows, ("3", "chat", "crowd", None))
    training = ReviewTraining(sources=("fix",), weight=5.0)
    trained = human_labels(reviews, training, "majority")
    schemas.check(trained, "human_labels")
    assert trained.to_dict("list") == {"key": ["1"], "label": ["spam"], "weight": [5.0]}
    none = human_labels(reviews, NO_REVIEWS, "majority")
    assert schemas.check(none, "human_labels").empty


BODIES = ["Code 12", "code, 34", "CODE 567", "hello", "Hello!", "lunch?"]
REVIEWS = st.lists(
    st.tuples(st.sampled_from(BODIES), st.sampled_from(["fix", "crowd", "load"])),
    max_size=12,
)


@given(REVIEWS, st.sets(st.sampled_from(["fix", "crowd"])), st.sampled_from([0.0, 0.5]))
def test_exactly_the_reviews_of_texts_that_train_are_left_out(drawn, sources, fraction):
    rows = [(f"{n:02}", "a", source, None) for n, (_, source) in enumerate(drawn)]
    reviews = table(*rows)
    bodies = [body for body, _ in drawn]
    reviews["body"] = pd.Series(bodies, dtype="str")
    texts = list(map(Tokeniser.from_settings(TEXT).cleaned, bodies))
    is_held_out = held_out(texts, fraction)
    taught = set()
    for text, (_, source), out in zip(texts, drawn, is_held_out, strict=True):
        if source in sources and not out:
            taught.add(text)
    training = ReviewTraining(sources=tuple(sources), weight=1.0)
    reviewed = aggregate_reviews(reviews, training, fraction, TEXT, EVALUATION)
    schemas.check(reviewed, "reviewed_messages")
    unseen = [(f"{n:02}", text) for n, text in enumerate(texts) if text not in taught]
    keys_and_texts = zip(reviewed["key"], reviewed["text"], strict=True)
    assert list(keys_and_texts) == unseen


def test_reviews_that_train_take_no_part_in_the_estimate_of_labels():
    _, reviews = crowd()
    reviews["body"] = "message number " + reviews["key"].str.replace("0", "ten ")
    is_taught = reviews["key"].str.endswith("1")
    corrections = reviews[is_taught].assign(label="c", source="fix", annotator="0")
    all_reviews = pd.concat([reviews, corrections], ignore_index=True)
    training = ReviewTraining(sources=("fix",), weight=1.0)
    text = TEXT.model_copy(update={"digits": "keep"})
    reviewed = aggregate_reviews(all_reviews, training, 0.0, text, DAWID_SKENE)
    alone = aggregate(reviews[~is_taught], "dawid_skene", {})
    assert labels(reviewed) == labels(alone)
    assert len(alone) == 270
