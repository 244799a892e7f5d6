"""A validation error as one line: layer, key, and what is accepted.

Values are repeated only where the person who reads the message has just typed them.
Those of files are not: a file may be one that nobody meant to show.
"""

import difflib
import json
from collections.abc import Sequence
from typing import get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from pipeline.config.interpolate import SECRET_KEYS
from pipeline.config.layers import PATCH, Origins
from pipeline.config.strict_yaml import quotable

_MAX_ERRORS = 3
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
    lines: list[str] = []
    for error in _innermost(failure.errors(include_url=False)):
        line = _explain_error(error, model, origins)
        # Keys that cannot be shown give the same line again.
        if line not in lines:
            lines.append(line)
        if len(lines) == _MAX_ERRORS:
            break
    return "\n".join(lines)


def _innermost(errors: Sequence[ErrorDetails]) -> list[ErrorDetails]:
    """Leave out errors that only follow from an error at a deeper key.

    Of several errors at one key, the first is kept.
    """
    above: set[Location] = set()
    for error in errors:
        for depth in range(len(error["loc"])):
            above.add(error["loc"][:depth])
    kept: dict[Location, ErrorDetails] = {}
    for error in errors:
        if error["loc"] not in above:
            kept.setdefault(error["loc"], error)
    return list(kept.values())


def _explain_error(
    error: ErrorDetails, model: type[BaseModel], origins: Origins
) -> str:
    key = ".".join(map(str, error["loc"]))
    layer = origins.name(key)
    where = f"{layer}: {'.'.join(map(quotable, error['loc']))}"
    if error["type"] == "extra_forbidden":
        return f"{where}: unknown key; {_accepted_keys(error['loc'], model)}"
    if error["type"] == "missing":
        return f"{where}: is missing; add it"
    message = error["msg"].removeprefix("Value error, ")
    is_typed = layer.startswith(PATCH) and key not in SECRET_KEYS
    value = json.dumps(error["input"]) if is_typed else ""
    if not value or len(value) > _MAX_VALUE_LENGTH:
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
