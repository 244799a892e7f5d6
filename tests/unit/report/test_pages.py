"""The report of a night and the page of all nights: what stands on them, and that anyone can read it."""

import datetime
import itertools
import re
from xml.etree import ElementTree

import pytest

from pipeline.report import key_figures, night_report, nights_page
from pipeline.report.diff import with_drift
from pipeline.report.key_figures import NIGHTS, trend
from tests.unit.report.made_up import (
    DATE,
    LABELS,
    WHY,
    comparison,
    manifest,
    with_thresholds,
)

BEFORE = "2026-11-19"
FLOOR = {"floors": {"spam": {"precision": 0.999}}}
MANY = tuple(f"label-{number:02}" for number in range(12))


def report(
    found: dict, champion: dict | None = None, nights: list[dict] = (), **changes
) -> dict[str, bytes]:
    compared = {
        **comparison(champion, tuple(found["results"]["rules"]["labels"])),
        **changes,
    }
    return night_report(
        found, compared, champion, [key_figures(night) for night in nights]
    )


def published() -> dict:
    return manifest(BEFORE, serial=6)


VARIANTS = {
    "first": lambda: report(manifest()),
    "published": lambda: report(
        manifest(champion=published(), serial=7), published(), [published()]
    ),
    "refused": lambda: report(
        manifest(champion=published(), **FLOOR), published(), [published()]
    ),
    "overridden": lambda: report(
        manifest(champion=published(), serial=7, **FLOOR, override=WHY), published()
    ),
    "older": lambda: report(
        manifest("2026-11-18", champion=published(), serial=None), published()
    ),
    "with thresholds": lambda: report(with_thresholds(manifest(labels=MANY))),
    "all nights": lambda: nights_page([{**key_figures(published()), "report": None}]),
}
FIRST_SCREEN = {
    "first": ["Published as model 1: the first one.", "Nothing was published before"],
    "published": [
        "Published as model 7: it passed against model 6.",
        f"Since model 6, the published one, of {BEFORE}",
    ],
    "refused": [
        "Refused: the published model stays as it is.",
        "floor spam: precision",
        "must be at least 0.999",
    ],
    "overridden": [
        f"Published as model 7, although it failed: {WHY}",
        "floor spam: precision",
    ],
    "older": ["Not published: the model of a later night is."],
    "with thresholds": ["Published as model 1"],
    "all nights": [
        "All nights",
        "Nothing is published yet.",
        "1 nights, the last one first",
    ],
}


@pytest.fixture(scope="module", params=VARIANTS)
def files(request) -> tuple[str, dict[str, bytes]]:
    return request.param, VARIANTS[request.param]()


def page(files: dict[str, bytes]) -> ElementTree.Element:
    """The page as a tree: it is well-formed XML too, so that nothing is left to a browser's mending."""
    return ElementTree.fromstring(files["index.html"].decode())


def text(element: ElementTree.Element) -> str:
    return " ".join("".join(element.itertext()).split())


def test_the_first_screen_says_what_became_of_the_model_why_and_what_changed(files):
    name, contents = files
    words = text(page(contents).find("body"))
    for part in FIRST_SCREEN[name]:
        assert part in words
        assert words.index(part) < 1_500
    assert f"Since model 6, the published one, of {BEFORE}" in words or name not in (
        "refused",
        "published",
        "overridden",
    )


def test_jenkins_policy_forbids_nothing_that_the_pages_need(files):
    _, contents = files
    root = page(contents)
    for element in root.iter():
        assert element.tag not in (
            "script",
            "style",
            "iframe",
            "object",
            "base",
            "form",
        )
        assert not [
            name for name in element.attrib if name == "style" or name.startswith("on")
        ]
    addresses = [
        value
        for element in root.iter()
        for name, value in element.attrib.items()
        if name in ("src", "href", "srcset")
    ]
    ids = [element.attrib["id"] for element in root.iter() if "id" in element.attrib]
    assert len(ids) == len(set(ids))
    for address in addresses:
        assert (
            address.removeprefix("#") in ids
            if address.startswith("#")
            else address in contents
        )
    shown = {address for address in addresses if not address.startswith("#")}
    assert shown == set(contents) - {
        "index.html"
    }  # and nothing is written that no page shows


def test_a_screen_reader_finds_its_way(files):
    _, contents = files
    root = page(contents)
    assert root.attrib["lang"] == "en-GB" and root.find("head/title").text
    levels = [
        int(element.tag[1])
        for element in root.iter()
        if re.fullmatch("h[1-6]", element.tag)
    ]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    assert {element.tag for element in root.find("body")} <= {"header", "main"}
    for table in root.iter("table"):
        assert text(table.find("caption"))
        heads = table.findall("thead/tr/th")
        assert heads and all(
            head.attrib["scope"] == "col" and text(head) for head in heads
        )
        for row in table.findall("tbody/tr"):
            assert len(row) == len(heads)
            assert (row[0].tag, row[0].attrib["scope"]) == ("th", "row")
    assert all(image.attrib["alt"] for image in root.iter("img"))


