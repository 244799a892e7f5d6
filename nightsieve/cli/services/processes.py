"""Long-lived processes: started detached, recognised by pid and creation time."""

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

# Seconds by which the clock may be stepped while a service runs; no pid is used again
# that soon.
CLOCK_SLACK = 2.0
FOREIGN_SETTINGS = ("AWS_", "LUIGI_", "NIGHTSIEVE_", "PG", "RCLONE_")


@dataclass(frozen=True)
class Record:
    """What is remembered of a service: its port and, while it runs, its process."""

    port: int
    pid: int | None = None
    created: float | None = None

    def process(self) -> psutil.Process | None:
        """Return the process while it lives; never a stranger that got its pid."""
        if self.pid is None or self.created is None:
            return None
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(self.pid)
            if abs(process.create_time() - self.created) < CLOCK_SLACK and is_alive(
                process
            ):
                return process
        return None


class Ledger:
    """The records of one home, kept in `state.json`."""

    def __init__(self, home: Path) -> None:
        self._path = home / "state.json"

    def read(self) -> dict[str, Record]:
        """Return the record of each service that was ever started.

        An unreadable ledger counts as an empty one.
        """
        try:
            return {
                name: Record(**fields)
                for name, fields in json.loads(self._path.read_text()).items()
            }
        except (FileNotFoundError, ValueError, TypeError, AttributeError):
            return {}

    def write(self, name: str, record: Record) -> None:
        """Keep `record` as that of the service `name`."""
        records = self.read() | {name: record}
        write_private(
            self._path,
            json.dumps(
                {key: asdict(value) for key, value in records.items()}, indent=2
            ),
        )


def spawn(
    command: Sequence[str], variables: Mapping[str, str], directory: Path, log: Path
) -> psutil.Process:
    """Start a process that outlives this one and appends its output to a file."""
    with log.open("ab") as stream:
        child = subprocess.Popen(
            command,
            env=clean_environment() | dict(variables),
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            start_new_session=True,
        )
    # Without this, the handle of the child warns, when it is collected, that the child
    # still runs; it is meant to.
    child.returncode = 0
    return psutil.Process(child.pid)


def clean_environment() -> dict[str, str]:
    """Return this process's environment without what concerns the servers."""
    return {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(FOREIGN_SETTINGS)
    }


def is_alive(process: psutil.Process) -> bool:
    """Tell whether the process runs; a zombie does not."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def listens(process: psutil.Process, port: int) -> bool:
    """Tell whether the process listens on a port."""
    with contextlib.suppress(psutil.Error, OSError):
        for connection in process.net_connections("tcp4"):
            if connection.laddr and connection.laddr.port == port:
                return True
    return False


def stop(process: psutil.Process, gentle: signal.Signals, timeout: float) -> None:
    """End a process, by force if the gentle signal has not ended it in time.

    psutil signals no other process that has got the pid since.

    Raises
    ------
    ServiceError
        Not even force ended it.
    """
    for signal_ in (gentle, signal.SIGKILL):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(signal_)
        if _ends(process, timeout):
            return
    raise ServiceError(f"Process {process.pid} does not end, not even by SIGKILL.")


def _ends(process: psutil.Process, timeout: float) -> bool:
    # Not psutil's wait(): where no init reaps orphans, as in many containers, the pid of
    # a zombie stays for ever.
    deadline = time.monotonic() + timeout
    while is_alive(process):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    with contextlib.suppress(psutil.TimeoutExpired):
        process.wait(0)  # reaps it, if it is this process's own child
    return True


def is_free(port: int) -> bool:
    """Tell whether a server could listen on `port` of the loopback now."""
    with socket.socket() as probe:
        # As servers do: the connections of a stopped server do not hold its port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def candidate_ports(*requested: int | None) -> Iterator[int]:
    """Yield the requested ports that are free, then a few that the system picks."""
    yield from (port for port in requested if port and is_free(port))
    for _ in range(3):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        yield port
