"""Serve, in this process or in several."""

import functools
import logging
import resource
import signal
import socket
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp

from nightsieve.serving.http.listening import listen, url
from nightsieve.serving.http.log import LOGGER, set_up_log
from nightsieve.serving.http.protocol import BoundedProtocol
from nightsieve.serving.monitoring.folder import metrics_folder
from nightsieve.serving.options import ServeOptions
from pipeline.errors import ServiceError

#: How long requests that have begun may take after the signal that ends the service.
GRACE_SECONDS = 8

_logger = logging.getLogger(LOGGER)


def serve(options: ServeOptions) -> None:
    """Serve until a signal ends it; then finish the requests that have begun.

    Raises
    ------
    NightsieveError
        It cannot be served as the options say.
    SystemExit
        A process of several cannot start, and has said why.
    """
    with listen(options) as listening, metrics_folder():
        set_up_log()
        _allow_many_connections()
        if options.workers == 1:
            _serve_here(options, listening)
        else:
            _serve_in_workers(options, listening)
    _logger.info("stopped")


def _serve_here(options: ServeOptions, listening: socket.socket) -> None:
    # Imported here: prometheus_client must find the folder when it is imported.
    from nightsieve.serving.http.application import (  # noqa: PLC0415
        create_application,
    )

    application = create_application(options)
    server = uvicorn.Server(_config(options, lambda: application))
    # uvicorn sets these handlers later, and at its end raises the signal again.
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, server.handle_exit)
    _announce(options, listening)
    try:
        server.run(sockets=[listening])
    except SystemExit:
        raise ServiceError(
            "nightsieve serve: does not start; see the log above"
        ) from None


def _serve_in_workers(options: ServeOptions, listening: socket.socket) -> None:
    # Imported here, for the same reason.
    from nightsieve.serving.http.workers import Workers  # noqa: PLC0415

    def create() -> ASGIApp:
        return workers.create_application(options)

    def announce() -> None:
        _announce(options, listening)

    workers = Workers(_config(options, create), listening, announce)
    workers.run()


def _config(options: ServeOptions, create: Callable[[], ASGIApp]) -> uvicorn.Config:
    return uvicorn.Config(
        create,
        factory=True,
        workers=options.workers,
        http=functools.partial(  # type: ignore[arg-type]  # called as the class is
            BoundedProtocol, options.idle_seconds, options.max_connections
        ),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        # Nothing here depends on the client's address or on the scheme.
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        ssl_certfile=options.certificate,
        ssl_keyfile=options.certificate_key,
    )


def _announce(options: ServeOptions, listening: socket.socket) -> None:
    """Print where the service listens, and what it serves."""
    address = url(options, listening)
    processes = "1 process" if options.workers == 1 else f"{options.workers} processes"
    model = options.model or "the current model of the store"
    line = f"listening on {address}; {processes}; {model}; its page is {address}/docs"
    if not options.tokens.exists():
        line += "; everybody on this machine may ask, since there is no file of tokens"
    print(
        line,
        flush=True,
    )
    fields = {"address": address, "workers": options.workers, "model": str(model)}
    _logger.info("started", extra=fields)


def _allow_many_connections() -> None:
    """Raise the soft limit of open files, which is low where nobody has set it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