def test_all_figures_are_vectors_of_one_palette_and_have_a_dark_twin(files):
    _, contents = files
    drawings = {
        name: body.decode() for name, body in contents.items() if name.endswith(".svg")
    }
    for name, svg in drawings.items():
        assert (
            name.endswith("-dark.svg") or name.replace(".svg", "-dark.svg") in drawings
        )
        tags = {
            element.tag.rpartition("}")[2]
            for element in ElementTree.fromstring(svg).iter()
        }
        assert not tags & {"image", "script"}
        assert "data:" not in svg
    light, dark = (
        {
            colour
            for name, svg in drawings.items()
            if name.endswith("-dark.svg") == is_dark
            for colour in colours(svg)
        }
        for is_dark in (False, True)
    )
    assert not light & dark
    assert len(light) == len(dark) <= 5


def colours(svg: str) -> set[str]:
    return set(re.findall(r"(?<=: )#[0-9a-f]{6}", svg))


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "\" onload='x' <b>",
        "a\x00b\x1b[31m\ud800",
        "&amp;]]>",
    ],
)
def test_what_people_wrote_is_shown_as_it_is_and_never_markup(hostile):
    found, champion = (
        manifest(champion=published(), serial=7, **FLOOR, override=WHY),
        published(),
    )
    found["results"]["decision"]["override"] = hostile
    rule = found["results"]["rules"]["rules"][0]
    rule["why"], rule["coverage"] = hostile, 24_000
    found["settings"]["source"]["messages"]["where"] = hostile
    row = {"text": hostile, "messages": 1, "before": hostile, "now": hostile}
    term = {"term": hostile, "share": 0.1}
    root = page(report(found, champion, churned=[row], terms={"spam": [term]}))
    shown = re.sub("[\x00-\x08\x0b-\x1f\ud800-\udfff]", "\ufffd", hostile)
    assert text(root).count(" ".join(shown.split())) >= 6
    assert not list(root.iter("script")) and not list(root.iter("b"))


def test_a_report_of_thirty_nights_and_a_dozen_labels_is_small():
    nights = [manifest(f"2026-10-{day:02}", labels=MANY) for day in range(1, 31)]
    found = with_thresholds(manifest("2026-10-31", champion=nights[-1], labels=MANY))
    files = report(found, nights[-1], nights)
    assert len([name for name in files if name.startswith("f1-")]) == 24
    assert sum(map(len, files.values())) < 2_000_000


def test_the_same_night_gives_the_same_bytes_but_for_what_its_stages_took():
    def at(seconds: float) -> dict[str, bytes]:
        found = manifest(champion=published(), serial=7)
        for receipt in found["tasks"]:
            receipt["seconds"] = receipt["peak_memory_mib"] = seconds
        return report(found, published(), [published()])

    once, again, slower = at(1), at(1), at(2)
    assert once == again
    assert {name for name in once if once[name] != slower[name]} == {"index.html"}
    stages = re.compile(rb'<section aria-labelledby="stages">.*?</section>', re.DOTALL)
    assert stages.sub(b"", once["index.html"]) == stages.sub(b"", slower["index.html"])


def test_the_password_of_the_database_stands_nowhere():
    assert not [
        name for name, body in VARIANTS["published"]().items() if b"hunter2" in body
    ]


def test_thresholds_are_shown_with_what_they_reach_on_curves_and_on_reviews():
    files = report(with_thresholds(manifest()))
    root = page(files)
    row = [
        text(cell) for cell in root.find(".//table[@id='thresholds-table']/tbody/tr")
    ]
    assert row[:3] == ["spam", "precision \u2265 0.99", "reached"]
    alts = [
        image.attrib["alt"]
        for image in root.iter("img")
        if image.attrib["src"].startswith("curve-")
    ]
    assert len(alts) == 3 and all(
        "precision 0.750 at recall 1.000" in alt for alt in alts
    )
    assert "the threshold gives precision 0.990 at recall 0.800" in alts[2]
    assert root.find(".//table[@id='decided-table']") is not None


def test_what_differs_since_the_published_night_is_named_key_by_key_and_rule_by_rule():
    champion, found = published(), manifest(champion=published(), serial=7)
    found["settings"]["training"]["search"]["folds"] = 7
    found["settings"]["labelling"]["rules"][3]["pattern"] = "(?:x)"
    found["results"]["rules"]["rules"][5]["coverage"] += 9_000
    root = page(report(found, champion))
    words = text(root.find("body/main"))
    assert "training.search.folds: 5 became 7" in words
    assert f"rule {found['settings']['labelling']['rules'][3]['id']} changed" in words
    moved = root.find(".//table[@id='rules-table']/tbody/tr/th")
    assert moved.text == found["results"]["rules"]["rules"][5]["id"]


