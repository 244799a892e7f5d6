"""A whole night: its manifest, its key figures, and the content of its report."""

import datetime

from pydantic import JsonValue

from pipeline.records.export import ExportManifest
from pipeline.records.receipt import Receipt
from pipeline.records.record import Record
from pipeline.records.release import (
    Decision,
    OutcomeKind,
    Publication,
    outcome_of,
)
from pipeline.records.reviews import CorrectionMeasurement, ReviewEvaluation
from pipeline.records.rules import LabellingSummary
from pipeline.records.sample import ShardManifest
from pipeline.records.training import CrossValidationResult, SearchResult
from pipeline.statistics.interval import Interval

#: A manifest of another format is of another version; its night must run again.
FORMAT = 3


class NightResults(Record):
    """The results of a night's tasks that people are shown.

    Attributes
    ----------
    corrections
        None for a night of a version that did not measure them apart.
    """

    messages: ShardManifest
    rules: LabellingSummary
    search: SearchResult
    cross_validation: CrossValidationResult
    description: ExportManifest
    reviews: ReviewEvaluation
    decision: Decision
    publication: Publication
    corrections: CorrectionMeasurement | None = None

    @property
    def outcome(self) -> OutcomeKind:
        """What happened to the night's model."""
        return outcome_of(self.decision, self.publication)


class RunManifest(Record):
    """Everything that is needed to know what a night did, and to do it again.

    Attributes
    ----------
    config
        The digest of ``settings``.
    fingerprint
        The fingerprint of the task that wrote the manifest. It covers all tasks that it
        depends on.
    environment
        Versions of what the results depend on.
    tasks
        The receipt of every task, in an order in which they can run.
    settings
        The frozen configuration. It is compared and shown, never interpreted, so a
        night stays readable when a later version has other settings.
    """

    format: int
    date: datetime.date
    config: str
    fingerprint: str
    environment: dict[str, str]
    results: NightResults
    tasks: tuple[Receipt, ...]
    settings: dict[str, JsonValue]

    @property
    def erased(self) -> int:
        """The number of messages of the night that were erased later."""
        return max((receipt.erased for receipt in self.tasks), default=0)

    def receipt(self, task: str) -> Receipt:
        """Return the receipt of the only task of this family.

        Raises
        ------
        LookupError
            There is no such task, or there are several.
        """
        (receipt,) = self.receipts(task)
        return receipt

    def receipts(self, task: str) -> tuple[Receipt, ...]:
        """Return the receipts of the tasks of this family."""
        return tuple(receipt for receipt in self.tasks if receipt.task == task)


class KeyFigures(Record):
    """The few figures by which nights are compared.

    Attributes
    ----------
    table
        A digest of the source table: equal for nights that read the same table.
    override
        Why a model was published although it failed; None without an override.
    reasons
        The failed checks, a line each.
    failed_checks
        The short names of the failed checks.
    f1, reviews
        F1 by label, the macro average first: by cross-validation, and on reviews (None
        without a review).
    """

    date: datetime.date
    config: str
    table: str
    outcome: OutcomeKind
    override: str | None
    reasons: tuple[str, ...]
    failed_checks: tuple[str, ...]
    serial: int | None
    messages: int
    coverage: float
    shares: dict[str, float]
    f1: dict[str, Interval]
    reviews: dict[str, Interval] | None
    gzipped_bytes: int
    terms: int


class ListedNight(Record):
    """A night on the page of all nights.

    Attributes
    ----------
    report
        The address of its report, relative to the page; None without a report.
    """

    figures: KeyFigures
    report: str | None


class ReportIndex(Record):
    """``report.json``: the content of a night's report; written last.

    Attributes
    ----------
    fingerprint
        The fingerprint of the task that wrote the report.
    files
        The sha256 of each file by its name.
    """

    fingerprint: str
    figures: KeyFigures
    files: dict[str, str]


class ModelReference(Record):
    """The published model that a night's model was compared with."""

    serial: int
    date: datetime.date
    config: str


class TermInfluence(Record):
    """The share of a term in the influence of all terms on a label's score.

    A share below 0 is against the label. Digits of the term are hidden.
    """

    term: str
    share: float


class MovedTerm(Record):
    """A term whose influence on a label changed."""

    label: str
    term: str
    before: float
    now: float


class ChurnedText(Record):
    """A text, masked, that two models label differently."""

    text: str
    messages: int
    before: str
    now: str


class ModelDifference(Record):
    """How tonight's model differs from the published one, on held-out texts.

    Attributes
    ----------
    champion
        The published model; None without one.
    texts, messages
        The numbers of texts and messages that were compared.
    changed
        The number of messages that change their label; None if the models were not
        compared.
    terms
        By label, the terms of the largest influence.
    moved, churned
        Terms whose influence changed most, and texts that change their label. Both are
        empty without a champion that this version can read.
    """

    champion: ModelReference | None
    texts: int
    messages: int
    changed: int | None
    terms: dict[str, tuple[TermInfluence, ...]]
    moved: tuple[MovedTerm, ...]
    churned: tuple[ChurnedText, ...]
