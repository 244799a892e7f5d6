"""Precision, recall and F1 as values; `classification` computes them."""

from pydantic.dataclasses import dataclass

from pipeline.statistics.interval import STRICT, Interval


@dataclass(frozen=True, config=STRICT)
class LabelMetrics:
    """How well one label is predicted.

    Attributes
    ----------
    precision, recall, f1
        Undefined where nothing was predicted, or nothing has the label.
    support, predicted
        Messages that have the label, and messages that were given it.
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
        Messages.
    macro_f1
        The mean over the labels whose F1 is defined.
    confusion
        Messages by their label (rows) and the predicted one (columns), as in ``labels``.
    """

    labels: tuple[str, ...]
    n: int
    per_label: dict[str, LabelMetrics]
    macro_f1: Interval
    accuracy: Interval
    confusion: tuple[tuple[int, ...], ...]
