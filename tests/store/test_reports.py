"""Reports, and the page of all nights, which nights that end together write."""

import contextlib
import datetime
import functools
import itertools
from collections.abc import Callable, Iterator
from xml.etree import ElementTree

import pytest

from nightsieve.store import history, layout
from nightsieve.store.layout import Run
from nightsieve.store.models import Registry
from nightsieve.store.reports import (
    find_report,
    index_of,
    list_nights,
    read_report,
    write_nights_page,
    write_report,
)
from nightsieve.store.runs import manifest_of
from pipeline import report
from pipeline.errors import ArtefactError
from pipeline.records.run import FORMAT, KeyFigures
from tests.support.damages import DAMAGES
from tests.support.memory_store import MemoryStore, do_nothing
from tests.support.stored_objects import (
    ACCOUNT,
    CONFIG,
    FILES,
    facts,
    manifest,
    november,
    write_run,
)

PAGE = layout.nights_file(layout.PAGE)
PAGES = {layout.PAGE: b"<html/>", "f1.svg": b"<svg/>"}
FINGERPRINT = "ef" * 8


def end(
    memory: MemoryStore,
    date: datetime.date,
    reported: bool = True,
    serial: int | None = None,
) -> KeyFigures:
    """End a night, with or without the index of its report."""
    write_run(memory, date, serial=serial)
    figures = report.key_figures(manifest(date, serial=serial))
    if reported:
        index = write_report(memory, FINGERPRINT, PAGES, figures)
        index_of(memory, Run(date, CONFIG)).dump(index, ACCOUNT)
    return figures


def listed(memory: MemoryStore) -> dict[str, str | None]:
    """Return the nights on the page, and the link of each."""
    page = ElementTree.fromstring(memory.objects[PAGE].decode())
    links = {}
    for row in page.findall(".//tbody/tr"):
        night = "".join(row[0].itertext())
        links[night] = row[0][0].attrib["href"] if len(row[0]) else None
    return links


@pytest.fixture
def memory() -> MemoryStore:
    return MemoryStore(conditions=False)


@contextlib.contextmanager
def before_next_write(memory: MemoryStore, act: Callable[[], object]) -> Iterator[None]:
    """Do something ahead of the next write."""
    write = memory.write

    def write_after_acting(key: str, content: bytes) -> None:
        patch.undo()
        act()
        write(key, content)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(memory, "write", write_after_acting)
        yield


def test_a_night_that_ends_while_another_writes_the_page_is_on_it(memory):
    end(memory, november(18))
    tonight = end(memory, november(20), reported=False)
    end_another = functools.partial(end, memory, november(19))
    with before_next_write(memory, end_another):
        write_nights_page(memory, tonight)
    nights = [november(day) for day in (20, 19, 18)]
    links = {str(night): layout.report_link(night, CONFIG) for night in nights}
    assert listed(memory) == links


def test_a_night_without_a_report_is_listed_without_a_link(memory):
    end(memory, november(19), reported=False)
    write_nights_page(memory, end(memory, november(20), reported=False))
    assert listed(memory)["2026-11-19"] is None
    assert listed(memory)["2026-11-20"]
    assert [night.report for night in list_nights(memory)] == [None, None]


def test_a_night_is_listed_with_the_figures_and_the_link_of_its_report(memory):
    figures = end(memory, november(20))
    (night,) = list_nights(memory)
    assert night.figures == figures
    assert night.report == layout.report_link(november(20), CONFIG)


def test_a_rollback_that_happens_while_the_page_is_written_is_on_it(memory):
    registry = Registry(memory)
    registry.publish("night", FILES, facts(november(19)))
    end(memory, november(19), serial=1)
    roll_back = functools.partial(registry.roll_back, 1, "spam gets through")
    with before_next_write(memory, roll_back):
        write_nights_page(memory)
    assert listed(memory).keys() == {"2026-11-19"}
    text = memory.objects[PAGE].decode()
    assert "Current model: 2, night of" in text
    assert "restores model 1: spam gets through" in text
    assert "1, current as 2" in text


