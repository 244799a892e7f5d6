"""The page of all nights, which nights that end together write, and whole reports."""

import datetime
from xml.etree import ElementTree

import pytest

from nightsieve.store import layout
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
from tests.support.memory_store import MemoryStore
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
    """Let a night end that has, or has not yet, said what its report is made of."""
    write_run(memory, date, serial=serial)
    figures = report.key_figures(manifest(date, serial=serial))
    if reported:
        index = write_report(memory, FINGERPRINT, PAGES, figures)
        index_of(memory, Run(date, CONFIG)).dump(index, ACCOUNT)
    return figures


def listed(memory: MemoryStore) -> dict[str, str | None]:
    """The nights on the page, and where each leads to."""
    page = ElementTree.fromstring(memory.objects[PAGE].decode())
    links = {}
    for row in page.findall(".//tbody/tr"):
        night = "".join(row[0].itertext())
        links[night] = row[0][0].attrib["href"] if len(row[0]) else None
    return links


@pytest.fixture
def memory() -> MemoryStore:
    return MemoryStore(conditions=False)


def interrupt_write(memory: MemoryStore, act) -> None:
    """Do something ahead of the next write."""
    write = memory.write

    def interrupted(key: str, content: bytes) -> None:
        memory.write = write
        act()
        write(key, content)

    memory.write = interrupted


def test_a_night_that_ends_while_another_writes_the_page_is_on_it(memory):
    end(memory, november(18))
    tonight = end(memory, november(20), reported=False)
    interrupt_write(memory, lambda: end(memory, november(19)))
    write_nights_page(memory, tonight)
    assert listed(memory) == {
        str(november(day)): layout.report_link(november(day), CONFIG)
        for day in (20, 19, 18)
    }


def test_a_night_without_a_report_is_listed_and_leads_nowhere(memory):
    end(memory, november(19), reported=False)
    write_nights_page(memory, end(memory, november(20), reported=False))
    assert listed(memory)["2026-11-19"] is None and listed(memory)["2026-11-20"]
    assert [night.report for night in list_nights(memory)] == [None, None]


def test_a_night_is_listed_with_the_figures_of_its_report_and_where_that_is(memory):
    figures = end(memory, november(20))
    (night,) = list_nights(memory)
    assert night.figures == figures
    assert night.report == layout.report_link(november(20), CONFIG)


def test_a_rollback_that_happens_while_the_page_is_written_is_on_it(memory):
    registry = Registry(memory)
    registry.publish("night", FILES, facts(november(19)))
    end(memory, november(19), serial=1)
    interrupt_write(memory, lambda: registry.roll_back(1, "spam gets through"))
    write_nights_page(memory)
    assert listed(memory).keys() == {"2026-11-19"}
    text = memory.objects[PAGE].decode()
    assert (
        "Current: model 2 of 2026-11-19, which is model 1 again: spam gets through"
        in text
    )
    assert "1, current as 2" in text


def test_every_state_of_the_page_is_whole(memory):
    states, write = [], memory.write
    for day in (18, 19):
        end(memory, november(day))
    tonight = end(memory, november(20), reported=False)

    def watched(key: str, content: bytes) -> None:
        write(key, content)
        if key == PAGE:
            # The style came before the page that needs it.
            assert layout.nights_file("report.css") in memory.objects
            states.append(set(listed(memory)))

    memory.write = watched
    write_nights_page(memory, tonight)
    assert states and all(
        state == {"2026-11-18", "2026-11-19", "2026-11-20"} for state in states
    )


def test_a_report_is_fetched_as_it_was_written_or_not_at_all(memory):
    run = Run(november(20), CONFIG)
    assert read_report(memory, run) == {} and find_report(memory, run) is None
    end(memory, november(20))
    assert read_report(memory, run) == PAGES
    assert find_report(memory, run).fingerprint == FINGERPRINT
    key = layout.report_file(*run, layout.PAGE)
    memory.objects[key] = b"something else"
    with pytest.raises(
        ArtefactError, match=f"^s3://memory/{key}: is not the object that was written"
    ):
        read_report(memory, run)


def test_a_damaged_index_of_a_report_is_named(memory):
    end(memory, november(20))
    key = layout.report_index(november(20), CONFIG)
    memory.objects[key] = memory.objects[key][:-5]
    for read in (list_nights, write_nights_page):
        with pytest.raises(ArtefactError, match=f"^s3://memory/{key}: is not the obj"):
            read(memory)


def test_a_night_of_an_earlier_version_is_left_out(memory):
    older = manifest(november(18)).model_copy(update={"format": FORMAT - 1})
    manifest_of(memory, Run(november(18), CONFIG)).dump(older, ACCOUNT)
    write_nights_page(memory, end(memory, november(20)))
    assert list(listed(memory)) == ["2026-11-20"]
