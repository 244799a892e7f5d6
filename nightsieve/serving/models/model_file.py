"""The file that the option ``--model`` names."""

from pathlib import Path
from typing import NamedTuple

from nightsieve.serving.contract.preparation import ServedModel, prepare_model
from pipeline.errors import ArtefactError, DataError


class ModelFile(NamedTuple):
    """A model and the bytes of its file."""

    model: ServedModel
    content: bytes


def read_model_file(path: Path) -> ModelFile:
    """Return the model of the file that ``--model`` names.

    Raises
    ------
    DataError
        The file cannot be read.
    ArtefactError
        It is not a model, or this version does not read it.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(
            f"--model {path}: cannot be read: {error.strerror}; check its name"
        ) from None
    try:
        model = prepare_model(content)
    except ValueError as error:
        raise ArtefactError(
            f"--model {path}: not a model of this version: {error}; fetch the model "
            "again"
        ) from None
    return ModelFile(model, content)
