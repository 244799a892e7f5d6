"""The base class of all records: frozen, strict, and JSON in exactly one form."""

import json
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from pipeline.errors import ArtefactError


class Record(BaseModel):
    r"""A result with named, typed fields; equal records have equal bytes.

    Examples
    --------
    >>> class Sampled(Record):
    ...     messages: int
    >>> Sampled(messages=3).to_json()
    b'{\n  "messages": 3\n}\n'
    >>> Sampled.from_json(b'{"messages": 3}')
    Sampled(messages=3)
    """

    # The validators are built at first use: a second run of a night needs few of them.
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        defer_build=True,
    )

    def to_json(self) -> bytes:
        """Return the record as JSON, indented for the person who opens it."""
        return encode_json(self.model_dump(mode="json"))

    @classmethod
    def from_json(cls, content: bytes) -> Self:
        """Return the record that `to_json` wrote.

        Raises
        ------
        ArtefactError
            The content is not JSON, was cut, or holds other fields. The message begins
            with a verb, so that the caller puts the object's address before it; it
            quotes no value.
        """
        try:
            return cls.model_validate_json(content)
        except ValidationError as error:
            raise ArtefactError(_problem(error)) from None


def encode_json(value: object) -> bytes:
    """Return a JSON value as the bytes of a file that people may open.

    Raises
    ------
    ValueError
        A number is infinite or NaN.

    Examples
    --------
    >>> print(encode_json({"label": "spam", "share": 0.25}).decode(), end="")
    {
      "label": "spam",
      "share": 0.25
    }
    """
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode()


def _problem(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    if first["type"] == "json_invalid":
        return "is not whole JSON; it was damaged or cut short"
    field = ".".join(map(str, first["loc"]))
    return f"does not hold what this version writes there ({field}: {first['msg']})"
