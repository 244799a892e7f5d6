"""Publishers that interrupt each other, or are killed, at any of their requests: the registry stays whole."""

import datetime
import hashlib
import itertools
import json
import threading
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nightsieve.store.models import CURRENT, ENTRY, Registry
from nightsieve.store.objects import Conflict, store
from pipeline.config.settings import Keep
from pipeline.errors import ConfigError

FILES = {"model.json": b"{}", "manifest.json": b'{"serial": 0}'}
KEEP = Keep(models=2, runs=1)


class Killed(BaseException):
    """What a killed process does next: nothing."""


class MemoryStore:
    """A store that calls ``before`` ahead of every request; it honours conditions, or not, as some S3 servers do."""

    def __init__(self, conditions: bool):
        self.objects: dict[str, bytes] = {}
        self.old: set[str] = set()
        self.conditions, self.before = conditions, lambda: None

    def address(self, key: str) -> str:
        return key

    def write(self, key: str, content: bytes) -> None:
        self.before()
        self.objects[key] = content

    def read(self, key: str) -> bytes:
        self.before()
        return self.objects[key]

    def read_tagged(self, key: str) -> tuple[bytes, str] | None:
        self.before()
        found = self.objects.get(key)
        return None if found is None else (found, _tag(found))

    def replace(self, key: str, content: bytes, tag: str | None) -> None:
        self.before()
        found = self.objects.get(key)
        if self.conditions and (None if found is None else _tag(found)) != tag:
            raise Conflict(key)
        self.objects[key] = content

    def delete(self, key: str) -> None:
        self.before()
        self.objects.pop(key, None)

    def keys(self, prefix: str) -> list[str]:
        return list(self.written(prefix))

    def written(self, prefix: str) -> dict[str, datetime.datetime]:
        self.before()
        now = datetime.datetime.now(datetime.UTC)
        ages = {
            key: datetime.timedelta(hours=25 if key in self.old else 23)
            for key in self.objects
        }
        return {key: now - age for key, age in ages.items() if key.startswith(prefix)}