def test_every_state_of_the_page_is_whole(memory, monkeypatch):
    states = []
    write = memory.write
    for day in (18, 19):
        end(memory, november(day))
    tonight = end(memory, november(20), reported=False)

    def write_and_look(key: str, content: bytes) -> None:
        write(key, content)
        if key == PAGE:
            # The style is written before the page that needs it.
            assert layout.nights_file("report.css") in memory.objects
            states.append(set(listed(memory)))

    monkeypatch.setattr(memory, "write", write_and_look)
    write_nights_page(memory, tonight)
    assert states
    for state in states:
        assert state == {"2026-11-18", "2026-11-19", "2026-11-20"}


def test_a_report_is_fetched_as_it_was_written_or_not_at_all(memory):
    run = Run(november(20), CONFIG)
    assert read_report(memory, run) == {}
    assert find_report(memory, run) is None
    end(memory, november(20))
    assert read_report(memory, run) == PAGES
    assert find_report(memory, run).fingerprint == FINGERPRINT
    key = layout.report_file(*run, layout.PAGE)
    memory.objects[key] = b"something else"
    with pytest.raises(
        ArtefactError, match=f"^s3://memory/{key}: is not the object that was written"
    ):
        read_report(memory, run)


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
@pytest.mark.parametrize("receipt", [False, True], ids=["object", "receipt"])
def test_a_damaged_night_is_left_out_of_the_page_with_one_warning(
    memory, caplog, damage, receipt
):
    run = Run(november(19), CONFIG)
    for day in (18, 19):
        end(memory, november(day))
    index = layout.report_index(*run)
    manifest_key = layout.run(*run)
    damaged = [layout.receipt(key) if receipt else key for key in (index, manifest_key)]
    tonight = end(memory, november(20))
    for key, nights in zip(damaged, [["20", "19", "18"], ["20", "18"]], strict=True):
        memory.objects[key] = damage(memory.objects[key])
        history._warned.clear()
        caplog.clear()
        write_nights_page(memory, tonight)
        assert [night[-2:] for night in listed(memory)] == nights
        assert caplog.text.count(f"s3://memory/{key}: ") == 1
        assert "nightsieve runs repair DATE; until then the " in caplog.text
    assert listed(memory)["2026-11-18"]


def test_a_damaged_registry_does_not_stop_the_page(memory, caplog):
    registry = Registry(memory)
    registry.publish("night", FILES, facts(november(18)))
    registry.publish("other", FILES, facts(november(18)))
    tonight = end(memory, november(19), serial=2)
    for key in (layout.model_entry(1), layout.CURRENT_MODEL):
        memory.objects[key] = b"{"
        history._warned.clear()
        write_nights_page(memory, tonight)
        assert f"s3://memory/{key}: " in caplog.text


def test_a_reader_of_a_report_that_is_replaced_reads_one_of_the_two(memory):
    run = Run(november(20), CONFIG)
    end(memory, november(20))
    another = {name: b"another" for name in PAGES}
    figures = report.key_figures(manifest(november(20)))

    def replace() -> None:
        index = write_report(memory, FINGERPRINT, another, figures)
        index_of(memory, run).dump(index, ACCOUNT)

    for last_request in range(1, 6):
        end(memory, november(20))
        requests = itertools.count(1)

        def replace_once(
            requests: Iterator[int] = requests, last: int = last_request
        ) -> None:
            if next(requests) == last:
                memory.before = do_nothing
                replace()

        memory.before = replace_once
        contents = read_report(memory, run)
        memory.before = do_nothing
        assert contents in (PAGES, another), last_request
    # A reader while the files are written finds no report.
    write_report(memory, FINGERPRINT, another, figures)
    assert read_report(memory, run) == {}


def test_a_night_of_an_earlier_version_is_left_out(memory):
    older = manifest(november(18)).model_copy(update={"format": FORMAT - 1})
    manifest_of(memory, Run(november(18), CONFIG)).dump(older, ACCOUNT)
    write_nights_page(memory, end(memory, november(20)))
    assert list(listed(memory)) == ["2026-11-20"]
