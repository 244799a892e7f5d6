"""What human labels say about a model, and how far humans agree."""

from pipeline.records.record import Record
from pipeline.statistics.interval import Interval
from pipeline.statistics.metrics import Metrics


class ReviewEvaluation(Record):
    """The exported model on the messages that humans labelled.

    Attributes
    ----------
    reviews, messages
        Reviews given, and messages that were compared.
    ties
        Messages left out because their reviews do not decide on a label.
    unknown_labels
        Messages left out because the model does not know their label, by label.
    metrics
        None where no message is left.
    with_thresholds
        The same with the model's thresholds; None where it has none.
    """

    reviews: int
    messages: int
    ties: int
    unknown_labels: dict[str, int]
    metrics: Metrics | None
    with_thresholds: Metrics | None


class AnnotatorAgreement(Record):
    """How far one annotator agrees with the others.

    Attributes
    ----------
    reviews
        All of the annotator's reviews.
    compared
        Those of messages on which most of the other annotators agree.
    agreement
        The share of these that agrees with them; None without one.
    expected
        The share of all messages that Dawid and Skene's model expects the annotator to
        label rightly; None for an annotator who shares no message with another one.
    """

    annotator: str
    reviews: int
    compared: int
    agreement: float | None
    expected: float | None


class PairAgreement(Record):
    """On what share of the messages that both reviewed two annotators agree."""

    annotators: tuple[str, str]
    messages: int
    agreement: float


class Agreement(Record):
    """How far annotators agree.

    Attributes
    ----------
    reviewed_twice
        Messages with two reviews or more.
    alpha
        Krippendorff's; None without two labels among the messages that were reviewed
        twice.
    annotators
        By their names.
    pairs
        Those with most messages in common first.
    decided, undecided
        Messages that get a label by each method of aggregation, and those that do not.
    differ
        Messages that get another label by one method than by the other.
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
