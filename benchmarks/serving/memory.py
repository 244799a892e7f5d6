"""Memory of a process of the service during many requests.

Few connections are kept open, and each has one request at a time; requests follow each
other as fast as the service answers. Most label one message. The others are what could
make something grow: paths that do not exist, each another one, bodies that are refused,
methods that a resource lacks, and scrapes of ``/metrics``.
"""

import argparse
import itertools
import json
import random
import socket
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

import psutil

from benchmarks.harness import command, corpus, machine
from benchmarks.harness.results import write_result
from benchmarks.serving import servers
from benchmarks.serving.records import MemoryResult, MemorySample
from benchmarks.serving.tables import memory_table
from benchmarks.serving.trained import prepare

CONNECTIONS = 8
SAMPLES = 50
SEED = 1
#: One in this number of requests is of each kind beside predictions.
ONE_OF = 100
SCRAPE_ONE_OF = 1000
_MIB = 1 << 20
_TIMEOUT = 30.0  # seconds


def main() -> None:
    """Measure, and write ``memory.json``."""
    arguments = _parse_arguments()
    drawn = corpus.draw_messages(arguments.messages)
    with command.temporary_folder() as folder:
        with command.announced(f"a model of {arguments.terms:,} terms"):
            prepared = prepare(folder, drawn, arguments.terms)
        service = servers.service("--model", str(prepared.model))
        with (
            servers.running(service, folder / "log") as server,
            command.announced(f"{arguments.requests:,} requests"),
        ):
            requests = make_requests(drawn.texts)
            samples = _measure(server, requests, arguments.requests)
    result = MemoryResult(
        run=machine.describe_run("starlette", "uvicorn", "prometheus-client"),
        sources=drawn.sources,
        terms=arguments.terms,
        samples=tuple(samples),
    )
    write_result("memory", result, arguments.output)
    print(memory_table(result))


class Request(NamedTuple):
    """A request as bytes, and the status that is right."""

    content: bytes
    status: int


def make_requests(texts: list[str]) -> Iterator[Request]:
    """Yield requests without end."""
    rng = random.Random(SEED)
    for number, text in enumerate(itertools.cycle(texts)):
        kind = rng.randrange(ONE_OF)
        if number % SCRAPE_ONE_OF == 0:
            yield Request(_http("GET", "/metrics"), 200)
        elif kind == 0:
            yield Request(_http("GET", f"/{number}"), 404)
        elif kind == 1:
            yield Request(_http("POST", "/v1/predictions", {"messages": []}), 422)
        elif kind == 2:  # noqa: PLR2004 - the next kind
            yield Request(_http("PROPFIND", "/v1/labels"), 405)
        else:
            body = {"messages": [{"id": str(number), "text": text}]}
            yield Request(_http("POST", "/v1/predictions", body), 200)


def _http(method: str, path: str, body: object = None) -> bytes:
    content = b"" if body is None else json.dumps(body).encode()
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n"
    if content:
        head += f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n"
    return f"{head}\r\n".encode() + content


def _measure(
    server: servers.Server, requests: Iterator[Request], n_requests: int
) -> list[MemorySample]:
    """Send the requests, and measure `SAMPLES` times between them."""
    connections = [_Connection(server.address) for _ in range(CONNECTIONS)]
    samples = [_sample(server, connections[0], 0)]
    done = 0
    while done < n_requests:
        # The service works on some requests while this process makes others.
        for connection in connections:
            connection.send(next(requests))
        for connection in connections:
            connection.receive()
        done += CONNECTIONS
        if done * SAMPLES // n_requests >= len(samples):
            samples.append(_sample(server, connections[0], done))
    return samples


class _Connection:
    """A connection that is kept open."""

    def __init__(self, address: str) -> None:
        url = urlsplit(address)
        self._socket = socket.create_connection((url.hostname, url.port), _TIMEOUT)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._expected = 0

    def send(self, request: Request) -> None:
        """Send a request, without waiting for its answer."""
        self._expected = request.status
        self._socket.sendall(request.content)

    def receive(self) -> bytes:
        """Return the body of the answer, which must have the right status."""
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._read()
        head, _, body = received.partition(b"\r\n\r\n")
        first, *lines = head.decode().lower().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        while len(body) < int(headers["content-length"]):
            body += self._read()
        if int(first.split()[1]) != self._expected:
            raise SystemExit(f"{first}: not the status {self._expected}; see the log")
        return body

    def _read(self) -> bytes:
        received = self._socket.recv(1 << 16)
        if not received:
            raise SystemExit("the service closed a connection; see its log")
        return received


def _sample(server: servers.Server, connection: _Connection, done: int) -> MemorySample:
    connection.send(Request(_http("GET", "/metrics"), 200))
    lines = connection.receive().decode().splitlines()
    # The command is replaced by the service, so its process is that of the service.
    process = psutil.Process(server.process.pid)
    return MemorySample(
        requests=done,
        resident_mib=process.memory_info().rss / _MIB,
        time_series=sum(not line.startswith("#") for line in lines),
    )


def _parse_arguments() -> argparse.Namespace:
    parser = command.new_parser("benchmarks.serving.memory", __doc__)
    command.add_size(parser, "messages", 100_000, "messages to train on and to send")
    command.add_size(parser, "terms", 20_000, "maximum terms of the model")
    command.add_size(parser, "requests", 1_000_000, "requests")
    return parser.parse_args()


if __name__ == "__main__":
    main()
