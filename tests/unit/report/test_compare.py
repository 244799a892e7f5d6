"""Tonight's model beside the published one, on texts that hold what nobody may read."""

import itertools
import json
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import MultinomialNB

from pipeline.config.settings import Masking
from pipeline.model.counts import count_terms, map_counts
from pipeline.report import compare_models
from pipeline.text.masking import BLOCK, common_words
from scorers.python import nightsieve_scorer
from tests.unit.export.exported_models import ESTIMATORS, corpus, exported, fixed
from tests.unit.training.training_corpus import make_training_set

ENTRY = {
    "serial": 7,
    "date": "2026-11-19",
    "config": "6c61ff14e305d303",
    "publication": "x",
}
CANARY = "Zebedee-Quux"


def shards(bodies: list[str]) -> list[tuple[pd.DataFrame, pd.DataFrame]]:
    """The messages of two shards and their cleaned texts, each message twice."""
    tokens = fixed(ESTIMATORS[0], 3).tokeniser.tokens
    bodies = [*bodies, *bodies]
    keys = [f"key-{number}" for number in range(len(bodies))]
    messages = pd.DataFrame({"key": keys, "body": bodies}, dtype="str")
    cleaned = pd.DataFrame(
        {"key": keys, "text": [" ".join(tokens(body)) for body in bodies]}, dtype="str"
    )
    return [
        (messages.iloc[half], cleaned.iloc[half])
        for half in (slice(None, None, 2), slice(1, None, 2))
    ]


TEXTS = corpus(3)[0]  # two of them in one message, and models disagree
BODIES = [
    f"{one} {CANARY} {two} 48{number:04}"
    for number, (one, two) in enumerate(itertools.pairwise(TEXTS))
]
TONIGHT, CHAMPION = (
    exported(fixed(estimator, 3))
    for estimator in (LogisticRegression(C=5), MultinomialNB())
)
TRAINED = make_training_set([(text, "chat") for text in {*TEXTS, *BODIES}])


def compared(*models, withheld: float = 1.0, texts: int = 20) -> dict:
    return compare_models(
        shards(BODIES),
        withheld,
        *models,
        TRAINED,
        Masking(min_texts=texts, min_share=0, max_visible=0.5),
    )


@pytest.fixture(scope="module")
def found() -> dict:
    return compared(TONIGHT, CHAMPION, ENTRY)


def test_nothing_that_the_model_has_no_term_for_can_be_read(found):
    written = json.dumps(found, ensure_ascii=False)
    assert found["churned"] and BLOCK * len("zebedee") in written
    assert not [part for part in ("zebedee", "quux") if part in written.lower()]
    assert not any(
        letter.isdecimal() and letter != "0"
        for row in found["churned"]
        for letter in row["text"]
    )


def test_with_a_champion_of_another_format_nothing_is_compared():
    other = json.dumps({**json.loads(CHAMPION), "version": "2.0"}).encode()
    found = compared(TONIGHT, other, ENTRY)
    assert (found["changed"], found["moved"], found["champion"]["serial"]) == (
        0,
        [],
        7,
    ) and found["terms"]


def test_half_of_a_message_can_be_read_at_most_and_nothing_that_few_texts_have(found):
    for row in found["churned"]:
        words = row["text"].removesuffix("\u2026").split()
        assert 0 < sum(BLOCK not in word for word in words) <= len(words) / 2
    rare = compared(TONIGHT, CHAMPION, ENTRY, texts=len(TRAINED) + 1)["churned"]
    assert len(rare) == len(found["churned"]) > 0
    assert {letter for row in rare for letter in row["text"]} <= {BLOCK, " ", "\u2026"}


def test_what_can_be_read_parts_the_two_labels_most(found):
    model = fixed(LogisticRegression(C=5), 3)
    common = common_words(TRAINED, Masking(min_texts=20, min_share=0, max_visible=0.5))
    for row in found["churned"]:
        one, other = (
            model.weights[model.labels.index(row[name])] for name in ("before", "now")
        )
        apart = dict(zip(model.terms, abs(one - other).tolist(), strict=True))
        words = row["text"].removesuffix("\u2026").split()
        (message,) = {
            tokens
            for body in BODIES
            if fits(tokens := tuple(model.tokeniser.tokens(body))[: len(words)], words)
        }
        shown = [word for word in words if BLOCK not in word]
        hidden = [
            word
            for word in message
            if word in common & apart.keys() and word not in shown
        ]
        assert all(
            apart[word] <= min(map(apart.get, shown))
            for word in hidden
            if message.count(word) == 1
        )


def fits(tokens: Sequence[str], words: list[str]) -> bool:
    """Whether the tokens can be what the masked words were."""
    return [*map(len, tokens)] == [*map(len, words)] and all(
        BLOCK in word or word == token
        for token, word in zip(tokens, words, strict=True)
    )


def test_messages_are_those_whose_label_differs_the_most_frequent_first(found):
    tonight, champion = map(nightsieve_scorer.load, (TONIGHT, CHAMPION))
    changed = sum(2 for body in BODIES if tonight.label(body) != champion.label(body))
    assert found["changed"] == changed > 0 and found["messages"] == 2 * len(BODIES)
    counts = [row["messages"] for row in found["churned"]]
    assert counts == sorted(counts, reverse=True)
    assert all(row["before"] != row["now"] for row in found["churned"])


def test_a_term_s_influence_is_its_share_of_what_terms_add_to_the_score(found):
    model = fixed(LogisticRegression(C=5), 3)
    counts = count_terms(model, BODIES)
    tf = map_counts(
        counts,
        lambda count: model.term_frequency[
            np.minimum(count, len(model.term_frequency)) - 1
        ],
    )
    _, squares = model.sums(counts)
    added = model.weights * (tf / np.sqrt(squares)[:, None]).sum(axis=0)
    shares = added / np.abs(added).sum(axis=1, keepdims=True)
    for label, strongest in found["terms"].items():
        row = shares[model.labels.index(label)]
        assert [each["share"] for each in strongest] == pytest.approx(
            sorted(row, key=abs, reverse=True)[: len(strongest)]
        )
    of_spam = {each["term"]: each["share"] for each in found["terms"]["spam"]}
    assert of_spam["free"] > 0
    moved = {(each["label"], each["term"]): each for each in found["moved"]}
    largest = max(moved.values(), key=lambda each: abs(each["now"] - each["before"]))
    assert found["moved"][0] == largest


def test_the_first_night_has_nothing_to_compare_with_and_no_text_may_be_withheld(found):
    first = compared(TONIGHT, None, None)
    assert (first["champion"], first["churned"], first["moved"], first["changed"]) == (
        None,
        [],
        [],
        0,
    )
    assert first["terms"] == found["terms"]
    nothing = compared(TONIGHT, CHAMPION, ENTRY, withheld=0.0)
    assert (
        nothing["texts"],
        nothing["messages"],
        nothing["churned"],
        nothing["moved"],
    ) == (0, 0, [], [])
    assert set(map(len, nothing["terms"].values())) == {0}
