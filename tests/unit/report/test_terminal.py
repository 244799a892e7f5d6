"""The summary of a night on a terminal: the same tables as on its page."""

import io
from xml.etree import ElementTree

import pytest
from rich.console import Console

from pipeline.records.rules import FallbackRule
from pipeline.records.run import RunManifest
from pipeline.report import NightAddresses, night_report, summary
from pipeline.report.terminal import SUMMARY_WIDTH
from tests.support.report_records import (
    UNREACHED,
    WHY,
    comparison,
    manifest,
    with_results,
    with_thresholds,
)

ADDRESSES = NightAddresses(
    model="s3://inbox/model.json",
    pipeline="s3://inbox/pipeline.joblib",
    manifest="s3://inbox/manifest.json",
    report=f"s3://inbox/{'long/' * 40}index.html",
    scheduler=None,
)


def printed(night: RunManifest) -> str:
    file = io.StringIO()
    console = Console(file=file, width=SUMMARY_WIDTH, highlight=False)
    console.print(summary(night, ADDRESSES), soft_wrap=True)
    return file.getvalue()


def lines(night: RunManifest) -> list[str]:
    """Return the lines, every run of spaces as one."""
    return [" ".join(line.split()) for line in printed(night).splitlines()]


@pytest.mark.parametrize(
    ("night", "decision"),
    [
        (manifest(), ["Published as model 1: the first one."]),
        (
            manifest(floor=UNREACHED),
            [
                "Refused: the published model stays as it is.",
                "floor spam: precision 0.",
            ],
        ),
        (
            manifest(floor=UNREACHED, override=WHY),
            [f"Published as model 1, although it failed: {WHY}", "floor spam:"],
        ),
    ],
)
def test_the_summary_begins_with_the_decision_and_why(
    night: RunManifest, decision: list[str]
):
    night_of, *rest = filter(None, lines(night))
    assert night_of == f"Night of {night.date}, configuration {night.config}"
    for line, beginning in zip(rest, decision, strict=False):
        assert line.startswith(beginning)


def test_a_metric_reads_as_on_the_page():
    night = with_thresholds(manifest())
    files = night_report(night, comparison(), None, [], "")
    root = ElementTree.fromstring(files["index.html"].decode())
    shown = lines(night)
    for name in ("validation", "reviews", "decided"):
        rows = root.findall(f".//table[@id='{name}-table']/tbody/tr")
        for label, support, _, *intervals in (map(words, row) for row in rows):
            shown_cells = filter(None, [label, support, *intervals])
            assert " ".join(shown_cells) in shown
    (thresholds,) = root.findall(".//table[@id='thresholds-table']/tbody/tr")
    assert " ".join(map(words, thresholds)) in shown


def words(cell: ElementTree.Element) -> str:
    return "".join(cell.itertext()).strip()


def test_what_a_person_should_look_at_is_said():
    fallbacks = tuple(
        FallbackRule(id=f"rule-{i}", strategy="fallback", reason="a lookbehind")
        for i in range(7)
    )
    night = manifest()
    rules = night.results.rules.model_copy(update={"fallbacks": fallbacks})
    shown = lines(with_results(night, rules=rules))
    assert "searched by re: rule-0 (a lookbehind)" in shown
    assert "and 2 more: nightsieve rules report" in shown
    assert "5 candidates, 1 of them not converged: raise training.max_iter" in shown
    assert "Sample: 25,000 messages; left out: 3 without a body" in shown


def test_an_address_is_on_one_line_and_one_that_is_missing_on_none():
    text = printed(manifest())
    assert f"\nreport                 {ADDRESSES.report}\n" in text
    assert "scheduler" not in text


def test_without_reviews_the_summary_says_so():
    night = manifest()
    changes = {"metrics": None, "reviews": 0, "messages": 0, "ties": 3}
    reviews = night.results.reviews.model_copy(update=changes)
    shown = lines(with_results(night, reviews=reviews))
    assert (
        "Exported model, against human reviews: nothing to compare with; 0 reviews of "
        "0 messages; left out: 3 ties between reviewers"
    ) in shown


def test_a_label_that_looks_like_markup_is_shown_as_it_is():
    shown = lines(manifest(labels=("[bold]", "[/]", "spam")))
    assert any(line.startswith("[bold] 6,") for line in shown)
