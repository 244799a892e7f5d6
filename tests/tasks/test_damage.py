"""What a task reads and finds damaged is removed and made again, and nothing else is.

The objects are those of a real night, in memory; the last test runs nights.
"""

import io
import itertools
import logging
import uuid
from collections.abc import Iterator
from typing import NamedTuple

import pyarrow.parquet as pq
import pytest
from luigi.task import flatten

import tasks.base
from nightsieve.store import configurations, history, layout
from nightsieve.store.objects import DamagedObject, Store
from nightsieve.store.receipts import UnsignedReceipt
from nightsieve.store.runs import list_runs
from pipeline.errors import StorageError
from pipeline.records.receipt import Account, Receipt
from tasks.base import NightTask, lineage
from tasks.export import EvaluateOnReviews
from tasks.ingest import IngestMessages, IngestReviews
from tasks.labelling import ApplyRules, SummariseRules
from tasks.preprocessing import BuildEvaluationSet
from tasks.release import GateModel
from tasks.report import WriteManifest, WriteReport
from tasks.reviews import AggregateReviews
from tasks.targets import ShardedInput, TaskInput
from tests.support.commands import fork
from tests.support.damages import DAMAGES
from tests.support.memory_store import MemoryStore
from tests.support.nights import SMALL, finish, objects, put, remove, retrain, sample

PATCHES = [*SMALL, "source.shards=2"]
ALL_DAMAGES = pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)


@pytest.fixture(scope="module")
def night(night_environment) -> dict[str, bytes]:
    """Run a small night, and return its objects."""
    sample(night_environment, rows=400)
    finished = fork(
        *retrain("--local-scheduler", patches=PATCHES), environment=night_environment
    )
    assert finished.returncode == 0, finished.stderr
    return objects(night_environment)


class Memory(NamedTuple):
    """A night in memory: its store, and the last task."""

    store: MemoryStore
    report: WriteReport

    def task(self, task_class: type[NightTask], **parameters: object) -> NightTask:
        task: NightTask = self.report.clone(task_class, **parameters)
        return task

    def every_task(self) -> list[NightTask]:
        return [*lineage(self.report.requires()), self.report]


@pytest.fixture
def memory(night, monkeypatch) -> Iterator[Memory]:
    """Return the night in a store in memory, which its tasks use."""
    store = MemoryStore()
    store.objects.update(night)

    def open_memory(address: str) -> Store:
        return store

    monkeypatch.setattr(tasks.base, "checked_store", open_memory)
    tasks.base._frozen.cache_clear()
    configurations._settings.clear()
    history._warned.clear()
    (run,) = list_runs(store)
    # Luigi keeps the instances of tasks: each test has its own.
    address = f"s3://memory/{uuid.uuid4().hex}"
    yield Memory(store, WriteReport(date=run.date, config=run.config, storage=address))
    tasks.base._frozen.cache_clear()
    configurations._settings.clear()


def read_inputs(task: NightTask) -> None:
    """Read all that a task requires, as the task does."""
    task._begin()
    for task_input in flatten(task.input()):
        read(task_input)


def read(task_input: TaskInput) -> None:
    if isinstance(task_input, ShardedInput):
        list(task_input.parts())
    else:
        task_input.load()


def readers(memory: Memory) -> Iterator[tuple[NightTask, NightTask]]:
    """Yield each task that writes an object with a task that reads it."""
    reader_of: dict[NightTask, NightTask] = {}
    for task in memory.every_task():
        for required in task.dependencies:
            reader_of.setdefault(required, task)
    yield from reader_of.items()


@ALL_DAMAGES
@pytest.mark.parametrize("receipt", [False, True], ids=["object", "receipt"])
def test_a_damaged_input_of_every_task_is_removed_with_a_warning_and_nothing_else(
    memory, caplog, damage, receipt
):
    whole = dict(memory.store.objects)
    for writer, reader in readers(memory):
        memory.store.objects.clear()
        memory.store.objects.update(whole)
        caplog.clear()
        key = writer.output().key
        damaged = layout.receipt(key) if receipt else key
        memory.store.objects[damaged] = damage(whole[damaged])
        with pytest.raises(DamagedObject) as error:
            read_inputs(reader)
        address = memory.store.address(damaged)
        assert str(error.value).startswith(f"{address}: "), key
        assert str(error.value).endswith("; removed, to be made again"), key
        (warning,) = [r for r in caplog.records if r.levelno == logging.WARNING]
        assert warning.getMessage() == str(error.value)
        gone = whole.keys() - memory.store.objects.keys()
        parts = {other for other in whole if other.startswith(layout.parts_of(key))}
        assert gone == {key, layout.receipt(key), *parts}
        assert not writer.complete()
        assert all(task.complete() for task in reader.dependencies if task != writer)


