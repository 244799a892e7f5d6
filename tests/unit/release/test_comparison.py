"""The gate's work: which messages the two models are held against each other on."""

import datetime
import functools
import json
from types import SimpleNamespace

import pandas as pd

from pipeline import config
from pipeline.model.from_sklearn import linear_model
from pipeline.model.quantise import quantise
from pipeline.release.comparison import Model, judge, published_model, traits
from pipeline.rules.files import read_rules
from tests.unit.data.test_reviewed_messages import table
from tests.unit.export.exported_models import ESTIMATORS, SENTENCES, exported, fit
from tests.unit.release.test_checks import CHAMPION, RESULTS

DATE = datetime.date(2026, 11, 20)
TEACHING = "training.reviews.sources=[correction]"
WORDS = [f"{first}{second}" for first in "abcdef" for second in "ghijkl"]
EMPTY = [
    pd.DataFrame({"key": [], name: []}).astype("str")
    for name in ("body", "text", "rules")
]
NO_VERDICTS = pd.DataFrame(
    {"rules": pd.Series([], dtype=object), "label": pd.Series([], dtype="str")}
)


@functools.cache
def settings(*patches: str):
    layers = [
        config.file_layer(config.DEFAULTS),
        *map(config.patch_layer, ("training.holdout_fraction=0", *patches)),
    ]
    return config.resolve(layers, read_rules).settings


def model(
    date: datetime.date, *patches: str, says=lambda body: "spam", **known
) -> SimpleNamespace:
    known = {**CHAMPION, **traits(date, settings(*patches)), **known}
    labels = ("personal", "spam")
    return SimpleNamespace(
        label=says, decide=says, has_thresholds=False, labels=labels, traits=known
    )


def test_reviews_that_taught_the_published_model_compare_nothing():
    reviews = table(
        ("1", "spam", "correction", None),
        ("2", "personal", "correction", None),
        ("3", "spam", "crowd", None),
    )
    reviews["body"] = pd.Series(["pay now", "see you", "PAY now!"], dtype="str")
    compared = []
    for patches in ((), (TEACHING,)):
        given = (
            settings(),
            model(DATE),
            model(DATE, *patches),
            None,
            RESULTS,
            [EMPTY],
            NO_VERDICTS,
            reviews,
        )
        compared.append(judge(*given)["compared"]["reviews"]["messages"])
    assert compared == [3, 0]


def crowd(labels: dict[str, str], correction: str | None = None) -> pd.DataFrame:
    """A review of the crowd for each word, and a correction of that one."""
    reviews = table(*((word, label, "crowd", None) for word, label in labels.items()))
    return (
        pd.concat(
            [reviews, table((correction, labels[correction], "correction", None))]
        )
        if correction
        else reviews
    )


def test_an_earlier_model_is_held_against_tonights_on_the_reviews_that_did_not_teach_it():
    reviews = crowd(dict.fromkeys(WORDS, "spam"), correction=WORDS[0])
    wrong, right = (
        model(DATE, says=lambda body: "personal"),
        model(DATE, TEACHING, serial=4),
    )
    found = judge(
        settings(), wrong, wrong, right, RESULTS, [EMPTY], NO_VERDICTS, reviews
    )
    verdicts = {
        check["name"]: (check["verdict"], check["value"]) for check in found["checks"]
    }
    assert verdicts["regression on reviews"] == ("passed", 0)
    assert verdicts["regression since an earlier model"] == ("failed", -1)
    assert found["earlier"] == 4
    compared = (found["compared"][name]["messages"] for name in ("reviews", "earlier"))
    assert tuple(compared) == (len(WORDS), len(WORDS) - 1)


def test_reviews_that_change_their_mind_are_seen_though_no_model_changes():
    truth = {
        word: ("spam", "personal")[number % 2] for number, word in enumerate(WORDS)
    }
    right = {"value": 1.0, "low": 0.9, "high": 1.0}
    figures = {
        **CHAMPION["figures"],
        "reviews": {"macro": right, "per_label": {"personal": right, "spam": right}},
    }

    def says(body: str) -> str:
        return truth[body.removeprefix("text ")]

    for labels, expected in (
        (truth, "passed"),
        (dict.fromkeys(WORDS, "personal"), "failed"),
    ):
        models = model(DATE, says=says), model(DATE, says=says, figures=figures), None
        found = judge(settings(), *models, RESULTS, [EMPTY], NO_VERDICTS, crowd(labels))
        verdicts = {check["name"]: check["verdict"] for check in found["checks"]}
        assert {
            verdict
            for name, verdict in verdicts.items()
            if name.startswith("drift of reviews")
        } == {expected}
        assert verdicts["regression on reviews"] == "passed"


def exported_with(**thresholds: float) -> bytes:
    return exported(
        quantise(linear_model(fit(ESTIMATORS[0])).with_thresholds(thresholds), 12)
    )


def compared(tonight: bytes, published: bytes | None, *patches: str) -> dict:
    """What the gate decides on two models, each of them kept from both messages that there are."""
    known = {**CHAMPION, **traits(DATE, settings()), "holdout": 1.0}
    bodies = [SENTENCES["spam"], SENTENCES["chat"]]
    columns = {"body": bodies, "text": bodies, "rules": [["s"], ["c"]]}
    shard = tuple(
        pd.DataFrame({"key": ["1", "2"], name: values})
        for name, values in columns.items()
    )
    verdicts = pd.DataFrame({"rules": [["s"], ["c"]], "label": ["spam", "chat"]})
    models = Model(tonight, known), published and published_model(published, known)
    return judge(settings(*patches), *models, None, RESULTS, [shard], verdicts, table())


def test_a_threshold_that_changes_labels_is_seen_whoever_has_it():
    without, careful = exported_with(), exported_with(spam=9.0)
    for found in (
        compared(careful, without)["compared"],
        compared(without, careful)["compared"],
    ):
        assert (
            found["holdout"]["churn"] == 0
            and found["with_thresholds"]["holdout"]["churn"] == 0.5
        )
    for found in (compared(without, without), compared(careful, None)):
        assert found["compared"]["with_thresholds"] is None


def test_a_champion_of_another_format_is_a_reason_in_words_that_can_be_overridden():
    tonight = exported_with()
    other = json.dumps({**json.loads(tonight), "version": "2.0"}).encode()
    found = compared(tonight, other)
    (check,) = [check for check in found["checks"] if check["name"] == "champion"]
    assert (found["publish"], found["champion"], check["verdict"]) == (
        False,
        CHAMPION["serial"],
        "failed",
    )
    assert any(
        reason.startswith("champion: the published model's file unreadable")
        for reason in found["reasons"]
    )
    assert found["compared"]["holdout"]["churn"] is None
    why = [
        f"release.gate.override.night={DATE}",
        "release.gate.override.reason=the format is a new one",
    ]
    assert compared(tonight, other, *why)["publish"]
    assert not any(
        check["name"] == "champion" for check in compared(tonight, tonight)["checks"]
    )
