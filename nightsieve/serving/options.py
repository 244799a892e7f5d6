"""What a service is started with."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ServeOptions:
    """The options of ``nightsieve serve``; each worker process receives them.

    Attributes
    ----------
    model
        A model file to serve; None serves the model that is current in the store.
    tokens
        The file of access tokens; without tokens, only this machine is listened to.
    origins
        Origins that a browser may call the service from (CORS).
    max_body_bytes
        A longer body is refused.
    requests_per_second
        What one token may ask of one process, on average; None is no limit.
    idle_seconds
        How long a connection may be idle, and a request take to arrive.
    max_connections
        What is asked on further connections of a process is refused.
    poll_seconds
        How often the store is asked whether another model is current.
    certificate, certificate_key
        PEM files for TLS; None serves plain HTTP.
    access_log
        Whether each request is logged.
    """

    model: Path | None
    tokens: Path
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    origins: tuple[str, ...] = ()
    max_body_bytes: int = 8 << 20
    requests_per_second: float | None = None
    idle_seconds: int = 5
    max_connections: int = 1000
    poll_seconds: float = 5.0
    certificate: Path | None = None
    certificate_key: Path | None = None
    access_log: bool = False
