"""The gate's work of a night: both models on the same messages, then the checks."""

import datetime
import functools
import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from pipeline.release.evidence import Evidence, Predict, compare, compare_on_reviews, withheld_documents
from pipeline.release.gate import Night, decide
from pipeline.reviews import measuring
from pipeline.settings import Settings
from scorers.python import nightsieve_scorer


class Model:
    """An exported model, and what a registry's entry says of it; ``decide`` is ``label`` with its thresholds."""

    def __init__(self, content: bytes, traits: dict[str, Any]):
        scorer = nightsieve_scorer.load(content)
        self.label, self.decide = scorer.label, functools.partial(scorer.label, thresholds=True)
        self.labels, self.traits = scorer.labels, traits
        self.has_thresholds = any(json.loads(content)["thresholds"])


@dataclass(frozen=True)
class Unreadable:
    """A published model that this version's scorers do not take, ``why``, and what the registry's entry says of it."""

    why: str
    traits: dict[str, Any]


def published_model(content: bytes, traits: dict[str, Any]) -> Model | Unreadable:
    """The model in a file that may be of an earlier or a later version of the format."""
    try:
        return Model(content, traits)
    except ValueError as error:
        return Unreadable(str(error), traits)


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
    published: Model | Unreadable | None,
    results: dict[str, Any],
    shards: Iterable[tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]],
    verdicts: pd.DataFrame,
    reviews: pd.DataFrame,
) -> dict[str, Any]:
    """The decision on tonight's model as `gate.decide` has it; arguments are those of it and of `evidence`.

    Of the reviews, which taught tonight's model nothing, those that taught the published one are left out too.
    """
    gate, entry = settings.release.gate, published and published.traits
    why, published = (published.why, None) if isinstance(published, Unreadable) else (None, published)
    withheld = _withheld(tonight, published)
    taught_by = published.traits.get("taught_by", ()) if published else ()
    unseen = measuring(reviews, taught_by, settings.text, withheld)
    documents = withheld_documents(shards, verdicts, withheld)

    def evidence(way: Callable[[Model], Predict]) -> Evidence:
        both = way(tonight), published and way(published)
        return Evidence(
            reviews=compare_on_reviews(unseen, *both, tonight.labels, settings.evaluation, gate.regression),
            holdout=compare(documents, *both, tonight.labels, gate.regression),
        )

    decide_otherwise = published and (tonight.has_thresholds or published.has_thresholds)
    night = Night(
        date=datetime.date.fromisoformat(tonight.traits["date"]),
        results=results,
        labelled=evidence(lambda model: model.label),
        decided=evidence(lambda model: model.decide) if decide_otherwise else None,
        unreadable=why,
    )
    return decide(gate, night, entry)


def _withheld(tonight: Model, published: Model | None) -> float:
    """The part of the texts that both models were kept from; whether a text was depends on how it was cleaned."""
    if published is None:
        return tonight.traits["holdout"]
    if published.traits["text"] != tonight.traits["text"]:
        return 0.0
    return min(tonight.traits["holdout"], published.traits["holdout"])
