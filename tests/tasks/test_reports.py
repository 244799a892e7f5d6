"""The page of all nights, rewritten by nights that end at the same time, and reports that are not there."""

import json
from xml.etree import ElementTree

import pytest

from nightsieve.store import reports
from nightsieve.store.models import Registry
from nightsieve.store.reports import nights, write_index
from pipeline.errors import ArtefactError
from pipeline.report import FORMAT, key_figures
from tests.store.test_models import MemoryStore
from tests.unit.report.made_up import manifest

PAGE = "reports/index.html"


def end(memory: MemoryStore, date: str, reported: bool = True) -> dict:
    """A night's manifest in the store, and what its report says of itself; its key figures."""
    found = manifest(date)
    figures = key_figures(found)
    memory.objects[f"runs/{date}/{found['config']}.json"] = json.dumps(found).encode()
    memory.objects[f"runs/{date}/{found['config']}.json.receipt.json"] = b"{}"
    if reported:
        memory.objects[f"reports/{date}/{found['config']}/report.json"] = json.dumps(
            {"figures": figures}
        ).encode()
    return figures


def listed(memory: MemoryStore) -> dict[str, str | None]:
    """The nights on the page, and where each leads to."""
    rows = ElementTree.fromstring(memory.objects[PAGE].decode()).findall(".//tbody/tr")
    return {
        "".join(row[0].itertext()): (row[0][0].attrib["href"] if len(row[0]) else None)
        for row in rows
    }


@pytest.fixture
def memory() -> MemoryStore:
    return MemoryStore(conditions=False)


def test_a_night_that_ends_while_another_writes_the_page_is_on_it(memory):
    end(memory, "2026-11-18")
    tonight = end(memory, "2026-11-20", reported=False)
    write = memory.write

    def interrupted(key: str, content: bytes) -> None:
        memory.write = write
        end(memory, "2026-11-19")
        write_index(memory, key_figures(manifest("2026-11-19")))
        write(key, content)

    memory.write = interrupted
    write_index(memory, tonight)
    assert listed(memory) == {
        date: f"{date}/{tonight['config']}/index.html"
        for date in ("2026-11-20", "2026-11-19", "2026-11-18")
    }


def test_a_night_without_a_report_is_listed_and_leads_nowhere(memory):
    end(memory, "2026-11-19", reported=False)
    write_index(memory, end(memory, "2026-11-20", reported=False))
    assert listed(memory)["2026-11-19"] is None and listed(memory)["2026-11-20"]
    assert [night["report"] for night in nights(memory)] == [None, None]


def test_a_rollback_that_happens_while_the_page_is_written_is_on_it(memory):
    registry, files = Registry(memory), {"model.json": b"{}", "manifest.json": b"{}"}
    night = {"date": "2026-11-19", "config": end(memory, "2026-11-19")["config"]}
    registry.publish("night", files, night)
    write = memory.write

    def interrupted(key: str, content: bytes) -> None:
        memory.write = write
        registry.roll_back(1, "spam gets through")
        write(key, content)

    memory.write = interrupted
    write_index(memory)
    assert listed(memory).keys() == {"2026-11-19"}
    words = memory.objects[PAGE].decode()
    assert (
        "Current: model 2 of 2026-11-19, which is model 1 again: spam gets through"
        in words
    )
    assert "1, current as 2" in words


def test_every_state_of_the_page_is_whole(memory):
    states, write = [], memory.write
    for date in ("2026-11-18", "2026-11-19"):
        end(memory, date)

    def watched(key: str, content: bytes) -> None:
        write(key, content)
        if PAGE in memory.objects:
            assert (
                "reports/report.css" in memory.objects
            )  # it came before the page that needs it
            states.append(set(listed(memory)))

    memory.write = watched
    write_index(memory, end(memory, "2026-11-20", reported=False))
    assert states and all(
        state == {"2026-11-18", "2026-11-19", "2026-11-20"} for state in states
    )


def test_a_report_is_fetched_as_it_was_written_or_not_at_all(memory):
    assert reports.files(memory, "2026-11-20", "abc") == {}
    digests = {"index.html": "ab" * 32}
    memory.objects["reports/2026-11-20/abc/report.json"] = json.dumps(
        {"files": digests}
    ).encode()
    memory.objects["reports/2026-11-20/abc/index.html"] = b"something else"
    with pytest.raises(
        ArtefactError,
        match="reports/2026-11-20/abc/index.html: is not the file that was written",
    ):
        reports.files(memory, "2026-11-20", "abc")


def test_a_night_of_an_earlier_version_is_left_out(memory):
    older = {**manifest("2026-11-18"), "format": FORMAT - 1}
    del older["results"]["decision"]
    key = f"runs/2026-11-18/{older['config']}.json"
    memory.objects[key] = json.dumps(older).encode()
    write_index(memory, end(memory, "2026-11-20"))
    assert list(listed(memory)) == ["2026-11-20"]
    assert (
        reports.manifest(memory, {"date": "2026-11-18", "config": older["config"]})
        is None
    )
