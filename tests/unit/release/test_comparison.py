"""Which messages the gate compares the models on."""

import functools
import itertools
import json

import pandas as pd
import pytest

from pipeline import config
from pipeline.data import schemas
from pipeline.data.holdout import held_out
from pipeline.data.reviewed_messages import reviewed_messages
from pipeline.model.from_sklearn import linear_model
from pipeline.model.quantise import quantise
from pipeline.records.models import ModelEntry, ModelTraits
from pipeline.records.release import CheckKind, Decision, Verdict
from pipeline.release import (
    Contender,
    Evidence,
    Opponents,
    PublishedModel,
    judge,
    model_traits,
)
from pipeline.release.contenders import Predict, shared_holdout
from pipeline.rules.files import read_rules
from tests.support.exported_models import ESTIMATORS, SENTENCES, exported, fit
from tests.support.gate_records import CHAMPION, DATE, MEASUREMENTS, changed, f1
from tests.unit.data.test_reviewed_messages import table

TEACHING = "training.reviews.sources=[app]"
WORDS = list(map("".join, itertools.product("abcdef", "ghijkl")))


@functools.cache
def settings(*patches: str) -> config.Settings:
    layers = [
        config.file_layer(config.DEFAULTS),
        *map(config.patch_layer, ("training.holdout_fraction=0", *patches)),
    ]
    return config.resolve(layers, read_rules).settings


def evaluation_set(*rows: tuple[str, str | None, int]) -> pd.DataFrame:
    """Return the evaluation set of these bodies, labels and weights.

    A body is its own cleaned text.
    """
    documents = pd.DataFrame(rows, columns=["body", "label", "weight"])
    documents.insert(0, "text", documents["body"])
    types = {"text": "str", "body": "str", "label": "str", "weight": "int64"}
    return schemas.check(documents.astype(types), "evaluation_set")


def always(label: str) -> Predict:
    """Return a model that gives every message this label."""

    def predict(body: str) -> str:
        return label

    return predict


SPAM = always("spam")


def contender(
    predict: Predict = SPAM, *patches: str, **traits: float | str
) -> Contender:
    return Contender(
        label=predict,
        label_with_thresholds=predict,
        labels=("personal", "spam"),
        has_thresholds=False,
        traits=changed(model_traits(DATE, settings(*patches)), **traits),
    )


def published(model: Contender, entry: ModelEntry = CHAMPION) -> PublishedModel:
    return PublishedModel(changed(entry, traits=model.traits), model)


def decide(
    tonight: Contender,
    champion: PublishedModel | None,
    earlier: PublishedModel | None = None,
    reviews: pd.DataFrame | None = None,
    documents: pd.DataFrame | None = None,
    *patches: str,
) -> Decision:
    reviews = table() if reviews is None else reviews
    gate = settings(*patches).release.gate
    evidence = Evidence(
        evaluation_set=evaluation_set() if documents is None else documents,
        reviewed=reviewed_messages(
            reviews, reviews["body"].str.lower(), "majority", merge={}
        ),
        evaluation=settings(*patches).evaluation,
        regression=gate.regression,
    )
    opponents = Opponents(champion, earlier)
    return judge(gate, tonight, opponents, MEASUREMENTS, evidence, today=DATE)


def verdicts(decided: Decision, kind: CheckKind) -> set[Verdict]:
    return {check.verdict for check in decided.checks if check.kind is kind}


def test_reviews_that_trained_the_published_model_compare_nothing():
    reviews = table(
        ("1", "spam", "app", None),
        ("2", "personal", "app", None),
        ("3", "spam", "crowd", None),
    )
    reviews["body"] = pd.Series(["pay now", "see you", "PAY now"], dtype="str")
    compared = []
    for patches in ((), (TEACHING,)):
        champion = published(contender(SPAM, *patches))
        decided = decide(contender(), champion, reviews=reviews)
        compared.append(decided.compared.reviews.messages)
    assert compared == [3, 0]


def crowd(labels: dict[str, str], correction: str | None = None) -> pd.DataFrame:
    """Return a review by the crowd of each word, and a correction of one word."""
    reviews = table(*((word, label, "crowd", None) for word, label in labels.items()))
    if correction is None:
        return reviews
    corrected = table((correction, labels[correction], "app", None))
    return pd.concat([reviews, corrected], ignore_index=True)


def test_an_earlier_model_is_compared_on_reviews_that_did_not_train_it():
    reviews = crowd(dict.fromkeys(WORDS, "spam"), correction=WORDS[0])
    wrong = contender(always("personal"))
    right = contender(SPAM, TEACHING)
    earlier = published(right, changed(CHAMPION, serial=4))
    decided = decide(wrong, published(wrong), earlier, reviews)
    (on_reviews,) = (
        check
        for check in decided.checks
        if check.kind is CheckKind.REGRESSION_ON_REVIEWS
    )
    (since_earlier,) = (
        check
        for check in decided.checks
        if check.kind is CheckKind.REGRESSION_SINCE_EARLIER
    )
    assert (on_reviews.verdict, on_reviews.value) == (Verdict.PASSED, 0)
    assert (since_earlier.verdict, since_earlier.value) == (Verdict.FAILED, -1)
    assert decided.earlier == 4
    assert decided.compared.reviews.messages == len(WORDS)
    assert decided.compared.earlier.messages == len(WORDS) - 1


