"""The report of a night and the page of all nights: anyone can read what they say."""

import itertools
import re
from collections.abc import Iterable, Sequence
from xml.etree import ElementTree

import pytest

from pipeline.records.models import ModelEntry
from pipeline.records.release import Verdict
from pipeline.records.run import (
    ChurnedText,
    ListedNight,
    RunManifest,
    TermInfluence,
)
from pipeline.report.html.pages import night_report, nights_page
from pipeline.report.key_figures import key_figures
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
ROLLED_BACK = "Rollback: model 7, night of 2026-11-15, restores model 5: flags <banks>"
KEY = "runs/of/a/night.json"
MANY = tuple(f"label-{i:02}" for i in range(12))

Files = dict[str, bytes]


def report(
    night: RunManifest,
    champion: RunManifest | None = None,
    nights: Sequence[RunManifest] = (),
    **changes: object,
) -> Files:
    labels = tuple(night.results.rules.labels)
    compared = comparison(champion, labels).model_copy(update=changes)
    figures = list(map(key_figures, nights))
    return night_report(night, compared, champion, figures, manifest_key=KEY)


def published() -> RunManifest:
    return manifest(BEFORE, serial=6)


def refused() -> RunManifest:
    return manifest(champion=published(), floor=UNREACHED)


def overridden() -> RunManifest:
    return manifest(champion=published(), serial=7, floor=UNREACHED, override=WHY)


def older() -> RunManifest:
    return manifest("2026-11-18", champion=published())


def listed(night: RunManifest, address: str | None = None) -> ListedNight:
    return ListedNight(figures=key_figures(night), report=address)


def first_report() -> Files:
    return report(manifest())


def published_report() -> Files:
    night = manifest(champion=published(), serial=7)
    return report(night, published(), [published()])


def refused_report() -> Files:
    return report(refused(), published(), [published()])


def overridden_report() -> Files:
    return report(overridden(), published())


def older_report() -> Files:
    return report(older(), published())


def report_with_thresholds() -> Files:
    return report(with_thresholds(manifest(labels=MANY)))


def all_nights() -> Files:
    return nights_page([listed(published())])


#: Every kind of page, by its name.
VARIANTS = {
    "first": first_report,
    "published": published_report,
    "refused": refused_report,
    "overridden": overridden_report,
    "older": older_report,
    "with thresholds": report_with_thresholds,
    "all nights": all_nights,
}
SINCE = f"Changes since the published model 6 of {BEFORE}"
FIRST_SCREEN = {
    "first": [
        "Published as model 1: the first one.",
        "No model was published before this night",
    ],
    "published": [
        "Published as model 7: it passed the checks against model 6.",
        SINCE,
    ],
    "refused": [
        "Refused: model 6 stays published.",
        "floor of spam: the precision on reviews is",
        "it must be at least 0.999",
        SINCE,
    ],
    "overridden": [
        f"Published as model 7, although checks failed: {WHY}",
        "floor of spam: the precision on reviews is",
        SINCE,
    ],
    "older": ["Not published: the model of a later night is already published."],
    "with thresholds": ["Published as model 1"],
    "all nights": [
        "All nights",
        "No model is published yet.",
        "1 night, the latest first",
    ],
}


