"""A small stand-in for the Runtime API of AWS Lambda, and a function that asks it.

AWS runs a function as ``python -m awslambdaric HANDLER`` in the folder of its package.
This program of AWS' own asks the Runtime API for the next event, calls the handler,
and posts what it returned. So an extracted package runs here as it does at AWS.

References
----------
AWS Lambda developer guide, "Using the Lambda runtime API for custom runtimes".
"""

import json
import os
import queue
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple, Self

_API = "/2018-06-01/runtime"
_NEXT = f"{_API}/invocation/next"
_REQUEST_ID = "6bc28136-0000-4365-b021-0ce6b2e64ab0"
_ARN = "arn:aws:lambda:us-east-1:123456789012:function:nightsieve"
_SECONDS = 60.0  # that a function has for an event, on a busy machine
_SHOWN_LOG = 4000  # characters
#: Variables that would lead to modules outside the package.
_PYTHON_VARIABLES = ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP")

Json = Any  # a value as `json.loads` returns it


class Outcome(NamedTuple):
    """What a function posted for an event.

    Attributes
    ----------
    is_error
        Whether the handler, or the import of its module, raised an error.
    body
        The response, or AWS' description of the error; both are JSON.
    """

    is_error: bool
    body: bytes

    def json(self) -> Json:
        """Return the value of the body."""
        return json.loads(self.body)


class Function:
    """A function that runs; `running_function` starts it."""

    def __init__(self, api: "_RuntimeApi", process: subprocess.Popen[bytes]) -> None:
        self._api = api
        self._process = process

    @property
    def started(self) -> float:
        """When the process began, by ``time.perf_counter``."""
        return self._api.started

    @property
    def asked(self) -> float | None:
        """When it first asked for an event, which ends its initialisation."""
        return self._api.asked

    @property
    def pid(self) -> int:
        """The process that runs the handler."""
        return self._process.pid

    def invoke(self, event: Json) -> Outcome:
        """Return what the function answers to an event."""
        self._api.events.put(json.dumps(event).encode())
        return self.wait()

    def wait(self) -> Outcome:
        """Return the next thing that the function posts.

        Raises
        ------
        RuntimeError
            It posted nothing, or its process has ended.
        """
        deadline = time.monotonic() + _SECONDS
        while time.monotonic() < deadline:
            try:
                return self._api.outcomes.get(timeout=0.2)
            except queue.Empty:
                if self._process.poll() is not None and self._api.outcomes.empty():
                    break
        raise RuntimeError(f"the function posted nothing:\n{self.log()}")

    def log(self) -> str:
        """Return the end of what the function wrote, as AWS would log it."""
        return self._api.log.read_text(errors="replace")[-_SHOWN_LOG:]


@contextmanager
def running_function(
    folder: Path, handler: str, log: Path, **variables: str
) -> Iterator[Function]:
    """Run the function of an extracted package, and end it.

    Parameters
    ----------
    handler
        Such as ``lambda_function.lambda_handler``.
    log
        File for what the function writes.
    variables
        Further environment variables of the function.
    """
    with _RuntimeApi(log) as api, log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "awslambdaric", handler],
            cwd=folder,
            env=_environment(folder, handler, api.address) | variables,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            yield Function(api, process)
        finally:
            process.kill()
            process.wait()


def _environment(folder: Path, handler: str, address: str) -> dict[str, str]:
    environment = {**os.environ}
    for name in _PYTHON_VARIABLES:
        environment.pop(name, None)
    environment |= {
        "AWS_LAMBDA_RUNTIME_API": address,
        "LAMBDA_TASK_ROOT": str(folder),
        "_HANDLER": handler,
        # AWS' folder is read-only.
        "PYTHONDONTWRITEBYTECODE": "1",
        # As in the newest runtimes, whose responses are not escaped to ASCII.
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "NO_PROXY": "127.0.0.1",
    }
    return environment


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Report a defect of this module, not a function that was ended."""
        if not isinstance(sys.exception(), ConnectionError):
            traceback.print_exc()


class _RuntimeApi:
    """Gives events out, one by one, and keeps what is posted for them."""

    def __init__(self, log: Path) -> None:
        self.events: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self.outcomes: queue.Queue[Outcome] = queue.Queue()
        self.log = log
        self.started = time.perf_counter()
        self.asked: float | None = None
        self._server = _Server(("127.0.0.1", 0), self._request_handler())
        self._thread = threading.Thread(target=self._server.serve_forever)

    @property
    def address(self) -> str:
        """The host and the port."""
        return f"127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.events.put(None)
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def next_event(self) -> bytes | None:
        """Return the next event when there is one; None at the end."""
        if self.asked is None:
            self.asked = time.perf_counter()
        return self.events.get()

    def _request_handler(self) -> type["_RequestHandler"]:
        return type("_Handler", (_RequestHandler,), {"api": self})


class _RequestHandler(BaseHTTPRequestHandler):
    """One request of the function to the Runtime API."""

    protocol_version = "HTTP/1.1"
    # An answer is one packet, and waits for no acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True
    api: _RuntimeApi

    def do_GET(self) -> None:
        """Give out the next event."""
        assert self.path == _NEXT, self.path
        event = self.api.next_event()
        if event is None:
            self.close_connection = True
            return
        deadline = int((time.time() + _SECONDS) * 1000)
        headers = {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": _REQUEST_ID,
            "Lambda-Runtime-Deadline-Ms": str(deadline),
            "Lambda-Runtime-Invoked-Function-Arn": _ARN,
        }
        self._answer(HTTPStatus.OK, headers, event)

    def do_POST(self) -> None:
        """Keep the response, or the error."""
        is_response = self.path.endswith("/response")
        assert is_response or self.path.endswith("/error"), self.path
        self.api.outcomes.put(Outcome(not is_response, self._read()))
        self._answer(HTTPStatus.ACCEPTED, {}, b"")

    def _answer(self, status: HTTPStatus, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _read(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers["Content-Length"]))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def log_message(self, *_: object) -> None:
        """Log nothing."""