def _tag(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class Turns:
    """Threads of which one at a time makes one request, in a given order; each is killed at a given request."""

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
        self.memory.before = lambda: None

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
    """The pointer, if there is one, names a complete model whose files are what its entry says."""
    if CURRENT in memory.objects:
        serial = json.loads(memory.objects[CURRENT])["serial"]
        entry = json.loads(memory.objects[f"models/{serial}/{ENTRY}"])
        for name, digest in entry["files"].items():
            assert (
                hashlib.sha256(memory.objects[f"models/{serial}/{name}"]).hexdigest()
                == digest
            )


def publish(memory, name: str) -> dict:
    return Registry(memory).publish(name, FILES, {"date": "2026-11-20"})


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
    # Whoever was killed is tried again, and what was published once is not published twice.
    found = [publish(memory, name)["serial"] for name in ("one", "two")]
    assert len({*found}) == 2 and min(found) > before
    assert [publish(memory, name)["serial"] for name in ("one", "two")] == found
    assert Registry(memory).current()["serial"] == max(found)
    claims = [key.split("/")[1] for key in memory.objects if "/claim-" in key]
    complete = [key.split("/")[1] for key in memory.objects if key.endswith(ENTRY)]
    assert set(complete) <= set(claims) and len(complete) == before + 2


def test_the_store_of_the_nights_takes_part(environment):
    registry = Registry(store())
    assert registry.current() is None and registry.champion() is None
    first, second = (
        registry.publish(name, FILES, {"date": "2026-11-20"})["serial"]
        for name in ("one", "two")
    )
    assert (first, second, registry.champion()["serial"]) == (1, 2, 2)
    assert json.loads(registry.file(registry.entry(2), "manifest.json"))["serial"] == 2
    restored = registry.roll_back(1, "the second one is worse")
    assert (restored["serial"], restored["restores"], registry.champion()) == (
        3,
        1,
        restored,
    )
    assert json.loads(registry.file(restored, "manifest.json"))["serial"] == 3
    assert (
        registry.publish("two", FILES, {})["serial"] == 2
        and registry.champion()["serial"] == 3
    )
    with pytest.raises(ConfigError, match="no model 4"):
        registry.roll_back(4, "there is none")


def test_retention_keeps_what_is_current_pinned_or_of_a_kept_run():
    memory = MemoryStore(conditions=True)
    registry = Registry(memory)
    for day in range(1, 8):
        registry.publish(f"night{day}", FILES, {"date": f"2026-11-0{day}"})
    memory.write("runs/2026-11-03/abc.json", b"{}")
    registry.pin(2, True)
    assert registry.prune(KEEP) == [1, 4, 5]
    assert registry.serials() == [2, 3, 6, 7]
    registry.pin(2, False)
    assert registry.prune(KEEP) == [2]
    memory.objects = {
        key: content
        for key, content in memory.objects.items()
        if not key.startswith("models/7/entry")
    }
    assert registry.publish("night8", FILES, {"date": "2026-11-08"})["serial"] == 8
    assert registry.prune(Keep(models=1, runs=1)) == [6]


def test_retention_keeps_what_a_kept_run_or_tonight_was_held_against():
    memory = MemoryStore(conditions=True)
    registry = Registry(memory)
    for day in range(1, 5):
        registry.publish(f"night{day}", FILES, {"date": f"2026-11-0{day}"})
    for date, champion in (("2026-11-05", 1), ("2026-11-06", 2), ("2026-11-07", None)):
        refused = {"results": {"decision": {"champion": champion}}}
        memory.write(f"runs/{date}/abc.json", json.dumps(refused).encode())
        memory.write(f"runs/{date}/abc.json.receipt.json", b"{}")
    assert registry.prune(Keep(models=1, runs=2), champion=3) == [1]
    assert registry.serials() == [2, 3, 4]
    assert registry.prune(Keep(models=1, runs=1)) == [2, 3]


def test_what_a_killed_publisher_or_removal_left_goes_when_nobody_can_be_at_work_on_it():
    memory = MemoryStore(conditions=True)
    registry = Registry(memory)
    for day in range(1, 4):
        registry.publish(f"night{day}", FILES, {"date": f"2026-11-0{day}"})
    del memory.objects[f"models/1/{ENTRY}"]  # half removed
    publish(memory, "later")
    memory.write("models/9/model.json", b"half written, and above the current one")
    keep = Keep(models=9, runs=1)
    before = {*memory.objects}
    memory.old = {
        "models/1/model.json"
    }  # while it was at work a moment ago on another file
    assert registry.prune(keep) == [] and {*memory.objects} == before
    memory.old = before
    assert registry.prune(keep) == []
    assert before - {*memory.objects} == {
        "models/1/model.json",
        "models/1/manifest.json",
    }
    assert publish(memory, "another")["serial"] == 10


def test_a_pinned_model_that_is_gone_can_be_let_go():
    memory = MemoryStore(conditions=True)
    registry = Registry(memory)
    registry.publish("night", FILES, {"date": "2026-11-01"})
    registry.pin(1, True)
    registry.remove(1)
    registry.pin(1, False)
    assert registry.pinned() == set()
    for pinned in (True, False):
        with pytest.raises(ConfigError, match="there is no model 1;"):
            registry.pin(1, pinned)


def test_a_model_is_lent_whole_as_the_published_one_or_not_at_all():
    memory, other = MemoryStore(conditions=True), MemoryStore(conditions=True)
    registry = Registry(memory)
    for number in range(2):
        registry.publish(
            f"night {number}",
            {**FILES, "model.json": b"%d" % number},
            {"date": f"2026-11-0{number + 1}"},
        )
    assert not registry.lend(3, other) and not other.objects
    assert registry.lend(1, other)
    champion = Registry(other).champion()
    assert (
        champion == registry.entry(1)
        and Registry(other).file(champion, "model.json") == b"0"
    )
    assert registry.current()["serial"] == 2


def test_an_earlier_model_is_lent_beside_the_published_one_or_none_is():
    memory, other = MemoryStore(conditions=True), MemoryStore(conditions=True)
    registry = Registry(memory)
    for number in range(3):
        publish(memory, f"night {number}")
    assert not registry.lend(3, other, earlier=9) and not other.objects
    assert registry.lend(3, other, earlier=1)
    assert Registry(other).champion() == registry.entry(3)
    assert Registry(other).serials() == [1, 3]


def test_the_earlier_model_is_so_many_publications_old_or_the_oldest_that_is_kept():
    registry = Registry(MemoryStore(conditions=True))
    for number in range(4):
        entry = {"date": "2026-11-20", "predecessors": list(range(1, number + 1))}
        published = registry.publish(f"night {number}", FILES, entry)
    found = [registry.earlier(published, publications) for publications in (2, 3, 4, 9)]
    assert [entry["serial"] for entry in found] == [3, 2, 1, 1]
    registry.remove(1)
    assert registry.earlier(published, 9)["serial"] == 2
    assert (
        registry.earlier(published, None)
        is None
        is registry.earlier(registry.entry(4) | {"predecessors": []}, 9)
    )
    back = registry.roll_back(2, "the later ones are worse")
    assert back["predecessors"] == [1]  # what was taken back led nowhere


@given(order=st.lists(st.integers(0, 1), max_size=40))
def test_two_nights_may_prune_at_once(order):
    memory, removed = MemoryStore(conditions=True), []
    for day in range(1, 5):
        publish(memory, f"night{day}")

    def prune() -> None:
        removed.append(Registry(memory).prune(KEEP))

    Turns(memory, [*order], [None, None]).run([prune, prune])
    assert len(removed) == 2 and {1, 2} == {*itertools.chain(*removed)}
    assert Registry(memory).serials() == [3, 4]