def test_reviews_that_change_are_seen_although_no_model_changes():
    truth = dict.fromkeys(WORDS[::2], "spam") | dict.fromkeys(WORDS[1::2], "personal")
    right = f1(0.96)
    f1_figures = {"macro": right, "per_label": {"personal": right, "spam": right}}
    figures = changed(
        CHAMPION.figures, reviews=changed(CHAMPION.figures.reviews, **f1_figures)
    )

    def knows(body: str) -> str:
        return truth[body.removeprefix("text ")]

    for labels, expected in (
        (truth, Verdict.PASSED),
        (dict.fromkeys(WORDS, "personal"), Verdict.FAILED),
    ):
        champion = published(contender(knows), changed(CHAMPION, figures=figures))
        decided = decide(contender(knows), champion, reviews=crowd(labels))
        assert verdicts(decided, CheckKind.DRIFT_OF_REVIEWS) == {expected}
        assert verdicts(decided, CheckKind.REGRESSION_ON_REVIEWS) == {Verdict.PASSED}


def exported_with(**thresholds: float) -> bytes:
    return exported(
        quantise(linear_model(fit(ESTIMATORS[0])).with_thresholds(thresholds), 12)
    )


def compared(tonight: bytes, champion: bytes | None, *patches: str) -> Decision:
    """Return the decision on two models, each kept from both messages."""
    traits = changed(model_traits(DATE, settings()), holdout=1.0)
    entry = changed(CHAMPION, traits=traits)
    documents = evaluation_set(
        (SENTENCES["spam"], "spam", 1), (SENTENCES["chat"], "chat", 1)
    )
    return decide(
        Contender.from_file(tonight, traits),
        None if champion is None else PublishedModel.from_file(entry, champion),
        None,
        None,
        documents,
        *patches,
    )


def test_a_threshold_that_changes_labels_is_seen_in_either_model():
    without = exported_with()
    careful = exported_with(spam=9.0)
    for decided in (compared(careful, without), compared(without, careful)):
        assert decided.compared.holdout.churn == 0
        assert decided.compared_with_thresholds.holdout.churn == 0.5
    for decided in (compared(without, without), compared(careful, None)):
        assert decided.compared_with_thresholds is None


def test_a_champion_of_another_format_fails_and_can_be_overridden():
    tonight = exported_with()
    other = json.dumps({**json.loads(tonight), "version": "2.0"}).encode()
    decided = compared(tonight, other)
    (check,) = (check for check in decided.checks if check.kind is CheckKind.READABLE)
    assert (decided.publish, decided.champion) == (False, CHAMPION.serial)
    assert check in decided.failed
    assert "2.0" in check.note
    assert decided.compared.holdout.churn is None
    assert decided.compared.holdout.documents == 2
    why = [
        f"release.gate.override.night={DATE}",
        "release.gate.override.reason=the format is a new one",
    ]
    assert compared(tonight, other, *why).publish
    assert not verdicts(compared(tonight, tonight), CheckKind.READABLE)


def test_an_earlier_model_of_another_format_is_not_compared_and_refuses_nothing():
    tonight = exported_with()
    other = json.dumps({**json.loads(tonight), "version": "2.0"}).encode()
    model = Contender.from_file(tonight, model_traits(DATE, settings()))
    earlier = PublishedModel.from_file(changed(CHAMPION, serial=4), other)
    decided = decide(model, published(model), earlier)
    assert decided.earlier is decided.compared.earlier is None
    assert verdicts(decided, CheckKind.REGRESSION_SINCE_EARLIER) == {Verdict.SKIPPED}
    assert not verdicts(decided, CheckKind.READABLE)


def test_models_are_compared_on_texts_held_out_of_both():
    documents = evaluation_set(*((word, "spam", 2) for word in WORDS))
    fewer = int(held_out(WORDS, 0.5).sum())
    assert 0 < fewer < len(WORDS)
    tonight = contender(holdout=1.0)
    for traits, expected in (
        ({"holdout": 0.5}, fewer),
        ({"holdout": 1.0}, len(WORDS)),
        ({"holdout": 1.0, "text": "cleaned otherwise"}, 0),
    ):
        champion = published(contender(**traits))
        decided = decide(tonight, champion, documents=documents)
        assert decided.compared.holdout.documents == expected
        assert decided.compared.holdout.messages == 2 * expected
    assert decide(tonight, None, documents=documents).compared.holdout.documents == 36


@pytest.mark.parametrize(("ours", "theirs"), [(0.05, 0.1), (0.1, 0.05), (0.05, 0.05)])
def test_the_shared_holdout_is_the_smaller_one(ours: float, theirs: float):
    traits: ModelTraits = CHAMPION.traits
    tonight = changed(traits, holdout=ours)
    other = changed(traits, holdout=theirs)
    assert shared_holdout(tonight, other) == 0.05
    assert shared_holdout(tonight, changed(other, text="01")) == 0


def test_a_change_of_how_texts_are_cleaned_is_another_text_contract():
    assert model_traits(DATE, settings()) == model_traits(DATE, settings())
    other = model_traits(DATE, settings("text.min_token=3"))
    assert other.text != model_traits(DATE, settings()).text
    assert model_traits(DATE, settings(TEACHING)).taught_by == ("app",)
