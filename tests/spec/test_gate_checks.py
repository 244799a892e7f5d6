"""The checks of the gate, as gate-checks.md shows them."""

import copy
import dataclasses
import datetime
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from pydantic import JsonValue

from pipeline.records.models import ModelEntry
from pipeline.records.release import (
    Check,
    CheckKind,
    Compared,
    F1Figures,
    Latency,
    Verdict,
)
from pipeline.records.words import DASH, describe_check
from pipeline.release.checks import GateInput, check_model
from pipeline.statistics.difference import Difference, LabelDifference
from pipeline.statistics.interval import UNDEFINED, Interval
from pipeline.statistics.metrics import Metrics
from tests.spec.tables import Row, read_rows
from tests.support.gate_records import (
    ALIKE,
    ALONE,
    CHAMPION,
    GATE,
    MEASURED,
    SAME,
    changed,
    export_manifest,
    first_night,
    gate_input,
    gate_settings,
    label_metrics,
    labelling_summary,
    metrics,
    review_evaluation,
    sample_of,
)

PAGE = Path(__file__).with_name("gate-checks.md")
NOT_MADE = "not made"
SETTING = re.compile(r"`(?P<key>[\w.]+): (?P<value>[^`]+)`")

Cells = dict[str, str]


def is_known(cell: str) -> bool:
    return cell != DASH


def number(cell: str) -> float:
    return float(cell.replace(",", ""))


def count(cell: str) -> int:
    return int(cell.replace(",", ""))


def interval(cell: str) -> Interval:
    """Return the interval of a cell such as ``-0.02 [-0.05, 0.01]``."""
    if not is_known(cell):
        return UNDEFINED
    value, low, high = map(float, re.findall(r"-?[\d.]+", cell))
    return Interval(value, low, high)


def verification(cells: Cells) -> GateInput:
    differences = count(cells["Messages scored differently"])
    return gate_input(export=export_manifest(differences=differences))


def size(cells: Cells) -> GateInput:
    gzipped_bytes = count(cells["Tonight"])
    return gate_input(export=export_manifest(gzipped_bytes=gzipped_bytes))


def terms(cells: Cells) -> GateInput:
    return gate_input(export=export_manifest(terms=count(cells["Tonight"])))


def speed(cells: Cells) -> GateInput:
    tonight = cells["Tonight"]
    if not is_known(tonight):
        return gate_input(latency=Latency(messages=0, microseconds=None))
    return gate_input(latency=Latency(messages=9, microseconds=number(tonight)))


def number_of_reviews(cells: Cells) -> GateInput:
    reviewed = metrics(count(cells["Reviewed messages"]), spam=label_metrics(0.95, 0.6))
    return gate_input(reviews=review_evaluation(reviewed))


def labels_of_reviews(cells: Cells) -> GateInput:
    unknown_labels = {}
    for cell in cells["Unknown labels"].split(", "):
        if is_known(cell):
            label, _, number_of_messages = cell.rpartition(" ")
            unknown_labels[label] = count(number_of_messages)
    known = count(cells["Messages that count"])
    ties = count(cells["Ties"])
    measured = metrics(known, spam=label_metrics(0.95, 0.6)) if known else None
    evaluation = changed(
        review_evaluation(measured),
        reviews=known + ties + sum(unknown_labels.values()),
        unknown_labels=unknown_labels,
        ties=ties,
    )
    return gate_input(reviews=evaluation)


def floor(cells: Cells) -> GateInput:
    tonight = cells["Tonight"]
    precision = number(tonight) if is_known(tonight) else None
    measured = metrics(spam=label_metrics(precision, 0.6))
    return gate_input(reviews=review_evaluation(measured))


def date(cells: Cells) -> GateInput:
    if not is_known(cells["Published model"]):
        return first_night()
    published = datetime.date.fromisoformat(cells["Published model"])
    champion = changed(CHAMPION, traits=changed(CHAMPION.traits, date=published))
    tonight = datetime.date.fromisoformat(cells["Tonight"])
    return gate_input(champion=champion, date=tonight)


def published_format(cells: Cells) -> GateInput:
    file = cells["Published model's file"]
    if file == "readable":
        return gate_input()
    return gate_input(compared=ALONE, earlier=None, on_reviews=None, unsupported=file)


