"""What a night asks of the store, and nothing more.

A task is one HEAD. An input is two GETs: the object, and its receipt, which says what it
must hold; the parts of a table are held against its manifest, and take one. An output is
two PUTs, after one HEAD: what another worker wrote meanwhile is not written again.
"""

import datetime
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from nightsieve.store import layout
from pipeline.records.run import NightResults
from tests.support.commands import fork
from tests.support.nights import NIGHT, SMALL, STAGES, retrain, sample

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

    What concerns published models, listings of keys included, is apart: ``registry``, by the family of the task (None:
    the worker).
    """

    tasks: dict[str, tuple[str, str, list[str]]]
    requests: dict[str | None, list[tuple[str, str]]]
    registry: dict[str | None, list[str]]

    @property
    def config(self) -> str:
        """The digest of the night's configuration."""
        keys = [key for family, key, _ in self.tasks.values()]
        (run,) = set(filter(None, map(layout.parse_run, keys)))
        return run.config

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
            family = None if doing is None else counted.tasks[doing][0]
            counted.registry[family].append(method)
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
        "DELETE",
    }


def test_an_output_is_looked_for_by_the_worker_and_by_the_task_that_writes_it(first):
    asked = dict(first.of("HEAD"))
    # A manifest and a report are of the night: another version of it replaces them, so
    # their fingerprint is read.
    read = ("WriteManifest", "WriteReport", "Retrain")
    keys = {}
    for doing, (family, key, _) in first.tasks.items():
        if family not in read:
            keys[doing] = key
    assert asked.pop(None) == Counter(keys.values())
    # Each once more, before it is written: another worker may have been faster.
    assert {doing: keys for doing, keys in asked.items() if keys} == {
        doing: Counter([key]) for doing, key in keys.items()
    }


def test_the_worker_itself_reads_the_layout_and_whether_the_night_is_there(first):
    keys = {family: key for family, key, _ in first.tasks.values()}
    read = Counter(dict(first.of("GET"))[None])
    # The night is there when its report is, so that is looked for as the night's and
    # as the report's own. In the end it says whether the model was refused.
    looked_for = [keys["WriteReport"], keys["WriteReport"], keys["WriteManifest"]]
    assert read == Counter(
        [
            "layout.json",  # before the night is looked for
            "layout.json",  # and before it is written into an empty store
            *looked_for,
            *map(layout.receipt, looked_for),
            *[keys["WriteReport"], layout.receipt(keys["WriteReport"])],
        ]
    )


def test_a_task_reads_what_it_requires_once_with_its_receipt_and_nothing_else(first):
    excess = {}
    for doing, read in first.of("GET"):
        if doing is None:
            continue
        family, _, required = first.tasks[doing]
        may = Counter([*required, *map(layout.receipt, required)])
        if family == "WriteManifest":
            # It requires every task, for its receipt, and reads the results of a few,
            # of which the receipts tell twice.
            results = [key for key in required if key in read]
            assert len(results) == len(NightResults.model_fields)
            may = Counter([*results, *map(layout.receipt, [*required, *results])])
        if family == "WriteReport":
            continue  # it looks at every night, see tests/store/test_reports.py
        shards = tuple(key.removesuffix(".json") + "/part-" for key in required)
        for key, times in read.items():
            allowed = 1 if key.startswith(shards) else may[key]
            if times > allowed:
                excess[family, key] = times
    assert excess == {}


def test_an_output_is_written_with_its_receipt_before_it_and_nothing_else_is(first):
    for doing, (family, key, _) in first.tasks.items():
        written = [name for method, name in first.requests[doing] if method == "PUT"]
        removed = [key for how, key in first.requests[doing] if how == "DELETE"]
        # What another version of the night wrote goes before the new receipt comes.
        assert removed == ([key] if family in ("WriteManifest", "WriteReport") else [])
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
    # Twice the worker makes sure that a store without a layout is an empty one.
    assert asked.pop(None) == {"GET": 2}
    assert asked.keys() == {"GateModel", "PublishModel", "WriteReport"}
    assert asked["GateModel"] == {"GET": 1}  # what is current? nothing yet
    files, lists, reads = 4, 9, 6
    assert asked["PublishModel"] == {
        "PUT": files + 3,
        "GET": lists + reads,
    }  # a claim, the entry, the pointer


def test_the_layout_and_the_configuration_are_written_first_and_once(first):
    written = [key for method, key in first.requests[None] if method == "PUT"]
    assert written == ["layout.json", layout.configuration(first.config)]
    for doing, sent in first.requests.items():
        assert doing is None or not [
            key for _, key in sent if key.startswith(("configs/", "layout.json"))
        ]


def test_the_same_night_again_asks_for_its_report_alone(
    first, night_environment, tmp_path
):
    again = traffic(night_environment, tmp_path / "journal")
    assert not again.tasks
    date = datetime.date.fromisoformat(NIGHT)
    report = layout.report_index(date, first.config)
    # Whether it is there, and what became of the model.
    assert again.requests[None] == [
        ("GET", layout.LAYOUT),
        *[("GET", layout.receipt(report)), ("GET", report)] * 2,
    ]
