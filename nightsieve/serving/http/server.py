"""The processes that serve."""

import functools
import signal
import sys
from types import FrameType

import uvicorn
from uvicorn.supervisors import Multiprocess

from nightsieve.serving.monitoring.folder import metrics_folder
from nightsieve.serving.options import ServeOptions


def serve(options: ServeOptions) -> None:
    """Serve until a signal ends it; then finish the requests that have begun."""
    # uvicorn raises the signal again at its end; the folder would stay behind.
    signal.signal(signal.SIGTERM, _exit)
    with metrics_folder():
        _run(options)


def _exit(number: int, frame: FrameType | None) -> None:
    sys.exit()


def _run(options: ServeOptions) -> None:
    # Imported here: prometheus_client must find the folder when it is imported.
    from nightsieve.serving.http.application import (  # noqa: PLC0415
        create_application,
    )

    config = uvicorn.Config(
        functools.partial(create_application, options),
        factory=True,
        host=options.host,
        port=options.port,
        workers=options.workers,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=int(options.idle_seconds),
        ssl_certfile=options.certificate,
        ssl_keyfile=options.certificate_key,
        lifespan="on",
    )
    listening = config.bind_socket()
    scheme = "http" if options.certificate is None else "https"
    host, port = listening.getsockname()[:2]
    print(f"listening on {scheme}://{host}:{port}; its page is /docs", flush=True)
    if options.workers == 1:
        uvicorn.Server(config).run(sockets=[listening])
    else:
        Multiprocess(config, sockets=[listening]).run()
