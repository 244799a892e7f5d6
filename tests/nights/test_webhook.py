"""Wrong addresses and wrong answers are a warning, which does not hold the secret."""

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from nightsieve.nights import webhook
from pipeline.config.settings import Notify

HEAD = b"HTTP/1.1 200 OK\r\n"


@contextlib.contextmanager
def answering(*parts: bytes, pause: float = 0.0) -> Iterator[str]:
    """Yield the address of a server that answers once, part after part."""

    def serve() -> None:
        connection, _ = server.accept()
        with connection, contextlib.suppress(OSError):
            connection.recv(65_536)
            for part in parts:
                connection.sendall(part)
                time.sleep(pause)

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/s3cret"


def warning_of(
    address: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> str:
    """Return the warning about a notice to this address."""
    monkeypatch.setenv(webhook.VARIABLE, address)
    monkeypatch.setattr(webhook.logger, "propagate", True)
    caplog.clear()
    with caplog.at_level(logging.WARNING, logger=webhook.logger.name):
        webhook.send([("published", "words")], Notify(events=("published",)))
    assert "s3cret" not in caplog.text
    return caplog.text


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("http://127.0.0.1:s3cret/x", "InvalidURL"),
        ("http://127.0.0.1:1/s3cret token", "InvalidURL"),
        ("http://127.0.0.1:1/s3cret", "URLError"),
        ("hooks.example/s3cret", "the variable does not hold an https address"),
        ("file:///s3cret", "the variable does not hold an https address"),
    ],
)
def test_a_wrong_address_is_a_warning_without_the_address(
    address, why, monkeypatch, caplog
):
    expected = f"the notice of published was not sent: {why}; check {webhook.VARIABLE}"
    assert expected in warning_of(address, monkeypatch, caplog)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ([b"hello\r\n\r\n"], "BadStatusLine"),
        ([HEAD, b"a: b\r\n" * 200, b"\r\n"], "HTTPException"),
        ([b"HTTP/1.1 404 Not Found\r\n\r\n"], "HTTP 404"),
    ],
)
def test_a_wrong_answer_is_a_warning(answer, why, monkeypatch, caplog):
    with answering(*answer) as address:
        warning = warning_of(address, monkeypatch, caplog)
    assert f"was not sent: {why};" in warning


def test_a_request_without_an_end_has_a_timeout(monkeypatch, caplog):
    monkeypatch.setattr(webhook, "TIMEOUT", 0.5)
    begun = time.monotonic()
    with answering(HEAD, *[b"a: b\r\n"] * 20, pause=0.2) as address:
        warning = warning_of(address, monkeypatch, caplog)
    assert "was not sent: no answer within 0.5 s;" in warning
    assert time.monotonic() - begun < 2


def test_a_notice_that_arrives_is_not_logged(monkeypatch, caplog):
    with answering(HEAD + b"\r\n") as address:
        assert warning_of(address, monkeypatch, caplog) == ""
