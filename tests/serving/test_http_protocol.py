"""What the service does with bytes that no HTTP library sends."""

import http.client
import json
import select
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import psutil
import pytest

from tests.support.raw_http import (
    answer,
    ask,
    chunked,
    connection,
    predictions,
    seconds_until_closed,
)
from tests.support.services import serving

MESSAGE = b'{"messages":[{"text":"Your code is 123456"}]}'
MAX_BODY = 10_000
MAX_HEADERS = 16 << 10
IDLE = 1
CONNECTIONS = 4
LABELS = b"GET /v1/labels HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture(scope="module")
def service(model_file, tmp_path_factory) -> Iterator[tuple[str, psutil.Process]]:
    """Return the address and the process of a service with narrow bounds."""
    log = tmp_path_factory.mktemp("bounded") / "log"
    options = ["--model", str(model_file), "--max-body", str(MAX_BODY)]
    options += ["--idle", str(IDLE), "--max-connections", str(CONNECTIONS)]
    with serving(*options, environment={}, log=log) as (url, process):
        yield url, psutil.Process(process.pid)
    assert "traceback" not in log.read_text()


@pytest.fixture
def address(service) -> str:
    """Return the address of the service."""
    return service[0]


def padded(n_bytes: int) -> bytes:
    """Return a request whose body has this length."""
    return MESSAGE.ljust(n_bytes)


@pytest.mark.parametrize("n_bytes", [MAX_BODY, MAX_BODY + 1])
@pytest.mark.parametrize("in_chunks", [False, True])
def test_a_body_is_refused_from_one_byte_above_the_bound_on(
    address, n_bytes, in_chunks
):
    body = padded(n_bytes)
    if in_chunks:
        content = chunked(body[:4000], body[4000:])
        request = predictions(content, "Transfer-Encoding: chunked")
    else:
        request = predictions(body)
    answered = ask(address, request)
    if n_bytes > MAX_BODY:
        assert (answered.status, answered.problem()) == (413, "body-too-long")
    else:
        assert answered.status == 200


def test_a_body_that_is_announced_as_too_long_is_not_waited_for(address):
    answered = ask(address, predictions(b"", length=10**12))
    assert (answered.status, answered.problem()) == (413, "body-too-long")


def test_a_client_that_sends_all_of_a_refused_body_reads_why(address):
    with connection(address) as stream:
        stream.sendall(predictions(b" " * 3_000_000))
        answered = answer(stream)
        assert (answered.status, answered.problem()) == (413, "body-too-long")
        # The rest was discarded: the connection can be used again.
        stream.sendall(LABELS)
        assert answer(stream).status == 200


@pytest.mark.parametrize("n_bytes", [8_000_000, 12_000_000])
@pytest.mark.parametrize(
    ("path", "status"), [("/v1/predictions", 413), ("/v1/labels", 405)]
)
def test_a_client_that_closes_reads_why_its_body_was_refused(
    address, path, status, n_bytes
):
    """As urllib does, which sends all of a body before it reads."""
    host = address.removeprefix("http://")
    client = http.client.HTTPConnection(host, timeout=30)
    headers = {"Connection": "close", "Content-Type": "application/json"}
    client.request("POST", path, b" " * n_bytes, headers)
    with client.getresponse() as response:
        assert response.status == status
        assert response.getheader("Connection") == "close"
        assert b"urn:nightsieve:problem" in response.read()


def test_a_refused_body_is_discarded_within_bounds(address):
    slow_body = (b" " * 1000, 0.05)
    fast_body = (b" " * 1_000_000, 0.0)
    for chunk, pause in (slow_body, fast_body):
        with connection(address) as stream:
            request = predictions(b"", "Connection: close", length=10**12)
            stream.sendall(request)
            assert answer(stream).status == 413
            with pytest.raises(ConnectionError):
                send_for(10, stream, chunk, pause)


