"""The report of a night and the page of all nights: anyone can read what they say."""

import itertools
import re
from collections.abc import Sequence
from xml.etree import ElementTree

import pytest

from pipeline.records.models import ModelEntry
from pipeline.records.run import (
    ChurnedText,
    ListedNight,
    RunManifest,
    TermInfluence,
)
from pipeline.report import key_figures, night_report, nights_page
from tests.support.report_records import (
    UNREACHED,
    WHY,
    comparison,
    entry,
    manifest,
    with_results,
    with_rule,
    with_thresholds,
)

BEFORE = "2026-11-19"
ROLLED_BACK = (
    "Rolled back to: model 7 of 2026-11-15, which is model 5 again: flags <banks>"
)
KEY = "runs/of/a/night.json"
MANY = tuple(f"label-{i:02}" for i in range(12))


def report(
    night: RunManifest,
    champion: RunManifest | None = None,
    nights: Sequence[RunManifest] = (),
    **changes: object,
) -> dict[str, bytes]:
    labels = tuple(night.results.rules.labels)
    compared = comparison(champion, labels).model_copy(update=changes)
    return night_report(night, compared, champion, [*map(key_figures, nights)], KEY)


def published() -> RunManifest:
    return manifest(BEFORE, serial=6)


def refused() -> RunManifest:
    return manifest(champion=published(), floor=UNREACHED)


def overridden() -> RunManifest:
    return manifest(champion=published(), serial=7, floor=UNREACHED, override=WHY)


def listed(night: RunManifest, address: str | None = None) -> ListedNight:
    return ListedNight(figures=key_figures(night), report=address)


VARIANTS = {
    "first": lambda: report(manifest()),
    "published": lambda: report(
        manifest(champion=published(), serial=7), published(), [published()]
    ),
    "refused": lambda: report(refused(), published(), [published()]),
    "overridden": lambda: report(overridden(), published()),
    "older": lambda: report(manifest("2026-11-18", champion=published()), published()),
    "with thresholds": lambda: report(with_thresholds(manifest(labels=MANY))),
    "all nights": lambda: nights_page([listed(published())]),
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
    """The page as a tree: it is well-formed XML too, so no browser has to guess."""
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
    night = with_rule(overridden(), 0, why=hostile, coverage=24_000)
    decision = night.results.decision.model_copy(update={"override": hostile})
    night = with_results(night, decision=decision)
    night.settings["source"]["messages"]["where"] = hostile
    churned = ChurnedText(text=hostile, messages=1, before=hostile, now=hostile)
    term = TermInfluence(term=hostile, share=0.1)
    files = report(night, published(), churned=(churned,), terms={"spam": (term,)})
    root = page(files)
    shown = re.sub("[\x00-\x08\x0b-\x1f\ud800-\udfff]", "\ufffd", hostile)
    assert text(root).count(" ".join(shown.split())) >= 6
    assert not list(root.iter("script")) and not list(root.iter("b"))


def test_a_report_of_thirty_nights_and_a_dozen_labels_is_small():
    nights = [manifest(f"2026-10-{day:02}", labels=MANY) for day in range(1, 31)]
    night = with_thresholds(manifest("2026-10-31", champion=nights[-1], labels=MANY))
    files = report(night, nights[-1], nights)
    assert len([name for name in files if name.startswith("f1-")]) == 24
    assert sum(map(len, files.values())) < 2_000_000


def test_the_same_night_gives_the_same_bytes_but_for_what_its_stages_took():
    def at(seconds: int) -> dict[str, bytes]:
        night = manifest(champion=published(), serial=7)
        cost = {"seconds": float(seconds), "peak_memory_mib": seconds}
        tasks = tuple(receipt.model_copy(update=cost) for receipt in night.tasks)
        night = night.model_copy(update={"tasks": tasks})
        return report(night, published(), [published()])

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
    night = manifest(champion=published(), serial=7)
    night.settings["training"]["search"]["folds"] = 7
    rules = night.settings["labelling"]["rules"]
    rules[3]["pattern"] = "(?:x)"
    moved = night.results.rules.rules[5]
    night = with_rule(night, 5, coverage=moved.coverage + 9_000)
    root = page(report(night, published()))
    words = text(root.find("body/main"))
    assert "training.search.folds: 5 became 7" in words
    assert f"rule {rules[3]['id']} changed" in words
    assert root.find(".//table[@id='rules-table']/tbody/tr/th").text == moved.id


def test_a_rule_that_only_the_published_night_had_is_named_as_gone():
    night = manifest(champion=published(), serial=7)
    first, *others = night.results.rules.rules
    rules = night.results.rules.model_copy(update={"rules": tuple(others)})
    words = text(page(report(with_results(night, rules=rules), published())))
    assert f"Gone since: {first.id}." in words


def test_an_undefined_number_is_a_dash():
    words = {text(cell) for cell in page(report(manifest())).iter("td")}
    assert "\u2013" in words
    assert not words & {"undefined", "None", "nan"}


def test_the_address_of_the_run_manifest_is_the_one_that_is_handed_in():
    codes = [text(code) for code in page(report(manifest())).iter("code")]
    assert KEY in codes


def test_the_page_of_all_nights_links_to_every_report_there_is_the_last_night_first():
    nights = [
        listed(manifest(date, floor=UNREACHED, override=WHY), address)
        for date, address in (
            ("2026-11-18", "2026-11-18/x/index.html"),
            ("2026-11-20", "2026-11-20/x/index.html"),
            ("2026-11-19", None),
        )
    ]
    root = page(nights_page(nights))
    rows = root.findall(".//tbody/tr")
    assert [text(row[0]) for row in rows] == ["2026-11-20", "2026-11-19", "2026-11-18"]
    # The name of the check alone: the report has what it measured.
    assert f"{WHY}; floor spam" in [text(cell) for cell in rows[0]]
    assert [link.attrib["href"] for link in root.iter("a")] == [
        "2026-11-20/x/index.html",
        "2026-11-18/x/index.html",
    ]


def header_and_serials(
    current: ModelEntry, rolled_back: Sequence[ModelEntry]
) -> tuple[list[str], list[str]]:
    """What the page says of three nights' models at its head, and in the lines."""
    nights = [listed(manifest(f"2026-11-1{n}", serial=n)) for n in (5, 6, 8)]
    root = page(nights_page(nights, current, rolled_back))
    header = root.find(".//header/div").iter()
    lines = [text(element) for element in header if element.tag in ("p", "li")]
    return lines, [text(row[7]) for row in root.findall(".//tbody/tr")]


def test_the_page_of_all_nights_says_which_model_is_current_and_what_was_rolled_back():
    back = entry("2026-11-15", 7, restores=5, reason="flags <banks>")
    again = entry("2026-11-16", 9, restores=6, reason="5 was better")
    assert header_and_serials(entry("2026-11-18", 8), [back]) == (
        [
            "Current: model 8 of 2026-11-18",
            ROLLED_BACK,
        ],
        ["8, current", "6", "5"],
    )
    assert header_and_serials(again, [back, again]) == (
        [
            "Current: model 9 of 2026-11-16, which is model 6 again: 5 was better",
            ROLLED_BACK,
        ],
        ["8", "6, current as 9", "5"],
    )
