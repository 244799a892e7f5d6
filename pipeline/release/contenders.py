"""The models that the gate compares: tonight's, and those published before it."""

import datetime
import functools
import hashlib
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
        Both cache their answers, since every comparison asks for them again.
    has_thresholds
        Whether any label of the file has a threshold.
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
            has_thresholds=scorer.has_thresholds,
            traits=traits,
        )

    def predict(self, with_thresholds: bool) -> Predict:
        """Return the function that labels a message."""
        if with_thresholds:
            return self.label_with_thresholds
        return self.label


@dataclass(frozen=True)
class UnsupportedModel:
    """A published model that this version cannot read, and why."""

    reason: str


@dataclass(frozen=True)
class PublishedModel:
    """A published model, with its entry in the registry."""

    entry: ModelEntry
    model: Contender | UnsupportedModel

    @classmethod
    def from_file(cls, entry: ModelEntry, content: bytes) -> "PublishedModel":
        """Return the model in a file, which may have a version that cannot be read."""
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
    """The published models that tonight's model is compared with.

    Attributes
    ----------
    champion
        The published model; None before the first publication.
    earlier
        A model published before the champion, so that small losses over several nights
        are seen; None without one.
    """

    champion: PublishedModel | None = None
    earlier: PublishedModel | None = None


def model_traits(date: datetime.date, settings: Settings) -> ModelTraits:
    """Return what a later night must know about a model of this night."""
    text = settings.text.model_dump_json().encode()
    return ModelTraits(
        date=date,
        holdout=settings.training.holdout_fraction,
        text=hashlib.sha256(text).hexdigest()[:DIGEST_LENGTH],
        taught_by=tuple(settings.training.reviews.sources),
    )


def shared_holdout(tonight: ModelTraits, other: ModelTraits) -> float:
    """Return the share of the texts that were held out of training both models.

    Whether a text is held out depends on how it is cleaned, so models with different
    text contracts share nothing.

    Examples
    --------
    >>> date = datetime.date(2026, 11, 20)
    >>> tonight = ModelTraits(date=date, holdout=0.1, text="00", taught_by=())
    >>> shared_holdout(tonight, tonight.model_copy(update={"holdout": 0.05}))
    0.05
    >>> shared_holdout(tonight, tonight.model_copy(update={"text": "01"}))
    0.0
    """
    if other.text != tonight.text:
        return 0.0
    return min(tonight.holdout, other.holdout)
