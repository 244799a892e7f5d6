"""Check a JSON value by the code that is generated from its schema."""

from collections.abc import Callable, Sequence

from nightsieve.serving.contract.messages import Json
from nightsieve.serving.contract.problems import FieldError, Problem, json_pointer


class JsonSchemaValueException(ValueError):  # noqa: N818 - generated code has the name
    """What generated code raises; it has the signature of fastjsonschema's own.

    Parameters
    ----------
    name
        Where the value is, such as ``data.messages[3].text``.
    definition
        The schema that the value does not fit.
    rule
        The keyword of the schema that the value breaks.
    """

    def __init__(
        self, message: str, value: Json, name: str, definition: Json, rule: str
    ) -> None:
        super().__init__(message)
        self.message = message
        self.value = value
        self.name = name
        self.definition = definition
        self.rule = rule


def check(validate: Callable[[Json], Json], value: Json) -> None:
    """Check the body of a request.

    Raises
    ------
    Problem
        422; it points to the first field that is wrong.
    """
    try:
        validate(value)
    except JsonSchemaValueException as error:
        raise invalid_body([_field_error(error)]) from None


def invalid_body(errors: Sequence[FieldError]) -> Problem:
    """Return the problem of a body that is JSON and not what it must be."""
    detail = f"the body does not fit its schema: {errors[0].detail}"
    return Problem(422, "invalid-body", detail, errors)


def _field_error(error: JsonSchemaValueException) -> FieldError:
    keys = _keys_of(error.name)
    if error.rule == "additionalProperties":
        unknown = min(set(error.value) - set(error.definition["properties"]))
        allowed = ", ".join(error.definition["properties"])
        pointer = json_pointer([*keys, unknown])
        return FieldError(pointer, f"an unknown field; use one of {allowed}")
    if error.rule == "required":
        missing = [n for n in error.definition["required"] if n not in error.value]
        return FieldError(json_pointer([*keys, missing[0]]), "is missing")
    _, _, detail = error.message.partition(" ")
    return FieldError(json_pointer(keys), detail)


def _keys_of(name: str) -> list[str | int]:
    """Return the keys of a name such as ``data.messages[3].text``.

    Fields have names of letters and underscores, so neither separator is in one.
    """
    keys: list[str | int] = []
    for part in name.split(".")[1:]:
        key, *indices = part.rstrip("]").split("[")
        keys.append(key)
        keys.extend(map(int, indices))
    return keys
