"""The database of a configuration: its URL with secrets, and its identity without.

A configuration holds a reference to an environment variable, never an account. Its
digest must differ for another database, and must not differ for another account.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from pipeline.config.interpolate import look_up_url
from pipeline.config.resolve import digest
from pipeline.config.settings import Source
from pipeline.errors import ConfigError

_BACKENDS = ("postgresql", "sqlite")
_POSTGRESQL_PORT = 5432


def database_url(
    source: Source,
    environment: Mapping[str, str] = os.environ,
    origin: str = "the configuration",
) -> URL:
    """Return the database's URL with its secrets, to be used in this process only.

    Parameters
    ----------
    environment
        The variables that ``source.url`` may refer to.
    origin
        The name of the layer that set ``source.url``, for the message.

    Raises
    ------
    UnsetVariableError
        A variable is not set.
    ConfigError
        ``source.url`` names no variable that may hold a URL, or ingest does not
        support the URL. The message never holds a part of the URL.
    """
    return _parse(look_up_url(source.url, origin, environment), origin)


def database_identity(url: URL) -> str:
    """Return a digest of the database's address, which is the same for all accounts."""
    if url.get_backend_name() == "sqlite":
        file = Path(url.database or "").absolute()
        return digest(str(file).encode())
    port = url.port or _POSTGRESQL_PORT
    return digest(f"{url.host}:{port}/{url.database}".encode())


def _parse(url: str, origin: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise ConfigError(
            f"{origin}: source.url: not a database URL; "
            "use postgresql://user:password@host/database"
        ) from None
    backend = parsed.get_backend_name()
    if backend not in _BACKENDS:
        raise ConfigError(
            f"{origin}: source.url: {backend} is not supported; "
            "use postgresql or sqlite"
        )
    return parsed
