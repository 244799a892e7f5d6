"""Manifests are listed by the time of writing, and read by date and configuration."""

import json

import pytest

from nightsieve.store import layout
from nightsieve.store.layout import Run
from nightsieve.store.runs import find_run, find_runs, list_runs, manifest_of, read_run
from pipeline.errors import ArtefactError, ConfigError
from pipeline.records.run import FORMAT
from tests.support.memory_store import MemoryStore
from tests.support.stored_objects import ACCOUNT, CONFIG, manifest, november, write_run

RUN = Run(november(20), CONFIG)


@pytest.fixture
def memory() -> MemoryStore:
    memory = MemoryStore()
    for day in (21, 20):
        write_run(memory, november(day))
    return memory


def rewrite(memory: MemoryStore, **changes: object) -> None:
    """Write the manifest of `RUN` again with other fields."""
    value = {**json.loads(memory.objects[layout.run(*RUN)]), **changes}
    artefact = manifest_of(memory, RUN)
    artefact.write(json.dumps(value).encode(), None, ACCOUNT)


def test_runs_are_listed_without_receipts_and_other_objects(memory):
    memory.objects["runs/notes.txt"] = b""
    assert set(list_runs(memory)) == {RUN, Run(november(21), CONFIG)}
    assert list_runs(memory, november(20)) == [RUN]
    assert list_runs(memory, november(2)) == []


def test_a_manifest_comes_back_as_it_was_written(memory):
    assert read_run(memory, RUN) == find_run(memory, RUN) == manifest(november(20))
    missing = Run(november(1), CONFIG)
    manifests = list(find_runs(memory, [missing, RUN]))
    assert manifests == [None, manifest(november(20))]
    with pytest.raises(ArtefactError, match="there is no such object; run the night"):
        read_run(memory, missing)


def test_a_manifest_of_another_format_is_refused(memory):
    rewrite(memory, format=FORMAT - 1, results={"rules": 1})
    assert find_run(memory, RUN) is None
    with pytest.raises(ConfigError) as error:
        read_run(memory, RUN)
    assert str(error.value) == (
        f"s3://memory/{layout.run(*RUN)}: an earlier version of Nightsieve wrote it; "
        "run the night again: luigi --module tasks Retrain --date 2026-11-20"
    )


@pytest.mark.parametrize("read", [read_run, find_run])
def test_a_damaged_manifest_is_named(memory, read):
    whole = memory.objects[layout.run(*RUN)]
    memory.objects[layout.run(*RUN)] = whole[:-9]
    with pytest.raises(ArtefactError, match=r"json: is not the object that was writ"):
        read(memory, RUN)
    memory.objects[layout.run(*RUN)] = whole
    rewrite(memory, date="yesterday")
    with pytest.raises(
        ArtefactError, match=r"json: does not hold .*; delete it and run"
    ):
        read(memory, RUN)
