"""A night sends exactly these requests to the store.

A task is one HEAD. An input is two GETs: the object and its receipt, which has its
sha256. A part of a table is one GET, because the manifest has its sha256. An output is
two PUTs, after one HEAD: an object that another worker has written meanwhile is not
written again.
"""

import datetime
import itertools
import json
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pytest

from nightsieve.store import layout
from pipeline.records.export import MODEL_FILES
from pipeline.records.run import NightResults
from tests.support.commands import fork
from tests.support.nights import NIGHT, SMALL, STAGES, retrain, sample

PATCHES = [*SMALL, "source.shards=3"]
# The luigi command, with a journal of every request to the store and of the task whose
# process sends it.
COUNTING = """if True:
    import json, sys
    from urllib.parse import unquote, urlsplit
    from botocore.httpsession import URLLib3Session
    from luigi.cmdline import luigi_run
    from luigi.task import flatten
    from luigi.worker import TaskProcess

    def note(*line):
        with open(sys.argv[1], "a") as journal:
            print(json.dumps(line), file=journal)

    send = URLLib3Session.send
    run = TaskProcess.run
    task_id = None

    def noted_send(session, request):
        note("request", task_id, request.method, unquote(urlsplit(request.url).path))
        return send(session, request)

    def noted_run(process):
        global task_id
        task = process.task
        task_id = task.task_id
        required = [dependency.output().key for dependency in flatten(task.requires())]
        note("task", task_id, task.get_task_family(), task.output().key, required)
        run(process)

    URLLib3Session.send = noted_send
    TaskProcess.run = noted_run
    luigi_run(sys.argv[2:])
"""


class Task(NamedTuple):
    """A task that ran: its family, its key, and the keys that it requires."""

    family: str
    key: str
    required: list[str]


class Request(NamedTuple):
    method: str
    key: str


@dataclass
class Traffic:
    """The tasks of a night and their requests.

    Attributes
    ----------
    tasks
        By their ids.
    requests
        By the id of the task that sent them; those of the worker by None.
    registry
        The methods of requests for published models and for listings of keys, by the
        family of the task; those of the worker by None.
    """

    tasks: dict[str, Task]
    requests: dict[str | None, list[Request]]
    registry: dict[str | None, list[str]]

    @property
    def config(self) -> str:
        """The digest of the night's configuration."""
        keys = [task.key for task in self.tasks.values()]
        (run,) = set(filter(None, map(layout.parse_run, keys)))
        return run.config

    def key_of(self, family: str) -> str:
        """Return the key of the one task of a family."""
        (key,) = [task.key for task in self.tasks.values() if task.family == family]
        return key

    def keys(self, task_id: str | None, method: str) -> list[str]:
        """Return the keys that a process requested with a method, in their order."""
        requests = self.requests.get(task_id, [])
        return [request.key for request in requests if request.method == method]


def traffic(environment: dict[str, str], journal: Path) -> Traffic:
    """Run a night, and count its requests where they leave the process.

    A retry is a request, too.
    """
    command = [sys.executable, "-c", COUNTING, str(journal)]
    night = fork(*command, *retrain(patches=PATCHES)[1:], environment=environment)
    assert night.returncode == 0, night.stderr
    counted = Traffic({}, defaultdict(list), defaultdict(list))
    prefix = environment["NIGHTSIEVE_STORAGE"].removeprefix("s3:/") + "/"
    for kind, task_id, *fields in map(json.loads, journal.read_text().splitlines()):
        if kind == "task":
            counted.tasks[task_id] = Task(*fields)
            continue
        method, path = fields
        key = path.removeprefix(prefix)
        if key.startswith("models/") or key == path:
            family = None if task_id is None else counted.tasks[task_id].family
            counted.registry[family].append(method)
        else:
            counted.requests[task_id].append(Request(method, key))
    return counted


@pytest.fixture(scope="module")
def first(night_environment, tmp_path_factory) -> Traffic:
    """Run a night that makes all objects, and return its traffic."""
    sample(night_environment, rows=600)
    return traffic(night_environment, tmp_path_factory.mktemp("first") / "journal")


def test_every_task_was_counted(first):
    assert {task.family for task in first.tasks.values()} == set(STAGES)
    assert first.requests.keys() <= first.tasks.keys() | {None}
    requests = itertools.chain.from_iterable(first.requests.values())
    methods = {request.method for request in requests}
    assert methods == {"HEAD", "GET", "PUT", "DELETE"}


