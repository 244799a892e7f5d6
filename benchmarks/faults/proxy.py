"""A proxy before an S3 server, which lets requests go wrong by rules.

In one process::

    with Proxy("http://127.0.0.1:9000") as proxy:
        environment["AWS_ENDPOINT_URL_S3"] = proxy.url
        proxy.rules([Rule(Fault.CUT, method="GET", every=10)])
        proxy.away("refused")
        proxy.back()

From a shell, the proxy runs until it is stopped, and prints two addresses: the one
that takes the place of the server, and the one of its control::

    python -m benchmarks.faults.proxy --upstream http://127.0.0.1:9000
    curl -X PUT -d '[{"fault": "cut", "method": "GET", "every": 10}]' CONTROL/rules
    curl -X PUT -d '"refused"' CONTROL/away         # and null for back
    curl CONTROL/log

The signature of a request covers its Host header, which is forwarded as it is.
"""

import argparse
import contextlib
import http.client
import json
import socket
import struct
import threading
from collections.abc import Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from benchmarks.faults.rules import STATUSES, Fault, Rule, RuleBook, flip_bit

#: How a server can be away: it answers 503, resets each connection, does not listen, or
#: accepts and never answers.
AWAY = ("503", "reset", "refused", "hang")
_LOCALHOST = "127.0.0.1"
# They are of the connection, not of the message.
_HOP = ("connection", "keep-alive", "transfer-encoding", "expect", "content-length")
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Request(NamedTuple):
    """A request that the proxy received.

    Attributes
    ----------
    method
        ``LIST`` for a GET of the keys of a bucket.
    target
        The decoded path and query.
    fault
        What happened to it; None if it passed.
    """

    method: str
    target: str
    fault: str | None


class _Answer(NamedTuple):
    status: int
    headers: list[tuple[str, str]]
    body: bytes


