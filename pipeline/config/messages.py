"""A validation error as one line: layer, key, value, and what is accepted."""

import difflib
import json
from collections.abc import Sequence
from typing import get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from pipeline.config.interpolate import SECRET_KEYS
from pipeline.config.layers import Origins

_MAX_ERRORS = 5
_MAX_VALUE_LENGTH = 60  # characters; a longer value is not repeated
_MIN_SIMILARITY = 0.7  # of two keys, if one may be a typing error for the other

Location = tuple[int | str, ...]


def explain(failure: ValidationError, model: type[BaseModel], origins: Origins) -> str:
    """Return the first errors of a failed validation, one a line.

    Parameters
    ----------
    model
        The class that was validated; its fields are the accepted keys.
    """
    errors = _innermost(failure.errors())[:_MAX_ERRORS]
    return "\n".join(_explain_error(error, model, origins) for error in errors)


def _innermost(errors: Sequence[ErrorDetails]) -> list[ErrorDetails]:
    """Leave out errors that only follow from an error at a deeper key."""
    return [error for error in errors if not _follows(error, errors)]


def _follows(error: ErrorDetails, errors: Sequence[ErrorDetails]) -> bool:
    depth = len(error["loc"])
    for other in errors:
        if other is not error and other["loc"][:depth] == error["loc"]:
            return True
    return False


def _explain_error(
    error: ErrorDetails, model: type[BaseModel], origins: Origins
) -> str:
    key = ".".join(map(str, error["loc"]))
    where = f"{origins.name(key)}: {key}"
    if error["type"] == "extra_forbidden":
        return f"{where}: unknown key; {_accepted_keys(error['loc'], model)}"
    if error["type"] == "missing":
        return f"{where}: is missing; add it"
    message = error["msg"].removeprefix("Value error, ")
    value = json.dumps(error["input"])
    if key in SECRET_KEYS or len(value) > _MAX_VALUE_LENGTH:
        return f"{where}: {message}"
    return f"{where}: {value}: {message}"


def _accepted_keys(location: Location, model: type[BaseModel]) -> str:
    """Return which key was probably meant, or else which keys are accepted."""
    for key in location[:-1]:
        field = model.model_fields.get(str(key))
        if field is not None:
            model = _section_in(field.annotation) or model
    names = list(model.model_fields)
    similar = difflib.get_close_matches(
        str(location[-1]), names, n=1, cutoff=_MIN_SIMILARITY
    )
    if similar:
        return f"did you mean {similar[0]}?"
    return f"use one of {', '.join(names)}"


def _section_in(annotation: object) -> type[BaseModel] | None:
    """Return the section in an annotation such as ``dict[str, Section] | None``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in get_args(annotation):
        section = _section_in(argument)
        if section is not None:
            return section
    return None
