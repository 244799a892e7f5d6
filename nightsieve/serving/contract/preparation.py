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
        explain=body.get("explain", 0),
    )


def read_json(request: Request) -> Json:
    """Return the JSON value of a request's body.

    Raises
    ------
    Problem
        It is not declared as JSON (415), or is not JSON in UTF-8 (400).
    """
    media_type, _, _ = request.headers.get("content-type", "").partition(";")
    if media_type.strip().lower() != JSON_TYPE:
        detail = f"Content-Type: not {JSON_TYPE}; send the body as JSON"
        raise Problem(415, "not-json", detail, headers={"Accept": JSON_TYPE})
    try:
        return json.loads(request.body.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        # The decoder's own message quotes nothing but a position.
        where = (
            f" at character {error.pos}"
            if isinstance(error, json.JSONDecodeError)
            else ""
        )
        detail = f"the body is not JSON in UTF-8{where}; send one JSON object"
        raise Problem(400, "not-json", detail) from None


def _refuse_constant(literal: str) -> None:
    raise ValueError(literal)
