"""Settings from the environment: nothing secret is in a file of the repository."""

import os
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

_YES = {"1": True, "0": False}


class Database(NamedTuple):
    """The parts of a database URL."""

    host: str
    port: str
    name: str
    user: str
    password: str
    options: dict[str, str]


def required(name: str) -> str:
    """Return a variable that has no default."""
    value = os.environ.get(name, "")
    if not value:
        raise ImproperlyConfigured(f"{name} is not set; README.md says what it holds")
    return value


def flag(name: str, default: str) -> bool:
    """Return a variable that is 1 or 0."""
    value = os.environ.get(name, default)
    if value not in _YES:
        raise ImproperlyConfigured(f"{name}={value}: not a flag; use 1 or 0")
    return _YES[value]


def number(name: str, default: str) -> int:
    """Return a variable that is a whole number, at least 1."""
    value = os.environ.get(name, default)
    if not value.isascii() or not value.isdigit() or int(value) < 1:
        raise ImproperlyConfigured(f"{name}={value}: not a number; use one such as 5")
    return int(value)


def names(name: str, default: str) -> list[str]:
    """Return a variable that is a list with commas."""
    return [word for word in os.environ.get(name, default).split(",") if word]


def database(name: str) -> Database:
    """Return a variable that is ``postgresql://user:password@host:port/name``."""
    url = urlsplit(required(name))
    if url.scheme.partition("+")[0] not in ("postgresql", "postgres"):
        # The URL is not shown: it has a password.
        raise ImproperlyConfigured(
            f"{name}: not a URL of PostgreSQL; use postgresql://user:password@host/name"
        )
    return Database(
        host=url.hostname or "",
        port=str(url.port or ""),
        name=unquote(url.path.removeprefix("/")),
        user=unquote(url.username or ""),
        password=unquote(url.password or ""),
        options=dict(parse_qsl(url.query)),
    )
