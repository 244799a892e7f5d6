"""The embedded services as one set: up, down, status and the environment that points tasks at them."""

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
    """Return where the services live: NIGHTSIEVE_HOME, or `.nightsieve` in the working directory."""
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
    say
        Takes one line of progress at a time.
    patience
        Seconds that each service has to answer.
    """

    def __init__(
        self,
        home: Path,
        *,
        durable: bool = True,
        say: Callable[[str], None] = lambda line: None,
        patience: float = 60.0,
    ) -> None:
        self.home = Path(home).absolute()
        self._durable = durable
        self._say = say
        self._patience = patience
        self._ledger = Ledger(self.home)

    def up(self, ports: Mapping[str, int | None] | None = None) -> None:
        """Start what does not run and wait until all answer. `ports` maps `postgres`, `s3`, `luigid` to a wish.

        Raises
        ------
        ServiceError
            A wished port is taken, or a service does not answer; the error shows the end of its log.
        """
        wishes = ports or {}
        with self._locked():
            running: dict[str, int] = {}
            started: set[str] = set()
            for service in self._services():
                # luigid's connections and its configuration are those of the PostgreSQL that it met.
                if service.name == Scheduler.name and Postgres.name in started:
                    self._stop(service)
                if self._is_running(service, wishes.get(service.name)):
                    running[service.name] = self._ledger.read()[service.name].port
                    self._say(
                        f"{service.title} is already running at {service.address(running[service.name])}"
                    )
                else:
                    running[service.name] = self._start(
                        service, wishes.get(service.name), running
                    )
                    started.add(service.name)

    def down(self) -> None:
        """Stop what runs; the data stay."""
        if not self._is_made():
            return
        with self._locked():
            for service in reversed(self._services()):
                if self._stop(service):
                    self._say(f"{service.title} has stopped")

    def status(self) -> list[Status]:
        """Return the state of each service, in the order of their start."""
        services, records = self._services(), self._ledger.read()
        return [self._status_of(service, records) for service in services]

    def environment(self) -> dict[str, str]:
        """Return the variables that point tasks, boto3 and luigi at these services. It holds secrets.

        Raises
        ------
        ServiceError
            Not all of them run.
        """
        postgres, s3, scheduler = self._services()
        records = self._ledger.read()
        if not all(
            each.name in records and records[each.name].process()
            for each in (postgres, s3, scheduler)
        ):
            raise ServiceError(
                f"The services of {self.home} are not all running: start them with `nightsieve up`."
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
                f"{self.home} cannot be written ({error.strerror}): set NIGHTSIEVE_HOME."
            ) from None
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _is_running(self, service: Service, wish: int | None) -> bool:
        record = self._ledger.read().get(service.name)
        process = record and record.process()
        if not process:
            return False
        if wish and wish != record.port:
            raise ServiceError(
                f"{service.title} already runs at port {record.port}; `nightsieve down` it first."
            )
        if self._wait(service, {service.name: record.port}, process):
            return True
        self._say(f"{service.title} does not answer: starting it anew")
        self._stop(service)
        return False

    def _start(
        self, service: Service, wish: int | None, running: Mapping[str, int]
    ) -> int:
        """Start `service` and return its port; a port lost to another process in the meantime is given up."""
        if wish and not is_free(wish):
            raise ServiceError(
                f"Port {wish}, asked for {service.title}, is taken by another process."
            )
        known = self._ledger.read().get(service.name)
        wishes = (wish,) if wish else (known and known.port, service.preferred_port)
        for port in candidate_ports(*wishes):
            self._say(f"{service.title} starts at {service.address(port)} ...")
            ports = {**running, service.name: port}
            service.prepare(ports)
            process = spawn(
                service.command(ports),
                service.variables(),
                self.home,
                self._log(service),
            )
            self._ledger.write(
                service.name, Record(port, process.pid, process.create_time())
            )
            if self._wait(service, ports, process):
                service.furnish(ports)
                return port
            stop(process, service.stop_signal, service.patience)
            if is_free(port):
                break
        raise self._failure(service)

    def _wait(
        self, service: Service, ports: Mapping[str, int], process: psutil.Process
    ) -> bool:
        """Wait for an answer, in vain once the process has ended."""
        deadline = time.monotonic() + self._patience
        while time.monotonic() < deadline and is_alive(process):
            if service.answers(ports, process):
                return True
            time.sleep(0.05)
        return False

    def _stop(self, service: Service) -> bool:
        """Stop `service` and tell whether there was anything to stop; its port is remembered."""
        record = self._ledger.read().get(service.name)
        process = record and record.process()
        if not process:
            return False
        stop(process, service.stop_signal, service.patience)
        self._ledger.write(service.name, replace(record, pid=None, created=None))
        return True

    def _status_of(self, service: Service, records: Mapping[str, Record]) -> Status:
        record = records.get(service.name)
        process = record and record.process()
        if not process:
            return Status(service.title, "stopped", "", None, service.data)
        answers = service.answers({service.name: record.port}, process)
        state = "running" if answers else "not answering"
        return Status(
            service.title,
            state,
            service.address(record.port),
            process.pid,
            service.data,
        )

    def _log(self, service: Service) -> Path:
        return self.home / "log" / f"{service.name}.log"

    def _failure(self, service: Service) -> ServiceError:
        log = self._log(service)
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-LOG_TAIL:])
        return ServiceError(
            f"{service.title} does not answer. The end of {log}:\n{tail}"
        )
