"""HTTP as bytes on a socket, for clients that do what no library does."""

import json
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPResponse
from typing import Any, NamedTuple
from urllib.parse import urlsplit

PATIENCE = 30  # seconds until a server that does nothing fails a test


class RawAnswer(NamedTuple):
    """An answer, and whether the server closed the connection after it."""

    status: int
    headers: dict[str, str]
    body: bytes

    def problem(self) -> str:
        """Return the name of the problem that the body describes."""
        assert self.headers["content-type"] == "application/problem+json"
        document: dict[str, Any] = json.loads(self.body)
        assert document["status"] == self.status
        return str(document["type"].removeprefix("urn:nightsieve:problem:"))


@contextmanager
def connection(address: str) -> Iterator[socket.socket]:
    """Open a connection to the server of an address such as ``http://host:port``."""
    parts = urlsplit(address)
    assert parts.hostname is not None
    assert parts.port is not None
    with socket.create_connection((parts.hostname, parts.port), PATIENCE) as raw:
        if parts.scheme == "http":
            yield raw
            return
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        with context.wrap_socket(raw) as encrypted:
            yield encrypted


def answer(stream: socket.socket, method: str = "GET") -> RawAnswer:
    """Read the next answer."""
    response = HTTPResponse(stream, method=method)
    response.begin()
    headers = {name.lower(): value for name, value in response.getheaders()}
    return RawAnswer(response.status, headers, response.read())


def ask(address: str, request: bytes) -> RawAnswer:
    """Send bytes over a connection of their own, and read the answer."""
    with connection(address) as stream:
        stream.sendall(request)
        return answer(stream)


def seconds_until_closed(stream: socket.socket) -> float:
    """Wait until the server closes the connection; discard what it sends."""
    started = time.monotonic()
    try:
        while stream.recv(1 << 16):
            pass
    except ConnectionResetError:
        pass
    return time.monotonic() - started


def predictions(body: bytes, *headers: str, length: object = None) -> bytes:
    """Return a request for predictions.

    Parameters
    ----------
    length
        What Content-Length says, if not the length of the body.
    """
    lines = [
        "POST /v1/predictions HTTP/1.1",
        "Host: localhost",
        "Content-Type: application/json",
        *headers,
    ]
    if not any(header.startswith("Transfer-Encoding") for header in headers):
        lines.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def chunked(*chunks: bytes) -> bytes:
    """Return a body in chunks."""
    parts = [b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks]
    return b"".join([*parts, b"0\r\n\r\n"])
