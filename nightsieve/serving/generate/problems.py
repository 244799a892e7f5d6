"""All kinds of problems, for the description and the documentation."""

import json
from typing import NamedTuple

from nightsieve.serving.contract.messages import Json
from nightsieve.serving.contract.problems import FieldError, Problem

CORRECTIONS = "Corrections"
MODELS = "Models"
#: What any request may be answered, whatever it asks: no operation lists it.
CONNECTION = "Connection"


class Kind(NamedTuple):
    """A kind of problem.

    Attributes
    ----------
    when
        In which case a client receives it.
    detail
        An example of its detail, in the words of the code that makes the problem.
    only_for
        The group of operations that may give it; None stands for all.
    """

    status: int
    name: str
    when: str
    detail: str
    errors: tuple[FieldError, ...] = ()
    only_for: str | None = None

    def example(self) -> Json:
        """Return an example of the problem document."""
        problem = Problem(self.status, self.name, self.detail, self.errors)
        return json.loads(problem.answer().body)


KINDS = (
    Kind(
        400,
        "not-json",
        "The body is not one JSON value in UTF-8, or an object has a field twice.",
        "the body is not JSON at character 12; send one JSON object in UTF-8",
    ),
    Kind(
        400,
        "incomplete",
        "The connection ended before the body.",
        "the body did not arrive",
    ),
    Kind(
        400,
        "not-http",
        "The request is not HTTP.",
        "the request is not valid HTTP/1.1; use an HTTP client",
        only_for=CONNECTION,
    ),
    Kind(
        400,
        "not-an-event",
        "An event of a Lambda function looks like an HTTP request but is not one that "
        "AWS sends.",
        "the event is none of API Gateway, a function URL or ALB: it has no method or "
        "no path",
        only_for=CONNECTION,
    ),
    Kind(
        401,
        "no-token",
        "The request has no token.",
        "the request has no token; send the header Authorization: Bearer TOKEN",
    ),
    Kind(
        401,
        "invalid-token",
        "The token is not one of the service, was revoked, or has expired.",
        "the token is unknown or was revoked; use another one",
    ),
    Kind(
        403,
        "insufficient-scope",
        "The token does not allow the operation; `WWW-Authenticate` names the scope.",
        "the token does not allow this; use one with the scope correct",
    ),
    Kind(
        403,
        "not-this-machine",
        "The service has no tokens, and the `Host` of the request is not this machine.",
        "without tokens only this machine is served, under its own names; ask for "
        "127.0.0.1 or localhost, or make a token: nightsieve serve token new",
    ),
    Kind(
        404,
        "not-found",
        "There is no such path, model or file.",
        "no such resource; see /openapi.json",
    ),
    Kind(
        405,
        "method-not-allowed",
        "The resource does not have the method; `Allow` lists those that it has.",
        "the resource does not have this method; use POST",
        only_for=CONNECTION,
    ),
    Kind(
        408,
        "too-slow",
        "The headers or the body did not arrive in time.",
        "the body did not arrive in time; send the request again",
        only_for=CONNECTION,
    ),
    Kind(
        412,
        "no-match",
        "`If-Match` names another ETag than the resource has.",
        "If-Match: names another ETag than the resource has; leave it out",
    ),
    Kind(
        413,
        "body-too-long",
        "The body is longer than the service accepts.",
        "the body is longer than 8,388,608 bytes; send fewer messages",
    ),
    Kind(
        415,
        "unsupported-media-type",
        "The body is not declared as JSON in UTF-8, or it is compressed.",
        "Content-Type: must be application/json, in UTF-8; send the body as JSON",
    ),
    Kind(
        422,
        "invalid-body",
        "The body is JSON and does not fit; `errors` points to the field.",
        "the body does not fit its schema: /messages/3/text must be a string",
        (FieldError("/messages/3/text", "must be a string"),),
    ),
    Kind(
        422,
        "invalid-correction",
        "A label is not one of the model, two corrections contradict each other, or a "
        "key and an annotator are too long together.",
        "nothing was stored: not a label of the model; did you mean chat?",
        (FieldError("/label", "not a label of the model; did you mean chat?"),),
        only_for=CORRECTIONS,
    ),
    Kind(
        422,
        "unknown-message",
        "No message has the key of a correction.",
        "nothing was stored: no message has this key",
        (FieldError("/message_key", "no message has this key"),),
        only_for=CORRECTIONS,
    ),
    Kind(
        422,
        "answer-too-long",
        "The answer of a Lambda function would be longer than Lambda allows.",
        "the answer is longer than 6,291,456 bytes, which AWS refuses; ask about fewer "
        "messages, or for fewer terms",
        only_for=CONNECTION,
    ),
    Kind(
        429,
        "too-many-requests",
        "The token has asked more than its share; `Retry-After` says how long to wait.",
        "too many requests; send the next one in 2 s",
    ),
    Kind(
        431,
        "headers-too-long",
        "The headers are longer than the service accepts.",
        "the headers are longer than 16,384 bytes; send fewer",
        only_for=CONNECTION,
    ),
    Kind(
        500,
        "defect",
        "The service has a defect; its log says where.",
        "the service has a defect; its log says where",
        only_for=CONNECTION,
    ),
    Kind(
        502,
        "damaged-model",
        "The model, or the file, is not what was published.",
        "the model is damaged in the store; use another one of /v1/models",
        only_for=MODELS,
    ),
    Kind(
        503,
        "no-model",
        "No model is loaded yet.",
        "no model is loaded yet; try again later",
    ),
    Kind(
        503,
        "busy",
        "More clients are connected, or more large requests wait, than the service "
        "accepts.",
        "more than 1,000 connections; try again later",
        only_for=CONNECTION,
    ),
    Kind(
        503,
        "store-away",
        "The store does not answer.",
        "the store of models does not answer; try again later",
        only_for=MODELS,
    ),
    Kind(
        503,
        "database-away",
        "The database does not answer. Send the corrections again: none is kept twice.",
        "the database does not answer or refuses; send the same request again later; "
        "nothing is stored twice",
        only_for=CORRECTIONS,
    ),
    Kind(
        503,
        "database-busy",
        "Too many requests wait for the database.",
        "too many requests wait for the database; send the same request again later; "
        "nothing is stored twice",
        only_for=CORRECTIONS,
    ),
    Kind(
        503,
        "no-database",
        "The service was started without a database.",
        "the service has no database; its operator sets NIGHTSIEVE_DATABASE_WRITER_URL "
        "where the service is started",
        only_for=CORRECTIONS,
    ),
)


def kinds_of(status: int, group: str) -> list[Kind]:
    """Return the kinds of problems with a status that a group of operations has."""
    return [
        kind
        for kind in KINDS
        if kind.status == status and kind.only_for in (None, group)
    ]


#: The headers that say more, by status: those of every kind with this status.
HEADERS = {
    401: ("WWW-Authenticate",),
    412: ("ETag",),
    415: ("Accept", "Accept-Encoding"),
    429: ("Retry-After",),
    503: ("Retry-After",),
}