@pytest.fixture(scope="module", params=VARIANTS)
def variant(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def files(variant: str) -> Files:
    return VARIANTS[variant]()


def page(files: Files) -> ElementTree.Element:
    """Return the page as a tree: it is well-formed XML, so no browser has to guess."""
    return ElementTree.fromstring(files["index.html"].decode())


def find(element: ElementTree.Element, path: str) -> ElementTree.Element:
    child = element.find(path)
    assert child is not None, path
    return child


def text(element: ElementTree.Element) -> str:
    return " ".join("".join(element.itertext()).split())


def texts(elements: Iterable[ElementTree.Element]) -> list[str]:
    return [text(element) for element in elements]


def test_the_first_screen_says_what_became_of_the_model_and_why(
    variant: str, files: Files
):
    body = text(find(page(files), "body"))
    for part in FIRST_SCREEN[variant]:
        assert part in body
        assert body.index(part) < 1_500


def test_jenkins_policy_forbids_nothing_that_the_pages_need(files: Files):
    root = page(files)
    tags = {element.tag for element in root.iter()}
    assert not tags & {"script", "style", "iframe", "object", "base", "form"}
    names = {name for element in root.iter() for name in element.attrib}
    assert "style" not in names
    assert not [name for name in names if name.startswith("on")]


def test_every_address_leads_somewhere_and_every_file_is_shown(files: Files):
    root = page(files)
    ids = [element.attrib["id"] for element in root.iter() if "id" in element.attrib]
    assert len(ids) == len(set(ids))
    addresses = set(attribute_values(root, ("src", "href", "srcset")))
    anchors = {address for address in addresses if address.startswith("#")}
    assert anchors <= {f"#{identifier}" for identifier in ids}
    assert addresses - anchors == set(files) - {"index.html"}


def attribute_values(root: ElementTree.Element, names: Sequence[str]) -> Iterable[str]:
    for element in root.iter():
        for name in names:
            if name in element.attrib:
                yield element.attrib[name]


def test_a_screen_reader_finds_its_way(files: Files):
    root = page(files)
    assert root.attrib["lang"] == "en-GB"
    assert text(find(root, "head/title"))
    headings = [element.tag for element in root.iter() if is_heading(element)]
    levels = [int(tag[1]) for tag in headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    assert {element.tag for element in find(root, "body")} <= {"header", "main"}
    assert all(image.attrib["alt"] for image in root.iter("img"))


def is_heading(element: ElementTree.Element) -> bool:
    return re.fullmatch("h[1-6]", element.tag) is not None


def test_every_table_has_a_caption_and_headings(files: Files):
    for table in page(files).iter("table"):
        assert text(find(table, "caption"))
        headings = table.findall("thead/tr/th")
        assert headings
        assert {heading.attrib["scope"] for heading in headings} == {"col"}
        assert all(texts(headings))
        for row in table.findall("tbody/tr"):
            assert len(row) == len(headings)
            assert (row[0].tag, row[0].attrib["scope"]) == ("th", "row")


def test_all_figures_are_vectors_of_one_palette_and_have_a_dark_twin(files: Files):
    drawings = {
        name: content.decode()
        for name, content in files.items()
        if name.endswith(".svg")
    }
    dark_names = {name for name in drawings if name.endswith("-dark.svg")}
    light_names = drawings.keys() - dark_names
    assert dark_names == {name.replace(".svg", "-dark.svg") for name in light_names}
    for svg in drawings.values():
        elements = ElementTree.fromstring(svg).iter()
        tags = {element.tag.rpartition("}")[2] for element in elements}
        assert not tags & {"image", "script"}
        assert "data:" not in svg
    light = colours(drawings[name] for name in light_names)
    dark = colours(drawings[name] for name in dark_names)
    assert not light & dark
    assert len(light) == len(dark) <= 5


def colours(drawings: Iterable[str]) -> set[str]:
    return set(re.findall(r"(?<=: )#[0-9a-f]{6}", "".join(drawings)))


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "\" onload='x' <b>",
        "a\x00b\x1b[31m\ud800",
        "&amp;]]>",
    ],
)
def test_what_people_wrote_is_shown_as_it_is_and_never_markup(hostile: str):
    night = with_rule(overridden(), 0, why=hostile, coverage=24_000)
    decision = night.results.decision.model_copy(update={"override": hostile})
    night = with_results(night, decision=decision)
    set_setting(night, "source.messages.where", hostile)
    churned = ChurnedText(text=hostile, messages=1, before=hostile, now=hostile)
    term = TermInfluence(term=hostile, share=0.1)
    files = report(night, published(), churned=(churned,), terms={"spam": (term,)})
    root = page(files)
    shown = re.sub("[\x00-\x08\x0b-\x1f\ud800-\udfff]", "\ufffd", hostile)
    assert text(root).count(" ".join(shown.split())) >= 6
    assert not list(root.iter("script"))
    assert not list(root.iter("b"))


def set_setting(night: RunManifest, key: str, value: str | int) -> None:
    """Change a setting in a night's manifest."""
    *sections, name = key.split(".")
    section = night.settings
    for part in sections:
        subsection = section[part]
        assert isinstance(subsection, dict)
        section = subsection
    section[name] = value


