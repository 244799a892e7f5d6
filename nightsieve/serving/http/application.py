"""The ASGI application of one worker process."""

import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from nightsieve.serving.contract.api import defect
from nightsieve.serving.http.endpoint import Endpoint, Resource, response, routes
from nightsieve.serving.http.log import LOGGER
from nightsieve.serving.http.protocol import MONITOR
from nightsieve.serving.http.resources import (
    corrections,
    docs,
    health,
    metrics,
    models,
    predictions,
)
from nightsieve.serving.http.service import Service
from nightsieve.serving.monitoring.monitor import Monitor
from nightsieve.serving.options import ServeOptions
from pipeline.errors import ServiceError

_RESOURCES = (predictions, models, corrections, health, metrics, docs)
_CORS_METHODS = ("GET", "HEAD", "POST")
_CORS_HEADERS = ("Authorization", "Content-Type", "If-None-Match")
_READABLE_HEADERS = ("ETag", "Retry-After")

# How long a thread with a large request may keep the others waiting; Python's default
# is five times as long, which short requests would notice.
_SWITCH_SECONDS = 0.001

_logger = logging.getLogger(LOGGER)


def create_application(options: ServeOptions) -> Starlette:
    """Return the application.

    Raises
    ------
    NightsieveError
        It cannot be made with these options, such as a model file that is damaged.
    """
    service = Service(options)
    endpoints: list[Endpoint] = []
    for resource in _RESOURCES:
        endpoints.extend(resource.endpoints(service))
    application = Starlette(
        routes=routes(service, endpoints),
        lifespan=lambda _: _running(service),
        middleware=_middleware(options),
        exception_handlers={500: _defect},
    )
    # A redirect would repeat the client's own word for this host.
    application.router.redirect_slashes = False
    application.router.default = Resource(service, path="", operations={})
    return application


@asynccontextmanager
async def _running(service: Service) -> AsyncIterator[dict[str, Monitor]]:
    """Yield what the connections need of the service."""
    sys.setswitchinterval(_SWITCH_SECONDS)
    try:
        async with service.running():
            _logger.info("serving")
            yield {MONITOR: service.monitor}
    except Exception:
        # uvicorn would log the traceback with the messages of the exceptions.
        _logger.exception("the service cannot run")
        raise ServiceError("nightsieve serve: cannot run; see its log") from None


def _middleware(options: ServeOptions) -> list[Middleware]:
    if not options.origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=options.origins,
            allow_methods=_CORS_METHODS,
            allow_headers=_CORS_HEADERS,
            expose_headers=_READABLE_HEADERS,
        )
    ]


async def _defect(_: HttpRequest, error: Exception) -> Response:
    """Answer if what is around the endpoints has a defect; uvicorn logs it."""
    return response(defect().answer())
