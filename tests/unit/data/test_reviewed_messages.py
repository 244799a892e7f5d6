"""Reviews: what several annotators' labels come to, which train, and that what has trained measures nothing."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config.settings import ReviewTraining
from pipeline.data import schemas
from pipeline.data.holdout import held_out
from pipeline.data.reviewed_messages import aggregate, annotators
from pipeline.reviews import human_labels, measuring
from pipeline.statistics import dawid_skene
from pipeline.text import Tokeniser
from tests.unit.statistics import crowds
from tests.unit.training.training_corpus import EVALUATION as MAJORITY
from tests.unit.training.training_corpus import NO_REVIEWS, TEXT

DAWID_SKENE = MAJORITY.model_copy(update={"aggregation": "dawid_skene"})
BOTH = pytest.mark.parametrize(
    "evaluation", [MAJORITY, DAWID_SKENE], ids=["majority", "dawid_skene"]
)


def table(*rows: tuple[str, str, str, str | None], body: str = "text") -> pd.DataFrame:
    """Reviews of (key, label, source, annotator)."""
    made = pd.DataFrame(rows, columns=["key", "label", "source", "annotator"]).astype(
        "str"
    )
    made.insert(
        1, "body", pd.Series([f"{body} {key}" for key in made["key"]], dtype="str")
    )
    return made.assign(
        reviewed_at=pd.Series(pd.NaT, index=made.index, dtype=schemas.TIMESTAMP)
    )


def labels(found: pd.DataFrame) -> dict[str, str]:
    return dict(zip(found["key"], found["label"], strict=True))


@BOTH
def test_what_most_annotators_say_decides_however_little_is_known_of_them(evaluation):
    votes = {"1": "aab", "2": "aaa", "3": "bbb"}
    rows = [
        (key, label, "crowd", f"{key}.{n}")
        for key, said in votes.items()
        for n, label in enumerate(said)
    ]
    found, undecided = aggregate(table(*rows), evaluation)
    assert labels(found) == {"1": "a", "2": "a", "3": "b"} and undecided == 0
    assert found["body"].tolist() == ["text 1", "text 2", "text 3"]
    merged = evaluation.model_copy(update={"merge": {"c": ("a", "b")}})
    assert labels(aggregate(table(*rows), merged)[0]) == dict.fromkeys(votes, "c")


@BOTH
def test_labels_that_are_as_good_as_each_other_decide_nothing(evaluation):
    reviews = table(("1", "a", "crowd", "1"), ("1", "b", "crowd", "2"))
    assert (
        aggregate(reviews, evaluation)[1] == 1
        and aggregate(reviews, evaluation)[0].empty
    )
    assert aggregate(reviews.iloc[:0], evaluation)[1] == 0


def crowd(seed: int = 1) -> tuple[np.ndarray, pd.DataFrame]:
    """The true labels of 300 messages, and what two careful annotators and three who hardly look say of them."""
    chance = np.random.default_rng(seed)
    truth = chance.choice(list("abc"), 300, p=[0.5, 0.3, 0.2])
    rows = []
    for number, care in enumerate([0.95, 0.9, 0.45, 0.45, 0.45]):
        said = np.where(
            chance.random(300) < care, truth, chance.choice(list("abc"), 300)
        )
        rows += [
            (f"{key:03}", label, "crowd", str(number)) for key, label in enumerate(said)
        ]
    return truth, table(*rows)


def test_dawid_skene_believes_the_careful_and_is_right_more_often_than_the_majority():
    truth, reviews = crowd()
    right = {}
    for evaluation in (MAJORITY, DAWID_SKENE):
        found = labels(aggregate(reviews, evaluation)[0])
        right[evaluation.aggregation] = sum(
            found.get(f"{key:03}") == label for key, label in enumerate(truth)
        )
    assert right["dawid_skene"] > right["majority"] + 10
    people, _ = pd.factorize(annotators(reviews))
    fitted = dawid_skene.fit(
        pd.factorize(reviews["key"])[0],
        people,
        pd.factorize(reviews["label"], sort=True)[0],
        3,
    )
    assert min(fitted.accuracy[:2]) > 0.85 and max(fitted.accuracy[2:]) < 0.75
    assert fitted.posterior.sum(axis=1) == pytest.approx(1)


GOLDEN = crowds.read()
EVERY_CROWD = pytest.mark.parametrize("crowd", GOLDEN.values(), ids=GOLDEN)


@EVERY_CROWD
def test_dawid_skene_without_its_prior_is_crowd_kit_s(crowd, monkeypatch):
    expected = np.array(crowd["posterior"])
    for prior in ("RIGHT", "WRONG", "SMOOTHING"):
        monkeypatch.setattr(
            dawid_skene, prior, 1e-10
        )  # the least count that crowd-kit has
    monkeypatch.setattr(
        dawid_skene, "TOLERANCE", 1e-9
    )  # crowd-kit's has made 400 iterations
    found = dawid_skene.fit(
        *crowds.columns(crowd["reviews"]), expected.shape[1]
    ).posterior
    assert found == pytest.approx(expected, abs=1e-6)


@EVERY_CROWD
def test_the_prior_changes_no_label_that_crowd_kit_is_certain_of(crowd):
    expected = np.array(crowd["posterior"])
    found = dawid_skene.fit(
        *crowds.columns(crowd["reviews"]), expected.shape[1]
    ).posterior
    certain, same = (
        expected.max(axis=1) > 0.999,
        found.argmax(axis=1) == expected.argmax(axis=1),
    )
    assert same[certain].all() and certain.mean() > 0.4 and same.mean() > 0.99


def test_an_annotator_who_takes_one_label_for_the_other_is_still_of_use():
    swapped = {"a": "b", "b": "a"}
    truth = ["a", "b"] * 30
    rows = [
        (f"{key:02}", label, "crowd", who)
        for key, label in enumerate(truth)
        for who in ("ann", "bob")
    ]
    rows += [
        (f"{key:02}", swapped[label], "crowd", "eve") for key, label in enumerate(truth)
    ]
    rows += [
        ("98", "a", "crowd", "eve"),
        ("98", "b", "crowd", "zoe"),
        ("99", "b", "crowd", "eve"),
    ]
    rows += [("99", "a", "crowd", "zoe")]
    found = labels(aggregate(table(*rows), DAWID_SKENE)[0])
    assert (found["98"], found["99"]) == ("b", "a")


def test_who_reviewed_alone_is_believed_however_rare_the_label():
    rows = [(str(key), "a" if key else "b", "load", None) for key in range(50)]
    rows += [("x", "a", "crowd", "1"), ("x", "b", "crowd", "2")]
    found = labels(aggregate(table(*rows), DAWID_SKENE)[0])
    assert found["0"] == "b" and found["1"] == "a"


def test_annotators_are_told_apart_by_their_source_too():
    reviews = table(
        ("1", "a", "crowd", "1"),
        ("1", "a", "lab", "1"),
        ("1", "a", "load", None),
        ("1", "a", "load", ""),
    )
    assert annotators(reviews).tolist() == ["crowd/1", "lab/1", "load", "load"]


def test_the_sources_that_train_give_labels_and_the_others_do_not():
    rows = [
        ("1", "spam", "fix", None),
        ("1", "chat", "crowd", None),
        ("2", "spam", "fix", None),
    ]
    rows += [("2", "chat", "fix", "2"), ("3", "chat", "crowd", None)]
    merged = MAJORITY.model_copy(update={"merge": {"all": ("spam", "chat")}})
    fixes = ReviewTraining(sources=("fix",), weight=5.0)
    found = schemas.check(human_labels(table(*rows), fixes, merged), "human_labels")
    assert found.to_dict("list") == {"key": ["1"], "label": ["spam"], "weight": [5.0]}
    none = human_labels(table(*rows), NO_REVIEWS, MAJORITY)
    assert schemas.check(none, "human_labels").empty


BODIES = ["Code 12", "code, 34", "CODE 567", "hello", "Hello!", "lunch?"]
REVIEWS = st.lists(
    st.tuples(st.sampled_from(BODIES), st.sampled_from(["fix", "crowd", "load"])),
    max_size=12,
)


@given(REVIEWS, st.sets(st.sampled_from(["fix", "crowd"])), st.sampled_from([0.0, 0.5]))
def test_no_review_of_a_text_that_taught_is_left_and_every_other_is(
    drawn, sources, holdout
):
    rows = table(*((str(n), "a", source, None) for n, (_, source) in enumerate(drawn)))
    rows["body"] = pd.Series([body for body, _ in drawn], dtype="str")
    cleaned = [Tokeniser.from_settings(TEXT).cleaned(body) for body, _ in drawn]
    withheld = held_out(cleaned, holdout)
    taught = {
        text
        for text, (_, source), out in zip(cleaned, drawn, withheld, strict=True)
        if source in sources and not out
    }
    left = measuring(rows, sources, TEXT, holdout)
    assert left["key"].tolist() == [
        str(n) for n, text in enumerate(cleaned) if text not in taught
    ]
    schemas.check(left.astype({"key": "str"}), "reviews")