def evidence(cells: Cells) -> GateInput:
    if not is_known(cells["Published model"]):
        return first_night()
    n_reviewed = count(cells["Reviewed texts"])
    n_held_out = count(cells["Held-out texts"])
    return gate_input(
        compared=changed(ALIKE, documents=n_reviewed),
        holdout=changed(ALIKE, documents=n_held_out),
    )


def compared(cells: Cells) -> Compared:
    texts = count(cells["Texts"])
    change = interval(cells["Change of macro F1"])
    return changed(ALIKE, macro_f1=change, documents=texts)


def regression_on_reviews(cells: Cells) -> GateInput:
    return gate_input(compared=compared(cells), holdout=ALIKE)


def regression_on_holdout(cells: Cells) -> GateInput:
    return gate_input(holdout=compared(cells))


def regression_since_earlier(cells: Cells) -> GateInput:
    if not is_known(cells["Texts"]):
        return gate_input(earlier=None)
    return gate_input(earlier=compared(cells))


def regression_of_label(cells: Cells) -> GateInput:
    change = Difference(interval(cells["Change"]), count(cells["Texts"]))
    unchanged = LabelDifference(Difference(SAME, 30), Difference(SAME, 30))
    spam = dataclasses.replace(unchanged, **{cells["Measure"]: change})
    return gate_input(compared=changed(ALIKE, per_label={"spam": spam}))


def churn(cells: Cells) -> GateInput:
    share = cells["Share that changes"]
    if not is_known(share):
        return first_night()
    return gate_input(holdout=changed(ALIKE, churn=number(share)))


def churn_of_label(cells: Cells) -> GateInput:
    shares = {"ham": 0.01, "spam": number(cells["Share that changes"])}
    return gate_input(holdout=changed(ALIKE, churn_per_label=shares))


def churn_with_thresholds(cells: Cells) -> GateInput:
    share = number(cells["Share that changes with thresholds"])
    return gate_input(with_thresholds=changed(ALIKE, churn=share))


def champion_with(**figures: object) -> ModelEntry:
    return changed(CHAMPION, figures=changed(CHAMPION.figures, **figures))


def drift_of_messages(cells: Cells) -> GateInput:
    champion = champion_with(messages=count(cells["Published model"]))
    return gate_input(champion=champion, sample=sample_of(count(cells["Tonight"])))


def drift_of_coverage(cells: Cells) -> GateInput:
    champion = champion_with(coverage=number(cells["Published model"]))
    labelled = round(1000 * number(cells["Tonight"]))
    ham = round(0.76 * labelled)
    rules = labelling_summary(labelled, ham=ham, spam=labelled - ham)
    return gate_input(champion=champion, rules=rules)


def drift_of_share(cells: Cells) -> GateInput:
    """Return a night whose other messages are of a label that nobody checks here."""
    if not is_known(cells["Published model"]):
        return first_night()
    champion = champion_with(shares={"spam": number(cells["Published model"])})
    spam = round(800 * number(cells["Tonight"]))
    labels = {"spam": spam} if spam else {}
    return gate_input(champion=champion, rules=labelling_summary(**labels))


def drift_of_reviews(cells: Cells) -> GateInput:
    before = cells["On the reviews of its own night"]
    if not is_known(before):
        return gate_input(champion=champion_with(reviews=None))
    figures = F1Figures(
        macro=interval(before), per_label={"spam": MEASURED.per_label["spam"].f1}
    )
    now = cells["Published model on tonight's reviews"]
    on_reviews = None
    if is_known(now):
        on_reviews = with_macro_f1(MEASURED, interval(now))
    return gate_input(champion=champion_with(reviews=figures), on_reviews=on_reviews)


def with_macro_f1(measured: Metrics, macro_f1: Interval) -> Metrics:
    return Metrics(**{**vars(measured), "macro_f1": macro_f1})


@dataclasses.dataclass(frozen=True)
class Section:
    """How the rows of a section are put into the gate.

    Attributes
    ----------
    night
        Returns what the gate knows from the cells of a row.
    subject
        The label that the section's checks are about, if they are about one.
    """

    kind: CheckKind
    night: Callable[[Cells], GateInput]
    subject: str | None = None
    with_thresholds: bool = False

    def finds(self, check: Check, cells: Cells) -> bool:
        """Return whether a check is the one that a row is about."""
        return (
            check.kind is self.kind
            and check.subject in (None, self.subject)
            and check.with_thresholds is self.with_thresholds
            and check.measure in (None, measure_of(cells))
        )


def measure_of(cells: Cells) -> str:
    return cells.get("Measure", "precision")


