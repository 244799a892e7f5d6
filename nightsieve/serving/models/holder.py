"""The model that a process serves."""

from pathlib import Path
from typing import NamedTuple

from nightsieve.serving.contract.preparation import ServedModel
from nightsieve.serving.contract.problems import Problem
from nightsieve.serving.models.failures import Failure
from nightsieve.serving.models.model_file import read_model_file
from nightsieve.serving.models.published import (
    Description,
    PublishedModel,
    describe_file,
)


class _Held(NamedTuple):
    model: ServedModel
    description: Description
    published: PublishedModel | None


class ModelHolder:
    """Holds the served model; it is replaced as a whole.

    A request takes `current` once, so that all of its answer comes from one model.

    Attributes
    ----------
    failure
        Why the newest model is not served; None if it is.
    """

    def __init__(self) -> None:
        self._held: _Held | None = None
        self.failure: Failure | None = None

    @property
    def current(self) -> ServedModel:
        """The served model.

        Raises
        ------
        Problem
            503: no model was loaded yet.
        """
        return self._require().model

    @property
    def description(self) -> Description:
        """What clients receive about the served model.

        Raises
        ------
        Problem
            503: no model was loaded yet.
        """
        return self._require().description

    @property
    def published(self) -> PublishedModel | None:
        """The served model with its files; None if it is a file, or not loaded."""
        return None if self._held is None else self._held.published

    @property
    def is_loaded(self) -> bool:
        """Whether a model is served."""
        return self._held is not None

    def serve_published(self, published: PublishedModel) -> None:
        """Serve a model of the store from the next request on."""
        self._held = _Held(published.model, published.description, published)

    def serve_file(self, path: Path) -> None:
        """Serve the model of a file.

        Raises
        ------
        DataError
            The file cannot be read.
        ArtefactError
            It is not a model.
        """
        model_file = read_model_file(path)
        model = model_file.model
        self._held = _Held(model, describe_file(model, len(model_file.content)), None)

    def _require(self) -> _Held:
        if self._held is None:
            cause = "" if self.failure is None else f": {self.failure.words}"
            detail = f"no model is loaded yet{cause}; try again later"
            raise Problem(503, "no-model", detail, headers={"Retry-After": "5"})
        return self._held
