"""The summary of a night on a terminal: the same tables as on its page."""

import io
import json
from xml.etree import ElementTree

import pytest
from rich.console import Console

from pipeline.records.reviews import CorrectionMeasurement, LabelAgreement
from pipeline.records.rules import FallbackRule
from pipeline.records.run import RunManifest
from pipeline.report import NightAddresses, night_report, summary
from pipeline.report.terminal import SUMMARY_WIDTH
from pipeline.statistics.interval import UNDEFINED, Interval
from tests.support.report_records import (
    UNREACHED,
    WHY,
    comparison,
    manifest,
    with_results,
    with_rule,
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
                "Refused: no model is published yet.",
                "floor of spam: the precision on reviews is 0.",
            ],
        ),
        (
            manifest(floor=UNREACHED, override=WHY),
            [f"Published as model 1, although checks failed: {WHY}", "floor of spam:"],
        ),
    ],
)
def test_the_summary_begins_with_the_decision_and_why(
    night: RunManifest, decision: list[str]
):
    heading, *rest = filter(None, lines(night))
    assert heading == f"Night of {night.date}, configuration {night.config}"
    for line, beginning in zip(rest, decision, strict=False):
        assert line.startswith(beginning)


def test_a_metric_reads_as_on_the_page():
    night = with_thresholds(manifest())
    files = night_report(night, comparison(), None, [], "")
    root = ElementTree.fromstring(files["index.html"].decode())
    shown = lines(night)
    for name in ("validation", "reviews", "decided"):
        rows = root.findall(f".//table[@id='{name}-table']/tbody/tr")
        for row in rows:
            label, support, _predicted, *intervals = map(text_of, row)
            shown_cells = filter(None, [label, support, *intervals])
            assert " ".join(shown_cells) in shown
    (thresholds,) = root.findall(".//table[@id='thresholds-table']/tbody/tr")
    assert " ".join(map(text_of, thresholds)) in shown


def text_of(cell: ElementTree.Element) -> str:
    return "".join(cell.itertext()).strip()


def test_the_summary_names_what_needs_attention():
    fallbacks = tuple(
        FallbackRule(id=f"rule-{i}", strategy="fallback", reason="a lookbehind")
        for i in range(7)
    )
    night = manifest()
    rules = night.results.rules.model_copy(update={"fallbacks": fallbacks})
    shown = lines(with_results(night, rules=rules))
    assert "Rule rule-0 is searched by Python's re alone: a lookbehind" in shown
    assert "and 2 more rules; see nightsieve rules report" in shown
    assert "440 rules, each of which matched a message" in shown
    assert (
        "5 candidates, 1 of which did not converge: raise training.max_iter"
    ) in shown
    assert "Sample: 25,000 messages; left out: 3 without a body" in shown


@pytest.mark.parametrize(
    ("n_rules", "n_dead", "line"),
    [
        (0, 0, "0 rules"),
        (1, 0, "1 rule, which matched a message"),
        (1, 1, "1 rule, which matched no message"),
        (4, 0, "4 rules, each of which matched a message"),
        (4, 1, "4 rules, 1 of which matched no message"),
        (4, 3, "4 rules, 3 of which matched no message"),
    ],
)
def test_the_summary_counts_rules_and_those_without_a_match(
    n_rules: int, n_dead: int, line: str
):
    night = manifest()
    rules = night.results.rules.rules[:n_rules]
    dead = tuple(rule.id for rule in rules[:n_dead])
    summary = night.results.rules.model_copy(update={"rules": rules, "dead": dead})
    assert line in lines(with_results(night, rules=summary))


def test_one_of_a_thing_is_in_the_singular():
    night = manifest()
    search = night.results.search
    candidate = search.candidates[0].model_copy(update={"converged": False})
    sample = night.results.messages
    counts = sample.counts.model_copy(update={"kept": 1})
    shown = lines(
        with_results(
            night,
            search=search.model_copy(update={"candidates": (candidate,)}),
            messages=sample.model_copy(update={"counts": counts}),
        )
    )
    assert "1 candidate, which did not converge: raise training.max_iter" in shown
    assert "Sample: 1 message; left out: 3 without a body" in shown


def test_an_address_is_on_one_line_and_a_missing_address_has_no_line():
    text = printed(manifest())
    assert f"\nreport                 {ADDRESSES.report}\n" in text
    assert "scheduler" not in text


