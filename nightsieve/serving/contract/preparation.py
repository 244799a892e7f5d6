"""Make a model ready to score, and a request ready to be scored."""

import hashlib
import json
from dataclasses import dataclass
from typing import NamedTuple

from nightsieve.serving.contract import validators
from nightsieve.serving.contract.messages import JSON_TYPE, Json, Request
from nightsieve.serving.contract.problems import Problem
from nightsieve.serving.contract.validation import check
from scorers.python.nightsieve_scorer import Scorer, load

_MAX_DIGITS = 1000


@dataclass(frozen=True)
class ServedModel:
    """A model that scores.

    Attributes
    ----------
    serial
        None for a model that was not published.
    sha256
        Of the model file.
    vocabulary
        The tokens that are in one of the model's terms.
    """

    scorer: Scorer
    serial: int | None
    sha256: str
    vocabulary: frozenset[str]


class Message(NamedTuple):
    """A message to score; its id is None if the client gave none."""

    id: str | None
    text: str


class PredictionRequest(NamedTuple):
    """What a client asks about messages.

    Attributes
    ----------
    thresholds
        Whether labels are decided with the model's thresholds.
    explain
        How many deciding terms are returned with each prediction.
    """

    messages: list[Message]
    thresholds: bool
    explain: int


def prepare_model(content: bytes, serial: int | None = None) -> ServedModel:
    """Return a model that has passed its self-test.

    Raises
    ------
    ValueError
        The scorer does not understand the file in full; the message says why.
    """
    scorer = load(content)
    words = (term.split(" ") for term in scorer.terms)
    return ServedModel(
        scorer=scorer,
        serial=serial,
        sha256=hashlib.sha256(content).hexdigest(),
        vocabulary=frozenset().union(*words),
    )


def prepare_prediction(request: Request) -> PredictionRequest:
    """Return what a request for predictions asks.

    Raises
    ------
    Problem
        The body is not JSON (400, 415) or does not fit its schema (422).
    """
    body = read_json(request)
    check(validators.validate_prediction_request, body)
    messages = [Message(entry.get("id"), entry["text"]) for entry in body["messages"]]
    return PredictionRequest(
        messages=messages,
        thresholds=body.get("thresholds", False),
        # JSON Schema counts 5.0 among the integers.
        explain=int(body.get("explain", 0)),
    )


def read_json(request: Request) -> Json:
    """Return the JSON value of a request's body.

    An object that has a field twice is refused: readers differ in which one counts.

    Raises
    ------
    Problem
        It is not declared as JSON, or is encoded (415); it is not JSON in UTF-8 (400).
    """
    if not _is_plain(request.headers.get("content-encoding", "")):
        detail = "Content-Encoding: is not supported; send the body as it is"
        headers = {"Accept-Encoding": "identity"}
        raise Problem(415, "unsupported-media-type", detail, headers=headers)
    if not _declares_json(request.headers.get("content-type", "")):
        detail = f"Content-Type: must be {JSON_TYPE}, in UTF-8; send the body as JSON"
        headers = {"Accept": JSON_TYPE}
        raise Problem(415, "unsupported-media-type", detail, headers=headers)
    try:
        return json.loads(
            request.body.decode(),
            object_pairs_hook=_object_of,
            parse_int=_integer_of,
            parse_constant=_refuse_constant,
        )
    except (ValueError, RecursionError) as error:
        detail = f"the body {_why_not_json(error)}; send one JSON object in UTF-8"
        raise Problem(400, "not-json", detail) from None


def _is_plain(content_encoding: str) -> bool:
    codings = content_encoding.lower().split(",")
    return {coding.strip() for coding in codings} <= {"", "identity"}


def _declares_json(content_type: str) -> bool:
    media_type, *parameters = content_type.lower().split(";")
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "charset" and value.strip(' "') not in ("utf-8", "utf8"):
            return False
    return media_type.strip() == JSON_TYPE


def _object_of(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise ValueError("has a field twice")
    return fields


def _integer_of(literal: str) -> int:
    # Python would refuse some more digits in words of its own.
    if len(literal) > _MAX_DIGITS:
        raise ValueError(f"has an integer of more than {_MAX_DIGITS:,} digits")
    return int(literal)


def _refuse_constant(literal: str) -> None:
    raise ValueError(f"has the number {literal}, which JSON does not have")


def _why_not_json(error: Exception) -> str:
    """Return what is wrong with a body; no decoder quotes more than a position."""
    match error:
        case json.JSONDecodeError(doc=""):
            return "is empty"
        case json.JSONDecodeError(doc=document) if document[0] == "\ufeff":
            return "begins with a byte order mark"
        case json.JSONDecodeError():
            return f"is not JSON at character {error.pos}"
        case UnicodeDecodeError():
            return f"is not UTF-8 at byte {error.start}"
        case RecursionError():
            return "is nested too deep"
    return str(error)