def test_a_report_of_thirty_nights_and_a_dozen_labels_is_small():
    nights = [manifest(f"2026-10-{day:02}", labels=MANY) for day in range(1, 31)]
    night = with_thresholds(manifest("2026-10-31", champion=nights[-1], labels=MANY))
    files = report(night, nights[-1], nights)
    assert len([name for name in files if name.startswith("f1-")]) == 24
    assert sum(map(len, files.values())) < 2_000_000


def test_the_same_night_gives_the_same_bytes_but_for_the_cost_of_stages():
    once = report_with_cost(1)
    slower = report_with_cost(2)
    assert once == report_with_cost(1)
    assert {name for name in once if once[name] != slower[name]} == {"index.html"}
    stages = re.compile(rb'<section aria-labelledby="stages">.*?</section>', re.DOTALL)
    assert stages.sub(b"", once["index.html"]) == stages.sub(b"", slower["index.html"])


def report_with_cost(seconds: int) -> Files:
    night = manifest(champion=published(), serial=7)
    cost = {"seconds": float(seconds), "peak_memory_mib": seconds}
    tasks = tuple(receipt.model_copy(update=cost) for receipt in night.tasks)
    night = night.model_copy(update={"tasks": tasks})
    return report(night, published(), [published()])


def test_no_file_has_the_password_of_the_database():
    contents = published_report().values()
    assert not [content for content in contents if b"hunter2" in content]


def test_thresholds_are_shown_in_a_table_on_curves_and_on_reviews():
    root = page(report(with_thresholds(manifest())))
    row = texts(find(root, ".//table[@id='thresholds-table']/tbody/tr"))
    assert row[:3] == ["spam", "precision \u2265 0.99", "reached"]
    alts = [
        image.attrib["alt"]
        for image in root.iter("img")
        if image.attrib["src"].startswith("curve-")
    ]
    assert len(alts) == 3
    assert all("precision 0.750 at recall 1.000" in alt for alt in alts)
    assert "the threshold gives precision 0.990 at recall 0.800" in alts[2]
    assert root.find(".//table[@id='decided-table']") is not None


def test_changes_since_the_published_night_are_named_key_by_key_and_rule_by_rule():
    night = manifest(champion=published(), serial=7)
    set_setting(night, "training.search.folds", 7)
    labelling = night.settings["labelling"]
    assert isinstance(labelling, dict)
    rules = labelling["rules"]
    assert isinstance(rules, list)
    rule = rules[3]
    assert isinstance(rule, dict)
    rule["pattern"] = "(?:x)"
    moved = night.results.rules.rules[5]
    night = with_rule(night, 5, coverage=moved.coverage + 9_000)
    root = page(report(night, published()))
    main = text(find(root, "body/main"))
    assert "training.search.folds: 5 became 7" in main
    assert f"rule {rule['id']} changed" in main
    first_row = find(root, ".//table[@id='rules-table']/tbody/tr/th")
    assert text(first_row) == moved.id


def test_a_rule_that_only_the_published_night_had_is_named():
    night = manifest(champion=published(), serial=7)
    first, *others = night.results.rules.rules
    rules = night.results.rules.model_copy(update={"rules": tuple(others)})
    main = text(page(report(with_results(night, rules=rules), published())))
    assert f"Removed since then: {first.id}." in main


def section(root: ElementTree.Element, name: str) -> str:
    return text(find(root, f".//section[@aria-labelledby='{name}']"))


def test_both_comparisons_say_that_the_published_model_was_removed_meanwhile():
    root = page(report(manifest(champion=published(), serial=7)))
    gone = "Model 6 is no longer kept, so "
    assert f"{gone}nothing can be compared." in section(root, "since")
    assert f"{gone}its labels cannot be compared." in section(root, "churn")


def test_a_published_model_that_cannot_be_read_is_not_shown_as_unchanged():
    night = manifest(champion=published(), serial=7)
    root = page(report(night, published(), changed=None))
    churn = section(root, "churn")
    assert "Model 6 cannot be read by this version or is damaged, so " in churn
    assert "were not compared." in churn
    assert " 0 of " not in churn


def test_both_comparisons_say_that_no_model_was_published_before():
    root = page(report(manifest()))
    first = "No model was published before this night, so there "
    assert f"{first}is nothing to compare." in section(root, "since")
    assert f"{first}are no labels to compare." in section(root, "churn")


