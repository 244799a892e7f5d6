"""What one classifier has more than another, as values; `bootstrap` computes them."""

from dataclasses import dataclass

from pipeline.statistics.interval import Interval


@dataclass(frozen=True)
class Difference:
    """A figure of one classifier less that of another on the same texts.

    Attributes
    ----------
    texts
        Distinct texts behind the figure of the classifier that has fewer of them.
    """

    interval: Interval
    texts: int


@dataclass(frozen=True)
class LabelDifference:
    """The differences of one label."""

    precision: Difference
    recall: Difference


@dataclass(frozen=True)
class ClassifierDifference:
    """The differences of two classifiers.

    Attributes
    ----------
    macro_f1
        Undefined where no label has an F1.
    per_label
        By label, of those that macro F1 is the mean of.
    """

    macro_f1: Interval
    per_label: dict[str, LabelDifference]
