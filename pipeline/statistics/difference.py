"""Differences between two classifiers as values; `bootstrap` computes them."""

from pydantic.dataclasses import dataclass

from pipeline.statistics.interval import STRICT, Interval


@dataclass(frozen=True, config=STRICT)
class Difference:
    """A figure of one classifier less that of another on the same texts.

    Attributes
    ----------
    texts
        Distinct texts behind the figure of the classifier that has fewer of them.

    Examples
    --------
    >>> Difference(Interval(value=-0.1, low=-0.2, high=0.0), texts=40).texts
    40
    """

    interval: Interval
    texts: int


@dataclass(frozen=True, config=STRICT)
class LabelDifference:
    """The differences of one label.

    Examples
    --------
    >>> loss = Difference(Interval(value=-0.1, low=-0.2, high=0.0), texts=40)
    >>> LabelDifference(precision=loss, recall=loss).precision.interval.value
    -0.1
    """

    precision: Difference
    recall: Difference


@dataclass(frozen=True, config=STRICT)
class ClassifierDifference:
    """The differences of two classifiers.

    Attributes
    ----------
    macro_f1
        Undefined where no label has an F1.
    per_label
        By label, for the labels that macro F1 is the mean of.

    Examples
    --------
    >>> loss = Interval(value=-0.1, low=-0.2, high=0.0)
    >>> label_loss = LabelDifference(Difference(loss, 40), Difference(loss, 35))
    >>> difference = ClassifierDifference(macro_f1=loss, per_label={"spam": label_loss})
    >>> difference.per_label["spam"].recall.texts
    35
    """

    macro_f1: Interval
    per_label: dict[str, LabelDifference]
