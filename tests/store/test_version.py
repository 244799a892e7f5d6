"""A store has a layout, and a store with another layout is refused in one line."""

import json

import pytest

from nightsieve.store import layout
from nightsieve.store.version import (
    LAYOUT_NUMBER,
    StoreLayout,
    check_layout,
    claim_layout,
    open_store,
)
from pipeline.errors import ArtefactError, StorageError
from tests.support.memory_store import MemoryStore, do_nothing


def write_layout(memory: MemoryStore, layout_number: int, **fields: object) -> None:
    """Write the layout of another version."""
    value = {"layout": layout_number, "written_by": "nightsieve 9.1", **fields}
    memory.objects[layout.LAYOUT] = json.dumps(value).encode()


def test_an_empty_store_gets_the_layout_of_this_version_once():
    memory = MemoryStore()
    assert check_layout(memory) is None
    assert memory.objects == {}
    claim_layout(memory)
    store_layout = check_layout(memory)
    assert store_layout.layout == LAYOUT_NUMBER
    assert store_layout.written_by.startswith("nightsieve")
    written = dict(memory.objects)
    claim_layout(memory)
    assert memory.objects == written
    assert list(written) == ["layout.json"]


def test_another_layout_is_refused_in_one_line_that_says_what_to_do():
    memory = MemoryStore()
    # A later version may write more fields.
    write_layout(memory, LAYOUT_NUMBER + 2, upgraded_from=1)
    before = dict(memory.objects)
    for act in (check_layout, claim_layout):
        with pytest.raises(StorageError) as error:
            act(memory)
        assert str(error.value) == (
            f"s3://memory: has layout {LAYOUT_NUMBER + 2}, this version reads "
            f"{LAYOUT_NUMBER}; use the version that wrote it (nightsieve 9.1), or "
            "another prefix in NIGHTSIEVE_STORAGE"
        )
        assert error.value.exit_code == 5
    assert memory.objects == before


@pytest.mark.parametrize(
    "key", ["runs/2026-11-20/abc.json", "ingest/reviews-0123.parquet", "notes.txt"]
)
def test_a_store_from_before_layouts_is_refused_in_one_line(key):
    memory = MemoryStore()
    memory.objects[key] = b"{}"
    for act in (check_layout, claim_layout):
        with pytest.raises(StorageError) as error:
            act(memory)
        assert str(error.value) == (
            "s3://memory: holds objects of an earlier version and no layout.json; use "
            "the version that wrote them, or another prefix in NIGHTSIEVE_STORAGE"
        )
    assert list(memory.objects) == [key]


@pytest.mark.parametrize("content", [b"", b"{", b'{"layout": "1", "written_by": ""}'])
def test_a_damaged_layout_is_named(content):
    memory = MemoryStore()
    memory.objects[layout.LAYOUT] = content
    with pytest.raises(
        ArtefactError, match=r"^s3://memory/layout\.json: .*; restore it"
    ):
        check_layout(memory)


def test_two_workers_may_begin_an_empty_store_at_once():
    memory = MemoryStore()
    requests = []

    def other_is_faster() -> None:
        requests.append(None)
        if len(requests) == 3:  # looked for the layout and any object; now it writes
            memory.before = do_nothing
            claim_layout(memory)

    memory.before = other_is_faster
    claim_layout(memory)
    assert len(requests) == 3
    assert StoreLayout.from_json(memory.objects[layout.LAYOUT])


def test_a_store_that_another_worker_begins_is_not_taken_for_an_older_one():
    memory = MemoryStore()
    requests = []

    def other_begins() -> None:
        requests.append(None)
        if len(requests) == 2:  # looked for the layout; now other objects come too
            memory.before = do_nothing
            claim_layout(memory)
            memory.objects["configs/0123.json"] = b"{}"

    memory.before = other_begins
    assert check_layout(memory).layout == LAYOUT_NUMBER


def test_when_two_versions_begin_an_empty_store_the_slower_one_is_refused():
    memory = MemoryStore()
    requests = []

    def later_version_is_faster() -> None:
        requests.append(None)
        if len(requests) == 3:
            memory.before = do_nothing
            write_layout(memory, LAYOUT_NUMBER + 1)

    memory.before = later_version_is_faster
    with pytest.raises(StorageError, match=f"has layout {LAYOUT_NUMBER + 1}"):
        claim_layout(memory)


def test_a_command_opens_the_store_of_its_environment(environment):
    store = open_store()
    assert str(store) == environment["NIGHTSIEVE_STORAGE"]
    assert store.list_by_time("") == []
    claim_layout(store)
    assert open_store() == store
    assert store.list_by_time("") == ["layout.json"]
    store.write("layout.json", b'{"layout": 7, "written_by": "nightsieve 9.1"}')
    with pytest.raises(StorageError, match="has layout 7"):
        open_store()