def send_for(seconds: float, stream: socket.socket, chunk: bytes, pause: float) -> None:
    """Send chunks, with a pause after each one."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        stream.sendall(chunk)
        time.sleep(pause)


def test_what_follows_a_refused_body_is_not_answered(address):
    body = padded(MAX_BODY + 1)
    with connection(address) as stream:
        stream.sendall(predictions(body, "Connection: close")[:-1])
        assert answer(stream).status == 413
        stream.sendall(b" " + LABELS)
        assert stream.recv(100) == b""


def test_a_client_is_not_asked_for_a_body_that_would_be_refused(address):
    with connection(address) as stream:
        stream.sendall(predictions(b"", "Expect: 100-continue", length=MAX_BODY + 1))
        assert answer(stream).status == 413
    with connection(address) as stream:
        request = predictions(b"", "Expect: 100-continue", length=len(MESSAGE))
        stream.sendall(request)
        assert stream.recv(100).startswith(b"HTTP/1.1 100 ")
        stream.sendall(MESSAGE)
        assert answer(stream).status == 200


@pytest.mark.parametrize(
    "request_bytes",
    [
        predictions(MESSAGE, length=-1),
        predictions(MESSAGE, length="many"),
        predictions(MESSAGE, length=10**30),
        predictions(MESSAGE, f"Content-Length: {len(MESSAGE) + 1}"),
        predictions(MESSAGE, "Transfer-Encoding: chunked"),
        predictions(MESSAGE, "Transfer-Encoding: gzip"),
        b"GET / HTTP/1.1\r\nno header\r\n\r\n",
        b"GET http://[::1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"FETCH / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
def test_what_is_not_http_is_a_problem(address, request_bytes):
    answered = ask(address, request_bytes)
    assert (answered.status, answered.problem()) == (400, "not-http")
    assert answered.headers["connection"] == "close"


@pytest.mark.parametrize("sent_at_once", [True, False])
def test_headers_are_refused_above_their_bound(address, sent_at_once):
    start = b"GET /v1/labels HTTP/1.1\r\nHost: localhost\r\nCookie: "
    with connection(address) as stream:
        stream.sendall(start + b"a" * (MAX_HEADERS - 100) + b"\r\n\r\n")
        assert answer(stream).status == 200
    with connection(address) as stream:
        stream.sendall(start + b"a" * MAX_HEADERS)
        if sent_at_once:
            stream.sendall(b"\r\n\r\n")
        answered = answer(stream)
        assert (answered.status, answered.problem()) == (431, "headers-too-long")
        seconds_until_closed(stream)


def test_many_small_headers_are_refused_too(address):
    headers = b"".join(b"X-%d: 1\r\n" % number for number in range(5_000))
    answered = ask(address, b"GET /v1/labels HTTP/1.1\r\n" + headers + b"\r\n")
    assert (answered.status, answered.problem()) == (431, "headers-too-long")


@pytest.mark.parametrize("sent", [b"", b"\r\n"])
def test_a_connection_that_asks_nothing_is_closed(address, sent):
    with connection(address) as stream:
        stream.sendall(sent)
        assert seconds_until_closed(stream) > IDLE * 0.9


def test_a_connection_is_closed_when_it_is_idle_after_an_answer(address):
    with connection(address) as stream:
        stream.sendall(LABELS)
        assert answer(stream).status == 200
        assert seconds_until_closed(stream) > IDLE * 0.9


@pytest.mark.parametrize(
    "request_bytes", [LABELS, predictions(MESSAGE)], ids=["headers", "body"]
)
@pytest.mark.parametrize("has_asked_before", [False, True])
def test_a_request_that_arrives_a_byte_at_a_time_is_ended(
    address, request_bytes, has_asked_before
):
    with connection(address) as stream:
        if has_asked_before:
            stream.sendall(LABELS)
            assert answer(stream).status == 200
        is_body = request_bytes.startswith(b"POST")
        at_once = request_bytes.index(b"\r\n\r\n") + 4 if is_body else 1
        stream.sendall(request_bytes[:at_once])
        drip(stream, request_bytes[at_once:])
        answered = answer(stream)
        assert (answered.status, answered.problem()) == (408, "too-slow")
        seconds_until_closed(stream)


def drip(stream: socket.socket, content: bytes) -> None:
    """Send a byte at a time until the server has said something."""
    for byte in content:
        answered, _, _ = select.select([stream], [], [], 0.2)
        if answered:
            break
        stream.send(bytes([byte]))


def test_a_body_may_take_longer_if_it_is_long(address):
    body = padded(MAX_BODY)
    with connection(address) as stream:
        stream.sendall(predictions(body)[: -len(body)])
        for start in range(0, len(body), 1000):
            stream.sendall(body[start : start + 1000])
            time.sleep(0.15)  # 10,000 bytes in 1.5 s, with 1 s and 8,192 bytes a second
        assert answer(stream).status == 200


def test_requests_may_follow_each_other_without_waiting(address):
    with connection(address) as stream:
        stream.sendall(LABELS + predictions(MESSAGE) + LABELS)
        with stream.makefile("rb") as received:
            # One reader for all: answers may share a packet.
            bodies = [read_answer(received) for _ in range(3)]
    assert bodies[0] == bodies[2]
    assert "predictions" in json.loads(bodies[1])


def read_answer(received) -> bytes:
    length = 0
    while (line := received.readline()) != b"\r\n":
        name, _, value = line.partition(b":")
        if name == b"content-length":
            length = int(value)
    return received.read(length)


def test_what_follows_a_request_and_is_not_http_does_not_cost_its_answer(address):
    with connection(address) as stream:
        stream.sendall(LABELS + b"nonsense\r\n\r\n")
        assert answer(stream).status == 200
        seconds_until_closed(stream)


def test_an_upgrade_that_the_service_does_not_know_is_ignored(address):
    """Java's client offers HTTP/2 with the first request of each connection."""
    upgrade = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c")
    with connection(address) as stream:
        stream.sendall(predictions(MESSAGE, *upgrade, "HTTP2-Settings: AAMAAABk"))
        answered = answer(stream)
        assert answered.status == 200
        assert "predictions" in json.loads(answered.body)
        stream.sendall(predictions(MESSAGE))
        assert answer(stream).body == answered.body


