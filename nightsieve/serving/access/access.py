"""The check that each request passes.

References
----------
RFC 6750, The OAuth 2.0 Authorization Framework: Bearer Token Usage.
"""

import hmac
import ipaddress
import math
import re
import socket
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from nightsieve.access.tokens import AccessToken, digest
from nightsieve.access.watching import WatchedTokens
from nightsieve.serving.access.rate_limit import RateLimit
from nightsieve.serving.contract.problems import Problem

_CHALLENGE = 'Bearer realm="nightsieve"'
_BEARER = re.compile(r"bearer( .*)?", re.IGNORECASE | re.DOTALL)
_TOKEN = re.compile(r"bearer +([A-Za-z0-9._~+/-]+=*) *", re.IGNORECASE)


class Access:
    """Decides who may ask what.

    While there is no file, everybody may ask everything, but only on the loopback
    interface, and only under a name of it: a page in a browser of this machine could
    give its own name the address 127.0.0.1.

    Parameters
    ----------
    path
        The file of tokens.
    host
        Where the service listens.
    requests_per_second
        What one token may ask of this process; None is no limit.

    Raises
    ------
    NightsieveError
        The file of tokens cannot be read or is damaged.
    """

    def __init__(
        self, path: Path, host: str, requests_per_second: float | None = None
    ) -> None:
        self._tokens = WatchedTokens(path)
        self._is_private = is_loopback(host)
        self._rate_limit = (
            None if requests_per_second is None else RateLimit(requests_per_second)
        )

    def identify(self, headers: Mapping[str, str]) -> AccessToken | None:
        """Return the token that a request has; None if no token is needed.

        Raises
        ------
        Problem
            401: there is no accepted token.
        """
        tokens = self._tokens.current()
        if self._is_private and not self._tokens.is_guarded:
            return None
        return _accepted(tokens, _secret(_authorization(headers)))

    def authorise(
        self, token: AccessToken | None, headers: Mapping[str, str], scope: str
    ) -> None:
        """Check that a request is allowed, and count it.

        Parameters
        ----------
        token
            What `identify` returned for the request.
        scope
            What the token must allow.

        Raises
        ------
        Problem
            403: the token does not allow this, or no token is needed and the host is
            another one. 429: the caller asks too often.
        """
        if token is not None:
            if scope not in token.scopes:
                raise _insufficient_scope(scope)
        # Each browser sends the name; an HTTP/1.0 client may not.
        elif not _names_this_machine(headers.get("host", "localhost")):
            raise Problem(
                403,
                "not-this-machine",
                "without tokens only this machine is served, under its own names; ask "
                "for 127.0.0.1 or localhost, or make a token: nightsieve serve token "
                "new",
            )
        self._count("" if token is None else token.name)

    def _count(self, caller: str) -> None:
        if self._rate_limit is None:
            return
        wait = self._rate_limit.take(caller)
        if wait:
            seconds = str(math.ceil(wait))
            raise Problem(
                429,
                "too-many-requests",
                f"too many requests; send the next one in {seconds} s",
                headers={"Retry-After": seconds},
            )


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches a service that listens there.

    Examples
    --------
    >>> [is_loopback(host) for host in ("127.0.0.1", "::1", "localhost", "0.0.0.0")]
    [True, True, True, False]
    """
    try:
        addresses = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    # An address of IPv6 may have a zone: fe80::1%eth0.
    hosts = {str(address[0]).partition("%")[0] for *_, address in addresses}
    return all(ipaddress.ip_address(host).is_loopback for host in hosts)


def _names_this_machine(host_and_port: str) -> bool:
    """Return whether a Host header names the loopback interface."""
    try:
        host = urlsplit(f"//{host_and_port}").hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _authorization(headers: Mapping[str, str]) -> Sequence[str]:
    if isinstance(headers, Headers):
        return headers.getlist("authorization")
    return [headers["authorization"]] if "authorization" in headers else []


def _secret(values: Sequence[str]) -> str:
    """Return the token that the Authorization headers of a request have."""
    if len(values) > 1:
        raise _invalid_token("several Authorization headers; send one")
    if not values or _BEARER.fullmatch(values[0]) is None:
        # RFC 6750, 3.1: without a token in the request there is no error code.
        raise Problem(
            401,
            "no-token",
            "the request has no token; send the header Authorization: Bearer TOKEN",
            headers={"WWW-Authenticate": _CHALLENGE},
        )
    match = _TOKEN.fullmatch(values[0])
    if match is None:
        raise _invalid_token(
            "the Authorization header has no well-formed token after Bearer; send "
            "the token as nightsieve serve token new printed it"
        )
    return match[1]


def _accepted(tokens: Sequence[AccessToken], secret: str) -> AccessToken:
    presented = digest(secret)
    accepted = None
    for token in tokens:
        # All are compared, so that the time does not depend on which one it is.
        if hmac.compare_digest(token.sha256, presented):
            accepted = token
    if accepted is None:
        raise _invalid_token("the token is unknown or was revoked; use another one")
    if accepted.has_expired(datetime.now(UTC).date()):
        raise _invalid_token("the token has expired; use another one")
    return accepted


def _invalid_token(detail: str) -> Problem:
    challenge = f'{_CHALLENGE}, error="invalid_token"'
    return Problem(
        401, "invalid-token", detail, headers={"WWW-Authenticate": challenge}
    )


def _insufficient_scope(scope: str) -> Problem:
    challenge = f'{_CHALLENGE}, error="insufficient_scope", scope="{scope}"'
    return Problem(
        403,
        "insufficient-scope",
        f"the token does not allow this; use one with the scope {scope}",
        headers={"WWW-Authenticate": challenge},
    )