def test_the_page_counts_changed_messages_and_rules():
    night = manifest(champion=published(), serial=7)
    main = text(page(report(night, published())))
    assert (
        "Tonight's model and model 6 give different labels to 7 of 1,000 held-out "
        "messages."
    ) in main
    assert "To see all 440 rules, run" in main


def test_one_message_and_one_rule_are_in_the_singular():
    night = manifest(champion=published(), serial=7)
    first, *_others = night.results.rules.rules
    rules = night.results.rules.model_copy(update={"rules": (first,)})
    one_rule = with_results(night, rules=rules)
    main = text(page(report(one_rule, published(), messages=1, changed=1)))
    assert "give different labels to 1 of 1 held-out message." in main
    assert "averaged over 1 message," in main
    assert "To see the only rule, run" in main


def test_a_negative_number_has_the_same_minus_sign_everywhere_on_the_page():
    night = manifest(champion=published(), serial=7)
    first, *others = night.results.decision.checks
    failed = others[-1].model_copy(update={"verdict": Verdict.FAILED})
    decision = night.results.decision.model_copy(
        update={"checks": (first, *others[:-1], failed)}
    )
    root = page(report(with_results(night, decision=decision), published()))
    shown = text(find(root, "body"))
    reason = text(find(root, ".//header/div/ul/li"))
    assert "is \u22120.001; it must be at least \u22120.03, unless" in reason
    assert "interval \u22120.003 to 0.002 on 120 texts" in reason
    assert shown.count("at least \u22120.03") == 4
    assert "at most 2,000" in shown
    assert "at most 200,000" in shown
    assert re.findall(r"(?<!\S)-\d\S*", shown) == []
    assert BEFORE in shown


def test_an_undefined_number_is_a_dash():
    cells = set(texts(page(report(manifest())).iter("td")))
    assert "\u2013" in cells
    assert not cells & {"undefined", "None", "nan"}


def test_the_key_of_the_run_manifest_is_the_given_one():
    assert KEY in texts(page(report(manifest())).iter("code"))


def test_the_page_of_all_nights_links_to_every_report_the_latest_night_first():
    addresses = {
        "2026-11-18": "2026-11-18/x/index.html",
        "2026-11-20": "2026-11-20/x/index.html",
        "2026-11-19": None,
    }
    nights = [
        listed(manifest(date, floor=UNREACHED, override=WHY), address)
        for date, address in addresses.items()
    ]
    root = page(nights_page(nights))
    rows = root.findall(".//tbody/tr")
    assert [text(row[0]) for row in rows] == ["2026-11-20", "2026-11-19", "2026-11-18"]
    # Only the name of the check: the report has what it measured.
    assert f"{WHY}; floor of spam" in texts(rows[0])
    assert [link.attrib["href"] for link in root.iter("a")] == [
        "2026-11-20/x/index.html",
        "2026-11-18/x/index.html",
    ]


def header_and_serials(
    current: ModelEntry, rolled_back: Sequence[ModelEntry]
) -> tuple[list[str], list[str]]:
    """Return what the page says about three nights' models at its head and in rows."""
    nights = [listed(manifest(f"2026-11-1{n}", serial=n)) for n in (5, 6, 8)]
    root = page(nights_page(nights, current, rolled_back))
    header = find(root, ".//header/div").iter()
    lines = [text(element) for element in header if element.tag in ("p", "li")]
    return lines, [text(row[7]) for row in root.findall(".//tbody/tr")]


def test_the_page_of_all_nights_names_the_current_model_and_rollbacks():
    rollback = entry("2026-11-15", 7, restores=5, reason="flags <banks>")
    later_rollback = entry("2026-11-16", 9, restores=6, reason="5 was better")
    assert header_and_serials(entry("2026-11-18", 8), [rollback]) == (
        ["Current model: 8, night of 2026-11-18", ROLLED_BACK],
        ["8, current", "6", "5"],
    )
    assert header_and_serials(later_rollback, [rollback, later_rollback]) == (
        [
            "Current model: 9, night of 2026-11-16, restores model 6: 5 was better",
            ROLLED_BACK,
        ],
        ["8", "6, current as 9", "5"],
    )
