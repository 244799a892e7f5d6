"""A model measured on human labels, and the agreement of humans."""

from pipeline.records.record import Record
from pipeline.statistics.interval import Interval
from pipeline.statistics.metrics import Metrics


class ReviewEvaluation(Record):
    """The exported model on the messages that humans labelled.

    Attributes
    ----------
    reviews, messages
        The number of reviews, and of messages that were compared.
    ties
        Messages left out because their reviews do not decide on a label.
    unknown_labels
        By label, messages left out because the model does not know their label.
    metrics
        None if no message is left.
    with_thresholds
        The metrics with the model's thresholds; None if it has no threshold.
    """

    reviews: int
    messages: int
    ties: int
    unknown_labels: dict[str, int]
    metrics: Metrics | None
    with_thresholds: Metrics | None


class AnnotatorAgreement(Record):
    """How often one annotator agrees with the others.

    Attributes
    ----------
    reviews
        The number of the annotator's reviews.
    compared
        The reviews of messages on which most of the other annotators agree.
    agreement
        The share of the compared reviews that agree with them; None without a compared
        review.
    expected
        The share of all messages that the model of Dawid and Skene expects the
        annotator to label correctly; None for an annotator who shares no message with
        another annotator.
    """

    annotator: str
    reviews: int
    compared: int
    agreement: float | None
    expected: float | None


class PairAgreement(Record):
    """The share of the messages reviewed by both on which two annotators agree."""

    annotators: tuple[str, str]
    messages: int
    agreement: float


class Agreement(Record):
    """The agreement of annotators.

    Attributes
    ----------
    reviewed_twice
        Messages with two reviews or more.
    alpha
        Krippendorff's alpha; None without two labels among the messages that were
        reviewed twice.
    annotators
        In the order of their names.
    pairs
        In the order of the messages that they share, most messages first.
    decided, undecided
        By method of aggregation, the messages with and without a label.
    differ
        Messages whose label depends on the method of aggregation.
    """

    reviews: int
    messages: int
    reviewed_twice: int
    alpha: Interval | None
    annotators: tuple[AnnotatorAgreement, ...]
    pairs: tuple[PairAgreement, ...]
    decided: dict[str, int]
    undecided: dict[str, int]
    differ: int
