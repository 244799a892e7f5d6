"""The models that the gate compares: tonight's, and those published before it."""

import datetime
import functools
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from pipeline.config.settings import Settings
from pipeline.records.models import ModelEntry, ModelTraits
from scorers.python import nightsieve_scorer

#: Takes a message, and returns its label.
Predict: TypeAlias = Callable[[str], str]

DIGEST_LENGTH = 16


@dataclass(frozen=True)
class Contender:
    """An exported model that this version can read.

    Attributes
    ----------
    label, label_with_thresholds
        Both remember what they have said: every comparison asks again.
    has_thresholds
        Whether a label has one in the file.
    """

    label: Predict
    label_with_thresholds: Predict
    labels: tuple[str, ...]
    has_thresholds: bool
    traits: ModelTraits

    @classmethod
    def from_file(cls, content: bytes, traits: ModelTraits) -> "Contender":
        """Return the model in a file.

        Raises
        ------
        ValueError
            The file is of another version of the format.
        """
        scorer = nightsieve_scorer.load(content)
        label_with_thresholds = functools.partial(scorer.label, thresholds=True)
        return cls(
            label=functools.cache(scorer.label),
            label_with_thresholds=functools.cache(label_with_thresholds),
            labels=tuple(scorer.labels),
            has_thresholds=any(json.loads(content)["thresholds"]),
            traits=traits,
        )

    def predict(self, with_thresholds: bool) -> Predict:
        """Return how it labels a message."""
        return self.label_with_thresholds if with_thresholds else self.label


@dataclass(frozen=True)
class UnsupportedModel:
    """A published model that this version cannot read, and why."""

    reason: str


@dataclass(frozen=True)
class PublishedModel:
    """A published model, with what the registry knows of it."""

    entry: ModelEntry
    model: Contender | UnsupportedModel

    @classmethod
    def from_file(cls, entry: ModelEntry, content: bytes) -> "PublishedModel":
        """Return the model in a file of an earlier or a later version of the format."""
        try:
            return cls(entry, Contender.from_file(content, entry.traits))
        except ValueError as error:
            return cls(entry, UnsupportedModel(str(error)))

    @property
    def contender(self) -> Contender | None:
        """The model, if this version can read it."""
        return self.model if isinstance(self.model, Contender) else None

    @property
    def unsupported(self) -> str | None:
        """Why this version cannot read it; None if it can."""
        return self.model.reason if isinstance(self.model, UnsupportedModel) else None


@dataclass(frozen=True)
class Opponents:
    """The models that tonight's is compared with.

    Attributes
    ----------
    champion
        The published model; None before the first publication.
    earlier
        One that was published before the champion, so that small losses add up; None
        without one.
    """

    champion: PublishedModel | None = None
    earlier: PublishedModel | None = None


def model_traits(date: datetime.date, settings: Settings) -> ModelTraits:
    """Return what a later night must know of a model of this night."""
    text = settings.text.model_dump_json().encode()
    return ModelTraits(
        date=date,
        holdout=settings.training.holdout_fraction,
        text=hashlib.sha256(text).hexdigest()[:DIGEST_LENGTH],
        taught_by=tuple(settings.training.reviews.sources),
    )


def shared_holdout(tonight: ModelTraits, other: ModelTraits) -> float:
    """Return the share of the texts that both models were kept from.

    Whether a text is held out depends on how it is cleaned.
    """
    if other.text != tonight.text:
        return 0.0
    return min(tonight.holdout, other.holdout)
