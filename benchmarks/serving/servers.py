"""Servers that are measured: started on one core, asked until ready, ended."""

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.harness import machine
from benchmarks.harness.processes import program

SERVER_CORE = 0
CLIENT_CORE = 1
_MIB = 1 << 20
_START_SECONDS = 60
_POLL_SECONDS = 0.005


@dataclass(frozen=True)
class Server:
    """A running server.

    Attributes
    ----------
    start_seconds
        From the command until its first answer.
    """

    address: str
    process: psutil.Popen
    start_seconds: float

    def memory_mib(self) -> float:
        """Return the memory of its processes without what they share with others."""
        processes = [self.process, *self.process.children(recursive=True)]
        return sum(process.memory_full_info().uss for process in processes) / _MIB


@dataclass(frozen=True)
class Command:
    """How to start a server.

    Attributes
    ----------
    arguments
        ``{port}`` in them is replaced by a free port.
    """

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str]


def service(*options: str, environment: Mapping[str, str] | None = None) -> Command:
    """Return the command of the service."""
    arguments = [program("nightsieve"), "serve", "--port", "{port}", *options]
    return Command("nightsieve serve", arguments, environment or {})


def flask(pipeline: Path) -> Command:
    """Return the command of the baseline: gunicorn with one sync worker."""
    arguments = [program("gunicorn"), "--workers", "1", "--bind", "127.0.0.1:{port}"]
    arguments.append("benchmarks.serving.flask_baseline:create_app()")
    return Command("Flask, gunicorn", arguments, {"PIPELINE": str(pipeline)})


@contextlib.contextmanager
def running(command: Command, log: Path) -> Iterator[Server]:
    """Run a server on its core until it is no longer needed."""
    port = _free_port()
    arguments = [argument.format(port=port) for argument in command.arguments]
    started = time.perf_counter()
    with log.open("ab") as output:
        process = psutil.Popen(
            ["taskset", "--cpu-list", str(SERVER_CORE), *arguments],
            cwd=machine.ROOT,
            env={**os.environ, **machine.ONE_THREAD, **command.environment},
            stdout=output,
            stderr=output,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_until_ready(address, process, log)
        yield Server(address, process, time.perf_counter() - started)
    finally:
        process.terminate()
        process.wait(_START_SECONDS)


def run_traffic(*arguments: str) -> None:
    """Run Locust on the client's core; see `traffic`."""
    core = ["taskset", "--cpu-list", str(CLIENT_CORE)]
    traffic = [sys.executable, "-m", "benchmarks.serving.traffic", *arguments]
    subprocess.run([*core, *traffic], cwd=machine.ROOT, check=True)


def _wait_until_ready(address: str, process: psutil.Popen, log: Path) -> None:
    deadline = time.perf_counter() + _START_SECONDS
    while time.perf_counter() < deadline:
        if process.poll() is not None:
            break
        with (
            contextlib.suppress(urllib.error.URLError, ConnectionError),
            urllib.request.urlopen(f"{address}/health/ready", timeout=5),
        ):
            return
        time.sleep(_POLL_SECONDS)
    raise SystemExit(f"the server does not start:\n{log.read_text()[-2000:]}")


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port
