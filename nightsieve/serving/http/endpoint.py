"""What is done for each request, whatever it asks."""

import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route

from nightsieve.serving.contract.messages import Answer, Request
from nightsieve.serving.contract.problems import Problem
from nightsieve.serving.http.service import Service


class Incoming(NamedTuple):
    """A request with what the path and the token say.

    Attributes
    ----------
    parameters
        The variable parts of the path.
    caller
        The name of the token; empty where no token is needed.
    """

    request: Request
    parameters: dict[str, str]
    caller: str


class Endpoint(NamedTuple):
    """An operation on a resource.

    Attributes
    ----------
    path
        With parameters in braces, such as ``/v1/models/{serial}``.
    scope
        What a token must allow; None needs no token.
    """

    method: str
    path: str
    scope: str | None
    handle: Callable[[Incoming], Awaitable[Answer]]


def routes(service: Service, endpoints: list[Endpoint]) -> list[Route]:
    """Return the routes of the endpoints."""
    return [
        Route(endpoint.path, _carrier(service, endpoint), methods=[endpoint.method])
        for endpoint in endpoints
    ]


def response(answer: Answer) -> Response:
    """Return the answer as it is sent."""
    return Response(answer.body, answer.status, answer.headers)


def _carrier(
    service: Service, endpoint: Endpoint
) -> Callable[[HttpRequest], Awaitable[Response]]:
    async def carry(http_request: HttpRequest) -> Response:
        started = time.perf_counter()
        service.monitor.request_started()
        status = 500
        try:
            answered = await respond(http_request)
            status = answered.status_code
            return answered
        finally:
            service.monitor.request_done(
                endpoint.path,
                http_request.method,
                status,
                time.perf_counter() - started,
            )

    async def respond(http_request: HttpRequest) -> Response:
        try:
            request = Request(
                method=http_request.method,
                path=http_request.url.path,
                headers=http_request.headers,
                body=await _read_body(http_request, service.options.max_body_bytes),
            )
            incoming = Incoming(request, http_request.path_params, caller="")
            return response(await endpoint.handle(incoming))
        except Problem as problem:
            return response(problem.answer())

    return carry


async def _read_body(http_request: HttpRequest, max_bytes: int) -> bytes:
    too_long = Problem(
        413, "body-too-long", f"the body is longer than {max_bytes:,} bytes"
    )
    if int(http_request.headers.get("content-length", 0)) > max_bytes:
        raise too_long
    body = bytearray()
    try:
        async for chunk in http_request.stream():
            body += chunk
            if len(body) > max_bytes:
                raise too_long
    except ClientDisconnect:
        raise Problem(400, "incomplete", "the body did not arrive") from None
    return bytes(body)
