"""Start, stop and describe the embedded services as one set."""

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

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
    """Return the folder of the services.

    It is $NIGHTSIEVE_HOME, or ``.nightsieve`` in the working directory.
    """
    return Path(os.environ.get("NIGHTSIEVE_HOME") or ".nightsieve").absolute()


@dataclass(frozen=True)
class Status:
    """The state of a service: ``running``, ``not answering`` or ``stopped``."""

    title: str
    state: str
    address: str
    pid: int | None
    data: Path


class _Services(NamedTuple):
    """The services, in the order of their start: luigid needs PostgreSQL."""

    postgres: Postgres
    s3: S3
    scheduler: Scheduler

    def in_order(self) -> tuple[Service, ...]:
        return self.postgres, self.s3, self.scheduler


class Stack:
    """PostgreSQL, S3 and luigid, with all their data in one folder.

    Parameters
    ----------
    home
        The folder. The first `up` creates it, with mode 0700.
    durable
        Whether PostgreSQL calls fsync; tests do without it.
    log
        Receives progress, a line at a time.
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
            The requested ports of ``postgres``, ``s3`` and ``luigid``; None for any.

        Raises
        ------
        ServiceError
            A requested port is taken, or a service does not become ready; the error
            shows the end of the service's log.
        """
        requested_ports = ports or {}
        with self._locked():
            Credentials.complete(self.home)
            running: dict[str, int] = {}
            started: set[str] = set()
            for service in self._services().in_order():
                # luigid keeps its connections to a PostgreSQL that no longer runs.
                if service.name == Scheduler.name and Postgres.name in started:
                    self._stop(service)
                requested_port = requested_ports.get(service.name)
                port = self._running_port(service, requested_port)
                if port is None:
                    port = self._start(service, requested_port, running)
                    started.add(service.name)
                else:
                    address = service.address(port)
                    self._log(f"{service.title} is already running at {address}")
                    # An earlier version may have started it.
                    service.initialise({service.name: port})
                running[service.name] = port

    def down(self) -> None:
        """Stop the services that run; the data stay."""
        if not self._exists():
            return
        with self._locked():
            for service in reversed(self._services().in_order()):
                if self._stop(service):
                    self._log(f"{service.title} has stopped")

    def status(self) -> list[Status]:
        """Return the state of each service, in the order of their start."""
        records = self._ledger.read()
        return [
            self._status_of(service, records.get(service.name))
            for service in self._services().in_order()
        ]

    def environment(self) -> dict[str, str]:
        """Return the variables for tasks, boto3 and Luigi, with secrets.

        Raises
        ------
        ServiceError
            At least one service does not run.
        """
        services = self._services()
        records = self._ledger.read()
        stopped = [
            service.title
            for service in services.in_order()
            if _process(records.get(service.name)) is None
        ]
        if stopped:
            raise ServiceError(
                f"{self.home}: not running: {', '.join(stopped)}; start the services "
                "with nightsieve up"
            )
        if "" in astuple(services.postgres.credentials):
            raise ServiceError(
                f"{self.home}: an earlier version started the services; complete them "
                "with nightsieve up"
            )
        postgres_port = records[Postgres.name].port
        s3_port = records[S3.name].port
        return {
            "NIGHTSIEVE_DATABASE_URL": services.postgres.reader_url(postgres_port),
            "NIGHTSIEVE_DATABASE_WRITER_URL": services.postgres.url(postgres_port),
            "NIGHTSIEVE_RECEIPT_KEY": services.postgres.credentials.receipt_key,
            "NIGHTSIEVE_STORAGE": f"s3://{BUCKET}/nightly",
            "NIGHTSIEVE_STORAGE_LOG": str(services.s3.log),
            "AWS_ENDPOINT_URL_S3": services.s3.address(s3_port),
            "AWS_ACCESS_KEY_ID": services.s3.credentials.s3_key,
            "AWS_SECRET_ACCESS_KEY": services.s3.credentials.s3_secret,
            "AWS_DEFAULT_REGION": REGION,
            # rclone answers a ranged GET with the whole object's checksum.
            "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_required",
            "LUIGI_CONFIG_PATH": str(services.scheduler.config),
        }

    def discard_erased_rows(self, url: str) -> bool:
        """Remove from PostgreSQL's files what was erased from one of its databases.

        Parameters
        ----------
        url
            The database.

        Returns
        -------
        bool
            Whether it is a database of this PostgreSQL; otherwise nothing is done.
        """
        record = self._ledger.read().get(Postgres.name)
        address = urlsplit(url)
        if _process(record) is None or record is None:
            return False
        if (address.hostname, address.port) != ("127.0.0.1", record.port):
            return False
        database = address.path.removeprefix("/")
        self._services().postgres.discard_erased_rows(record.port, database)
        return True

    def _services(self) -> _Services:
        # Asking for the status of services that never ran creates no file.
        credentials = Credentials.of(self.home) if self._exists() else Credentials()
        postgres = Postgres(self.home, credentials, self._durable)
        return _Services(
            postgres,
            S3(self.home, credentials),
            Scheduler(self.home, credentials, postgres),
        )

    def _exists(self) -> bool:
        """Return whether the folder is there."""
        try:
            os.listdir(self.home)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise ServiceError(
                f"{self.home}: cannot be read: {error.strerror}; set NIGHTSIEVE_HOME "
                "to another folder"
            ) from None
        return True

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Lock the folder, so that two `up` at the same time start one set."""
        try:
            self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
            (self.home / "log").mkdir(mode=0o700, exist_ok=True)
            lock = (self.home / "lock").open("a")
        except OSError as error:
            raise ServiceError(
                f"{self.home}: cannot be written: {error.strerror}; set "
                "NIGHTSIEVE_HOME to another folder"
            ) from None
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _running_port(self, service: Service, requested_port: int | None) -> int | None:
        """Return the port of a service that runs and answers; None if it must start."""
        record = self._ledger.read().get(service.name)
        process = _process(record)
        if record is None or process is None:
            return None
        if requested_port and requested_port != record.port:
            raise ServiceError(
                f"port {requested_port}: {service.title} already runs at port "
                f"{record.port}; stop it first with nightsieve down"
            )
        if not service.is_current(process):
            self._log(f"{service.title} is of an earlier version and is started again")
        elif self._wait(service, {service.name: record.port}, process):
            return record.port
        else:
            self._log(f"{service.title} does not answer and is started again")
        self._stop(service)
        return None

    def _start(
        self,
        service: Service,
        requested_port: int | None,
        running: Mapping[str, int],
    ) -> int:
        """Start the service and return its port.

        If another process takes the port in the meantime, try the next one.
        """
        if requested_port and not is_free(requested_port):
            raise ServiceError(
                f"port {requested_port}: taken by another process; free it, or request "
                f"another one for {service.title}"
            )
        for port in self._ports_to_try(service, requested_port):
            self._log(f"{service.title} starts at {service.address(port)} ...")
            ports = {**running, service.name: port}
            service.prepare(ports)
            process = spawn(
                service.command(ports),
                service.variables(),
                self.home,
                service.log,
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

    def _ports_to_try(
        self, service: Service, requested_port: int | None
    ) -> Iterator[int]:
        if requested_port is not None:
            return candidate_ports(requested_port)
        record = self._ledger.read().get(service.name)
        last_port = None if record is None else record.port
        return candidate_ports(last_port, service.preferred_port)

    def _wait(
        self, service: Service, ports: Mapping[str, int], process: psutil.Process
    ) -> bool:
        """Wait until the service is ready; return whether it is."""
        deadline = time.monotonic() + self._timeout
        while time.monotonic() < deadline and is_alive(process):
            if service.is_ready(ports, process):
                return True
            time.sleep(0.05)
        return False

    def _stop(self, service: Service) -> bool:
        """Stop the service and keep its port; return whether it ran."""
        record = self._ledger.read().get(service.name)
        process = _process(record)
        if record is None or process is None:
            return False
        stop(process, service.stop_signal, service.timeout)
        self._ledger.write(service.name, replace(record, pid=None, created=None))
        return True

    def _status_of(self, service: Service, record: Record | None) -> Status:
        process = _process(record)
        if record is None or process is None:
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

    def _failure(self, service: Service) -> ServiceError:
        log = service.log
        lines = log.read_text(errors="replace").splitlines()
        tail = "\n".join(lines[-LOG_TAIL:])
        return ServiceError(
            f"{service.title}: does not start; the end of {log}:\n{tail}"
        )


def _process(record: Record | None) -> psutil.Process | None:
    """Return the process of a service while it lives."""
    return None if record is None else record.process()


def _ignore(line: str) -> None:
    """Do nothing with a line of progress."""
