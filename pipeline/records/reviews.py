"""What human labels say about a model."""

from pipeline.records.record import Record
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
