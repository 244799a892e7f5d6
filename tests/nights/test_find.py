"""Which night is found, among runs of several dates, configurations and tables."""

import datetime
import json

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


def test_the_run_of_a_date_that_was_written_last_is_found_or_that_of_a_configuration():
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


def test_a_night_that_is_not_there_is_an_error_that_says_what_to_do():
    store = MemoryStore()
    with pytest.raises(ConfigError, match="no night was run yet; run one with: luigi"):
        last_date(store)
    write(store, FIRST)
    for date, config in ((SECOND, None), (FIRST, OTHER)):
        with pytest.raises(ConfigError, match=f"there is no such run of {date}; see"):
            find_night(store, date, config)


def test_a_night_of_an_earlier_version_is_an_error_that_says_what_to_do():
    store = MemoryStore()
    write(store, FIRST, format_=FORMAT - 1)
    with pytest.raises(ConfigError, match=f"make it again: .* --date {FIRST}"):
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


def test_a_previous_night_of_an_earlier_version_is_passed_over():
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
def patched() -> tuple[MemoryStore, RunManifest, RunManifest]:
    """Return a store, and its runs with `PATCHES` on either database, one written last.

    There are runs with other patches too.
    """
    store = MemoryStore()
    others = ("text.min_token=3",)
    write_with_patches(store, others, HERE)
    here = write_with_patches(store, PATCHES, HERE)
    elsewhere = write_with_patches(store, PATCHES, ELSEWHERE)
    write_with_patches(store, others, ELSEWHERE)
    return store, here, elsewhere


def test_a_run_is_found_by_its_layers_without_a_database(patched, monkeypatch):
    store, _, elsewhere = patched
    monkeypatch.delenv(VARIABLE, raising=False)
    assert find_night_of_layers(store, FIRST, (), PATCHES) == elsewhere
    with pytest.raises(ConfigError, match=f"there is no such run of {FIRST}; see"):
        find_night_of_layers(store, FIRST, (), ("text.min_token=4",))


@pytest.mark.parametrize(
    ("url", "index"),
    [(HERE, 1), (HERE.replace("someone", "other"), 1), (ELSEWHERE, 2)],
)
def test_of_runs_with_the_same_layers_that_of_this_database_is_found(
    patched, monkeypatch, url, index
):
    monkeypatch.setenv(VARIABLE, url)
    found = find_night_of_layers(patched[0], FIRST, (), PATCHES)
    assert found == patched[index]


def test_a_run_is_found_by_its_layers_if_the_environment_names_another_database(
    patched, monkeypatch
):
    store, _, elsewhere = patched
    monkeypatch.setenv(VARIABLE, "postgresql://127.0.0.1/third")
    assert find_night_of_layers(store, FIRST, (), PATCHES) == elsewhere


def test_a_run_of_an_earlier_version_is_passed_over_in_a_search_by_layers(
    patched, monkeypatch
):
    store, _, elsewhere = patched
    write(store, FIRST, ONE, format_=FORMAT - 1)
    monkeypatch.delenv(VARIABLE, raising=False)
    assert find_night_of_layers(store, FIRST, (), PATCHES) == elsewhere
