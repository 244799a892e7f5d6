"""The registry stays whole when publishers are interrupted or killed at any request."""

import functools
import hashlib
import itertools
import threading
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nightsieve.store import history, layout
from nightsieve.store.models import Registry
from nightsieve.store.objects import Store
from nightsieve.store.publication import prune
from nightsieve.store.registry_repair import RegistryRepair, repair_registry
from nightsieve.store.seals import open_record, seal_record
from pipeline.config.settings import Keep
from pipeline.errors import ArtefactError, ConfigError
from pipeline.records.export import MANIFEST_FILE, MODEL_FILE, ExportManifest
from pipeline.records.models import CurrentModel, ModelEntry
from tests.support.damages import DAMAGES
from tests.support.memory_store import MemoryStore, do_nothing
from tests.support.stored_objects import FILES, facts, november, write_run

KEEP = Keep(models=2, runs=1)


class Killed(BaseException):
    """Raised in place of a kill: no publisher catches it."""


class Turns:
    """Threads that make one request each in turn, and are killed at a chosen one.

    Attributes
    ----------
    order
        The index of the publisher whose turn comes next.
    deaths
        The request at which each publisher is killed; None for a publisher that lives.
    """

    def __init__(self, memory: MemoryStore, order: list[int], deaths: list[int | None]):
        self.memory = memory
        self.order = order
        self.deaths = deaths
        self.requests = [0] * len(deaths)
        self.running = set(range(len(deaths)))
        self.turn = self._next_turn()
        self.changed = threading.Condition()
        memory.before = self._wait_for_turn

    def run(self, publishers: list[Callable[[], object]]) -> None:
        """Run the publishers to their ends."""
        threads = []
        for index, publish in enumerate(publishers):
            thread = threading.Thread(
                target=self._run, args=(index, publish), name=str(index), daemon=True
            )
            threads.append(thread)
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
            assert not thread.is_alive()
        self.memory.before = do_nothing

    def _run(self, index: int, publish: Callable[[], object]) -> None:
        try:
            publish()
        except Killed:
            pass
        finally:
            with self.changed:
                self.running.discard(index)
                self._pass_turn()

    def _wait_for_turn(self) -> None:
        index = int(threading.current_thread().name)
        with self.changed:
            # The request before is over only now, when this one asks for its turn.
            if self.requests[index]:
                self._pass_turn()
            self.changed.wait_for(functools.partial(self._has_turn, index), timeout=30)
            assert_whole(self.memory)
            self.requests[index] += 1
            if self.requests[index] == self.deaths[index]:
                raise Killed

    def _has_turn(self, index: int) -> bool:
        return self.turn == index

    def _pass_turn(self) -> None:
        self.turn = self._next_turn()
        self.changed.notify_all()

    def _next_turn(self) -> int | None:
        wanted = self.order.pop(0) if self.order else 0
        return wanted if wanted in self.running else min(self.running, default=None)


def assert_whole(memory: MemoryStore) -> None:
    """Check that the pointer, if there is one, names a complete model."""
    pointer = memory.objects.get(layout.CURRENT_MODEL)
    if pointer is not None:
        serial = open_record(pointer, CurrentModel).serial
        entry = open_record(memory.objects[layout.model_entry(serial)], ModelEntry)
        for name, sha256 in entry.files.items():
            content = memory.objects[layout.model_file(serial, name)]
            assert hashlib.sha256(content).hexdigest() == sha256


def publish(memory: MemoryStore, name: str) -> ModelEntry:
    return Registry(memory).publish(name, FILES, facts())


def read_manifest(registry: Registry, serial: int) -> ExportManifest:
    """Return the manifest among the files of a model."""
    content = registry.file(registry.require(serial), MANIFEST_FILE)
    return ExportManifest.from_json(content)


@settings(max_examples=400)
@given(
    order=st.lists(st.integers(0, 1), max_size=60),
    deaths=st.tuples(*[st.none() | st.integers(1, 14)] * 2),
    conditions=st.booleans(),
    before=st.integers(0, 2),
)
def test_two_publishers_at_once_do_not_disturb_each_other(
    order, deaths, conditions, before
):
    memory = MemoryStore(conditions)
    for index in range(before):
        publish(memory, f"before{index}")
    names = ("one", "two")
    publishers = [functools.partial(publish, memory, name) for name in names]
    Turns(memory, order, list(deaths)).run(publishers)
    assert_whole(memory)
    # A killed publisher tries again; nothing is published twice.
    serials = [publish(memory, name).serial for name in names]
    assert len(set(serials)) == 2
    assert min(serials) > before
    assert [publish(memory, name).serial for name in names] == serials
    assert Registry(memory).current().serial == max(serials)
    claims = set()
    complete = []
    for key in memory.objects:
        file = layout.parse_model_file(key)
        if file is not None and file.is_claim:
            claims.add(file.serial)
        elif file is not None and file.name == layout.MODEL_ENTRY:
            complete.append(file.serial)
    assert set(complete) <= claims
    assert len(complete) == before + 2


