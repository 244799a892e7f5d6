"""The proxy before an S3 server does what its rules say."""

import http.client
import json
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from benchmarks.faults.proxy import Proxy
from benchmarks.faults.rules import Fault, Rule, RuleBook, flip_bit
from tests.support import ROOT

BODY = b"a body of some bytes"


class Echo(BaseHTTPRequestHandler):
    """Answers a GET with a body, and a PUT with the body of the request."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer(BODY)

    def do_PUT(self):
        self.answer(self.rfile.read(int(self.headers["Content-Length"])))

    def answer(self, content: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def upstream() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def request(url: str, body: bytes | None = None, method: str | None = None) -> bytes:
    message = urllib.request.Request(url, data=body, method=method)
    with urllib.request.urlopen(message, timeout=10) as response:
        content: bytes = response.read()
        return content


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.STATUS, urllib.error.HTTPError),
        (Fault.RESET, ConnectionResetError),
        (Fault.LOST, ConnectionResetError),
        (Fault.HANG, ConnectionResetError),
        (Fault.CUT, http.client.IncompleteRead),
        (Fault.BREAK, ConnectionResetError),
    ],
)
def test_a_fault_ends_a_request_and_the_next_one_passes(upstream, fault, error):
    with Proxy(upstream) as proxy:
        proxy.rules([Rule(fault, method="GET", key="/k", times=1, seconds=0.1)])
        assert request(f"{proxy.url}/other") == BODY
        with pytest.raises(error):
            request(f"{proxy.url}/key")
        assert request(f"{proxy.url}/key") == BODY
        assert proxy.applied == [1]
        assert [seen.fault for seen in proxy.log] == [None, fault, None]


def test_one_bit_is_changed_of_a_request_or_of_an_answer(upstream):
    with Proxy(upstream) as proxy:
        proxy.rules([Rule(Fault.FLIP, bit=9)])
        assert request(proxy.url) == flip_bit(BODY, 9)
        assert request(proxy.url, b"content", "PUT") == flip_bit(b"content", 9)


@pytest.mark.parametrize("how", ["503", "reset", "refused"])
def test_a_server_that_is_away_comes_back(upstream, how):
    with Proxy(upstream) as proxy:
        assert request(proxy.url) == BODY
        proxy.away(how)
        with pytest.raises(OSError, match=r"503|reset|refused"):
            request(proxy.url)
        proxy.back()
        assert request(proxy.url) == BODY


def test_a_rule_applies_to_every_nth_request_that_it_matches():
    book = RuleBook()
    book.replace([Rule(Fault.RESET, method="GET", every=3, skip=1, times=2)])
    chosen = [book.choose("GET", "/") is not None for _ in range(12)]
    assert [index for index, applies in enumerate(chosen) if applies] == [1, 4]
    assert book.choose("PUT", "/") is None


def test_the_proxy_runs_as_a_process_with_a_control(upstream):
    command = [sys.executable, "-m", "benchmarks.faults.proxy", "--upstream", upstream]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        url, control = (process.stdout.readline().split()[1] for _ in range(2))
        rules = [{"fault": "status", "code": "SlowDown", "times": 1}]
        request(f"{control}/rules", json.dumps(rules).encode(), "PUT")
        with pytest.raises(urllib.error.HTTPError, match="503"):
            request(url)
        assert request(url) == BODY
        log = json.loads(request(f"{control}/log"))
        assert [entry["fault"] for entry in log] == ["status", None]
        with pytest.raises(urllib.error.HTTPError, match="400"):
            request(f"{control}/rules", b'[{"fault": "flood"}]', "PUT")
        process.terminate()
