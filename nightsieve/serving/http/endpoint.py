"""What is done for each request, whatever it asks."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from nightsieve.serving.contract.api import (
    defect,
    method_not_allowed,
    methods_answer,
    not_found,
)
from nightsieve.serving.contract.messages import DEFAULT_HEADERS, Answer, Request
from nightsieve.serving.contract.problems import Problem
from nightsieve.serving.http.log import LOGGER
from nightsieve.serving.http.service import Service
from nightsieve.serving.options import ServeOptions

#: Bytes a second of a body at which a request may take longer to arrive.
SLOWEST_BODY = 8 << 10

# A client may send its ETags in several headers of this name.
_LIST = "if-none-match"

_logger = logging.getLogger(LOGGER)


class Incoming(NamedTuple):
    """A request with what the path and the token say.

    Attributes
    ----------
    parameters
        The variable parts of the path.
    caller
        The name of the token; empty where no token is needed.
    is_gone
        Returns whether the client has closed its connection.
    """

    request: Request
    parameters: dict[str, str]
    caller: str
    is_gone: Callable[[], Awaitable[bool]]


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


@dataclass
class RequestRecord:
    """What is known of a request; its status is 500 until it has an answer."""

    status: int = 500
    caller: str = ""


class Resource:
    """A path and its operations, as an ASGI application.

    Parameters
    ----------
    path
        Empty for all paths that name no resource.
    operations
        By method. HEAD is that of GET; OPTIONS lists them.
    """

    def __init__(
        self, service: Service, path: str, operations: dict[str, Endpoint]
    ) -> None:
        self._service = service
        self._path = path
        self._operations = operations
        if "GET" in operations:
            self._operations = {"HEAD": operations["GET"], **operations}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, and measure it."""
        monitor = self._service.monitor
        started = time.perf_counter()
        record = RequestRecord()
        monitor.request_started()
        try:
            http_request = HttpRequest(scope, receive)
            answer = await self._answer(http_request, record)
            record.status = answer.status
            await response(answer)(scope, receive, send)
        finally:
            seconds = time.perf_counter() - started
            method = scope["method"]
            monitor.request_done(self._path, method, record.status, seconds)
            if self._service.options.access_log:
                _log_request(method, self._path, record, seconds)

    async def _answer(self, http_request: HttpRequest, record: RequestRecord) -> Answer:
        """Answer a request, in the order in which it can be refused."""
        service = self._service
        try:
            endpoint = self._operation(http_request.method)
            # Who asks is known before a body is read, so that strangers fill no memory.
            # The log names the caller of a refused request too.
            if endpoint.scope is not None:
                headers = http_request.headers
                token = service.access.identify(headers)
                record.caller = "" if token is None else token.name
                service.access.authorise(token, headers, endpoint.scope)
            request = Request(
                method=http_request.method,
                path=http_request.scope["path"],
                headers=_joined(http_request.headers),
                body=await _read_body(http_request, service.options),
            )
            incoming = Incoming(
                request=request,
                parameters=http_request.path_params,
                caller=record.caller,
                is_gone=http_request.is_disconnected,
            )
            return await endpoint.handle(incoming)
        except Problem as problem:
            return problem.answer()
        except Exception:
            fields = {"method": http_request.method, "route": self._path}
            _logger.exception("defect", extra=fields)
            return defect().answer()

    def _operation(self, method: str) -> Endpoint:
        if method in self._operations:
            return self._operations[method]
        if not self._path:
            raise not_found()
        if method != "OPTIONS":
            raise method_not_allowed(self._operations)

        async def list_methods(incoming: Incoming) -> Answer:
            return methods_answer(self._operations)

        return Endpoint(method, self._path, None, list_methods)


def routes(service: Service, endpoints: list[Endpoint]) -> list[Route]:
    """Return a route for each path."""
    by_path: dict[str, dict[str, Endpoint]] = {}
    for endpoint in endpoints:
        by_path.setdefault(endpoint.path, {})[endpoint.method] = endpoint
    return [
        Route(path, Resource(service, path, operations))
        for path, operations in by_path.items()
    ]


def response(answer: Answer) -> Response:
    """Return the answer as it is sent."""
    return Response(answer.body, answer.status, {**DEFAULT_HEADERS, **answer.headers})


def _joined(headers: Headers) -> Mapping[str, str]:
    """Return the headers; several that are one list are joined."""
    values = headers.getlist(_LIST)
    if values[1:]:
        return {**headers, _LIST: ", ".join(values)}
    return headers


async def _read_body(http_request: HttpRequest, options: ServeOptions) -> bytes:
    max_bytes = options.max_body_bytes
    if int(http_request.headers.get("content-length", 0)) > max_bytes:
        raise _too_long(max_bytes)
    body = bytearray()
    try:
        async with asyncio.timeout(options.idle_seconds) as clock:
            async for chunk in http_request.stream():
                body += chunk
                if len(body) > max_bytes:
                    raise _too_long(max_bytes)
                deadline = clock.when()
                assert deadline is not None
                clock.reschedule(deadline + len(chunk) / SLOWEST_BODY)
    except TimeoutError:
        detail = "the body did not arrive in time; send the request again"
        raise Problem(
            408, "too-slow", detail, headers={"Connection": "close"}
        ) from None
    except ClientDisconnect:
        raise Problem(400, "incomplete", "the body did not arrive") from None
    return bytes(body)


def _too_long(max_bytes: int) -> Problem:
    detail = f"the body is longer than {max_bytes:,} bytes; send fewer messages"
    return Problem(413, "body-too-long", detail)


def _log_request(
    method: str, route: str, record: RequestRecord, seconds: float
) -> None:
    fields = {
        "method": method,
        "route": route,
        "status": record.status,
        "ms": round(seconds * 1000, 3),
        "caller": record.caller,
    }
    _logger.info("request", extra=fields)
