"""Precision, recall and F1 as values; `classification` computes them."""

from pydantic.dataclasses import dataclass

from pipeline.statistics.interval import STRICT, Interval


@dataclass(frozen=True, config=STRICT)
class LabelMetrics:
    """How well one label is predicted.

    Attributes
    ----------
    precision
        Undefined where no message was given the label.
    recall
        Undefined where no message has the label.
    f1
        Undefined where no message has the label or was given it.
    support
        Messages that have the label.
    predicted
        Messages that were given the label.

    Examples
    --------
    >>> half = Interval(value=0.5, low=0.1, high=0.9)
    >>> spam = LabelMetrics(half, half, half, support=2, predicted=2)
    >>> spam.precision.value
    0.5
    """

    precision: Interval
    recall: Interval
    f1: Interval
    support: int
    predicted: int


@dataclass(frozen=True, config=STRICT)
class Metrics:
    """How well all labels are predicted.

    Attributes
    ----------
    n
        The number of messages.
    per_label
        The metrics of each label by its name.
    macro_f1
        The mean over the labels whose F1 is defined.
    accuracy
        The share of messages with the right label.
    confusion
        Messages by their label (rows) and the predicted label (columns), in the order
        of ``labels``.

    Examples
    --------
    >>> one = Interval(value=1.0, low=0.2, high=1.0)
    >>> spam = LabelMetrics(one, one, one, support=1, predicted=1)
    >>> metrics = Metrics(("spam",), 1, {"spam": spam}, one, one, ((1,),))
    >>> metrics.per_label["spam"].recall.value
    1.0
    """

    labels: tuple[str, ...]
    n: int
    per_label: dict[str, LabelMetrics]
    macro_f1: Interval
    accuracy: Interval
    confusion: tuple[tuple[int, ...], ...]
