"""Two models compared on texts with words that nobody may read."""

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
from pipeline.records.run import ModelDifference
from pipeline.report import Champion, compare_models
from pipeline.report.compare import TEXTS as MAX_TEXTS
from pipeline.text.masking import BLOCK, common_words
from scorers.python import nightsieve_scorer
from tests.support.exported_models import ESTIMATORS, corpus, exported, fixed
from tests.support.report_records import entry
from tests.support.training_corpus import make_training_set

CANARY = "Zebedee-Quux"


def evaluation_set(bodies: list[str]) -> pd.DataFrame:
    """Return the bodies, each of two messages, one of which a rule labelled."""
    tokens = fixed(ESTIMATORS[0], 3).tokeniser.tokens
    rows: list[tuple[str, str, str | None, int]] = []
    for body in bodies:
        text = " ".join(tokens(body))
        rows.append((text, body, "spam", 1))
        rows.append((text, body, None, 1))
    columns = ["text", "body", "label", "weight"]
    table = pd.DataFrame(rows, columns=columns)
    return table.astype({"text": "str", "body": "str", "label": "str"})


TEXTS = corpus(3)[0]  # two of these in one message make the models disagree
BODIES = [
    f"{first} {CANARY} {second} 48{i:04}"
    for i, (first, second) in enumerate(itertools.pairwise(TEXTS))
]
EVALUATION_SET = evaluation_set(BODIES)
MODEL = fixed(LogisticRegression(C=5), 3)
TONIGHT = exported(MODEL)
CHAMPION = exported(fixed(MultinomialNB(), 3))
TRAINED = make_training_set([(text, "chat") for text in {*TEXTS, *BODIES}])
MASKING = Masking(min_texts=20, min_share=0, max_visible=0.5)


def compare(
    champion: bytes | None = CHAMPION,
    table: pd.DataFrame = EVALUATION_SET,
    masking: Masking = MASKING,
) -> ModelDifference:
    published = None
    if champion is not None:
        published = Champion(entry("2026-11-19", 7), champion)
    return compare_models(table, TONIGHT, published, TRAINED, masking)


@pytest.fixture(scope="module")
def difference() -> ModelDifference:
    return compare()


def test_only_terms_of_the_model_can_be_read(difference: ModelDifference):
    written = difference.to_json().decode()
    assert difference.churned
    assert BLOCK * len("zebedee") in written
    assert "zebedee" not in written.lower()
    assert "quux" not in written.lower()
    shown = "".join(churned.text for churned in difference.churned)
    assert set(filter(str.isdecimal, shown)) <= {"0"}


def test_with_a_champion_of_another_format_nothing_is_compared():
    other = json.dumps({**json.loads(CHAMPION), "version": "2.0"}).encode()
    unreadable = compare(other)
    assert (unreadable.changed, unreadable.moved, unreadable.churned) == (None, (), ())
    assert unreadable.champion is not None
    assert unreadable.champion.serial == 7
    assert unreadable.terms


def test_at_most_half_of_a_message_can_be_read_and_no_rare_word(
    difference: ModelDifference,
):
    for churned in difference.churned:
        words = churned.text.removesuffix("\u2026").split()
        assert 0 < sum(BLOCK not in word for word in words) <= len(words) / 2
    no_word_is_common = MASKING.model_copy(update={"min_texts": len(TRAINED) + 1})
    hidden = compare(masking=no_word_is_common).churned
    assert len(hidden) == len(difference.churned) > 0
    signs = set("".join(churned.text for churned in hidden))
    assert signs <= {BLOCK, " ", "\u2026"}


def tokens_of(body: str) -> tuple[str, ...]:
    return tuple(MODEL.tokeniser.tokens(body))


