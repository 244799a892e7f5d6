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
    summary
        The same with the field's name, for the detail of the problem. It is derived
        from the keys where all of them are names of the schema.
    """

    def __init__(
        self, keys: Sequence[str | int], detail: str, summary: str = ""
    ) -> None:
        super().__init__(detail)
        self.error = FieldError(json_pointer(keys), detail)
        self.summary = summary or _summary(self.error)


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
    names = f"unknown field; use {', '.join(allowed)}"
    # The name is the client's own, and may be anything: the summary leaves it out.
    summary = f"{json_pointer(keys) or 'it'} has an {names}"
    return Misfit([*keys, unknown], f"is an {names}", summary)


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
        raise invalid_body([misfit.error], misfit.summary) from None


def invalid_body(errors: Sequence[FieldError], summary: str = "") -> Problem:
    """Return the problem of a body that is JSON and not what it must be.

    Parameters
    ----------
    summary
        What is wrong with the first field; without it, its pointer and detail.
    """
    detail = f"the body does not fit its schema: {summary or _summary(errors[0])}"
    return Problem(422, "invalid-body", detail, errors)


def _summary(error: FieldError) -> str:
    return f"{error.pointer or 'it'} {error.detail}"
