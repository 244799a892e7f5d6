"""What the registry knows about published models."""

import datetime

from pipeline.records.record import Record
from pipeline.records.release import ReferenceFigures


class ModelTraits(Record):
    """What a later night must know about a model to compare itself with it.

    Attributes
    ----------
    date
        The night of the model.
    holdout
        The fraction of the texts that the model was not trained on.
    text
        A digest of the text contract's settings: how the model's texts were cleaned.
    taught_by
        Sources of the reviews that trained the model.
    """

    date: datetime.date
    holdout: float
    text: str
    taught_by: tuple[str, ...]


class ModelFacts(Record):
    """What is kept about a model beside its files.

    Attributes
    ----------
    config
        The digest of the configuration of the model's night.
    figures
        What a later night is compared with.
    champion, predecessors
        As in the model's `Decision`.
    restores, reason
        For a rollback: the serial that is published again, and why. None otherwise.
    """

    traits: ModelTraits
    config: str
    figures: ReferenceFigures
    champion: int | None
    predecessors: tuple[int, ...]
    restores: int | None = None
    reason: str | None = None

    @property
    def date(self) -> datetime.date:
        """The night of the model."""
        return self.traits.date


class ModelEntry(ModelFacts):
    """A published model: ``entry.json`` beside its files.

    Attributes
    ----------
    publication
        Identifies the decision, or the rollback, that published the model.
    files
        The sha256 of each file by its name.
    """

    serial: int
    publication: str
    files: dict[str, str]


class CurrentModel(Record):
    """``models/current.json``: which model is current, and the sha256 of its files."""

    serial: int
    files: dict[str, str]
