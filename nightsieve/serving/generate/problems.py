"""All kinds of problems, for the description and the documentation."""

import json
from typing import NamedTuple

from nightsieve.serving.contract.messages import Json
from nightsieve.serving.contract.problems import FieldError, Problem


class Kind(NamedTuple):
    """A kind of problem.

    Attributes
    ----------
    when
        In which case a client receives it.
    detail
        An example of its detail.
    """

    status: int
    name: str
    when: str
    detail: str
    errors: tuple[FieldError, ...] = ()

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
        401,
        "no-token",
        "The request has no token.",
        "Authorization: missing; send a token as Bearer",
    ),
    Kind(
        401,
        "unknown-token",
        "The token is not one of the service, or was revoked.",
        "Authorization: not a token of this service; ask its operator for one",
    ),
    Kind(
        403,
        "missing-scope",
        "The token does not allow the operation.",
        "the token lacks the scope correct; ask the operator for it",
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
        "the body is longer than 8,388,608 bytes",
    ),
    Kind(
        415,
        "unsupported-media-type",
        "The body is not declared as JSON in UTF-8.",
        "Content-Type: must be application/json, in UTF-8; send the body as JSON",
    ),
    Kind(
        422,
        "invalid-body",
        "The body is JSON and does not fit; `errors` points to the field.",
        "the body does not fit its schema: a field must be a string",
        (FieldError("/messages/3/text", "must be a string"),),
    ),
    Kind(
        429,
        "too-many-requests",
        "The token has asked more than its share.",
        "the token has asked too much; wait 2 seconds",
    ),
    Kind(
        500,
        "defect",
        "The service has a defect; its log says where.",
        "the service has a defect; its log says where",
    ),
    Kind(
        502,
        "damaged-model",
        "The model, or the file, is not what was published.",
        "the model is damaged in the store; use another one of /v1/models",
    ),
    Kind(
        503,
        "no-model",
        "No model is loaded yet.",
        "no model is loaded yet; try again later",
    ),
    Kind(
        503,
        "store-away",
        "The store does not answer.",
        "the store does not answer; try again later",
    ),
    Kind(
        503,
        "database-away",
        "The database does not answer. No correction was kept.",
        "the database does not answer, and nothing was kept; try again later",
    ),
)

#: The headers that say more, by status.
HEADERS = {
    401: ("WWW-Authenticate",),
    403: ("WWW-Authenticate",),
    412: ("ETag",),
    415: ("Accept",),
    429: ("Retry-After",),
    503: ("Retry-After",),
}
