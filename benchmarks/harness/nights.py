"""One run of a night against embedded services, and what its objects say of it."""

import contextlib
import datetime
import functools
import itertools
import json
import os
import re
import socket
import socketserver
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel
from sqlalchemy.engine import make_url

from benchmarks.harness import machine
from benchmarks.harness.processes import NO_VARIABLES, Process, program, watch
from benchmarks.harness.results import values
from pipeline import ingest
from pipeline.config.settings import Settings
from pipeline.ingest.query import message_query

WORKERS = 2
BEYOND_SCRIPT = "beyond the script"
STAGES = (
    "ingest",
    "compile rules",
    "label",
    "clean",
    "search",
    "cross-validate",
    "fit",
    BEYOND_SCRIPT,
)
STAGE_OF_TASK = {
    "IngestMessages": "ingest",
    "CompileRules": "compile rules",
    "ApplyRules": "label",
    "ResolveVotes": "label",
    "CleanMessages": "clean",
    # It collects and tokenises for the search; the script leaves that to each fit.
    "BuildTrainingSet": "search",
    "CrossValidate": "cross-validate",
    "FitModel": "fit",
}
RECEIPT = ".receipt.json"
REQUEST = re.compile(rb"(GET|HEAD|PUT|POST|DELETE) /")
BUFFER_BYTES = 1 << 16


class TaskReceipt(BaseModel):
    """What a benchmark needs of a receipt, which an earlier commit may have written."""

    task: str
    key: str
    seconds: float
    peak_memory_mib: int
    parameters: dict[str, str] = {}

    @classmethod
    def read(cls, path: Path) -> "TaskReceipt":
        """Return the receipt in the file."""
        return cls.model_validate_json(path.read_bytes())


@dataclass(frozen=True)
class Task:
    """A task that has run; ``start`` and ``end`` are seconds since the night began."""

    family: str
    stage: str
    start: float
    end: float
    peak_mib: float

    @property
    def seconds(self) -> float:
        """Seconds of its work."""
        return self.end - self.start


@dataclass(frozen=True)
class StageUse:
    """What a stage of a night took.

    Attributes
    ----------
    seconds
        From the start of its first task to the end of its last.
    share
        Seconds of the night: where tasks run side by side, each has its part.
    work
        Seconds of all its tasks together.
    """

    seconds: float
    share: float
    work: float
    tasks: int
    peak_mib: float


@dataclass(frozen=True)
class Night:
    """A night that was run.

    Attributes
    ----------
    written
        Bytes of all objects that it wrote.
    """

    process: Process
    tasks: list[Task]
    written: int

    @property
    def peak_mib(self) -> float:
        """Peak memory of the largest process."""
        return max([self.process.peak_mib, *values(self.tasks, "peak_mib")])

    @property
    def work(self) -> float:
        """Seconds of all tasks together."""
        return sum(values(self.tasks, "seconds"))

    def work_of(self, family: str) -> float:
        """Return the seconds of all tasks of a family together."""
        tasks = [task for task in self.tasks if task.family == family]
        return sum(values(tasks, "seconds"))

    def stages(self) -> dict[str, StageUse]:
        """Return what each stage took, of the stages that ran."""
        shares = self._shares()
        stages = {}
        for stage in STAGES:
            tasks = [task for task in self.tasks if task.stage == stage]
            if tasks:
                first_start = min(values(tasks, "start"))
                last_end = max(values(tasks, "end"))
                stages[stage] = StageUse(
                    seconds=last_end - first_start,
                    share=shares[stage],
                    work=sum(values(tasks, "seconds")),
                    tasks=len(tasks),
                    peak_mib=max(values(tasks, "peak_mib")),
                )
        return stages

    @functools.cached_property
    def idle_seconds(self) -> float:
        """Seconds in which no task was at work: start, scheduling, the summary."""
        return self.process.seconds - sum(self._shares().values())

    def _shares(self) -> dict[str, float]:
        """Return seconds of the night by stage; tasks that run at once share them."""
        shares = dict.fromkeys(STAGES, 0.0)
        starts = values(self.tasks, "start")
        ends = values(self.tasks, "end")
        moments = sorted({*starts, *ends})
        for start, end in itertools.pairwise(moments):
            running = [task for task in self.tasks if _covers(task, start, end)]
            for task in running:
                shares[task.stage] += (end - start) / len(running)
        return shares


