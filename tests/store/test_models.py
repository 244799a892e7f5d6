"""The registry stays whole, whoever is interrupted or killed at any request."""

import hashlib
import itertools
import threading
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nightsieve.store import layout
from nightsieve.store.models import Registry
from nightsieve.store.objects import Store
from nightsieve.store.publication import prune
from nightsieve.store.registry_repair import RegistryRepair, repair_registry
from pipeline.config.settings import Keep
from pipeline.errors import ArtefactError, ConfigError
from pipeline.records.export import MANIFEST_FILE, MODEL_FILE, ExportManifest
from pipeline.records.models import CurrentModel, ModelEntry
from tests.support.memory_store import MemoryStore, do_nothing
from tests.support.stored_objects import FILES, facts, november, write_run

KEEP = Keep(models=2, runs=1)


class Killed(BaseException):
    """What a killed process does next: nothing."""


class Turns:
    """Threads that make one request each in turn, and are killed at a given one."""

    def __init__(self, memory: MemoryStore, order: list[int], deaths: list[int | None]):
        self.memory, self.order, self.deaths = memory, order, deaths
        self.requests, self.left = [0] * len(deaths), set(range(len(deaths)))
        self.turn, self.changed = self._next(), threading.Condition()
        memory.before = self._wait

    def run(self, publishers: list[Callable[[], None]]) -> None:
        threads = [
            threading.Thread(target=self._one, args=(*each,), daemon=True)
            for each in enumerate(publishers)
        ]
        for number, thread in enumerate(threads):
            thread.number = number
            thread.start()
        for thread in threads:
            thread.join(30)
            assert not thread.is_alive()
        self.memory.before = do_nothing

    def _one(self, number: int, publish: Callable[[], None]) -> None:
        try:
            publish()
        except Killed:
            pass
        finally:
            with self.changed:
                self.left.discard(number)
                self.turn = self._next()
                self.changed.notify_all()

    def _wait(self) -> None:
        me = threading.current_thread().number
        with self.changed:
            # The request before is over only now, when this one asks for its turn.
            if self.requests[me]:
                self.turn = self._next()
                self.changed.notify_all()
            self.changed.wait_for(lambda: self.turn == me, timeout=30)
            assert_whole(self.memory)
            self.requests[me] += 1
            if self.requests[me] == self.deaths[me]:
                raise Killed

    def _next(self) -> int | None:
        wanted = self.order.pop(0) if self.order else 0
        return wanted if wanted in self.left else min(self.left, default=None)


def assert_whole(memory: MemoryStore) -> None:
    """The pointer, if there is one, names a complete model."""
    pointer = memory.objects.get(layout.CURRENT_MODEL)
    if pointer is not None:
        serial = CurrentModel.from_json(pointer).serial
        entry = ModelEntry.from_json(memory.objects[layout.model_entry(serial)])
        for name, sha256 in entry.files.items():
            content = memory.objects[layout.model_file(serial, name)]
            assert hashlib.sha256(content).hexdigest() == sha256


def publish(memory: MemoryStore, name: str) -> ModelEntry:
    return Registry(memory).publish(name, FILES, facts())


def written(registry: Registry, serial: int) -> ExportManifest:
    """The manifest among the files of a model."""
    content = registry.file(registry.require(serial), MANIFEST_FILE)
    return ExportManifest.from_json(content)


@settings(max_examples=400)
@given(
    order=st.lists(st.integers(0, 1), max_size=60),
    deaths=st.tuples(*[st.none() | st.integers(1, 14)] * 2),
    conditions=st.booleans(),
    before=st.integers(0, 2),
)
def test_two_publishers_at_once_neither_cross_nor_lose_each_other(
    order, deaths, conditions, before
):
    memory = MemoryStore(conditions)
    for number in range(before):
        publish(memory, f"before{number}")
    Turns(memory, order, list(deaths)).run(
        [lambda: publish(memory, "one"), lambda: publish(memory, "two")]
    )
    assert_whole(memory)
    # Whoever was killed tries again; nothing is published twice.
    found = [publish(memory, name).serial for name in ("one", "two")]
    assert len({*found}) == 2 and min(found) > before
    assert [publish(memory, name).serial for name in ("one", "two")] == found
    assert Registry(memory).current().serial == max(found)
    files = list(filter(None, map(layout.parse_model_file, memory.objects)))
    claims = [file.serial for file in files if file.is_claim]
    complete = [file.serial for file in files if file.name == layout.MODEL_ENTRY]
    assert set(complete) <= set(claims) and len(complete) == before + 2


def test_the_store_of_the_nights_takes_part(environment):
    registry = Registry(Store.from_environment())
    assert registry.current() is None and registry.champion() is None
    first = registry.publish("one", FILES, facts())
    second = registry.publish("two", FILES, facts())
    assert (first.serial, second.serial, registry.champion()) == (1, 2, second)
    assert written(registry, 2).serial == 2
    restored = registry.roll_back(1, "the second one is worse")
    assert (restored.serial, restored.restores) == (3, 1)
    assert registry.champion() == restored
    assert written(registry, 3).serial == 3
    assert registry.publish("two", FILES, facts()) == second
    assert registry.champion() == restored
    with pytest.raises(ConfigError, match="no model 4"):
        registry.roll_back(4, "there is none")


