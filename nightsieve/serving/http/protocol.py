"""HTTP with bounds that uvicorn does not have.

uvicorn with httptools bounds neither the bytes of headers nor the time in which a
request arrives or an answer is read, and answers what is not HTTP as plain text.
"""

import asyncio
from enum import Enum
from http import HTTPStatus
from typing import Any, cast

import httptools
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import (
    HttpToolsProtocol,
    RequestResponseCycle,
)

from nightsieve.serving.contract.messages import Answer
from nightsieve.serving.contract.problems import Problem

#: The name of the service's monitor in the state of the application's lifespan.
MONITOR = "monitor"
#: Of the request line and all headers of a request.
MAX_HEADER_BYTES = 16 << 10
# A timer that is late by more: the process was busy, and has not yet read what arrived.
_BUSY_SECONDS = 0.25
# How long, and how much of, a body that nobody wants is read before the connection is
# closed. The system would discard the answer together with a body that is not read.
_DISCARD_SECONDS = 2.0
_DISCARD_BYTES = 16 << 20


class _Phase(Enum):
    """What arrives: nothing that is part of a request, its headers, or its body."""

    BETWEEN = "between requests"
    HEADERS = "headers"
    BODY = "body"


class BoundedProtocol(HttpToolsProtocol):
    """A connection whose client must neither send much nor be slow.

    Parameters
    ----------
    idle_seconds
        How long a connection may be idle, the headers of a request may take to arrive,
        and an answer may wait to be read. The endpoint bounds the time of a body.
    max_connections
        What is asked on further connections is answered with 503. Connections beyond
        twice the number are closed at once.
    """

    def __init__(
        self, idle_seconds: int, max_connections: int, *arguments: Any, **options: Any
    ) -> None:
        super().__init__(*arguments, **options)
        self.timeout_keep_alive = idle_seconds
        self._max_connections = max_connections
        self._phase = _Phase.BETWEEN
        self._header_bytes = 0
        self._answering: RequestResponseCycle | None = None
        self._ignored_upgrade: bytes | None = None
        self._deadline = 0.0
        self._clock: asyncio.TimerHandle | None = None
        self._write_clock: asyncio.TimerHandle | None = None
        self._discard_clock: asyncio.TimerHandle | None = None
        self._discarded_bytes = 0

    def connection_made(  # type: ignore[override]
        self, transport: asyncio.Transport
    ) -> None:
        """Begin to wait for the first request."""
        super().connection_made(transport)
        if len(self.connections) > 2 * self._max_connections:
            transport.abort()
            return
        self._start_clock()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop all timers."""
        super().connection_lost(exc)
        self._abandon_answer()
        self._stop_clock()
        self._stop_write_clock()
        if self._discard_clock is not None:
            self._discard_clock.cancel()

    def data_received(self, data: bytes) -> None:
        """Parse what arrived, and bound what is still to come."""
        if self._is_discarding:
            self._discard(data)
            return
        self._unset_keepalive_if_required()
        if self._phase is not _Phase.BODY:
            self._header_bytes += len(data)
        self._parse(data)
        if self.transport.is_closing():
            return
        if self._phase is _Phase.HEADERS and self._header_bytes > MAX_HEADER_BYTES:
            self._refuse(_too_long_headers())
        elif self._phase is _Phase.BETWEEN and self._is_answering:
            self._stop_clock()
        elif self._clock is None:
            self._start_clock()

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self._phase = _Phase.HEADERS

    def on_headers_complete(self) -> None:
        """Let the application answer, unless a bound is reached."""
        if self._is_discarding:
            return
        method = self.parser.get_method()
        if method == b"CONNECT":
            raise httptools.HttpParserError("CONNECT")  # answered as what is not HTTP
        if self.parser.should_upgrade():
            self._ignored_upgrade = method
            return
        self._phase = _Phase.BODY
        self._header_bytes = 0
        problem = self._refusal()
        if problem is not None:
            self._count(method.decode(errors="replace"), problem)
        self.app = self.config.loaded_app if problem is None else _answering(problem)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """End a request."""
        if self._is_discarding:
            self.transport.close()
            return
        if self._ignored_upgrade is not None:
            return
        super().on_message_complete()
        self._phase = _Phase.BETWEEN
        if not self.pipeline:
            # uvicorn does so for the next request; a client that goes is seen earlier.
            self.flow.resume_reading()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._answering = cycle
        cycle.transport = cast(asyncio.Transport, _CycleTransport(self))
        super()._start_asgi_task(cycle, app)

    def on_response_complete(self) -> None:
        """Wait for the next request, unless the connection is about to close."""
        if self._is_discarding:
            self.server_state.total_requests += 1
        else:
            super().on_response_complete()

    def close_after_answer(self) -> None:
        """Close the connection when what the client still sends has been read."""
        if self._phase is not _Phase.BODY or self.transport.is_closing():
            self.transport.close()
            return
        self._stop_clock()
        self._discard_clock = self.loop.call_later(
            _DISCARD_SECONDS, self.transport.close
        )
        self.flow.resume_reading()

    @property
    def _is_discarding(self) -> bool:
        return self._discard_clock is not None

    def _discard(self, data: bytes) -> None:
        """Read more of a body that nobody wants; its end closes the connection."""
        self._discarded_bytes += len(data)
        try:
            self.parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.transport.close()
        if self._discarded_bytes > _DISCARD_BYTES:
            self.transport.close()

    def _abandon_answer(self) -> None:
        """Let the application write no more.

        uvicorn does so for the request that arrived last; the one that is answered may
        be another, whose client did not wait for the answer.
        """
        if self._answering is not None and not self._answering.response_complete:
            self._answering.disconnected = True
            self._answering.message_event.set()

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP."""
        detail = "the request is not valid HTTP/1.1; use an HTTP client"
        self._refuse(Problem(400, "not-http", detail))

    def timeout_keep_alive_handler(self) -> None:
        """Close the connection when what was answered has been read."""
        super().timeout_keep_alive_handler()
        self._watch_reader()

    def pause_writing(self) -> None:
        """Bound the time in which the client reads nothing."""
        super().pause_writing()
        self._watch_reader()

    def resume_writing(self) -> None:
        """Go on: the client reads."""
        super().resume_writing()
        self._stop_write_clock()

    def _parse(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            (offset,) = upgrade.args
            self._ignore_upgrade(data[offset:])
        except httptools.HttpParserError as error:
            self.send_400_response(type(error).__name__)

    def _ignore_upgrade(self, rest: bytes) -> None:
        """Parse a request again, as if it offered no other protocol.

        Java's client offers HTTP/2 with the first request of a connection. The parser
        would take the body of this request for the other protocol.
        """
        assert self._ignored_upgrade is not None
        lines = [b"%b %b HTTP/1.1" % (self._ignored_upgrade, self.url)]
        for name, value in self.headers:
            if name not in (b"connection", b"upgrade"):
                lines.append(b"%b: %b" % (name, value))
        self._ignored_upgrade = None
        self.parser = httptools.HttpRequestParser(self)
        self._parse(b"\r\n".join([*lines, b"", b""]) + rest)

    @property
    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    @property
    def _owes_answer(self) -> bool:
        """Whether a request that is not the one that now arrives has no answer yet."""
        if not self._is_answering:
            return False
        is_arriving = self._phase is _Phase.BODY and not self.pipeline
        return not is_arriving or self.cycle.response_started

    def _refusal(self) -> Problem | None:
        url_bytes = len(self.url)
        if url_bytes + sum(len(n) + len(v) for n, v in self.headers) > MAX_HEADER_BYTES:
            return _too_long_headers()
        if len(self.connections) > self._max_connections:
            return Problem(
                503,
                "busy",
                f"more than {self._max_connections:,} connections; try again later",
                headers={"Retry-After": "1", "Connection": "close"},
            )
        return None

    def _refuse(self, problem: Problem) -> None:
        """Answer in place of the application, and close the connection."""
        if self._owes_answer:
            self.cycle.keep_alive = False
            self.flow.pause_reading()
            return
        self._count("", problem)
        self.transport.write(_as_bytes(problem.answer()))
        self.transport.close()
        self._watch_reader()

    def _count(self, method: str, problem: Problem) -> None:
        """Count a request that does not reach the application."""
        monitor = self.app_state[MONITOR]
        monitor.request_refused(method, problem.status)

    def _start_clock(self, seconds: float | None = None) -> None:
        delay = self.timeout_keep_alive if seconds is None else seconds
        self._deadline = self.loop.time() + delay
        self._clock = self.loop.call_later(delay, self._time_out)

    def _stop_clock(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None

    def _time_out(self) -> None:
        self._clock = None
        if self.transport.is_closing():
            return
        if self.loop.time() - self._deadline > _BUSY_SECONDS:
            self._start_clock(_BUSY_SECONDS)
        elif self._is_answering:  # nothing more may be read meanwhile
            self._start_clock()
        elif self._phase is _Phase.HEADERS:
            self._refuse(_slow_headers(self.timeout_keep_alive))
        else:
            self.transport.close()
            self._watch_reader()

    def _watch_reader(self) -> None:
        """End the connection if its client does not read what was sent."""
        self._stop_write_clock()
        waiting = self.transport.get_write_buffer_size()
        if waiting:
            self._write_clock = self.loop.call_later(
                self.timeout_keep_alive, self._check_reader, waiting
            )

    def _check_reader(self, before: int) -> None:
        self._write_clock = None
        if self.transport.get_write_buffer_size() < before:
            self._watch_reader()
        else:
            self._abandon_answer()
            self.transport.abort()

    def _stop_write_clock(self) -> None:
        if self._write_clock is not None:
            self._write_clock.cancel()
            self._write_clock = None


class _CycleTransport:
    """The transport as an answer sees it: closing waits for what is discarded."""

    def __init__(self, protocol: BoundedProtocol) -> None:
        self._protocol = protocol
        self.write = protocol.transport.write
        self.is_closing = protocol.transport.is_closing

    def close(self) -> None:
        """Close the connection after the answer."""
        self._protocol.close_after_answer()


def _too_long_headers() -> Problem:
    detail = f"the headers are longer than {MAX_HEADER_BYTES:,} bytes; send fewer"
    return Problem(431, "headers-too-long", detail, headers={"Connection": "close"})


def _slow_headers(idle_seconds: int) -> Problem:
    detail = f"the headers did not arrive in {idle_seconds} s; send the request again"
    return Problem(408, "too-slow", detail)


def _answering(problem: Problem) -> ASGIApp:
    """Return an application that answers with the problem."""
    answer = problem.answer()
    headers = [(n.lower().encode(), v.encode()) for n, v in answer.headers.items()]
    headers.append((b"content-length", str(len(answer.body)).encode()))

    async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
        start = "http.response.start"
        await send({"type": start, "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})

    return refuse


def _as_bytes(answer: Answer) -> bytes:
    """Return an answer after which the connection is closed."""
    lines = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"]
    headers = {
        **answer.headers,
        "Content-Length": str(len(answer.body)),
        "Connection": "close",
    }
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + answer.body
