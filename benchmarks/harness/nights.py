"""One run of a night against embedded services, and what its objects tell: seconds, memory, bytes and results."""

import contextlib
import datetime
import functools
import json
import os
import re
import socket
import socketserver
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

import pandas as pd
import psutil
from sqlalchemy.engine import make_url

from benchmarks import machine
from pipeline import ingest
from pipeline.config.settings import Settings
from pipeline.data.resolved_labels import LabelLookup
from pipeline.ingest.query import message_query

WORKERS = 2
STAGES = (
    "ingest",
    "compile rules",
    "label",
    "clean",
    "search",
    "cross-validate",
    "fit",
    "beyond the script",
)
OF_TASK = {
    "IngestMessages": "ingest",
    "CompileRules": "compile rules",
    "ApplyRules": "label",
    "ResolveVotes": "label",
    "CleanMessages": "clean",
    "BuildTrainingSet": "search",  # which collects and tokenises for the search what the script leaves to each fit
    "CrossValidate": "cross-validate",
    "FitModel": "fit",
}
UNLIKE = "largest score difference, "  # followed by the estimator
POLL = 0.1  # seconds between two looks at the memory of processes
REQUEST = re.compile(rb"(GET|HEAD|PUT|POST|DELETE) /")


@dataclass(frozen=True)
class Process:
    """A process that has ended: its seconds, when it began (since 1970), and the peak of the largest in its tree."""

    seconds: float
    begun: float
    peak_mib: float


@dataclass(frozen=True)
class Task:
    """What a task's receipt says; the times are seconds since the night was started."""

    family: str
    stage: str
    start: float
    end: float
    peak_mib: float


@dataclass(frozen=True)
class Night:
    """A night that was run. ``written`` counts bytes of all objects that it wrote."""

    process: Process
    tasks: list[Task]
    written: int

    @property
    def peak_mib(self) -> float:
        return max([self.process.peak_mib, *(task.peak_mib for task in self.tasks)])

    @property
    def work(self) -> float:
        """Seconds of all tasks together."""
        return sum(task.end - task.start for task in self.tasks)

    def stages(self) -> dict[str, dict[str, float]]:
        """For each stage that ran, from its first start to its last end, its share of the night, work and peak."""
        shares = self._shares()
        found = {}
        for stage in STAGES:
            tasks = [task for task in self.tasks if task.stage == stage]
            if tasks:
                found[stage] = {
                    "seconds": max(task.end for task in tasks)
                    - min(task.start for task in tasks),
                    "share": shares[stage],
                    "work": sum(task.end - task.start for task in tasks),
                    "tasks": len(tasks),
                    "peak_mib": max(task.peak_mib for task in tasks),
                }
        return found

    @functools.cached_property
    def between(self) -> float:
        """Seconds of the night in which no task was at work: start, scheduling, the summary."""
        return self.process.seconds - sum(self._shares().values())

    def _shares(self) -> Counter[str]:
        """Seconds of the night by stage: where several tasks run at once, each has its part of the time."""
        shares: Counter[str] = Counter()
        moments = sorted(
            {moment for task in self.tasks for moment in (task.start, task.end)}
        )
        for start, end in zip(moments[:-1], moments[1:], strict=True):
            running = [
                task.stage
                for task in self.tasks
                if task.start <= start and task.end >= end
            ]
            for stage in running:
                shares[stage] += (end - start) / len(running)
        return shares


@dataclass(frozen=True)
class Place:
    """Where nights run: the services' environment, the folder that their S3 prefix is, and the overlay."""

    environment: Mapping[str, str]
    folder: Path
    overlay: Path
    checkout: Path = machine.ROOT

    def night(
        self, date: datetime.date, instead: Mapping[str, str] = MappingProxyType({})
    ) -> Night:
        """Run the night of that date, or what of it is not there; ``instead`` goes over the environment."""
        command = [
            program("luigi"),
            "--module",
            "tasks",
            "Retrain",
            "--date",
            str(date),
            "--workers",
            str(WORKERS),
        ]
        process = watch(
            [*command, "--config", str(self.overlay)],
            {**self.environment, **instead},
            self.checkout,
        )
        new = [(path, path.stat()) for path in self.folder.rglob("*") if path.is_file()]
        new = [
            (path, status) for path, status in new if status.st_mtime >= process.begun
        ]
        tasks = [
            _task(json.loads(path.read_bytes()), status.st_mtime - process.begun)
            for path, status in new
            if path.name.endswith(".receipt.json")
        ]
        return Night(process, tasks, sum(status.st_size for _, status in new))

    def outputs(self, date: datetime.date) -> dict[str, list[Path]]:
        """The objects that the night rests on, as files, by the tasks that wrote them."""
        (manifest,) = [
            path
            for path in self.folder.glob(f"runs/{date}/*.json")
            if ".receipt." not in path.name
        ]
        found: dict[str, list[Path]] = {}
        for receipt in json.loads(manifest.read_bytes())["tasks"]:
            found.setdefault(receipt["task"], []).append(self.folder / receipt["key"])
        return found

    def sample(self, date: datetime.date) -> list[Path]:
        """The night's sample, as Parquet files."""
        (manifest,) = self.outputs(date)["IngestMessages"]
        return [
            self.folder / part["key"]
            for part in json.loads(manifest.read_bytes())["parts"]
        ]


