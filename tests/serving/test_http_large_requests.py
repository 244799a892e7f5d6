"""Large requests wait for each other, within bounds."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from nightsieve.serving.contract.problems import Problem
from nightsieve.serving.http import large_requests
from nightsieve.serving.http.large_requests import LargeRequests
from tests.support.raw_http import answer, connection, predictions
from tests.support.services import serving

PATIENCE = 30  # seconds


async def is_here() -> bool:
    return False


async def is_gone() -> bool:
    return True


async def in_a_busy_line(n_waiting: int, n_bytes: int, last) -> tuple[list, object]:
    """Return the answers to requests that wait behind one, and that to the last one."""
    line = LargeRequests()
    may_end = threading.Event()
    first = asyncio.create_task(
        line.answer(n_bytes, is_here, lambda: may_end.wait(PATIENCE))
    )
    await asyncio.sleep(0.05)
    others = [
        asyncio.create_task(line.answer(n_bytes, is_here, lambda: "done"))
        for _ in range(n_waiting)
    ]
    await asyncio.sleep(0.05)
    last_task = asyncio.create_task(line.answer(n_bytes, last, lambda: "done"))
    await asyncio.sleep(0.05)
    may_end.set()
    await first
    gathered = await asyncio.gather(*others, last_task, return_exceptions=True)
    assert await line.answer(n_bytes, is_here, lambda: "again") == "again"
    return gathered[:-1], gathered[-1]


@pytest.mark.parametrize(
    ("n_waiting", "n_bytes"),
    [
        (large_requests.MAX_WAITING, 1),
        (4, large_requests.MAX_WAITING_BYTES // 4),
        (1, large_requests.MAX_WAITING_BYTES + 1),
    ],
)
def test_what_waits_is_bounded(n_waiting, n_bytes):
    others, last = asyncio.run(in_a_busy_line(n_waiting, n_bytes, is_here))
    assert others == ["done"] * n_waiting
    assert isinstance(last, Problem)
    assert (last.status, last.name) == (503, "busy")
    assert last.headers == {"Retry-After": "5"}


def test_one_that_may_wait_is_answered():
    others, last = asyncio.run(
        in_a_busy_line(large_requests.MAX_WAITING - 1, 1, is_here)
    )
    assert [*others, last] == ["done"] * large_requests.MAX_WAITING


def test_what_nobody_waits_for_is_not_computed():
    others, last = asyncio.run(in_a_busy_line(2, 1, is_gone))
    assert others == ["done"] * 2
    assert isinstance(last, Problem)
    assert last.name == "incomplete"


@pytest.fixture
def address(model_file, tmp_path) -> Iterator[str]:
    log = tmp_path / "log"
    with serving("--model", str(model_file), environment={}, log=log) as (url, _):
        yield url


def test_clients_that_go_cost_no_prediction(address):
    # 1,000 messages of many words take a second or so.
    text = b"free prize " * 600
    entries = b",".join([b'{"text":"%b"}' % text] * 1000)
    request = predictions(b'{"messages":[%b]}' % entries)
    with connection(address) as stream:
        stream.sendall(request)
        for _ in range(4):
            abandon(address, request)
        assert answer(stream).status == 200
    deadline = time.monotonic() + PATIENCE
    while count(address, 'route="/v1/predictions",status="400"') < 4:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert count(address, 'route="/v1/predictions",status="200"') == 1


def abandon(address: str, request: bytes) -> None:
    with connection(address) as stream:
        stream.sendall(request)
        stream.shutdown(socket.SHUT_WR)
        while stream.recv(1 << 16):
            pass


def count(address: str, labels: str) -> float:
    """Return the number of requests with these labels."""
    with connection(address) as stream:
        stream.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
        page = answer(stream).body.decode()
    values = [
        float(line.rpartition(" ")[2])
        for line in page.splitlines()
        if line.startswith("nightsieve_http_requests_total{") and labels in line
    ]
    return sum(values)