def test_what_can_be_read_separates_the_two_labels_most(difference: ModelDifference):
    common = common_words(TRAINED, MASKING)
    for churned in difference.churned:
        before = MODEL.weights[MODEL.labels.index(churned.before)]
        now = MODEL.weights[MODEL.labels.index(churned.now)]
        distances = abs(before - now).tolist()
        separation = dict(zip(MODEL.terms, distances, strict=True))
        words = churned.text.removesuffix("\u2026").split()
        beginnings = {tokens_of(body)[: len(words)] for body in BODIES}
        (message,) = (tokens for tokens in beginnings if fits(tokens, words))
        shown = {word for word in words if BLOCK not in word}
        hidden = (common & separation.keys() & set(message)) - shown
        least_shown = min(separation[word] for word in shown)
        for word in hidden:
            assert separation[word] <= least_shown or message.count(word) > 1


def fits(tokens: Sequence[str], words: Sequence[str]) -> bool:
    """Return whether the masked words can be those tokens."""
    if list(map(len, tokens)) != list(map(len, words)):
        return False
    pairs = zip(tokens, words, strict=True)
    return all(BLOCK in word or word == token for token, word in pairs)


def test_the_most_frequent_messages_with_another_label_come_first(
    difference: ModelDifference,
):
    tonight = nightsieve_scorer.load(TONIGHT)
    champion = nightsieve_scorer.load(CHAMPION)
    changed = sum(2 for body in BODIES if tonight.label(body) != champion.label(body))
    assert difference.changed == changed > 0
    assert difference.messages == 2 * len(BODIES)
    counts = [churned.messages for churned in difference.churned]
    assert counts == sorted(counts, reverse=True)
    assert all(churned.before != churned.now for churned in difference.churned)


def table_of(*rows: tuple[str, str, str | None, int]) -> pd.DataFrame:
    """Return an evaluation set of these texts, bodies, labels and weights."""
    return pd.DataFrame(rows, columns=["text", "body", "label", "weight"])


def test_texts_are_the_most_frequent_ones():
    rows = [(f"text {i}", f"Text {i}", "spam", 1) for i in range(MAX_TEXTS)]
    frequent = [("win", "win!", None, 2), ("win", "WIN", "spam", 1)]
    compared = compare(table=table_of(*rows, *frequent))
    assert compared.texts == MAX_TEXTS
    assert compared.messages == 3 + (MAX_TEXTS - 1)


def test_the_smallest_body_of_a_text_stands_for_all_of_them():
    several = compare(table=table_of(("t", "win", "spam", 1), ("t", "free", None, 1)))
    assert several.terms == compare(table=table_of(("t", "free", "spam", 2))).terms
    assert several.terms != compare(table=table_of(("t", "win", "spam", 2))).terms


def test_influence_is_a_term_s_share_of_what_all_terms_add(
    difference: ModelDifference,
):
    def term_frequency(counts: np.ndarray) -> np.ndarray:
        table = MODEL.term_frequency
        return table[np.minimum(counts, len(table)) - 1]

    counts = count_terms(MODEL, BODIES)
    frequencies = map_counts(counts, term_frequency)
    _, squares = MODEL.sums(counts)
    usage = (frequencies / np.sqrt(squares)[:, None]).sum(axis=0)
    added = MODEL.weights * usage
    shares = added / np.abs(added).sum(axis=1, keepdims=True)
    for label, strongest in difference.terms.items():
        expected = sorted(shares[MODEL.labels.index(label)], key=abs, reverse=True)
        assert [influence.share for influence in strongest] == pytest.approx(
            expected[: len(strongest)]
        )
    of_spam = {
        influence.term: influence.share for influence in difference.terms["spam"]
    }
    assert of_spam["free"] > 0
    changes = [abs(moved.now - moved.before) for moved in difference.moved]
    assert changes == sorted(changes, reverse=True)
    assert changes[0] > 0


def test_the_first_night_has_nothing_to_compare_with(difference: ModelDifference):
    first = compare(champion=None)
    assert first.champion is None
    assert (first.churned, first.moved, first.changed) == ((), (), None)
    assert first.terms == difference.terms


def test_no_text_may_be_held_out():
    nothing = compare(table=EVALUATION_SET.head(0))
    assert (nothing.texts, nothing.messages) == (0, 0)
    assert (nothing.churned, nothing.moved) == ((), ())
    assert set(map(len, nothing.terms.values())) == {0}