def compare(place: Place, date: datetime.date, plain: Path) -> dict[str, Any]:
    """The night's results beside those that the plain script, given its sample, left in the folder ``plain``."""
    outputs, found = (
        place.outputs(date),
        json.loads((plain / "result.json").read_bytes()),
    )
    theirs = pd.read_parquet(plain / "labels.parquet").set_index("key")["label"]
    ours = _labels(outputs).reindex(theirs.index)
    candidates = [
        json.loads(path.read_bytes()) for path in outputs["EvaluateCandidate"]
    ]
    differences = [
        (candidate["candidate"]["estimator"], abs(mine - its))
        for candidate in candidates
        for mine, its in zip(
            candidate["scores"], found["scores"][candidate["description"]], strict=True
        )
    ]
    estimators = sorted({estimator for estimator, _ in differences})
    (search,), (validated,) = outputs["SearchGrid"], outputs["CrossValidate"]
    metrics = json.loads(validated.read_bytes())["metrics"]
    return {
        "messages": len(theirs),
        "labels_unlike": int((ours.fillna("") != theirs.fillna("")).sum()),
        "scores": len(differences),
        "scores_unlike": sum(difference > 1e-9 for _, difference in differences),
        **{
            f"{UNLIKE}{name}": max(much for each, much in differences if each == name)
            for name in estimators
        },
        "same_winner": json.loads(search.read_bytes())["candidates"][0]["description"]
        == found["best"],
        "macro_f1_difference": abs(metrics["macro_f1"]["value"] - found["macro_f1"]),
    }


def _labels(outputs: Mapping[str, Sequence[Path]]) -> pd.Series:
    """The night's label of every message, by key; none where the rules abstain."""
    (resolved_labels,) = map(pd.read_parquet, outputs["ResolveVotes"])
    votes = pd.concat(map(pd.read_parquet, outputs["ApplyRules"]))
    return LabelLookup(resolved_labels).labels(votes).set_index("key")["label"]


def bare_copy(settings: Settings, date: datetime.date, url: str) -> float:
    """Seconds of a COPY of the sample into nothing: what ingest cannot beat."""
    end = datetime.datetime.combine(
        date + datetime.timedelta(days=1), datetime.time(), datetime.UTC
    )
    with ingest.connect(make_url(url)) as connection, open(os.devnull, "wb") as nowhere:
        statement = (
            f"COPY ({message_query(connection, settings.source, end)}) TO STDOUT"
        )
        with connection.connection.cursor() as cursor:
            begun = time.perf_counter()
            cursor.copy_expert(statement, nowhere)
            return time.perf_counter() - begun


@contextlib.contextmanager
def counted(endpoint: str) -> Iterator[tuple[str, Counter[str]]]:
    """Another address of the S3 server, and the requests that come by it, counted by their method."""
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
        super().__init__(("127.0.0.1", 0), _Connection)
        parts = urlsplit(endpoint)
        self.upstream = (parts.hostname, parts.port)
        self.counts: Counter[str] = Counter()


class _Connection(socketserver.BaseRequestHandler):
    """One connection. A client waits for the answer before it asks again, so a request begins what is received."""

    def handle(self) -> None:
        with socket.create_connection(self.server.upstream) as upstream:
            threading.Thread(
                target=_pass_on, args=(upstream, self.request), daemon=True
            ).start()
            while content := self.request.recv(1 << 16):
                if begins := REQUEST.match(content):
                    self.server.counts[begins[1].decode()] += 1
                upstream.sendall(content)


def _pass_on(source: socket.socket, to: socket.socket) -> None:
    with contextlib.suppress(OSError):  # either side may hang up
        while content := source.recv(1 << 16):
            to.sendall(content)


def watch(
    command: Sequence[str], environment: Mapping[str, str], cwd: Path = machine.ROOT
) -> Process:
    """Run the command to its end. Its output is shown when it fails, which ends the benchmark."""
    begun, started = time.time(), time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    peaks = [0.0]
    watching = threading.Thread(target=_watch, args=(process, peaks), daemon=True)
    watching.start()
    said, _ = process.communicate()
    seconds = time.perf_counter() - started
    watching.join()
    if process.returncode:
        sys.exit(f"{' '.join(command)}: exit code {process.returncode}\n{said[-4000:]}")
    return Process(seconds, begun, max(peaks))


def _watch(process: subprocess.Popen, peaks: list[float]) -> None:
    """Note the peaks of the process and its descendants while it runs; the system keeps each one's own."""
    while process.poll() is None:
        with contextlib.suppress(
            psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError
        ):
            tree = [
                process.pid,
                *(
                    child.pid
                    for child in psutil.Process(process.pid).children(recursive=True)
                ),
            ]
            peaks.append(max(machine.peak_memory(pid) or 0.0 for pid in tree))
        time.sleep(POLL)


def _task(receipt: Mapping[str, Any], end: float) -> Task:
    """The receipt is written when the task's work is done, ``end`` seconds after the night was started."""
    family, stage = receipt["task"], receipt["key"].partition("/")[0]
    stage = OF_TASK.get(
        family, "search" if stage == "training" else "beyond the script"
    )
    return Task(
        family, stage, end - receipt["seconds"], end, receipt["peak_memory_mib"]
    )


def program(name: str) -> str:
    """A command of the environment that this one runs in."""
    return str(Path(sys.executable).with_name(name))