def test_without_reviews_the_summary_says_so():
    night = manifest()
    changes = {
        "metrics": None,
        "reviews": 0,
        "messages": 0,
        "ties": 3,
        "unknown_labels": {"old": 1},
    }
    reviews = night.results.reviews.model_copy(update=changes)
    shown = lines(with_results(night, reviews=reviews))
    assert (
        "Exported model, against human reviews: \u2013 (no review to compare with); "
        "0 reviews of 0 messages; left out: 3 ties between reviewers, "
        "1 with the unknown label old"
    ) in shown


def test_a_label_that_looks_like_markup_is_shown_as_it_is():
    shown = lines(manifest(labels=("[bold]", "[/]", "spam")))
    assert any(line.startswith("[bold] 6,") for line in shown)


def test_the_export_says_what_agrees_with_what():
    shown = lines(manifest())
    assert (
        "Scorers in Python and Java: equal to the last bit for 12,345 distinct "
        "messages and 60 conformance vectors"
    ) in shown
    assert "Labels: 12,345 of 12,345 equal scikit-learn's" in shown
    assert (
        "(12,300 by proof, as rounding cannot have changed them, 45 by comparison)"
    ) in shown
    assert "Scores: at most 0.02 from scikit-learn's" in shown


def test_without_a_message_there_is_no_comparison_with_scikit_learn():
    night = manifest()
    verification = night.results.description.verification.model_copy(
        update={"texts": 0, "proved": 0, "observed": 0, "languages": ("python",)}
    )
    description = night.results.description.model_copy(
        update={"verification": verification}
    )
    shown = lines(with_results(night, description=description))
    assert "Labels: \u2013 (no message to compare with scikit-learn)" in shown
    assert (
        "Scorers in Python: equal to the last bit for 0 distinct messages and "
        "60 conformance vectors"
    ) in shown


def test_without_a_scorer_the_summary_says_so():
    night = manifest()
    verification = night.results.description.verification.model_copy(
        update={"languages": ()}
    )
    description = night.results.description.model_copy(
        update={"verification": verification}
    )
    shown = lines(with_results(night, description=description))
    assert "Scorers: \u2013 (no scorer was compared)" in shown


def test_the_rules_that_conflict_most_are_named():
    night = with_rule(manifest(), 0, conflicts=1)
    first = night.results.rules.rules[0].id
    line = f"Most often matched by rules of other labels too: {first} (1 message)"
    assert line in lines(night)
    assert "No message is matched by rules of two labels" in lines(manifest())


HALF = Interval(value=0.5, low=0.25, high=0.75)
CORRECTED = CorrectionMeasurement(
    corrections=61,
    annotators=3,
    trained=2,
    over_limit=9,
    messages=40,
    ties=1,
    unknown_labels={"fraud": 4},
    agreement=HALF,
    per_label={
        "personal": LabelAgreement(messages=0, agreement=UNDEFINED),
        "spam": LabelAgreement(messages=40, agreement=HALF),
    },
    other_sources={},
)


def test_corrections_have_a_section_that_says_that_they_do_not_gate():
    shown = lines(with_results(manifest(), corrections=CORRECTED))
    start = shown.index("Exported model, against users' corrections, which do not gate")
    assert shown[start + 1 : start + 6] == [
        "corrected to messages model agrees",
        "personal 0 \u2013",
        "spam 40 0.500 [0.250, 0.750]",
        "all labels 40 0.500 [0.250, 0.750]",
        "61 corrections by 3 annotators, 40 messages compared; left out: 9 corrections "
        "over the daily limit of an annotator, 2 corrections of a text that was "
        "trained on, 1 message with a tie, 4 with the unknown label fraud",
    ]


@pytest.mark.parametrize("other_sources", [{}, {"truth": 1_200, "(no source)": 1}])
def test_without_a_correction_only_reviews_that_are_left_out_are_named(other_sources):
    none = CORRECTED.model_copy(
        update={"corrections": 0, "other_sources": other_sources}
    )
    shown = lines(with_results(manifest(), corrections=none))
    assert not any("correct" in line for line in shown)
    left_out = [line for line in shown if line.startswith("Reviews left out")]
    if other_sources:
        assert left_out[0].endswith(": 1,200 of truth, 1 of (no source)")
    else:
        assert left_out == []


def test_a_night_of_a_version_without_corrections_is_still_shown():
    night = json.loads(manifest().to_json())
    del night["results"]["corrections"]
    earlier = RunManifest.from_json(json.dumps(night).encode())
    assert printed(earlier) == printed(manifest())