def test_all_damaged_inputs_of_a_task_are_removed_in_one_round(memory, caplog):
    summary = memory.task(SummariseRules)
    keys = [task.output().key for task in summary.dependencies]
    assert len(keys) == 5
    for key in keys[1:]:
        memory.store.objects[key] = b"{}"
    with pytest.raises(DamagedObject):
        read_inputs(summary)
    assert [task.complete() for task in summary.dependencies] == [True, *[False] * 4]
    for key in keys[1:]:
        assert memory.store.address(key) in caplog.text


@pytest.mark.parametrize("damage", [*DAMAGES.values(), None], ids=[*DAMAGES, "missing"])
def test_a_damaged_part_of_the_sample_removes_the_sample(memory, damage):
    manifest = memory.task(IngestMessages).output().key
    parts = [key for key in memory.store.objects if "/part-" in key]
    assert len(parts) == 2
    if damage is None:
        del memory.store.objects[parts[1]]
    else:
        memory.store.objects[parts[1]] = damage(memory.store.objects[parts[1]])
    apply_rules = memory.task(ApplyRules, shard=1)
    with pytest.raises(DamagedObject, match=r"; removed, to be made again$"):
        read_inputs(apply_rules)
    assert not {manifest, layout.receipt(manifest), *parts} & {*memory.store.objects}
    assert not memory.task(IngestMessages).complete()


def test_an_error_of_the_store_removes_nothing(memory):
    key = memory.task(AggregateReviews).output().key
    memory.store.objects[key] = b"{}"
    before = dict(memory.store.objects)
    requests = itertools.count(1)

    def refuse() -> None:
        # Reading finds the damage with four requests.
        if next(requests) > 4:
            raise StorageError("s3://memory: the credentials are refused; check them")

    reader = memory.task(EvaluateOnReviews)
    reader._begin()
    task_input = reader.input()["reviewed"]
    memory.store.before = refuse
    with pytest.raises(StorageError, match="the credentials are refused"):
        task_input.load()
    assert memory.store.objects == before


def test_a_bit_that_flips_on_the_way_removes_nothing(memory):
    key = memory.task(AggregateReviews).output().key
    read_whole = memory.store.read_with_etag
    reads = []

    def read_flipped(asked: str) -> tuple[bytes, str] | None:
        reads.append(asked)
        if asked == key and reads.count(key) <= 2:
            return b"flipped", "etag"
        return read_whole(asked)

    before = dict(memory.store.objects)
    object.__setattr__(memory.store, "read_with_etag", read_flipped)
    with pytest.raises(DamagedObject, match="; delete it and run the night again"):
        read_inputs(memory.task(EvaluateOnReviews))
    assert memory.store.objects == before


def test_a_key_that_the_store_was_not_written_with_removes_nothing(memory, monkeypatch):
    monkeypatch.setenv("NIGHTSIEVE_RECEIPT_KEY", "0123456789abcdef" * 2)
    before = dict(memory.store.objects)
    with pytest.raises(UnsignedReceipt, match=r"nightsieve runs sign$"):
        read_inputs(memory.task(GateModel))
    with pytest.raises(UnsignedReceipt):
        memory.task(WriteManifest).output().load()
    assert memory.store.objects == before


@ALL_DAMAGES
@pytest.mark.parametrize("receipt", [False, True], ids=["object", "receipt"])
@pytest.mark.parametrize("task_class", [WriteManifest, WriteReport])
def test_a_damaged_run_manifest_or_index_counts_as_missing_with_a_warning(
    memory, caplog, task_class, damage, receipt
):
    task = memory.task(task_class)
    assert task.complete()
    task.finished = False
    key = task.output().key
    damaged = layout.receipt(key) if receipt else key
    memory.store.objects[damaged] = damage(memory.store.objects[damaged])
    assert not task.complete()
    assert f"{memory.store.address(damaged)}: " in caplog.text


def account_of(receipt: Receipt) -> Account:
    return Account(**receipt.model_dump(include=set(Account.model_fields)))


