"""Requests and answers, whatever carries them."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

#: A value as `json.loads` returns it.
Json = Any

JSON_TYPE = "application/json"
#: Headers of every answer that does not say otherwise.
DEFAULT_HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}

# `json.dumps` would make an encoder for each answer.
_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False)


class Request(NamedTuple):
    """A request to the service.

    Attributes
    ----------
    path
        Decoded, without a query, such as ``/v1/labels``.
    headers
        By name, in lower case.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Answer(NamedTuple):
    """An answer; its headers are by name, as they are sent."""

    status: int
    headers: dict[str, str]
    body: bytes


def json_answer(value: Json, status: int = 200, **headers: str) -> Answer:
    """Return an answer with a JSON body, in ASCII and without blanks.

    Examples
    --------
    >>> json_answer({"label": "spam"}).body
    b'{"label":"spam"}'
    """
    return Answer(status, {"Content-Type": JSON_TYPE, **headers}, encode(value))


def encode(value: Json) -> bytes:
    """Return the bytes of a JSON value; a lone surrogate stays an escape."""
    return _ENCODER.encode(value).encode()
