"""The gate's work of a night: both models on the same messages, then the checks."""

import datetime
import functools
import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from pipeline.config.settings import Settings
from pipeline.release.checks import Night, decide
from pipeline.release.model_outputs import (
    Compared,
    Evidence,
    Predict,
    compare,
    compare_on_reviews,
    withheld_documents,
)
from pipeline.reviews import evaluate_on_reviews, measuring
from scorers.python import nightsieve_scorer


class Model:
    """An exported model, and what a registry's entry says of it; ``decide`` is ``label`` with its thresholds.

    Both remember what they have said: a review is asked for by every comparison.
    """

    def __init__(self, content: bytes, traits: dict[str, Any]):
        scorer = nightsieve_scorer.load(content)
        self.label = functools.cache(scorer.label)
        self.decide = functools.cache(functools.partial(scorer.label, thresholds=True))
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
        "holdout": settings.training.holdout_fraction,
        "text": hashlib.sha256(settings.text.model_dump_json().encode()).hexdigest()[
            :16
        ],
        "taught_by": list(settings.training.reviews.sources),
    }


def judge(
    settings: Settings,
    tonight: Model,
    published: Model | Unreadable | None,
    earlier: Model | Unreadable | None,
    results: dict[str, Any],
    shards: Iterable[tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]],
    verdicts: pd.DataFrame,
    reviews: pd.DataFrame,
) -> dict[str, Any]:
    """The decision on tonight's model as `gate.decide` has it; arguments are those of it and of `evidence`.

    Of the reviews, which taught tonight's model nothing, those that taught the other one are left out too.

    Parameters
    ----------
    earlier : a model that was published before the ``published`` one, so that small steps add up; None without one.
    """
    gate, evaluation, entry = (
        settings.release.gate,
        settings.evaluation,
        published and published.traits,
    )
    why, published = (
        (published.why, None)
        if isinstance(published, Unreadable)
        else (None, published)
    )
    earlier = None if isinstance(earlier, Unreadable) else earlier
    documents = withheld_documents(shards, verdicts, _withheld(tonight, published))

    def on_reviews(way: Callable[[Model], Predict], other: Model | None) -> Compared:
        unseen, judged = (
            _unseen(reviews, tonight, other, settings),
            (other or tonight).labels,
        )
        both = way(tonight), other and way(other)
        return compare_on_reviews(
            unseen,
            *both,
            [*tonight.labels, *judged],
            judged,
            evaluation,
            gate.regression,
        )

    def evidence(way: Callable[[Model], Predict]) -> Evidence:
        both, judged = (
            (way(tonight), published and way(published)),
            (published or tonight).labels,
        )
        return Evidence(
            reviews=on_reviews(way, published),
            holdout=compare(documents, *both, judged, gate.regression),
            earlier=earlier and on_reviews(way, earlier),
        )

    decide_otherwise = published and any(
        model.has_thresholds for model in (tonight, published, earlier) if model
    )
    night = Night(
        date=datetime.date.fromisoformat(tonight.traits["date"]),
        results=results,
        labelled=evidence(lambda model: model.label),
        decided=evidence(lambda model: model.decide) if decide_otherwise else None,
        earlier=earlier and earlier.traits["serial"],
        champion_on_reviews=published
        and _on_reviews(reviews, tonight, published, settings),
        unreadable=why,
    )
    return decide(gate, night, entry)


def _on_reviews(
    reviews: pd.DataFrame, tonight: Model, published: Model, settings: Settings
) -> dict[str, Any] | None:
    """The published model's metrics on tonight's reviews, measured as they were on those of its own night."""
    unseen = _unseen(reviews, tonight, published, settings)
    return evaluate_on_reviews(
        unseen, published.label, published.labels, settings.evaluation
    )["metrics"]


def _unseen(
    reviews: pd.DataFrame, tonight: Model, other: Model | None, settings: Settings
) -> pd.DataFrame:
    """The reviews that taught neither model."""
    taught_by = other.traits.get("taught_by", ()) if other else ()
    return measuring(reviews, taught_by, settings.text, _withheld(tonight, other))


def _withheld(tonight: Model, other: Model | None) -> float:
    """The part of the texts that both models were kept from; whether a text was depends on how it was cleaned."""
    if other is None:
        return tonight.traits["holdout"]
    if other.traits["text"] != tonight.traits["text"]:
        return 0.0
    return min(tonight.traits["holdout"], other.traits["holdout"])
