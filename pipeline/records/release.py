"""Whether a night's model is published: what was checked, decided and done."""

import datetime
from enum import StrEnum

from pipeline.records.record import Record
from pipeline.statistics.difference import LabelDifference
from pipeline.statistics.interval import Interval


class Verdict(StrEnum):
    """The result of a check; a skipped check had nothing to compare."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


class CheckKind(StrEnum):
    """What a check of the gate is about."""

    VERIFIED = "verified"
    SIZE = "size"
    TERMS = "terms"
    SPEED = "speed"
    REVIEWS = "reviews"
    KNOWN_REVIEWS = "known reviews"
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
        """Whether the check compares tonight's input with earlier input."""
        return self.value.startswith("drift of ")


class Comparison(StrEnum):
    """How a value is compared with a bound."""

    AT_LEAST = "at least"
    AT_MOST = "at most"
    IS = "is"


class Bound(Record):
    """What a check requires of its value.

    Attributes
    ----------
    value
        A number; a date or a word for checks that do not compare numbers.
    unless_uncertain
        Whether a value beyond the bound fails only if its interval excludes chance.
    """

    comparison: Comparison
    value: float | int | str
    unless_uncertain: bool = False


class Check(Record):
    """A check of the gate about tonight's model, and its result.

    Attributes
    ----------
    subject
        The label that the check is about; None for the whole model.
    measure
        The measure of the subject, for kinds that have several: ``precision``,
        ``recall`` or ``f1``.
    with_thresholds
        Whether labels are decided with the model's thresholds.
    value
        The measured value; None where it is undefined.
    interval
        The interval of the value, if the check compares two models.
    texts
        Distinct texts behind the value, for checks that compare two models.
    note
        Other information for people; no code reads it.
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
        The challenger's less the champion's; None without a champion or a label.
    per_label
        By label; empty without a champion or a label.
    churn, churn_per_label
        The share of messages that the challenger labels differently, of all and of each
        of the champion's labels; None and empty without a champion.
    """

    documents: int
    messages: int
    macro_f1: Interval | None
    per_label: dict[str, LabelDifference]
    churn: float | None
    churn_per_label: dict[str, float]


class ModelComparison(Record):
    """Two models on reviewed messages, and on messages that neither was trained on.

    Attributes
    ----------
    earlier
        Tonight's model and a model published before the champion, on reviewed messages;
        None without an earlier one.
    """

    reviews: Compared
    holdout: Compared
    earlier: Compared | None


class F1Figures(Record):
    """F1 with its interval: the macro average, and of each label."""

    macro: Interval
    per_label: dict[str, Interval]


class ReferenceFigures(Record):
    """What a later night is compared with.

    Attributes
    ----------
    messages
        The number of messages in the sample.
    coverage
        The share of the messages that have a label.
    shares
        Each label's share of the messages with a label.
    reviews
        F1 of the model on reviewed messages; None without a reviewed message.
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
        Why the model is published although it failed; None without an override.
    champion, earlier
        Serials of the models that it was compared with; None without one.
    predecessors
        Serials of the models that led to it, from the first to the last. An override
        starts a new list, so that a loss that it accepted does not fail later nights.
    compared
        The comparison without thresholds.
    compared_with_thresholds
        The comparison with thresholds; None if neither model has a threshold.
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
        return tuple(check for check in self.checks if check.verdict is Verdict.FAILED)

    @property
    def only_older(self) -> bool:
        """Whether the only failed check is that a later night is already published."""
        return [check.kind for check in self.failed] == [CheckKind.NOT_OLDER]

    @property
    def future_champion(self) -> str | None:
        """The champion's night if it was in the future when this was decided."""
        for check in self.checks:
            is_skipped = check.verdict is Verdict.SKIPPED
            if check.kind is CheckKind.NOT_OLDER and is_skipped and check.bound:
                return str(check.bound.value)
        return None


class Overtaken(Record):
    """The model that was published after the decision was made.

    Attributes
    ----------
    later
        Whether it is of a later night.
    """

    serial: int
    date: datetime.date
    later: bool


class Publication(Record):
    """The result of carrying out a decision.

    Attributes
    ----------
    serial
        The serial of the published model; None if no model was published.
    overtaken
        The model that was published in the meantime; None without one.
    removed
        Serials of the models that retention removed.
    """

    serial: int | None
    overtaken: Overtaken | None
    removed: tuple[int, ...]


class OutcomeKind(StrEnum):
    """What happened to a night's model."""

    PUBLISHED = "published"
    OVERRIDDEN = "overridden"
    OLDER = "older"
    OVERTAKEN = "overtaken"
    REFUSED = "refused"

    @property
    def held_back(self) -> bool:
        """Whether neither this model nor one of a later night is published."""
        return self in (OutcomeKind.OVERTAKEN, OutcomeKind.REFUSED)


def outcome_of(decision: Decision, publication: Publication) -> OutcomeKind:
    """Return what happened to the model of a decision."""
    if publication.serial is not None:
        is_overridden = decision.override is not None
        return OutcomeKind.OVERRIDDEN if is_overridden else OutcomeKind.PUBLISHED
    overtaken = publication.overtaken
    if overtaken is not None:
        return OutcomeKind.OLDER if overtaken.later else OutcomeKind.OVERTAKEN
    return OutcomeKind.OLDER if decision.only_older else OutcomeKind.REFUSED
