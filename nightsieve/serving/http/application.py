"""The ASGI application of one worker process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from nightsieve.serving.contract.api import method_not_allowed, not_found
from nightsieve.serving.contract.problems import Problem
from nightsieve.serving.http.endpoint import Endpoint, response, routes
from nightsieve.serving.http.resources import health, models, predictions
from nightsieve.serving.http.service import Service
from nightsieve.serving.options import ServeOptions

_RESOURCES = (predictions, models, health)


def create_application(options: ServeOptions) -> Starlette:
    """Return the application; its model is loaded when it starts."""
    service = Service(options)
    endpoints: list[Endpoint] = []
    for resource in _RESOURCES:
        endpoints.extend(resource.endpoints(service))

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with service.running():
            yield

    return Starlette(
        routes=routes(service, endpoints),
        lifespan=lifespan,
        exception_handlers={HTTPException: _unrouted, 500: _defect},
    )


async def _unrouted(_: HttpRequest, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 405:  # noqa: PLR2004 - the status
        allowed = (error.headers or {}).get("Allow", "")
        return response(method_not_allowed(sorted(allowed.split(", "))).answer())
    return response(not_found().answer())


async def _defect(_: HttpRequest, error: Exception) -> Response:
    problem = Problem(500, "defect", "the service has a defect; its log says where")
    return response(problem.answer())
