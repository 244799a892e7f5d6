"""The gate's work of a night: both models on the same messages, then the checks."""

import datetime
import hashlib
from collections.abc import Iterable
from typing import Any

import pandas as pd

from pipeline.release.evidence import compare_on_holdout, compare_on_reviews
from pipeline.release.gate import Night, decide
from pipeline.reviews import measuring
from pipeline.settings import Settings
from scorers.python import nightsieve_scorer


class Model:
    """An exported model, and what a registry's entry says of it."""

    def __init__(self, content: bytes, traits: dict[str, Any]):
        scorer = nightsieve_scorer.load(content)
        self.predict, self.labels, self.traits = scorer.label, scorer.labels, traits


def traits(date: datetime.date, settings: Settings) -> dict[str, Any]:
    """What a later night must know of a model of this night to compare itself with it, as a JSON value."""
    return {
        "date": date.isoformat(),
        "holdout": settings.release.holdout,
        "text": hashlib.sha256(settings.text.model_dump_json().encode()).hexdigest()[:16],
        "taught_by": list(settings.evaluation.train.sources),
    }


def judge(
    settings: Settings,
    tonight: Model,
    published: Model | None,
    results: dict[str, Any],
    shards: Iterable[tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]],
    verdicts: pd.DataFrame,
    reviews: pd.DataFrame,
) -> dict[str, Any]:
    """The decision on tonight's model as `gate.decide` has it; arguments are those of it and of `evidence`.

    Of the reviews, which taught tonight's model nothing, those that taught the published one are left out too.
    """
    gate = settings.release.gate
    champion = published and published.predict
    withheld = _withheld(tonight, published)
    taught_by = published.traits.get("taught_by", ()) if published else ()
    unseen = measuring(reviews, taught_by, settings.text, withheld)
    on_reviews = compare_on_reviews(
        unseen, tonight.predict, champion, tonight.labels, settings.evaluation, gate.regression
    )
    on_holdout = compare_on_holdout(
        shards, verdicts, withheld, tonight.predict, champion, tonight.labels, gate.regression
    )
    night = Night(
        date=datetime.date.fromisoformat(tonight.traits["date"]),
        results=results,
        on_reviews=on_reviews,
        on_holdout=on_holdout,
    )
    return decide(gate, night, published and published.traits)


def _withheld(tonight: Model, published: Model | None) -> float:
    """The part of the texts that both models were kept from; whether a text was depends on how it was cleaned."""
    if published is None:
        return tonight.traits["holdout"]
    if published.traits["text"] != tonight.traits["text"]:
        return 0.0
    return min(tonight.traits["holdout"], published.traits["holdout"])
