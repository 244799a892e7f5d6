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


class LabelAgreement(Record):
    """How often the model gives a label that people corrected messages to.

    Attributes
    ----------
    messages
        Messages that were corrected to the label.
    agreement
        The share of them that the model gives the label.
    """

    messages: int
    agreement: Interval


class CorrectionMeasurement(Record):
    """The exported model on users' corrections, which are no part of the gate.

    All fields about corrections are empty if ``evaluation.sources`` names them: then
    they are reviews as others are.

    Attributes
    ----------
    corrections, annotators
        The number of corrections, and of the annotators that they are of. Those without
        a name are one annotator.
    trained
        Corrections left out because tonight's model was trained on a review of their
        text.
    over_limit
        Corrections left out because their annotator has more of that day than
        ``evaluation.corrections.per_annotator_and_day``.
    messages
        The number of messages that were compared.
    ties
        Messages left out because their corrections do not decide on a label.
    unknown_labels
        By label, messages left out because the model does not know their label.
    agreement
        The share of the messages that the model gives the corrected label; undefined
        without a message.
    per_label
        The same share of each of the model's labels; empty without a message.
    other_sources
        By source, the reviews that measure nothing: ``evaluation.sources`` does not
        name them, and they are no corrections.
    """

    corrections: int
    annotators: int
    trained: int
    over_limit: int
    messages: int
    ties: int
    unknown_labels: dict[str, int]
    agreement: Interval
    per_label: dict[str, LabelAgreement]
    other_sources: dict[str, int]


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
    other_sources
        By source, the reviews left out because ``evaluation.sources`` does not let them
        measure.
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
    other_sources: dict[str, int]