@dataclass(frozen=True)
class Site:
    """Where nights run.

    Attributes
    ----------
    environment
        Variables of the services.
    folder
        Files of the S3 prefix.
    overlay
        Of the configuration.
    checkout
        Whose code the nights run.
    """

    environment: Mapping[str, str]
    folder: Path
    overlay: Path
    checkout: Path = machine.ROOT

    def run_night(
        self, date: datetime.date, variables: Mapping[str, str] = NO_VARIABLES
    ) -> Night:
        """Run the tasks of that date which are not done; variables go over the rest."""
        command = [program("luigi"), "--module", "tasks", "Retrain"]
        command += ["--date", str(date), "--workers", str(WORKERS)]
        command += ["--config", str(self.overlay)]
        environment = {**self.environment, **variables}
        process = watch(command, environment, self.checkout)
        written = 0
        tasks = []
        for path in self.folder.rglob("*"):
            status = path.stat()
            if not path.is_file() or status.st_mtime < process.started:
                continue
            written += status.st_size
            if path.name.endswith(RECEIPT):
                # The receipt is written when the work of the task is done.
                end = status.st_mtime - process.started
                tasks.append(_task(TaskReceipt.read(path), end))
        return Night(process, tasks, written)

    def outputs(self, date: datetime.date) -> dict[str, list[Path]]:
        """Return the objects that the night rests on, by the tasks that wrote them."""
        (manifest,) = run_manifests(self.folder, date)
        paths: dict[str, list[Path]] = {}
        for receipt in json.loads(manifest.read_bytes())["tasks"]:
            path = self.folder / receipt["key"]
            paths.setdefault(receipt["task"], []).append(path)
        return paths

    def output(self, date: datetime.date, task: str) -> Path:
        """Return the only object of a task."""
        (path,) = self.outputs(date)[task]
        return path

    def sample(self, date: datetime.date) -> list[Path]:
        """Return the night's sample, as Parquet files."""
        manifest = json.loads(self.output(date, "IngestMessages").read_bytes())
        return [self.folder / part["key"] for part in manifest["parts"]]


def run_manifests(folder: Path, date: datetime.date) -> list[Path]:
    """Return the manifests of all runs of a night."""
    paths = folder.glob(f"runs/{date}/*.json")
    return [path for path in paths if not path.name.endswith(RECEIPT)]


def receipt_of(path: Path) -> TaskReceipt:
    """Return the receipt beside an object."""
    return TaskReceipt.read(path.with_name(path.name + RECEIPT))


def bare_copy(settings: Settings, date: datetime.date, url: str) -> float:
    """Return the seconds of a COPY of the sample into nothing; no ingest is faster."""
    next_day = date + datetime.timedelta(days=1)
    end = datetime.datetime.combine(next_day, datetime.time(), datetime.UTC)
    with ingest.connect(make_url(url)) as connection, open(os.devnull, "wb") as sink:
        query = message_query(connection, settings.source, end)
        with connection.connection.cursor() as cursor:
            started = time.perf_counter()
            cursor.copy_expert(f"COPY ({query}) TO STDOUT", sink)
            return time.perf_counter() - started


@contextlib.contextmanager
def counted_requests(endpoint: str) -> Iterator[tuple[str, Counter[str]]]:
    """Open another address of the S3 server, and count its requests by method."""
    server = _Relay(endpoint)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", server.counts
    finally:
        server.shutdown()
        server.server_close()


class _Relay(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, endpoint: str) -> None:
        super().__init__(("127.0.0.1", 0), _RelayedConnection)
        parts = urlsplit(endpoint)
        self.upstream = (str(parts.hostname), int(parts.port or 80))
        self.counts: Counter[str] = Counter()


class _RelayedConnection(socketserver.BaseRequestHandler):
    """One connection.

    A client waits for the answer before its next request, so a request is at the
    beginning of what is received.
    """

    server: _Relay

    def handle(self) -> None:
        with socket.create_connection(self.server.upstream) as upstream:
            answers = threading.Thread(
                target=_relay, args=(upstream, self.request), daemon=True
            )
            answers.start()
            while content := self.request.recv(BUFFER_BYTES):
                request = REQUEST.match(content)
                if request:
                    self.server.counts[request[1].decode()] += 1
                upstream.sendall(content)


def _relay(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):  # either side may hang up
        while content := source.recv(BUFFER_BYTES):
            target.sendall(content)


def _covers(task: Task, start: float, end: float) -> bool:
    return task.start <= start and task.end >= end


def _task(receipt: TaskReceipt, end: float) -> Task:
    stage = STAGE_OF_TASK.get(receipt.task)
    if stage is None:
        in_training = receipt.key.startswith("training/")
        stage = "search" if in_training else BEYOND_SCRIPT
    return Task(
        family=receipt.task,
        stage=stage,
        start=end - receipt.seconds,
        end=end,
        peak_mib=receipt.peak_memory_mib,
    )
