"""A night as a whole: its manifest, its key figures, and what its report is made of."""

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
from pipeline.records.reviews import ReviewEvaluation
from pipeline.records.rules import LabellingSummary
from pipeline.records.sample import ShardManifest
from pipeline.records.training import CrossValidationResult, SearchResult
from pipeline.statistics.interval import Interval

#: A manifest of another format is of another version; its night is run again.
FORMAT = 3


class NightResults(Record):
    """What the tasks of a night found, as far as people are shown it."""

    messages: ShardManifest
    rules: LabellingSummary
    search: SearchResult
    cross_validation: CrossValidationResult
    description: ExportManifest
    reviews: ReviewEvaluation
    decision: Decision
    publication: Publication

    @property
    def outcome(self) -> OutcomeKind:
        """What became of the night's model."""
        return outcome_of(self.decision, self.publication)


class RunManifest(Record):
    """All that is needed to know what a night did, and to do it again.

    Attributes
    ----------
    config
        The digest of ``settings``.
    fingerprint
        Of the task that wrote the manifest: it covers everything below it.
    environment
        Versions of what the results depend on.
    tasks
        The receipt of every task, in the order in which they can run.
    settings
        The configuration as it was frozen. It is compared and shown, never interpreted:
        so a night stays readable when a later version has other settings.
    """

    format: int
    date: datetime.date
    config: str
    fingerprint: str
    environment: dict[str, str]
    results: NightResults
    tasks: tuple[Receipt, ...]
    settings: dict[str, JsonValue]

    def receipt(self, task: str) -> Receipt:
        """Return the receipt of the only task of this family.

        Raises
        ------
        LookupError
            There is none, or there are several.
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
        A digest that two nights share which read the same table.
    override
        Why a model was published although it failed.
    reasons
        The checks that failed, a line each.
    failed_checks
        The same by their short names.
    f1, reviews
        F1 by label, the macro average first: of the cross-validation, and on reviews
        (None without one).
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
        The address of its report, relative to the page; None for a night without one.
    """

    figures: KeyFigures
    report: str | None


class ReportIndex(Record):
    """``report.json``: what a night's report is made of; written last.

    Attributes
    ----------
    fingerprint
        Of the task that wrote the report.
    files
        sha256 of each file by its name.
    """

    fingerprint: str
    figures: KeyFigures
    files: dict[str, str]


class ModelReference(Record):
    """Which published model a night's was compared with."""

    serial: int
    date: datetime.date
    config: str


class TermInfluence(Record):
    """What a term adds to a label's score, as a share of what all terms add or take.

    Below 0, it speaks against the label. Digits of the term are hidden.
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
        None without a published model.
    texts, messages, changed
        Texts and messages compared; messages that change their label.
    terms
        By label, those of the largest influence.
    moved, churned
        Terms whose influence changed most, and texts that change their label; both
        empty without a champion that this version can read.
    """

    champion: ModelReference | None
    texts: int
    messages: int
    changed: int
    terms: dict[str, tuple[TermInfluence, ...]]
    moved: tuple[MovedTerm, ...]
    churned: tuple[ChurnedText, ...]
