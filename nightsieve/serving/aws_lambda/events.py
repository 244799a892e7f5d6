"""The events that AWS invokes a function with, and what it takes for a response.

References
----------
AWS Lambda developer guide: payload format versions 1.0 and 2.0 of API Gateway, function
URLs (2.0), and Lambda functions as targets of an Application Load Balancer.
"""

import base64
import binascii
from collections.abc import Iterable
from urllib.parse import unquote

from nightsieve.serving.contract.messages import DEFAULT_HEADERS, Answer, Json, Request
from nightsieve.serving.contract.problems import Problem

_DEFAULT_STAGE = "$default"


def is_http(event: Json) -> bool:
    """Return whether the event carries an HTTP request.

    Everything else is a direct invocation.
    """
    return isinstance(event, dict) and ("requestContext" in event or _has_method(event))


def http_request(event: Json, paths: Iterable[str], base_path: str = "") -> Request:
    """Return the HTTP request that an event carries.

    Parameters
    ----------
    paths
        Of the resources. A path is shortened only if it is none of them.
    base_path
        What a custom domain puts before the path, such as ``/nightsieve``.

    Raises
    ------
    Problem
        400: the event is not one of those that AWS describes.
    """
    context = _object(event, "requestContext")
    prefixes = []
    if _has_method(event):  # 1.0, which has no stage in its path
        method = event["httpMethod"]
        path = event.get("path")
    else:
        http = _object(context, "http")
        method = http.get("method")
        path = event.get("rawPath", http.get("path"))
        stage = context.get("stage")
        if isinstance(stage, str) and stage != _DEFAULT_STAGE:
            prefixes.append(f"/{stage}")
    if not isinstance(method, str) or not isinstance(path, str):
        raise _not_an_event("it has no method or no path")
    prefixes.append(base_path)
    return Request(
        method=method.upper(),
        path=_resource_path(unquote(path), prefixes, frozenset(paths)),
        headers=_headers(event),
        body=_body(event),
    )


def http_response(event: Json, answer: Answer) -> Json:
    """Return the answer as AWS takes it for the event."""
    headers = {**DEFAULT_HEADERS, **answer.headers}
    response: dict[str, Json] = {
        "statusCode": answer.status,
        "headers": headers,
        "body": answer.body.decode(),
        "isBase64Encoded": False,
    }
    if not event.get("headers") and event.get("multiValueHeaders"):
        # A load balancer whose target group has multi-value headers wants them back.
        lists = {name: [value] for name, value in headers.items()}
        response["multiValueHeaders"] = lists
    return response


def _has_method(event: dict[str, Json]) -> bool:
    return isinstance(event.get("httpMethod"), str)


def _object(parent: dict[str, Json], name: str) -> dict[str, Json]:
    """Return an object of an event; empty where AWS left it out or wrote null."""
    value = parent.get(name) or {}
    if not isinstance(value, dict):
        raise _not_an_event(f"{name} is not an object")
    return value


def _resource_path(path: str, prefixes: list[str], paths: frozenset[str]) -> str:
    for prefix in prefixes:
        if path in paths:
            break
        if path.startswith(f"{prefix}/"):
            path = path.removeprefix(prefix)
    return path


def _headers(event: dict[str, Json]) -> dict[str, str]:
    """Return the headers by name in lower case; of several, the first."""
    headers = {}
    for name, value in _object(event, "headers").items():
        if isinstance(value, str):
            headers[name.lower()] = value
    for name, values in _object(event, "multiValueHeaders").items():
        if isinstance(values, list) and values and isinstance(values[0], str):
            headers[name.lower()] = values[0]
    return headers


def _body(event: dict[str, Json]) -> bytes:
    body = event.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        raise _not_an_event("body is not a string")
    if not event.get("isBase64Encoded"):
        # A lone surrogate was no character of the request; its body is not UTF-8.
        return body.encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raise _not_an_event("body is not Base64, which isBase64Encoded says") from None


def _not_an_event(reason: str) -> Problem:
    detail = f"the event is none of API Gateway, a function URL or ALB: {reason}"
    return Problem(400, "not-an-event", detail)