def write_again(memory: Memory, task: NightTask, content: bytes) -> None:
    """Write the object of a task again, as its next run does."""
    artefact = task.output().artefact
    account = account_of(artefact.receipt())
    artefact.store.delete(artefact.key)
    task.output().artefact.write(content, None, account)


def recompressed(memory: Memory, task: NightTask) -> bytes:
    """Return the table of a task with other bytes."""
    table = pq.read_table(io.BytesIO(memory.store.objects[task.output().key]))
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="none")
    return buffer.getvalue()


def with_space(memory: Memory, task: NightTask) -> bytes:
    """Return the JSON of a task with other bytes."""
    return memory.store.objects[task.output().key] + b"\n"


def incomplete(memory: Memory) -> set[str]:
    """Return the families of the tasks that are not complete."""
    families = set()
    for task in memory.every_task():
        task.finished = False
        if not task.output().artefact.exists():
            families.add(task.get_task_family())
    return families


def test_every_receipt_names_the_readings_that_its_object_was_made_from(memory):
    for task in memory.every_task():
        receipt = task.output().artefact.receipt()
        origins = {
            ancestor.output().key: ancestor.output().receipt().sha256[:16]
            for ancestor in [*lineage(task.dependencies), task]
            if ancestor.is_reading
        }
        read_origins = {key: origins[key] for key in receipt.readings}
        assert receipt.readings == read_origins
        if task.get_task_family() not in ("SearchGrid", "DescribeExport"):
            assert receipt.readings == origins, task


def test_what_was_made_from_other_rows_of_the_database_is_made_again(memory, caplog):
    reviews = memory.task(IngestReviews)
    write_again(memory, reviews, recompressed(memory, reviews))
    with pytest.raises(DamagedObject) as error:
        read_inputs(memory.task(WriteManifest))
    assert "was made from a former content of ingest/reviews-" in str(error.value)
    assert incomplete(memory) == {
        "AggregateReviews",
        "EvaluateOnReviews",
        "MeasureCorrections",
        "SummariseRules",
        "GateModel",
        "PublishModel",
    }
    assert "was made from a former content of ingest/reviews-" in caplog.text


def test_a_sample_that_is_drawn_again_is_not_mixed_with_the_former_one(memory):
    messages = memory.task(IngestMessages)
    write_again(memory, messages, with_space(memory, messages))
    with pytest.raises(DamagedObject, match="former content of ingest/messages-"):
        read_inputs(memory.task(BuildEvaluationSet))
    assert incomplete(memory) == {"CleanMessages", "ApplyRules", "ResolveVotes"}


def test_what_follows_from_a_decision_that_came_out_otherwise_is_made_again(memory):
    gate = memory.task(GateModel)
    write_again(memory, gate, with_space(memory, gate))
    with pytest.raises(DamagedObject, match="former content of release/decision-"):
        read_inputs(memory.task(WriteManifest))
    assert incomplete(memory) == {"PublishModel"}


def test_the_same_rows_read_again_leave_everything_as_it_is(memory):
    reviews = memory.task(IngestReviews)
    write_again(memory, reviews, memory.store.objects[reviews.output().key])
    before = dict(memory.store.objects)
    read_inputs(memory.task(WriteManifest))
    assert memory.store.objects == before


def test_the_same_command_finishes_with_the_same_bytes_whatever_is_damaged(
    night, night_environment
):
    environment = night_environment
    finishing = [key for key in night if key.startswith(("runs/", "reports/2"))]
    damaged = [
        key
        for key in night
        if key.startswith(("ingest/", "labelling/", "training/", "export/", "release/"))
        and not key.startswith("release/speed-")
    ]
    damages = itertools.cycle(DAMAGES.values())
    for key in damaged:
        put(environment, key, next(damages)(night[key]))
    put(environment, layout.CURRENT_MODEL, b"{")
    others = ["runs/2026-11-18/0123456789abcdef.json", layout.model_entry(2)]
    for key in others:
        put(environment, key, b"{")
    for key in finishing:
        remove(environment, key)
    log = finish(retrain("--local-scheduler", patches=PATCHES), environment)
    assert "Traceback" not in log
    after = objects(environment)
    timed = ("runs/", "reports/", "release/speed-")
    for key, content in night.items():
        if not key.startswith(timed) and not layout.is_receipt(key):
            assert after[key] == content, key
    read_keys = {layout.described(key) for key in damaged if "/part-" not in key}
    for key in [*read_keys, *others, layout.CURRENT_MODEL]:
        assert f"{environment['NIGHTSIEVE_STORAGE']}/{key}" in log