def test_models_are_published_in_a_real_store(environment):
    registry = Registry(Store.from_environment())
    assert registry.current() is None
    assert registry.champion() is None
    first = registry.publish("one", FILES, facts())
    second = registry.publish("two", FILES, facts())
    assert (first.serial, second.serial, registry.champion()) == (1, 2, second)
    assert read_manifest(registry, 2).serial == 2
    restored = registry.roll_back(1, "the second one is worse")
    assert (restored.serial, restored.restores) == (3, 1)
    assert registry.champion() == restored
    assert read_manifest(registry, 3).serial == 3
    assert registry.publish("two", FILES, facts()) == second
    assert registry.champion() == restored
    with pytest.raises(ConfigError, match="no model 4"):
        registry.roll_back(4, "there is none")


def test_an_entry_holds_the_facts_that_were_published():
    registry = Registry(MemoryStore())
    entry = registry.publish("night", FILES, facts())
    for name, value in dict(facts()).items():
        assert getattr(entry, name) == value
    assert (entry.publication, entry.files.keys()) == ("night", FILES.keys())
    assert registry.by_publication("night") == entry == registry.get(1)
    assert registry.by_publication("nigh") is None is registry.get(None)
    assert registry.current() == CurrentModel(serial=1, files=entry.files)


@pytest.mark.parametrize("damage", [b"{", b"[]", b'{"serial": "1"}'])
def test_a_damaged_registry_is_one_error_with_the_object_and_a_remedy(damage):
    memory = MemoryStore()
    registry = Registry(memory)
    entry = publish(memory, "night")
    read_model = functools.partial(registry.file, entry, MODEL_FILE)
    remove_it = "nightsieve models repair --remove"
    repair_it = "; run: nightsieve models repair"
    for key, read, remedy in (
        (layout.model_file(1, MODEL_FILE), read_model, remove_it),
        (layout.model_entry(1), registry.champion, remove_it),
        (layout.CURRENT_MODEL, registry.current, repair_it),
    ):
        memory.objects[key] = damage
        with pytest.raises(ArtefactError) as error:
            read()
        message = str(error.value)
        assert message.startswith(f"s3://memory/{key}: ")
        assert message.endswith(remedy)


