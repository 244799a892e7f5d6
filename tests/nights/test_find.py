"""Nights are found among runs of several dates, configurations and tables."""

import datetime
import json
from typing import NamedTuple

import pytest

from nightsieve.nights.find import (
    find_night,
    find_night_of_layers,
    last_date,
    list_nights,
    previous_night,
)
from nightsieve.store.configurations import identify, resolve
from nightsieve.store.layout import Run
from nightsieve.store.runs import manifest_of
from pipeline.config import canonical, digest
from pipeline.errors import ConfigError
from pipeline.records.run import FORMAT, RunManifest
from tests.support.memory_store import MemoryStore
from tests.support.stored_objects import ACCOUNT, manifest

FIRST = datetime.date(2026, 11, 18)
SECOND = datetime.date(2026, 11, 19)
THIRD = datetime.date(2026, 11, 20)
ONE = "1" * 16
OTHER = "2" * 16


class PatchedRuns(NamedTuple):
    """A store, and its runs with `PATCHES` on either database."""

    store: MemoryStore
    here: RunManifest
    elsewhere: RunManifest


def write(
    store: MemoryStore,
    date: datetime.date,
    config: str = ONE,
    table: str = "messages",
    format_: int = FORMAT,
) -> RunManifest:
    """Write the manifest of a run on a table of that name; return it."""
    source = {"identity": "database", "messages": {"table": table}}
    written = manifest(date).model_copy(
        update={"config": config, "settings": {"source": source}, "format": format_}
    )
    manifest_of(store, Run(date, config)).dump(written, ACCOUNT)
    return written


def test_a_night_is_found_by_its_date_and_its_configuration():
    store = MemoryStore()
    other = write(store, FIRST, OTHER)
    one = write(store, FIRST, ONE)
    write(store, SECOND, OTHER)
    assert find_night(store, FIRST) == one
    assert find_night(store, FIRST, OTHER) == other
    assert list_nights(store) == [
        Run(FIRST, ONE),
        Run(FIRST, OTHER),
        Run(SECOND, OTHER),
    ]
    assert last_date(store) == SECOND


def test_a_missing_night_is_an_error_with_a_remedy():
    store = MemoryStore()
    with pytest.raises(
        ConfigError, match="there is no run of any night; run a night: luigi"
    ):
        last_date(store)
    write(store, FIRST)
    for date, config in ((SECOND, None), (FIRST, OTHER)):
        with pytest.raises(ConfigError, match=f"there is no such run of {date}; see"):
            find_night(store, date, config)


def test_a_night_of_an_earlier_version_is_an_error_with_a_remedy():
    store = MemoryStore()
    write(store, FIRST, format_=FORMAT - 1)
    with pytest.raises(ConfigError, match=f"run the night again: .* --date {FIRST}"):
        find_night(store, FIRST)


def test_the_previous_night_is_the_last_earlier_one_on_the_same_table():
    store = MemoryStore()
    write(store, FIRST)
    before = write(store, SECOND, ONE)
    write(store, SECOND, OTHER, table="another")  # written later, on another table
    tonight = write(store, THIRD)
    write(store, THIRD, OTHER)  # of the same date
    assert previous_night(store, tonight) == before
    elsewhere = write(store, THIRD, OTHER, table="a third")
    assert previous_night(store, elsewhere) is None


def test_the_previous_night_is_the_one_written_last_of_its_date():
    store = MemoryStore()
    write(store, SECOND, OTHER)
    last = write(store, SECOND, ONE)
    write(store, FIRST, OTHER)  # a past night that was run afterwards
    assert previous_night(store, write(store, THIRD)) == last


def test_a_previous_night_of_an_earlier_version_is_skipped():
    store = MemoryStore()
    before = write(store, FIRST)
    write(store, SECOND, format_=FORMAT - 1)
    assert previous_night(store, write(store, THIRD)) == before


VARIABLE = "NIGHTSIEVE_DATABASE_URL"
PATCHES = ("text.min_token=2",)
HERE = "postgresql://someone:hush@127.0.0.1/here"
ELSEWHERE = "postgresql://127.0.0.1/elsewhere"


def write_with_patches(
    store: MemoryStore, patches: tuple[str, ...], url: str
) -> RunManifest:
    """Write the manifest of a run with these patches on that database; return it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, url)
        content = canonical(identify(resolve((), patches)))
    config = digest(content)
    changes = {"config": config, "settings": json.loads(content)}
    written = manifest(FIRST).model_copy(update=changes)
    manifest_of(store, Run(FIRST, config)).dump(written, ACCOUNT)
    return written


@pytest.fixture
def patched() -> PatchedRuns:
    """Return runs of which the one elsewhere was written last.

    The store has runs with other patches too.
    """
    store = MemoryStore()
    other_patches = ("text.min_token=3",)
    write_with_patches(store, other_patches, HERE)
    run_here = write_with_patches(store, PATCHES, HERE)
    run_elsewhere = write_with_patches(store, PATCHES, ELSEWHERE)
    write_with_patches(store, other_patches, ELSEWHERE)
    return PatchedRuns(store, run_here, run_elsewhere)


def test_a_run_is_found_by_its_layers_without_a_database(patched, monkeypatch):
    store = patched.store
    monkeypatch.delenv(VARIABLE, raising=False)
    assert find_night_of_layers(store, FIRST, (), PATCHES) == patched.elsewhere
    with pytest.raises(ConfigError, match=f"there is no such run of {FIRST}; see"):
        find_night_of_layers(store, FIRST, (), ("text.min_token=4",))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (HERE, "here"),
        (HERE.replace("someone", "other"), "here"),
        (ELSEWHERE, "elsewhere"),
    ],
)
def test_the_run_with_the_database_of_the_environment_is_found(
    patched, monkeypatch, url, expected
):
    monkeypatch.setenv(VARIABLE, url)
    manifest = find_night_of_layers(patched.store, FIRST, (), PATCHES)
    assert manifest == getattr(patched, expected)


def test_a_run_is_found_by_its_layers_if_the_environment_names_another_database(
    patched, monkeypatch
):
    monkeypatch.setenv(VARIABLE, "postgresql://127.0.0.1/third")
    manifest = find_night_of_layers(patched.store, FIRST, (), PATCHES)
    assert manifest == patched.elsewhere


def test_a_run_of_an_earlier_version_is_skipped_in_a_search_by_layers(
    patched, monkeypatch
):
    write(patched.store, FIRST, ONE, format_=FORMAT - 1)
    monkeypatch.delenv(VARIABLE, raising=False)
    manifest = find_night_of_layers(patched.store, FIRST, (), PATCHES)
    assert manifest == patched.elsewhere
