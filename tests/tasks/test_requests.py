"""What a night asks of the store: one HEAD a task, one GET an input, two PUTs an output, and nothing more."""

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.conftest import fork
from tests.tasks.nights import SMALL, STAGES, retrain, sample

PATCHES = [*SMALL, "source.shards=3"]
# The luigi command, writing down every request that leaves for the store, and in which task's process.
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

    send, work, doing = URLLib3Session.send, TaskProcess.run, None

    def counted(session, request):
        note("request", doing, request.method, unquote(urlsplit(request.url).path))
        return send(session, request)

    def named(process):
        global doing
        task, doing = process.task, process.task.task_id
        required = [each.output().key for each in flatten(task.requires())]
        note("task", doing, task.get_task_family(), task.output().key, required)
        work(process)

    URLLib3Session.send, TaskProcess.run = counted, named
    luigi_run(sys.argv[2:])
"""


@dataclass
class Traffic:
    """Tasks that ran, by id: family, own key, required keys. Requests, by the id of their task (None: the worker).

    What concerns published models, listings of keys included, is apart: ``registry``, by the family of the task.
    """

    tasks: dict[str, tuple[str, str, list[str]]]
    requests: dict[str | None, list[tuple[str, str]]]
    registry: dict[str, list[str]]

    @property
    def manifest(self) -> str:
        """The key of the run manifest."""
        return next(
            key for family, key, _ in self.tasks.values() if family == "WriteManifest"
        )

    def of(self, method: str) -> Iterator[tuple[str | None, Counter[str]]]:
        """The keys that each process asked for with this method, and how often."""
        for doing, sent in self.requests.items():
            yield doing, Counter(key for how, key in sent if how == method)


def traffic(environment: dict[str, str], journal) -> Traffic:
    """What a night asks for, counted where its requests leave the process: a retry is one more."""
    night = fork(
        sys.executable,
        "-c",
        COUNTING,
        str(journal),
        *retrain(patches=PATCHES)[1:],
        environment=environment,
    )
    assert night.returncode == 0, night.stderr
    counted = Traffic({}, defaultdict(list), defaultdict(list))
    prefix = environment["NIGHTSIEVE_STORAGE"].removeprefix("s3:/") + "/"
    for kind, doing, *rest in map(json.loads, journal.read_text().splitlines()):
        if kind == "task":
            counted.tasks[doing] = tuple(rest)
            continue
        method, key = rest[0], rest[1].removeprefix(prefix)
        if key.startswith("models/") or key == rest[1]:
            counted.registry[counted.tasks[doing][0]].append(method)
        else:
            counted.requests[doing].append((method, key))
    return counted


@pytest.fixture(scope="module")
def first(night_environment, tmp_path_factory) -> Traffic:
    """A night that makes everything."""
    sample(night_environment, rows=600)
    return traffic(night_environment, tmp_path_factory.mktemp("first") / "journal")


def test_every_task_was_counted(first):
    assert {family for family, _, _ in first.tasks.values()} == set(STAGES)
    assert first.requests.keys() <= first.tasks.keys() | {None}
    assert {method for sent in first.requests.values() for method, _ in sent} == {
        "HEAD",
        "GET",
        "PUT",
    }


def test_completeness_is_asked_for_once_a_task_and_by_the_worker_alone(first):
    asked = dict(first.of("HEAD"))
    keys = {family: key for family, key, _ in first.tasks.values()}
    # The night is there when its report is.
    expected = Counter(
        key for family, key, _ in first.tasks.values() if family != "Retrain"
    )
    assert asked.pop(None) == expected + Counter([keys["WriteReport"]])
    assert {first.tasks[doing][0]: +keys for doing, keys in asked.items() if keys} == {}


def test_a_task_reads_what_it_requires_once_and_nothing_else(first):
    excess = {}
    for doing, read in first.of("GET"):
        # When the night is complete, the worker looks at its manifest once: was the model refused?
        family, _, required = first.tasks.get(
            doing, ("the worker", "", [first.manifest])
        )
        # An object, its receipt, its shards; and the manifest of the run is made of every receipt.
        may = {*required, *(f"{key}.receipt.json" for key in required)}
        if family == "WriteManifest":
            may |= {f"{key}.receipt.json" for _, key, _ in first.tasks.values()}
        if family == "WriteReport":
            continue  # it looks at every night, see test_reports
        if doing is None:  # looks in the end whether the model was refused
            may |= {
                key
                for family, key, _ in first.tasks.values()
                if family in ("WriteManifest", "WriteReport")
            }
        shards = tuple(key.removesuffix(".json") + "/part-" for key in required)
        for key, times in read.items():
            if times > 1 or not (key in may or key.startswith(shards)):
                excess[family, key] = times
    assert excess == {}


def test_an_output_is_written_with_its_receipt_before_it_and_nothing_else_is(first):
    for doing, (family, key, _) in first.tasks.items():
        written = [name for method, name in first.requests[doing] if method == "PUT"]
        if family == "IngestMessages":
            assert [
                name.startswith(key.removesuffix(".json") + "/part-")
                for name in written[:-2]
            ] == [True] * 3
            assert len(set(written)) == len(written)
            written = written[-2:]
        if family == "WriteReport":
            assert {name.partition("/")[0] for name in written} == {"reports"}
            written = written[-2:]
        assert written == (
            [] if family == "Retrain" else [f"{key}.receipt.json", key]
        ), family


def test_published_models_are_asked_for_by_the_gate_and_the_publication_alone(first):
    asked = {family: Counter(methods) for family, methods in first.registry.items()}
    assert asked.keys() == {"GateModel", "PublishModel", "WriteReport"}
    assert asked["GateModel"] == {"GET": 1}  # what is current? nothing yet
    files, lists, reads = 4, 9, 5
    assert asked["PublishModel"] == {
        "PUT": files + 3,
        "GET": lists + reads,
    }  # a claim, the entry, the pointer


def test_the_configuration_is_written_once_and_never_read_by_who_wrote_it(first):
    touched = [
        (method, key)
        for sent in first.requests.values()
        for method, key in sent
        if key.startswith("configs/")
    ]
    assert [method for method, _ in touched] == ["PUT"]


def test_the_same_night_again_asks_for_its_manifest_alone(
    first, night_environment, tmp_path
):
    again = traffic(night_environment, tmp_path / "journal")
    assert not again.tasks
    asked = [(method, key.partition("/")[0]) for method, key in again.requests[None]]
    assert asked == [
        ("PUT", "configs"),
        ("HEAD", "reports"),
        ("GET", "reports"),
        ("GET", "runs"),
    ]