def test_what_is_published_is_described_as_it_was_given():
    registry = Registry(MemoryStore())
    entry = registry.publish("night", FILES, facts())
    assert {name: getattr(entry, name) for name in type(facts()).model_fields} == dict(
        facts()
    )
    assert (entry.publication, entry.files.keys()) == ("night", FILES.keys())
    assert registry.by_publication("night") == entry == registry.get(1)
    assert registry.by_publication("nigh") is None is registry.get(None)
    assert registry.current() == CurrentModel(serial=1, files=entry.files)


@pytest.mark.parametrize("damage", [b"{", b"[]", b'{"serial": "1"}'])
def test_a_damaged_registry_is_one_error_that_names_the_object_and_a_way_out(damage):
    memory = MemoryStore()
    registry = Registry(memory)
    entry = publish(memory, "night")
    pointer, model = (layout.CURRENT_MODEL, layout.model_file(1, MODEL_FILE))
    way_out = "nightsieve models repair --remove"
    for key, read, remedy in (
        (model, lambda: registry.file(entry, MODEL_FILE), way_out),
        (layout.model_entry(1), registry.champion, way_out),
        (pointer, registry.current, "; nightsieve models repair"),
    ):
        memory.objects[key] = damage
        with pytest.raises(ArtefactError) as error:
            read()
        message = str(error.value)
        assert message.startswith(f"s3://memory/{key}: ")
        assert message.endswith(remedy)


def test_a_current_model_that_is_gone_and_a_file_that_no_entry_names_are_errors_too():
    memory = MemoryStore()
    registry = Registry(memory)
    entry = publish(memory, "night")
    with pytest.raises(ArtefactError, match="models/1/entry.json: names no other.txt;"):
        registry.file(entry, "other.txt")
    del memory.objects[layout.model_entry(1)]
    with pytest.raises(ArtefactError) as error:
        registry.champion()
    assert str(error.value) == (
        "s3://memory/models/current.json: names model 1, which is not there; "
        "nightsieve models repair"
    )


POINTERS = [None, b"{", b'{"serial":1,"files":{}}', b'{"serial":9,"files":{}}']


@pytest.mark.parametrize("pointer", POINTERS)
def test_whatever_the_pointer_holds_a_repair_makes_the_last_model_current(pointer):
    memory = MemoryStore()
    registry = Registry(memory)
    publish(memory, "one")
    last = publish(memory, "two")
    whole = dict(memory.objects)
    assert repair_registry(registry) == RegistryRepair(2, False, (), ())
    memory.objects.pop(layout.CURRENT_MODEL)
    if pointer is not None:
        memory.objects[layout.CURRENT_MODEL] = pointer
    assert repair_registry(registry) == RegistryRepair(2, True, (), ())
    assert memory.objects == whole and registry.champion() == last


@pytest.mark.parametrize("pointer", POINTERS)
def test_whatever_the_pointer_holds_a_rollback_makes_its_model_current(pointer):
    memory = MemoryStore()
    registry = Registry(memory)
    publish(memory, "one")
    publish(memory, "two")
    memory.objects.pop(layout.CURRENT_MODEL)
    if pointer is not None:
        memory.objects[layout.CURRENT_MODEL] = pointer
    restored = registry.roll_back(1, "the second one is worse")
    assert registry.champion() == restored and restored.serial == 3
    assert repair_registry(registry) == RegistryRepair(3, False, (), ())


def test_a_repair_names_damaged_files_and_removes_their_models_where_it_is_asked_to():
    memory = MemoryStore()
    registry = Registry(memory)
    for name in ("one", "two", "three", "four"):
        publish(memory, name)
    memory.objects[layout.model_entry(2)] = b"{"
    memory.objects[layout.model_file(3, MODEL_FILE)] = b"[]"
    del memory.objects[layout.model_file(4, MANIFEST_FILE)]
    problems = {
        (2, layout.MODEL_ENTRY): "is not whole JSON; it was damaged",
        (3, MODEL_FILE): "is not the object that was written",
        (4, MANIFEST_FILE): "there is no such object",
    }
    before = dict(memory.objects)
    repaired = repair_registry(registry)
    described = {(file.serial, file.name): file.problem for file in repaired.damaged}
    assert described.keys() == problems.keys()
    for file, problem in problems.items():
        assert described[file].startswith(problem)
    assert (repaired.current, repaired.repointed, repaired.removed) == (4, False, ())
    assert memory.objects == before
    repaired = repair_registry(registry, remove=True)
    assert (repaired.current, repaired.repointed) == (1, True)
    assert repaired.removed == (2, 3, 4) and registry.serials() == [1]
    assert publish(memory, "five").serial == 5


def test_where_no_model_can_be_read_none_is_current_and_the_next_one_is_published():
    memory = MemoryStore()
    registry = Registry(memory)
    publish(memory, "one")
    memory.objects[layout.model_entry(1)] = b"{"
    assert repair_registry(registry).current is None and registry.champion() is None
    assert publish(memory, "two").serial == 2 == registry.current().serial
    assert repair_registry(Registry(MemoryStore())) == RegistryRepair(
        None, False, (), ()
    )


