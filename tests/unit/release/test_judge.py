"""The gate's work: which messages the two models are held against each other on."""

import datetime
import json
from types import SimpleNamespace

import pandas as pd

from pipeline import config
from pipeline.export import assemble, quantise
from pipeline.release.judge import Model, judge, published_model, traits
from tests.unit.export.exported_models import ESTIMATORS, SENTENCES, exported, fit
from tests.unit.release.test_gate import CHAMPION, RESULTS
from tests.unit.test_reviews import table

DATE = datetime.date(2026, 11, 20)
TEACHING = "evaluation.train.sources=[correction]"


def settings(*patches: str):
    layers = [config.file_layer(config.DEFAULTS), *map(config.patch_layer, ("release.holdout=0", *patches))]
    return config.resolve(layers, {"NIGHTSIEVE_DATABASE_URL": "sqlite:///unused.db"}).settings


def model(date: datetime.date, *patches: str) -> SimpleNamespace:
    known = {**CHAMPION, **traits(date, settings(*patches))}
    spam = {"label": lambda body: "spam", "decide": lambda body: "spam"}
    return SimpleNamespace(**spam, has_thresholds=False, labels=("personal", "spam"), traits=known)


def test_reviews_that_taught_the_published_model_compare_nothing():
    shard = [pd.DataFrame({"key": [], name: []}).astype("str") for name in ("body", "text", "rules")]
    reviews = table(
        ("1", "spam", "correction", None), ("2", "personal", "correction", None), ("3", "spam", "crowd", None)
    )
    reviews["body"] = pd.Series(["pay now", "see you", "PAY now!"], dtype="str")
    empty = pd.DataFrame({"rules": pd.Series([], dtype=object), "label": pd.Series([], dtype="str")})
    compared = []
    for patches in ((), (TEACHING,)):
        given = (settings(), model(DATE), model(DATE, *patches), RESULTS, [shard], empty, reviews)
        compared.append(judge(*given)["compared"]["reviews"]["messages"])
    assert compared == [3, 0]


def exported_with(**thresholds: float) -> bytes:
    return exported(quantise(assemble(fit(ESTIMATORS[0])).with_thresholds(thresholds), 12))


def compared(tonight: bytes, published: bytes | None, *patches: str) -> dict:
    """What the gate decides on two models, each of them kept from both messages that there are."""
    known = {**CHAMPION, **traits(DATE, settings()), "holdout": 1.0}
    bodies = [SENTENCES["spam"], SENTENCES["chat"]]
    columns = {"body": bodies, "text": bodies, "rules": [["s"], ["c"]]}
    shard = tuple(pd.DataFrame({"key": ["1", "2"], name: values}) for name, values in columns.items())
    verdicts = pd.DataFrame({"rules": [["s"], ["c"]], "label": ["spam", "chat"]})
    models = Model(tonight, known), published and published_model(published, known)
    return judge(settings(*patches), *models, RESULTS, [shard], verdicts, table())


def test_a_threshold_that_changes_labels_is_seen_whoever_has_it():
    without, careful = exported_with(), exported_with(spam=9.0)
    for found in (compared(careful, without)["compared"], compared(without, careful)["compared"]):
        assert found["holdout"]["churn"] == 0 and found["with_thresholds"]["holdout"]["churn"] == 0.5
    for found in (compared(without, without), compared(careful, None)):
        assert found["compared"]["with_thresholds"] is None


def test_a_champion_of_another_format_is_a_reason_in_words_that_can_be_overridden():
    tonight = exported_with()
    other = json.dumps({**json.loads(tonight), "version": "2.0"}).encode()
    found = compared(tonight, other)
    (check,) = [check for check in found["checks"] if check["name"] == "champion"]
    assert (found["publish"], found["champion"], check["verdict"]) == (False, CHAMPION["serial"], "failed")
    assert any(reason.startswith("champion: the published model's file unreadable") for reason in found["reasons"])
    assert found["compared"]["holdout"]["churn"] is None
    why = [f"release.gate.override.night={DATE}", "release.gate.override.reason=the format is a new one"]
    assert compared(tonight, other, *why)["publish"]
    assert not any(check["name"] == "champion" for check in compared(tonight, tonight)["checks"])