class Proxy:
    """A proxy that listens while it is entered.

    Parameters
    ----------
    upstream
        The URL of the server.
    port
        The port to listen at; 0 for any.
    """

    def __init__(self, upstream: str, port: int = 0):
        parts = urlsplit(upstream)
        self.upstream = (parts.hostname or _LOCALHOST, parts.port or 80)
        self._port = port
        self._server: _Server | None = None
        self._book = RuleBook()
        self._away: str | None = None
        self._released = threading.Event()
        self._log: list[Request] = []
        self._first_answers: dict[str, _Answer] = {}

    def __enter__(self) -> "Proxy":
        self._listen()
        return self

    def __exit__(self, *_: object) -> None:
        self._released.set()
        self._close()

    @property
    def url(self) -> str:
        """The address that takes the place of the server's."""
        return f"http://{_LOCALHOST}:{self._port}"

    @property
    def log(self) -> list[Request]:
        """Every request since the rules were set, the last one last."""
        return list(self._log)

    @property
    def applied(self) -> list[int]:
        """How often each rule was applied."""
        return self._book.applied()

    def rules(self, rules: list[Rule]) -> None:
        """Set the rules in place of earlier ones, and forget the log."""
        self._log.clear()
        self._first_answers.clear()
        self._book.replace(rules)

    def away(self, how: str = "503") -> None:
        """Let the server be away, in one of the ways of `AWAY`, until `back`."""
        if how not in AWAY:
            raise ValueError(f"{how}: use one of {', '.join(AWAY)}")
        self._released.clear()
        self._away = how
        if how == "refused":
            self._close()

    def back(self) -> None:
        """Let the server be there again."""
        self._away = None
        self._released.set()
        self._listen()

    def choose(self, method: str, target: str) -> Rule | None:
        """Return what happens to a request, and note it; None if it passes."""
        if self._away is None:
            rule = self._book.choose(method, target)
        elif self._away == "503":
            rule = Rule(Fault.STATUS, code="503")
        elif self._away == "hang":
            rule = Rule(Fault.HANG, seconds=3600)
        else:
            rule = Rule(Fault.RESET)
        fault = None if rule is None else rule.fault.value
        self._log.append(Request(method, target, fault))
        return rule

    def hang(self, seconds: float) -> None:
        """Wait, until the server is back at the latest."""
        self._released.clear()
        self._released.wait(seconds)

    def first_answer(self, target: str, answer: _Answer) -> _Answer:
        """Return the first answer of all requests with this target."""
        return self._first_answers.setdefault(target, answer)

    def _listen(self) -> None:
        if self._server is None:
            self._server = _Server((_LOCALHOST, self._port), _Handler, self)
            self._port = self._server.server_address[1]
            threading.Thread(
                target=self._server.serve_forever, args=(0.02,), daemon=True
            ).start()

    def _close(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(
        self,
        address: tuple[str, int],
        handler: type[BaseHTTPRequestHandler],
        proxy: Proxy,
    ):
        super().__init__(address, handler)
        self.proxy = proxy

    def handle_error(self, *_: object) -> None:
        """Say nothing: clients that go away are what the proxy is for."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    # An answer is sent in one piece, and at once.
    wbufsize = -1
    disable_nagle_algorithm = True

    def handle_one_request(self) -> None:
        """Handle a request of any method."""
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        target = unquote(self.path)
        with contextlib.suppress(OSError):
            self._handle(_method(self.command, self.path), target, body)
            self.wfile.flush()

    def handle_expect_100(self) -> bool:
        """Let the client send its body; without this it would wait for a second."""
        super().handle_expect_100()
        self.wfile.flush()
        return True

    def log_message(self, *_: object) -> None:
        """Say nothing; see `Proxy.log`."""

    def _handle(self, method: str, target: str, body: bytes) -> None:
        proxy = self.server.proxy
        rule = proxy.choose(method, target)
        if rule is None:
            self._send(self._forward(body))
        elif rule.fault == Fault.STATUS:
            self._send(_error(rule.code))
        elif rule.fault == Fault.RESET:
            self._reset()
        elif rule.fault == Fault.HANG:
            proxy.hang(rule.seconds)
            self._reset()
        elif rule.fault == Fault.DELAY:
            threading.Event().wait(rule.seconds)
            self._send(self._forward(body))
        elif rule.fault == Fault.LOST:
            self._forward(body)
            self._reset()
        elif rule.fault == Fault.STALE:
            self._send(proxy.first_answer(target, self._forward(body)))
        else:
            self._damage(rule, body)

    def _damage(self, rule: Rule, body: bytes) -> None:
        if rule.fault == Fault.FLIP and body:
            self._send(self._forward(flip_bit(body, rule.bit)))
            return
        answer = self._forward(body)
        if rule.fault == Fault.FLIP:
            self._send(answer._replace(body=flip_bit(answer.body, rule.bit)))
            return
        half = len(answer.body) // 2
        self._send(answer, half)
        self.wfile.flush()
        if rule.fault == Fault.BREAK:
            self._reset()
        self.close_connection = True

    def _forward(self, body: bytes) -> _Answer:
        """Send the request to the server; a server that is away is a bad gateway."""
        headers = {
            name: value
            for name, value in self.headers.items()
            if name.lower() not in _HOP
        }
        if "Content-Length" in self.headers:
            headers["Content-Length"] = str(len(body))
        connection = http.client.HTTPConnection(*self.server.proxy.upstream)
        try:
            # A server may refuse a request before it has read all of it.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.request(self.command, self.path, body or None, headers)
            response = connection.getresponse()
            content = response.read()
            return _Answer(response.status, response.getheaders(), content)
        except (OSError, http.client.HTTPException):
            return _error("502")
        finally:
            connection.close()

    def _send(self, answer: _Answer, size: int | None = None) -> None:
        """Send an answer, or the first bytes of its body."""
        self.send_response_only(answer.status)
        length = str(len(answer.body))
        for name, value in answer.headers:
            if name.lower() == "content-length":
                length = value
            elif name.lower() not in _HOP:
                self.send_header(name, value)
        has_body = self.command != "HEAD" and answer.status != HTTPStatus.NO_CONTENT
        if has_body:
            length = str(len(answer.body))
        if answer.status != HTTPStatus.NO_CONTENT:
            self.send_header("Content-Length", length)
        self.end_headers()
        if has_body:
            self.wfile.write(answer.body[:size])

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self.close_connection = True
        # The server shuts a connection down before it closes it, which sends a FIN.
        self.connection.close()
        self.rfile.close()


class _ControlHandler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        """Answer with the log or the counts."""
        proxy = self.server.proxy
        if self.path == "/log":
            self._answer([request._asdict() for request in proxy.log])
        elif self.path == "/applied":
            self._answer(proxy.applied)
        else:
            self._answer("use /log, /applied, PUT /rules or PUT /away", 404)

    def do_PUT(self) -> None:
        """Set the rules, or whether the server is away."""
        proxy = self.server.proxy
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            value = json.loads(content)
            if self.path == "/rules":
                proxy.rules([Rule.from_dict(fields) for fields in value])
            elif self.path == "/away" and value is None:
                proxy.back()
            elif self.path == "/away":
                proxy.away(value)
            else:
                self._answer("use /rules or /away", 404)
                return
        except (ValueError, TypeError, KeyError) as error:
            self._answer(str(error), 400)
            return
        self._answer("done")

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _answer(self, value: Any, status: int = 200) -> None:
        content = json.dumps(value).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def _method(command: str, path: str) -> str:
    """Return the method, with ``LIST`` for a GET of the keys of a bucket."""
    if command == "GET" and "list-type" in parse_qs(urlsplit(path).query):
        return "LIST"
    return command


def _error(code: str) -> _Answer:
    status = STATUSES[code]
    if code.isdigit():
        return _Answer(status, [("Content-Type", "text/html")], b"")
    body = f"<Error><Code>{code}</Code><Message>an injected fault</Message></Error>"
    return _Answer(status, [("Content-Type", "application/xml")], body.encode())


@contextlib.contextmanager
def control(proxy: Proxy, port: int = 0) -> Iterator[str]:
    """Serve the control of a proxy, and yield its address."""
    server = _Server((_LOCALHOST, port), _ControlHandler, proxy)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://{_LOCALHOST}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def main() -> None:
    """Run a proxy and its control until the process is stopped."""
    description = (__doc__ or "").partition("\n")[0]
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--upstream", required=True, help="URL of the S3 server")
    parser.add_argument("--port", type=int, default=0, help="port; 0 for any")
    parser.add_argument("--control-port", type=int, default=0, help="0 for any")
    parser.add_argument("--rules", default="[]", help="rules, a JSON list")
    arguments = parser.parse_args()
    with (
        Proxy(arguments.upstream, arguments.port) as proxy,
        control(proxy, arguments.control_port) as control_url,
    ):
        proxy.rules([Rule.from_dict(fields) for fields in json.loads(arguments.rules)])
        print(f"proxy {proxy.url}", flush=True)
        print(f"control {control_url}", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