def test_a_missing_current_model_and_an_unknown_file_are_errors_too():
    memory = MemoryStore()
    registry = Registry(memory)
    entry = publish(memory, "night")
    with pytest.raises(
        ArtefactError, match=r"models/1/entry\.json: does not name other\.txt;"
    ):
        registry.file(entry, "other.txt")
    del memory.objects[layout.model_entry(1)]
    with pytest.raises(ArtefactError) as error:
        registry.champion()
    assert str(error.value) == (
        "s3://memory/models/current.json: names model 1, which is not there; "
        "run: nightsieve models repair"
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
    assert memory.objects == whole
    assert registry.champion() == last


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
    assert registry.champion() == restored
    assert restored.serial == 3
    assert repair_registry(registry) == RegistryRepair(3, False, (), ())


def test_a_repair_names_damaged_files_and_can_remove_their_models():
    memory = MemoryStore()
    registry = Registry(memory)
    for name in ("one", "two", "three", "four", "five"):
        publish(memory, name)
    memory.objects[layout.model_entry(2)] = b"{"
    memory.objects[layout.model_file(3, MODEL_FILE)] = b"[]"
    del memory.objects[layout.model_file(4, MANIFEST_FILE)]
    problems = {
        (2, layout.MODEL_ENTRY): "is not whole JSON; it was damaged",
        (3, MODEL_FILE): "is not the object that was written",
        (4, MANIFEST_FILE): "there is no such object",
        (5, layout.MODEL_ENTRY): "names a file that is not one of a model",
    }
    hostile = registry.require(5).model_copy(update={"files": {"../x": "ab" * 32}})
    memory.objects[layout.model_entry(5)] = seal_record(hostile)
    before = dict(memory.objects)
    repaired = repair_registry(registry)
    described = {(file.serial, file.name): file.problem for file in repaired.damaged}
    assert described.keys() == problems.keys()
    for file, problem in problems.items():
        assert described[file].startswith(problem)
    # The last whole model is the current one.
    assert (repaired.current, repaired.repointed, repaired.removed) == (1, True, ())
    changed = {key for key in before if memory.objects[key] != before[key]}
    assert changed == {layout.CURRENT_MODEL}
    assert memory.objects.keys() == before.keys()
    repaired = repair_registry(registry, remove=True)
    assert (repaired.current, repaired.repointed) == (1, False)
    assert repaired.removed == (2, 3, 4, 5)
    assert registry.serials() == [1]
    assert publish(memory, "six").serial == 6


@pytest.mark.parametrize("remove", [True, False])
def test_without_a_whole_model_a_repair_changes_nothing(remove):
    memory = MemoryStore()
    registry = Registry(memory)
    publish(memory, "one")
    publish(memory, "two")
    memory.objects[layout.model_entry(1)] = b"{"
    memory.objects[layout.model_file(2, MODEL_FILE)] = b"{"
    before = dict(memory.objects)
    repaired = repair_registry(registry, remove)
    assert repaired.none_is_whole
    assert (repaired.repointed, repaired.removed) == (False, ())
    assert registry.repair_champion() is None
    assert memory.objects == before
    assert publish(memory, "three").serial == 3 == registry.current().serial
    assert repair_registry(registry, remove=True).removed == (1, 2)
    nothing = RegistryRepair(None, False, (), ())
    assert repair_registry(Registry(MemoryStore())) == nothing


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
@pytest.mark.parametrize(
    ("key", "current"),
    [
        (layout.CURRENT_MODEL, 2),
        (layout.model_entry(2), 1),
        (layout.model_file(2, MODEL_FILE), 1),
    ],
)
def test_a_night_compares_with_the_last_whole_model_whatever_is_damaged(
    key, current, damage, caplog
):
    memory = MemoryStore()
    registry = Registry(memory)
    publish(memory, "one")
    publish(memory, "two")
    memory.objects[key] = damage(memory.objects[key])
    history._warned.clear()
    assert registry.repair_champion().serial == current
    assert registry.champion().serial == current
    assert f"s3://memory/{key}: " in caplog.text
    assert "nightsieve models repair" in caplog.text


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


def test_the_rest_of_a_killed_publication_or_removal_is_removed_after_a_day():
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
    assert prune(registry, keep, None) == ()
    assert {*memory.objects} == before
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
    memory = MemoryStore()
    other = MemoryStore()
    registry = Registry(memory)
    for name in ("0", "1"):
        registry.publish(name, {**FILES, MODEL_FILE: name.encode()}, facts())
    assert not registry.copy_to(other, 3)
    assert not other.objects
    assert registry.copy_to(other, 1)
    champion = Registry(other).champion()
    assert champion == registry.require(1)
    assert Registry(other).file(champion, MODEL_FILE) == b"0"
    assert registry.current().serial == 2


def test_a_predecessor_is_copied_beside_the_published_model_or_neither_is():
    memory = MemoryStore()
    other = MemoryStore()
    registry = Registry(memory)
    for name in ("one", "two", "three"):
        publish(memory, name)
    assert not registry.copy_to(other, 3, predecessor=9)
    assert not other.objects
    assert registry.copy_to(other, 3, predecessor=1)
    assert Registry(other).champion() == registry.require(3)
    assert Registry(other).serials() == [1, 3]


def test_the_predecessor_is_some_publications_old_or_the_oldest_kept():
    registry = Registry(MemoryStore())
    for serial in range(1, 5):
        led_to = facts(predecessors=tuple(range(1, serial)))
        published = registry.publish(f"night {serial}", FILES, led_to)
    predecessors = [registry.predecessor(published, back) for back in (2, 3, 4, 9)]
    assert [entry.serial for entry in predecessors] == [3, 2, 1, 1]
    registry.remove(1)
    assert registry.predecessor(published, 9).serial == 2
    assert registry.predecessor(published, None) is None
    alone = published.model_copy(update={"predecessors": ()})
    assert registry.predecessor(alone, 9) is None
    restored = registry.roll_back(2, "the later ones are worse")
    assert restored.predecessors == (1,)  # without the models that were rolled back


@given(order=st.lists(st.integers(0, 1), max_size=40))
def test_two_nights_may_prune_at_once(order: list[int]) -> None:
    memory = MemoryStore()
    removed: list[tuple[int, ...]] = []
    for day in range(1, 5):
        publish(memory, f"night{day}")

    def prune_one() -> None:
        removed.append(prune(Registry(memory), KEEP, None))

    Turns(memory, [*order], [None, None]).run([prune_one, prune_one])
    assert len(removed) == 2
    assert set(itertools.chain(*removed)) == {1, 2}
    assert Registry(memory).serials() == [3, 4]