def test_an_output_is_looked_for_by_the_worker_and_by_the_task_that_writes_it(first):
    # Another version of a night replaces its manifest and its report. So the worker
    # reads their fingerprint, and no HEAD is sent.
    read = ("WriteManifest", "WriteReport", "Retrain")
    looked_for_by_worker = []
    for task_id, task in first.tasks.items():
        # Another worker may have written the object meanwhile.
        looked_for_by_task = [] if task.family in read else [task.key]
        assert first.keys(task_id, "HEAD") == looked_for_by_task
        looked_for_by_worker += looked_for_by_task
    assert Counter(first.keys(None, "HEAD")) == Counter(looked_for_by_worker)


def test_the_worker_reads_the_layout_and_whether_the_night_is_complete(first):
    report = first.key_of("WriteReport")
    manifest = first.key_of("WriteManifest")
    expected = [
        "layout.json",  # before it looks for the night
        "layout.json",  # before it writes the layout to an empty store
        report,  # whether the night is complete
        report,  # whether the report is complete
        manifest,  # whether the manifest is complete
        report,  # whether the model was refused
    ]
    expected += map(layout.receipt, expected[2:])
    assert Counter(first.keys(None, "GET")) == Counter(expected)


def test_a_task_reads_what_it_requires_once_with_its_receipt_and_nothing_else(first):
    excess = {}
    for task_id, (family, _, required) in first.tasks.items():
        if family == "WriteReport":
            continue  # it reads every night, see tests/store/test_reports.py
        read = Counter(first.keys(task_id, "GET"))
        allowed = Counter([*required, *map(layout.receipt, required)])
        if family == "WriteManifest":
            # It requires every task, for its receipt, and reads the results of a few,
            # whose receipts it reads twice.
            results = [key for key in required if key in read]
            assert len(results) == len(NightResults.model_fields)
            allowed = Counter([*results, *map(layout.receipt, [*required, *results])])
        parts = tuple(key.removesuffix(".json") + "/part-" for key in required)
        for key, count in read.items():
            maximum = 1 if key.startswith(parts) else allowed[key]
            if count > maximum:
                excess[family, key] = count
    assert excess == {}


def test_an_output_is_written_with_its_receipt_before_it_and_nothing_else_is(first):
    for task_id, (family, key, _) in first.tasks.items():
        written = first.keys(task_id, "PUT")
        removed = first.keys(task_id, "DELETE")
        # The object of another version of the night is removed before the new receipt
        # is written, and the index of a report before the pages that it names.
        removals = {"WriteManifest": 1, "WriteReport": 2}.get(family, 0)
        assert removed == [key] * removals
        if family == "IngestMessages":
            parts = written[:-2]
            assert len(parts) == 3
            prefix = key.removesuffix(".json") + "/part-"
            assert all(part.startswith(prefix) for part in parts)
            assert len(set(written)) == len(written)
            written = written[-2:]
        if family == "WriteReport":
            assert all(written_key.startswith("reports/") for written_key in written)
            written = written[-2:]
        expected = [] if family == "Retrain" else [f"{key}.receipt.json", key]
        assert written == expected, family


def test_only_the_gate_the_publication_and_the_report_read_published_models(first):
    methods = {family: Counter(sent) for family, sent in first.registry.items()}
    # The worker makes sure, twice, that a store without a layout is empty.
    assert methods.pop(None) == {"GET": 2}
    assert methods.keys() == {"GateModel", "PublishModel", "WriteReport"}
    # It asks whether this decision was published before, for the current model, and for
    # any model: there is none.
    assert methods["GateModel"] == {"GET": 3}
    files = len(MODEL_FILES)
    claim_entry_and_pointer = 3
    listings = 10
    reads = 8
    assert methods["PublishModel"] == {
        "PUT": files + claim_entry_and_pointer,
        "GET": listings + reads,
    }


def test_the_layout_and_the_configuration_are_written_first_and_once(first):
    written = first.keys(None, "PUT")
    assert written == ["layout.json", layout.configuration(first.config)]
    for task_id in first.tasks:
        for request in first.requests[task_id]:
            assert not request.key.startswith(("configs/", "layout.json"))


def test_the_same_night_again_reads_only_its_report_and_run_manifest(
    first, night_environment, tmp_path
):
    again = traffic(night_environment, tmp_path / "journal")
    assert not again.tasks
    date = datetime.date.fromisoformat(NIGHT)
    report = layout.report_index(date, first.config)
    manifest = layout.run(date, first.config)
    # Once for whether it exists, once for whether the model was refused.
    report_with_receipt = [("GET", layout.receipt(report)), ("GET", report)]
    manifest_with_receipt = [("GET", layout.receipt(manifest)), ("GET", manifest)]
    assert again.requests[None] == [
        ("GET", layout.LAYOUT),
        *report_with_receipt,
        *manifest_with_receipt,
        *report_with_receipt,
    ]