def test_http_1_0_is_answered_and_the_connection_closed(address):
    with connection(address) as stream:
        stream.sendall(b"GET /v1/labels HTTP/1.0\r\n\r\n")
        assert answer(stream).status == 200
        seconds_until_closed(stream)


def test_what_is_asked_on_too_many_connections_is_refused(address):
    streams = [connection(address) for _ in range(CONNECTIONS)]
    opened = [stream.__enter__() for stream in streams]
    for stream in opened:
        stream.sendall(LABELS)
        assert answer(stream).status == 200
    refused = ask(address, LABELS)
    assert (refused.status, refused.problem()) == (503, "busy")
    assert refused.headers["retry-after"] == "1"
    for manager in streams:
        manager.__exit__(None, None, None)
    assert eventually(lambda: ask(address, LABELS).status == 200)
    assert refusals(address)['method="GET",route="unmatched",status="503"'] >= 1


def test_what_does_not_reach_the_application_is_counted_without_its_text(address):
    before = refusals(address)
    start = b"GET /canary HTTP/1.1\r\nHost: localhost\r\nCookie: "
    sent = {
        'method="other",route="unmatched",status="400"': b"canary\r\n\r\n",
        'method="other",route="unmatched",status="408"': start,
        'method="other",route="unmatched",status="431"': start + b"a" * MAX_HEADERS,
        'method="GET",route="unmatched",status="431"': b"%b%b\r\n\r\n"
        % (start, b"a" * MAX_HEADERS),
    }
    for request in sent.values():
        ask(address, request)
    after = refusals(address)
    for labels in sent:
        assert after.get(labels, 0) == before.get(labels, 0) + 1, labels
    assert "canary" not in str(after)


def refusals(address: str) -> dict[str, float]:
    """Return the requests of no resource, by the labels of their metric."""
    answered = ask(address, b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
    counts = {}
    for line in answered.body.decode().splitlines():
        name, _, rest = line.partition("{")
        labels, _, value = rest.partition("} ")
        if name == "nightsieve_http_requests_total" and "unmatched" in labels:
            counts[labels] = float(value)
    return counts


def test_a_client_that_reads_nothing_does_not_stay(service):
    address, process = service
    messages = b",".join([b'{"text":"a"}'] * 700)
    request = predictions(b'{"messages":[%b]}' % messages)
    with connection(address) as stream:
        # The answers have more bytes than the system keeps for a client.
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        with suppress(ConnectionError):  # the service need not wait for all of them
            stream.sendall(request * 200)
        port = stream.getsockname()[1]
        assert eventually(lambda: holds(process, port))
        assert eventually(lambda: not holds(process, port))


def holds(process: psutil.Process, client_port: int) -> bool:
    """Return whether a process has a connection to a port of a client."""
    connections = process.net_connections("tcp4")
    return client_port in {each.raddr.port for each in connections if each.raddr}


def eventually(is_so: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if is_so():
            return True
        time.sleep(0.1)
    return False
