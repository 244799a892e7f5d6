"""The gate's work: which messages the two models are held against each other on."""

import datetime
from types import SimpleNamespace

import pandas as pd

from pipeline import config
from pipeline.release.judge import judge, traits
from tests.unit.release.test_gate import CHAMPION, RESULTS
from tests.unit.test_reviews import table

DATE = datetime.date(2026, 11, 20)
TEACHING = "evaluation.train.sources=[correction]"


def settings(*patches: str):
    layers = [config.file_layer(config.DEFAULTS), *map(config.patch_layer, ("release.holdout=0", *patches))]
    return config.resolve(layers, {"NIGHTSIEVE_DATABASE_URL": "sqlite:///unused.db"}).settings


def model(date: datetime.date, *patches: str) -> SimpleNamespace:
    known = {**CHAMPION, **traits(date, settings(*patches))}
    return SimpleNamespace(predict=lambda body: "spam", labels=("personal", "spam"), traits=known)


def test_reviews_that_taught_the_published_model_compare_nothing():
    shard = [pd.DataFrame({"key": [], name: []}).astype("str") for name in ("body", "text", "rules")]
    reviews = table(
        ("1", "spam", "correction", None), ("2", "personal", "correction", None), ("3", "spam", "crowd", None)
    )
    reviews["body"] = pd.Series(["pay now", "see you", "PAY now!"], dtype="str")
    empty = pd.DataFrame({"rules": pd.Series([], dtype=object), "label": pd.Series([], dtype="str")})
    compared = []
    for patches in ((), (TEACHING,)):
        given = (
            settings(),
            model(
                DATE,
            ),
            model(DATE, *patches),
            RESULTS,
            [shard],
            empty,
            reviews,
        )
        compared.append(judge(*given)["compared"]["reviews"]["messages"])
    assert compared == [3, 0]
