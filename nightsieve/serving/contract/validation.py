"""Check a JSON value by the code that is generated from its schema."""

from collections.abc import Callable, Sequence

from nightsieve.serving.contract.messages import Json
from nightsieve.serving.contract.problems import FieldError, Problem, json_pointer


class Misfit(ValueError):  # noqa: N818 - it is what does not fit, and no defect
    """A value that does not fit its schema.

    Parameters
    ----------
    keys
        Where the value is, from the whole body inwards.
    detail
        What would be right.
    """

    def __init__(self, keys: Sequence[str | int], detail: str) -> None:
        super().__init__(detail)
        self.error = FieldError(json_pointer(keys), detail)


def missing_field(
    keys: Sequence[str | int], value: dict[str, Json], required: Sequence[str]
) -> Misfit:
    """Return what is wrong with an object that lacks a required field."""
    missing = next(field for field in required if field not in value)
    return Misfit([*keys, missing], "is missing; add it")


def unknown_field(
    keys: Sequence[str | int], value: dict[str, Json], allowed: Sequence[str]
) -> Misfit:
    """Return what is wrong with an object that has a field of another name."""
    unknown = next(field for field in value if field not in allowed)
    return Misfit([*keys, unknown], f"is an unknown field; use {', '.join(allowed)}")


def check(validate: Callable[[Json], Json], value: Json) -> None:
    """Check the body of a request.

    Raises
    ------
    Problem
        422; it points to the first field that is wrong.
    """
    try:
        validate(value)
    except Misfit as misfit:
        raise invalid_body([misfit.error]) from None


def invalid_body(errors: Sequence[FieldError]) -> Problem:
    """Return the problem of a body that is JSON and not what it must be."""
    detail = f"the body does not fit its schema: a field {errors[0].detail}"
    if not errors[0].pointer:
        detail = f"the body does not fit its schema: it {errors[0].detail}"
    return Problem(422, "invalid-body", detail, errors)