def test_retention_keeps_what_is_current_pinned_or_of_a_kept_run():
    memory = MemoryStore()
    registry = Registry(memory)
    for day in range(1, 8):
        registry.publish(f"night{day}", FILES, facts(november(day)))
    write_run(memory, november(3))
    registry.pin(2)
    assert prune(registry, KEEP, None) == (1, 4, 5)
    assert registry.serials() == [2, 3, 6, 7]
    registry.unpin(2)
    assert prune(registry, KEEP, None) == (2,)
    del memory.objects[layout.model_entry(7)]
    published = registry.publish("night8", FILES, facts(november(8)))
    assert published.serial == 8
    assert prune(registry, Keep(models=1, runs=1), None) == (6,)


def test_retention_keeps_what_a_kept_run_or_tonight_was_held_against():
    memory = MemoryStore()
    registry = Registry(memory)
    for day in range(1, 5):
        registry.publish(f"night{day}", FILES, facts(november(day)))
    for day, champion in ((5, 1), (6, 2), (7, None)):
        write_run(memory, november(day), champion)
    assert prune(registry, Keep(models=1, runs=2), champion=3) == (1,)
    assert registry.serials() == [2, 3, 4]
    assert prune(registry, Keep(models=1, runs=1), None) == (2, 3)


def test_what_a_killed_publisher_or_removal_left_goes_when_nobody_is_at_work_on_it():
    memory = MemoryStore()
    registry = Registry(memory)
    for day in range(1, 4):
        registry.publish(f"night{day}", FILES, facts(november(day)))
    del memory.objects[layout.model_entry(1)]  # half removed
    publish(memory, "later")
    # Half written, and above the current one.
    memory.write(layout.model_file(9, MODEL_FILE), b"")
    keep = Keep(models=9, runs=1)
    before = {*memory.objects}
    # A moment ago its remover was at work on another file.
    memory.old = {layout.model_file(1, MODEL_FILE)}
    assert prune(registry, keep, None) == () and {*memory.objects} == before
    memory.old = before
    assert prune(registry, keep, None) == ()
    assert before - {*memory.objects} == {layout.model_file(1, name) for name in FILES}
    assert publish(memory, "another").serial == 10


def test_a_pinned_model_that_is_gone_can_be_unpinned():
    memory = MemoryStore()
    registry = Registry(memory)
    publish(memory, "night")
    registry.pin(1)
    registry.remove(1)
    registry.unpin(1)
    assert registry.pinned() == set()
    for change in (registry.pin, registry.unpin):
        with pytest.raises(ConfigError, match="there is no model 1;"):
            change(1)


def test_a_model_is_copied_whole_as_the_published_one_or_not_at_all():
    memory, other = MemoryStore(), MemoryStore()
    registry = Registry(memory)
    for name in (b"0", b"1"):
        registry.publish(name.decode(), {**FILES, MODEL_FILE: name}, facts())
    assert not registry.copy_to(other, 3) and not other.objects
    assert registry.copy_to(other, 1)
    champion = Registry(other).champion()
    assert champion == registry.require(1)
    assert Registry(other).file(champion, MODEL_FILE) == b"0"
    assert registry.current().serial == 2


def test_a_predecessor_is_copied_beside_the_published_one_or_none_is():
    memory, other = MemoryStore(), MemoryStore()
    registry = Registry(memory)
    for name in ("one", "two", "three"):
        publish(memory, name)
    assert not registry.copy_to(other, 3, predecessor=9) and not other.objects
    assert registry.copy_to(other, 3, predecessor=1)
    assert Registry(other).champion() == registry.require(3)
    assert Registry(other).serials() == [1, 3]


def test_the_predecessor_is_some_publications_old_or_the_oldest_that_is_kept():
    registry = Registry(MemoryStore())
    for serial in range(1, 5):
        led_to = facts(predecessors=tuple(range(1, serial)))
        published = registry.publish(f"night {serial}", FILES, led_to)
    found = [registry.predecessor(published, back) for back in (2, 3, 4, 9)]
    assert [entry.serial for entry in found] == [3, 2, 1, 1]
    registry.remove(1)
    assert registry.predecessor(published, 9).serial == 2
    assert registry.predecessor(published, None) is None
    alone = published.model_copy(update={"predecessors": ()})
    assert registry.predecessor(alone, 9) is None
    back = registry.roll_back(2, "the later ones are worse")
    assert back.predecessors == (1,)  # what was taken back led nowhere


@given(order=st.lists(st.integers(0, 1), max_size=40))
def test_two_nights_may_prune_at_once(order):
    memory, removed = MemoryStore(), []
    for day in range(1, 5):
        publish(memory, f"night{day}")

    def prune_one() -> None:
        removed.append(prune(Registry(memory), KEEP, None))

    Turns(memory, [*order], [None, None]).run([prune_one, prune_one])
    assert len(removed) == 2 and {1, 2} == {*itertools.chain(*removed)}
    assert Registry(memory).serials() == [3, 4]
