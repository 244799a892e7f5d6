"""The embedded services as one set: up, down, status and environment."""

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from nightsieve.cli.services.credentials import Credentials
from nightsieve.cli.services.postgres import Postgres
from nightsieve.cli.services.processes import (
    Ledger,
    Record,
    candidate_ports,
    is_alive,
    is_free,
    spawn,
    stop,
)
from nightsieve.cli.services.s3 import BUCKET, REGION, S3
from nightsieve.cli.services.scheduler import Scheduler
from nightsieve.cli.services.service import Service
from pipeline.errors import ServiceError

LOG_TAIL = 8  # lines of a log that an error shows


def home_directory() -> Path:
    """Return where the services live.

    It is NIGHTSIEVE_HOME, or `.nightsieve` in the working directory.
    """
    return Path(os.environ.get("NIGHTSIEVE_HOME") or ".nightsieve").absolute()


@dataclass(frozen=True)
class Status:
    """What one service is doing: `running`, `not answering` or `stopped`."""

    title: str
    state: str
    address: str
    pid: int | None
    data: Path


class Stack:
    """PostgreSQL, S3 and luigid with all their data under `home`.

    Parameters
    ----------
    home
        Made at the first `up`, mode 0700.
    durable
        False lets PostgreSQL skip fsync: for tests.
    log
        Takes one line of progress at a time.
    timeout
        Seconds that each service has to become ready.
    """

    def __init__(
        self,
        home: Path,
        *,
        durable: bool = True,
        log: Callable[[str], None] | None = None,
        timeout: float = 60.0,
    ) -> None:
        self.home = Path(home).absolute()
        self._durable = durable
        self._log = log or _ignore
        self._timeout = timeout
        self._ledger = Ledger(self.home)

    def up(self, ports: Mapping[str, int | None] | None = None) -> None:
        """Start what does not run, and wait until all services are ready.

        Parameters
        ----------
        ports
            The requested port of ``postgres``, ``s3`` and ``luigid``.

        Raises
        ------
        ServiceError
            A requested port is taken, or a service does not become ready; the error
            shows the end of its log.
        """
        requested_ports = ports or {}
        with self._locked():
            running: dict[str, int] = {}
            started: set[str] = set()
            for service in self._services():
                # luigid keeps the connections of the PostgreSQL that it found.
                if service.name == Scheduler.name and Postgres.name in started:
                    self._stop(service)
                requested_port = requested_ports.get(service.name)
                if self._is_running(service, requested_port):
                    running[service.name] = self._ledger.read()[service.name].port
                    address = service.address(running[service.name])
                    self._log(f"{service.title} is already running at {address}")
                else:
                    running[service.name] = self._start(
                        service, requested_port, running
                    )
                    started.add(service.name)

    def down(self) -> None:
        """Stop what runs; the data stay."""
        if not self._is_made():
            return
        with self._locked():
            for service in reversed(self._services()):
                if self._stop(service):
                    self._log(f"{service.title} has stopped")

    def status(self) -> list[Status]:
        """Return the state of each service, in the order of their start."""
        services, records = self._services(), self._ledger.read()
        return [self._status_of(service, records) for service in services]

    def environment(self) -> dict[str, str]:
        """Return what points tasks, boto3 and luigi at these services, with secrets.

        Raises
        ------
        ServiceError
            Not all of them run.
        """
        postgres, s3, scheduler = self._services()
        records = self._ledger.read()
        services = (postgres, s3, scheduler)
        if not all(_runs(service, records) for service in services):
            raise ServiceError(
                f"The services of {self.home} are not all running: "
                "start them with `nightsieve up`."
            )
        return {
            "NIGHTSIEVE_DATABASE_URL": postgres.url(
                records[postgres.name].port, "nightsieve"
            ),
            "NIGHTSIEVE_STORAGE": f"s3://{BUCKET}/nightly",
            "AWS_ENDPOINT_URL_S3": s3.address(records[s3.name].port),
            "AWS_ACCESS_KEY_ID": s3.credentials.s3_key,
            "AWS_SECRET_ACCESS_KEY": s3.credentials.s3_secret,
            "AWS_DEFAULT_REGION": REGION,
            # rclone answers a ranged GET with the whole object's checksum.
            "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_required",
            "LUIGI_CONFIG_PATH": str(scheduler.config),
        }

    def _services(self) -> tuple[Postgres, S3, Scheduler]:
        # Asking for the status of services that never ran leaves nothing behind.
        credentials = (
            Credentials.of(self.home)
            if self._is_made()
            else Credentials("", "", "", "")
        )
        postgres = Postgres(self.home, credentials, self._durable)
        return (
            postgres,
            S3(self.home, credentials),
            Scheduler(self.home, credentials, postgres),
        )

    def _is_made(self) -> bool:
        try:
            os.listdir(self.home)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise ServiceError(
                f"{self.home} cannot be used ({error.strerror}): set NIGHTSIEVE_HOME."
            ) from None
        return True

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the home alone, so that two `up` at the same time start one set."""
        try:
            self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
            (self.home / "log").mkdir(mode=0o700, exist_ok=True)
            lock = (self.home / "lock").open("a")
        except OSError as error:
            raise ServiceError(
                f"{self.home} cannot be written ({error.strerror}): "
                "set NIGHTSIEVE_HOME."
            ) from None
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _is_running(self, service: Service, requested_port: int | None) -> bool:
        record = self._ledger.read().get(service.name)
        process = record and record.process()
        if not process:
            return False
        if requested_port and requested_port != record.port:
            raise ServiceError(
                f"{service.title} already runs at port {record.port}; "
                "`nightsieve down` it first."
            )
        if self._wait(service, {service.name: record.port}, process):
            return True
        self._log(f"{service.title} does not answer: starting it again")
        self._stop(service)
        return False

    def _start(
        self,
        service: Service,
        requested_port: int | None,
        running: Mapping[str, int],
    ) -> int:
        """Start the service and return its port.

        It tries the next port if another process takes one in the meantime.
        """
        if requested_port and not is_free(requested_port):
            raise ServiceError(
                f"Port {requested_port}, requested for {service.title}, is taken by "
                "another process."
            )
        last = self._ledger.read().get(service.name)
        ports_to_try = (requested_port,)
        if requested_port is None:
            ports_to_try = (last and last.port, service.preferred_port)
        for port in candidate_ports(*ports_to_try):
            self._log(f"{service.title} starts at {service.address(port)} ...")
            ports = {**running, service.name: port}
            service.prepare(ports)
            process = spawn(
                service.command(ports),
                service.variables(),
                self.home,
                self._log_file(service),
            )
            self._ledger.write(
                service.name, Record(port, process.pid, process.create_time())
            )
            if self._wait(service, ports, process):
                service.initialise(ports)
                return port
            stop(process, service.stop_signal, service.timeout)
            if is_free(port):
                break
        raise self._failure(service)

    def _wait(
        self, service: Service, ports: Mapping[str, int], process: psutil.Process
    ) -> bool:
        """Wait until the service is ready; tell whether it is."""
        deadline = time.monotonic() + self._timeout
        while time.monotonic() < deadline and is_alive(process):
            if service.is_ready(ports, process):
                return True
            time.sleep(0.05)
        return False

    def _stop(self, service: Service) -> bool:
        """Stop the service; tell whether it ran. Its port is remembered."""
        record = self._ledger.read().get(service.name)
        process = record and record.process()
        if not process:
            return False
        stop(process, service.stop_signal, service.timeout)
        self._ledger.write(service.name, replace(record, pid=None, created=None))
        return True

    def _status_of(self, service: Service, records: Mapping[str, Record]) -> Status:
        record = records.get(service.name)
        process = record and record.process()
        if not process:
            return Status(service.title, "stopped", "", None, service.data)
        is_ready = service.is_ready({service.name: record.port}, process)
        state = "running" if is_ready else "not answering"
        return Status(
            service.title,
            state,
            service.address(record.port),
            process.pid,
            service.data,
        )

    def _log_file(self, service: Service) -> Path:
        return self.home / "log" / f"{service.name}.log"

    def _failure(self, service: Service) -> ServiceError:
        log = self._log_file(service)
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-LOG_TAIL:])
        return ServiceError(
            f"{service.title} does not answer. The end of {log}:\n{tail}"
        )


def _runs(service: Service, records: Mapping[str, Record]) -> bool:
    record = records.get(service.name)
    return record is not None and record.process() is not None


def _ignore(line: str) -> None:
    """Take a line of progress and do nothing with it."""
