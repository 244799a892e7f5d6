"""Start and stop long-lived processes, known by pid and creation time."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from nightsieve.cli.services.credentials import write_private
from pipeline.errors import ServiceError

# Seconds by which the system's clock may jump while a service runs. No pid is reused
# within so short a time.
CLOCK_SLACK = 2.0
LOG_BYTES = 1 << 20
_PRIVATE = 0o600
FOREIGN_SETTINGS = ("AWS_", "LUIGI_", "NIGHTSIEVE_", "PG", "RCLONE_")


@dataclass(frozen=True)
class Record:
    """The port of a service and, while the service runs, its process."""

    port: int
    pid: int | None = None
    created: float | None = None

    def process(self) -> psutil.Process | None:
        """Return the process while it lives, never another one that has its pid now."""
        if self.pid is None or self.created is None:
            return None
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(self.pid)
            age_difference = abs(process.create_time() - self.created)
            if age_difference < CLOCK_SLACK and is_alive(process):
                return process
        return None


class Ledger:
    """The records of one home, kept in ``state.json``."""

    def __init__(self, home: Path) -> None:
        self._path = home / "state.json"

    def read(self) -> dict[str, Record]:
        """Return the record of each service that was ever started.

        A file that cannot be read counts as an empty one.
        """
        try:
            content = json.loads(self._path.read_text())
            return {name: Record(**fields) for name, fields in content.items()}
        except (FileNotFoundError, ValueError, TypeError, AttributeError):
            return {}

    def write(self, name: str, record: Record) -> None:
        """Keep the record of a service, in place of an earlier one."""
        records = self.read() | {name: record}
        fields = {key: asdict(value) for key, value in records.items()}
        write_private(self._path, json.dumps(fields, indent=2))


def spawn(
    command: Sequence[str], variables: Mapping[str, str], directory: Path, log: Path
) -> psutil.Process:
    """Start a process that outlives this one and appends its output to a file.

    Only the user of this process can read the file. A file that has grown large is set
    aside, in place of the last one.
    """
    if log.exists() and log.stat().st_size > LOG_BYTES:
        log.replace(log.with_suffix(".log.1"))
    with open(log, "ab", opener=_private) as stream:
        os.fchmod(stream.fileno(), _PRIVATE)  # an earlier version may have made it
        child = subprocess.Popen(
            command,
            env=clean_environment() | dict(variables),
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            start_new_session=True,
        )
    # The child is meant to keep running. Without a return code, its handle would warn
    # about that when it is collected.
    child.returncode = 0
    return psutil.Process(child.pid)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, _PRIVATE)


def clean_environment() -> dict[str, str]:
    """Return this process's environment without variables that servers would read."""
    return {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(FOREIGN_SETTINGS)
    }


def is_alive(process: psutil.Process) -> bool:
    """Return whether the process runs; a zombie does not."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def listens(process: psutil.Process, port: int) -> bool:
    """Return whether the process listens on a port."""
    with contextlib.suppress(psutil.Error, OSError):
        for connection in process.net_connections("tcp4"):
            if connection.laddr and connection.laddr.port == port:
                return True
    return False


def stop(process: psutil.Process, gentle: signal.Signals, timeout: float) -> None:
    """End a process, with SIGKILL if the gentle signal does not end it in time.

    psutil sends no signal to another process that has the pid now.

    Parameters
    ----------
    timeout
        Seconds to wait after each signal.

    Raises
    ------
    ServiceError
        SIGKILL did not end the process either.
    """
    for signal_ in (gentle, signal.SIGKILL):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(signal_)
        if _ends(process, timeout):
            return
    raise ServiceError(
        f"process {process.pid}: does not end, not even by SIGKILL; see its state with "
        f"ps -p {process.pid}"
    )


def _ends(process: psutil.Process, timeout: float) -> bool:
    # psutil's wait() would wait for the pid to vanish. In many containers no init reaps
    # orphans, and the pid of a zombie stays forever.
    deadline = time.monotonic() + timeout
    while is_alive(process):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    with contextlib.suppress(psutil.TimeoutExpired):
        process.wait(0)  # reaps it, if it is this process's own child
    return True


def is_free(port: int) -> bool:
    """Return whether a server could listen on this port of the loopback now."""
    with socket.socket() as probe:
        # Servers set this option too: connections of a stopped server hold no port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def candidate_ports(*requested: int | None) -> Iterator[int]:
    """Yield the requested ports that are free, then three that the system chooses."""
    yield from (port for port in requested if port and is_free(port))
    for _ in range(3):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        yield port