SECTIONS = {
    "Verification": Section(CheckKind.VERIFIED, verification),
    "Size": Section(CheckKind.SIZE, size),
    "Terms": Section(CheckKind.TERMS, terms),
    "Speed": Section(CheckKind.SPEED, speed),
    "Number of reviews": Section(CheckKind.REVIEWS, number_of_reviews),
    "Labels of reviews": Section(CheckKind.KNOWN_REVIEWS, labels_of_reviews),
    "Floors": Section(CheckKind.FLOOR, floor, "spam"),
    "Date": Section(CheckKind.NOT_OLDER, date),
    "Format of the published model": Section(CheckKind.READABLE, published_format),
    "Evidence": Section(CheckKind.EVIDENCE, evidence),
    "Regression on reviews": Section(
        CheckKind.REGRESSION_ON_REVIEWS, regression_on_reviews
    ),
    "Regression of a label": Section(
        CheckKind.REGRESSION_OF_LABEL, regression_of_label, "spam"
    ),
    "Regression on held-out messages": Section(
        CheckKind.REGRESSION_ON_HOLDOUT, regression_on_holdout
    ),
    "Regression since an earlier model": Section(
        CheckKind.REGRESSION_SINCE_EARLIER, regression_since_earlier
    ),
    "Churn": Section(CheckKind.CHURN, churn),
    "Churn of a label": Section(CheckKind.CHURN_OF_LABEL, churn_of_label, "spam"),
    "Drift of the number of messages": Section(
        CheckKind.DRIFT_OF_MESSAGES, drift_of_messages
    ),
    "Drift of coverage": Section(CheckKind.DRIFT_OF_COVERAGE, drift_of_coverage),
    "Drift of a label's share": Section(
        CheckKind.DRIFT_OF_SHARE, drift_of_share, "spam"
    ),
    "Drift of reviews": Section(CheckKind.DRIFT_OF_REVIEWS, drift_of_reviews),
    "With thresholds": Section(
        CheckKind.CHURN, churn_with_thresholds, with_thresholds=True
    ),
}
#: Kinds that fail without a value instead, or that are made only to fail or to pass.
NEVER_SKIPPED = {
    CheckKind.VERIFIED,
    CheckKind.SIZE,
    CheckKind.TERMS,
    CheckKind.REVIEWS,
    CheckKind.KNOWN_REVIEWS,
    CheckKind.FLOOR,
    CheckKind.READABLE,
    CheckKind.EVIDENCE,
    CheckKind.CHURN_OF_LABEL,
    CheckKind.DRIFT_OF_MESSAGES,
    CheckKind.DRIFT_OF_COVERAGE,
}
#: Kinds that are made only to fail.
ONLY_FAILED = {CheckKind.READABLE, CheckKind.KNOWN_REVIEWS}
ROWS = read_rows(PAGE)


def gate_with(settings: str) -> dict[str, JsonValue]:
    """Return the gate's configuration with the settings of a cell."""
    gate = copy.deepcopy(GATE)
    for setting in SETTING.finditer(settings):
        *sections, key = setting["key"].split(".")
        section = gate
        for name in sections:
            subsection = section[name]
            assert isinstance(subsection, dict)
            section = subsection
        assert key in section
        section[key] = yaml.safe_load(setting["value"])
    return gate


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_row_is_what_the_gate_says(row: Row):
    section = SECTIONS[row.section]
    gate = gate_settings(gate_with(row.cells["Setting"]))
    checks = check_model(gate, section.night(row.cells))
    matching = [check for check in checks if section.finds(check, row.cells)]
    failed = {check.kind for check in checks if check.verdict is Verdict.FAILED}
    if row.cells["Verdict"] == NOT_MADE:
        assert matching == []
    else:
        (check,) = matching
        assert check.verdict.value == row.cells["Verdict"]
        assert describe_check(check) == row.cells["Sentence"]
    assert failed == ({section.kind} if row.cells["Verdict"] == "failed" else set())


def test_the_page_shows_every_verdict_of_every_kind():
    shown = {(SECTIONS[row.section].kind, row.cells["Verdict"]) for row in ROWS}
    expected = {(kind, "failed") for kind in CheckKind}
    expected |= {(kind, "passed") for kind in set(CheckKind) - ONLY_FAILED}
    expected |= {(kind, "skipped") for kind in set(CheckKind) - NEVER_SKIPPED}
    assert {pair for pair in shown if pair[1] != NOT_MADE} == expected