def test_the_key_figures_of_a_night_are_those_of_its_manifest():
    found = manifest(champion=published(), **FLOOR)
    figures = key_figures(found)
    validation = found["results"]["cross-validation"]["metrics"]
    assert (figures["outcome"], figures["serial"]) == ("refused", None)
    assert figures["f1"]["spam"] == validation["per_label"]["spam"]["f1"]
    assert figures["f1"]["macro average"] == validation["macro_f1"]
    assert figures["shares"].keys() == set(LABELS) and sum(
        figures["shares"].values()
    ) == pytest.approx(1)


def test_a_trend_has_the_last_thirty_dates_each_once_and_of_the_same_table():
    def night(day: datetime.date, config: str = "a", table: str = "t") -> dict:
        return {"date": day.isoformat(), "config": config, "table": table}

    last = datetime.date.fromisoformat(DATE)
    days = [last - datetime.timedelta(back) for back in range(40, -5, -1)]
    nights = [*map(night, days), night(days[38], "b"), night(days[39], "c", "another")]
    found = trend(nights, night(last, "tonight"))
    assert [each["date"] for each in found] == [day.isoformat() for day in days[11:41]]
    assert len(found) == NIGHTS
    assert [each["config"] for each in found[-3:]] == ["b", "a", "tonight"]


def test_drift_is_the_change_of_a_rule_s_share_and_new_and_gone_rules_are_told_apart():
    rows = [
        {"id": id_, "coverage": coverage}
        for id_, coverage in (("stays", 30), ("comes", 5))
    ]
    earlier = {
        "messages": 200,
        "rules": [{"id": "stays", "coverage": 20}, {"id": "goes", "coverage": 1}],
    }
    found = with_drift({"messages": 100, "rules": rows}, earlier)
    assert [row["drift"] for row in found["rules"]] == [pytest.approx(0.2), None]
    assert found["gone"] == ["goes"]
    assert {
        row["drift"]
        for row in with_drift({"messages": 100, "rules": rows}, None)["rules"]
    } == {None}


def test_the_page_of_all_nights_links_to_every_report_there_is_the_last_night_first():
    nights = [
        {
            **key_figures(manifest(date, **FLOOR, override=WHY)),
            "report": f"{date}/x/index.html" if linked else None,
        }
        for date, linked in (
            ("2026-11-18", True),
            ("2026-11-20", True),
            ("2026-11-19", False),
        )
    ]
    root = page(nights_page(nights))
    rows = root.findall(".//tbody/tr")
    assert [text(row[0]) for row in rows] == ["2026-11-20", "2026-11-19", "2026-11-18"]
    assert f"{WHY}; floor spam" in [
        text(cell) for cell in rows[0]
    ]  # its name alone: the report has what it found
    assert [link.attrib["href"] for link in root.iter("a")] == [
        "2026-11-20/x/index.html",
        "2026-11-18/x/index.html",
    ]


def entry(date: str, serial: int, **rollback) -> dict:
    """What the registry knows of a model of that night."""
    return {
        "serial": serial,
        "date": date,
        "config": manifest(date)["config"],
        **rollback,
    }


def test_the_page_of_all_nights_says_which_model_is_current_and_what_was_rolled_back():
    nights = [
        {**key_figures(manifest(f"2026-11-1{n}", serial=n)), "report": None}
        for n in (5, 6, 8)
    ]
    back = entry("2026-11-15", 7, restores=5, reason="flags <banks>")
    again = entry("2026-11-16", 9, restores=6, reason="5 was better")

    def shown(*published) -> tuple[list[str], list[str]]:
        root = page(nights_page(nights, *published))
        said = [
            text(each)
            for each in root.find(".//header/div").iter()
            if each.tag in ("p", "li")
        ]
        return said, [text(row[7]) for row in root.findall(".//tbody/tr")]

    assert shown(entry("2026-11-18", 8), [back]) == (
        [
            "Current: model 8 of 2026-11-18",
            "Rolled back to: model 7 of 2026-11-15, which is model 5 again: flags <banks>",
        ],
        ["8, current", "6", "5"],
    )
    assert shown(again, [back, again]) == (
        [
            "Current: model 9 of 2026-11-16, which is model 6 again: 5 was better",
            "Rolled back to: model 7 of 2026-11-15, which is model 5 again: flags <banks>",
        ],
        ["8", "6, current as 9", "5"],
    )
