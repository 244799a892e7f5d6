"""The model that a process serves."""

from pathlib import Path

from nightsieve.serving.contract.preparation import ServedModel, prepare_model
from nightsieve.serving.contract.problems import Problem
from pipeline.errors import ArtefactError, DataError


class ModelHolder:
    """Holds the served model; it is replaced as a whole.

    A request takes `current` once, so that all of its answer comes from one model.
    """

    def __init__(self) -> None:
        self._model: ServedModel | None = None

    @property
    def current(self) -> ServedModel:
        """The served model.

        Raises
        ------
        Problem
            503: no model was loaded yet.
        """
        if self._model is None:
            detail = "no model is loaded yet; try again later"
            raise Problem(503, "no-model", detail, headers={"Retry-After": "5"})
        return self._model

    @property
    def is_loaded(self) -> bool:
        """Whether a model is served."""
        return self._model is not None

    def replace(self, model: ServedModel) -> None:
        """Serve another model from the next request on."""
        self._model = model


def read_model_file(path: Path) -> ServedModel:
    """Return the model of a file.

    Raises
    ------
    DataError
        The file cannot be read.
    ArtefactError
        It is not a model.
    """
    try:
        return prepare_model(path.read_bytes())
    except OSError as error:
        raise DataError(
            f"--model {path}: cannot be read: {error.strerror}; check its name"
        ) from None
    except ValueError as error:
        raise ArtefactError(
            f"--model {path}: not a model: {error}; fetch the model again"
        ) from None
