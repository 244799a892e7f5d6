"""Whether a night's model is published: what was asked, decided and done."""

import datetime
from enum import StrEnum

from pipeline.records.record import Record
from pipeline.statistics.difference import LabelDifference
from pipeline.statistics.interval import Interval


class Verdict(StrEnum):
    """What became of a check; one that is skipped had nothing to compare."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


class CheckKind(StrEnum):
    """What a check of the gate asks."""

    VERIFIED = "verified"
    SIZE = "size"
    TERMS = "terms"
    SPEED = "speed"
    REVIEWS = "reviews"
    FLOOR = "floor"
    NOT_OLDER = "not older"
    READABLE = "readable"
    EVIDENCE = "evidence"
    REGRESSION_ON_REVIEWS = "regression on reviews"
    REGRESSION_OF_LABEL = "regression of label"
    REGRESSION_ON_HOLDOUT = "regression on holdout"
    REGRESSION_SINCE_EARLIER = "regression since earlier"
    CHURN = "churn"
    CHURN_OF_LABEL = "churn of label"
    DRIFT_OF_MESSAGES = "drift of messages"
    DRIFT_OF_COVERAGE = "drift of coverage"
    DRIFT_OF_SHARE = "drift of share"
    DRIFT_OF_REVIEWS = "drift of reviews"

    @property
    def is_drift(self) -> bool:
        """Whether it compares what came in with what came in before."""
        return self.value.startswith("drift of ")


class Comparison(StrEnum):
    """How a value is held against a bound."""

    AT_LEAST = "at least"
    AT_MOST = "at most"
    IS = "is"


class Bound(Record):
    """What a check asks of its value.

    Attributes
    ----------
    value
        A number; or, where a check asks for no number, a date or a word.
    unless_uncertain
        Whether a value beyond the bound fails only if its interval shows that it is no
        accident.
    """

    comparison: Comparison
    value: float | int | str
    unless_uncertain: bool = False


class Check(Record):
    """One question of the gate about tonight's model, and the answer.

    Attributes
    ----------
    subject
        The label that it is about; None where it is about the whole model.
    measure
        Of the subject, where a kind has several: ``precision``, ``recall`` or ``f1``.
    with_thresholds
        Whether labels are those that the model's thresholds decide on.
    value
        What was found; None where it is undefined.
    interval
        Of the value, where the check compares two models.
    texts
        Distinct texts behind the value, where that matters.
    note
        What else a reader should know, in words; nothing reads it.
    """

    kind: CheckKind
    subject: str | None = None
    measure: str | None = None
    with_thresholds: bool = False
    value: float | int | str | None
    bound: Bound | None
    verdict: Verdict
    interval: Interval | None = None
    texts: int | None = None
    note: str = ""


class Compared(Record):
    """Two models on the same documents.

    Attributes
    ----------
    documents, messages
        Distinct texts, and how many messages they stand for.
    macro_f1
        Challenger's less champion's; None without a champion or a label.
    per_label
        Empty likewise.
    churn, churn_per_label
        The share of messages that the challenger labels otherwise, of all and of each
        of the champion's labels; None and empty without a champion.
    """

    documents: int
    messages: int
    macro_f1: Interval | None
    per_label: dict[str, LabelDifference]
    churn: float | None
    churn_per_label: dict[str, float]


class ModelComparison(Record):
    """Two models on reviewed messages, and on those that neither was trained on.

    Attributes
    ----------
    earlier
        Tonight's model beside one published before the champion, on reviewed messages;
        None without one.
    """

    reviews: Compared
    holdout: Compared
    earlier: Compared | None


class F1Figures(Record):
    """F1 with its interval: the macro average, and each label's."""

    macro: Interval
    per_label: dict[str, Interval]


class ReferenceFigures(Record):
    """What a later night is held against.

    Attributes
    ----------
    messages
        Messages of the sample.
    coverage
        The share of them with a label.
    shares
        Each label's share of those with a label.
    reviews
        The model on reviewed messages; None without one.
    """

    messages: int
    coverage: float
    shares: dict[str, float]
    reviews: F1Figures | None


class Latency(Record):
    """Time to score a message in the Python scorer; None without a message."""

    messages: int
    microseconds: float | None


class Decision(Record):
    """Whether tonight's model is published, and why.

    Attributes
    ----------
    override
        Why it is published although it failed; None where nothing had to be overridden.
    champion, earlier
        Serials of the models that it was held against.
    predecessors
        Serials of the models that led to it, the last one last. An override begins
        again: what it let pass must not be held against later nights.
    compared, compared_with_thresholds
        The second is None where neither model has a threshold.
    """

    publish: bool
    override: str | None
    champion: int | None
    earlier: int | None
    predecessors: tuple[int, ...]
    checks: tuple[Check, ...]
    figures: ReferenceFigures
    compared: ModelComparison
    compared_with_thresholds: ModelComparison | None

    @property
    def failed(self) -> tuple[Check, ...]:
        """The checks that failed."""
        return tuple(c for c in self.checks if c.verdict is Verdict.FAILED)

    @property
    def only_older(self) -> bool:
        """Whether nothing is wrong but that a later night is published already."""
        return [check.kind for check in self.failed] == [CheckKind.NOT_OLDER]


class Overtaken(Record):
    """The model that was published after the decision was made.

    Attributes
    ----------
    later
        Whether it is a later night's.
    """

    serial: int
    date: datetime.date
    later: bool


class Publication(Record):
    """What came of the decision.

    Attributes
    ----------
    serial
        Of the published model; None where none was published.
    removed
        Serials of the models that retention removed.
    """

    serial: int | None
    overtaken: Overtaken | None
    removed: tuple[int, ...]


class OutcomeKind(StrEnum):
    """What became of a night's model."""

    PUBLISHED = "published"
    OVERRIDDEN = "overridden"
    OLDER = "older"
    OVERTAKEN = "overtaken"
    REFUSED = "refused"

    @property
    def held_back(self) -> bool:
        """Whether no model of this night or a later one was published for it."""
        return self in (OutcomeKind.OVERTAKEN, OutcomeKind.REFUSED)


def outcome_of(decision: Decision, publication: Publication) -> OutcomeKind:
    """Return what became of the model that was decided on."""
    overtaken = publication.overtaken
    if publication.serial is None:
        older = overtaken.later if overtaken else decision.only_older
        if older:
            return OutcomeKind.OLDER
        return OutcomeKind.OVERTAKEN if overtaken else OutcomeKind.REFUSED
    if decision.override is not None:
        return OutcomeKind.OVERRIDDEN
    return OutcomeKind.PUBLISHED
