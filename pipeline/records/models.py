"""What the registry knows of published models."""

import datetime

from pipeline.records.record import Record
from pipeline.records.release import ReferenceFigures


class ModelTraits(Record):
    """What a later night must know of a model to compare itself with it.

    Attributes
    ----------
    date
        Its night.
    holdout
        The fraction of the texts that it was not trained on.
    text
        A digest of the text contract's settings: how its texts were cleaned.
    taught_by
        Sources of the reviews that trained it.
    """

    date: datetime.date
    holdout: float
    text: str
    taught_by: tuple[str, ...]


class ModelFacts(Record):
    """What is kept of a model beside its files.

    Attributes
    ----------
    traits
        See `ModelTraits`.
    config
        The digest of its night's configuration.
    figures
        What a later night is held against.
    champion, predecessors
        As in its decision.
    restores, reason
        Of a rollback: the serial that it publishes again, and why.
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
        """Its night."""
        return self.traits.date


class ModelEntry(ModelFacts):
    """A published model, as ``entry.json`` beside its files says.

    Attributes
    ----------
    publication
        Names the decision, or the rollback, that it came from.
    files
        sha256 of each file by its name.
    """

    serial: int
    publication: str
    files: dict[str, str]


class CurrentModel(Record):
    """``models/current.json``: which model is current, and the sha256 of its files."""

    serial: int
    files: dict[str, str]
