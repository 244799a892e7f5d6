"""A check of the gate in words, for people alone; no code reads them."""

from pipeline.records.release import Bound, Check, CheckKind, Comparison
from pipeline.statistics.interval import Interval

#: In place of an undefined number.
DASH = "\N{EN DASH}"

_NAMES = {
    CheckKind.VERIFIED: "verified",
    CheckKind.SIZE: "size",
    CheckKind.TERMS: "terms",
    CheckKind.SPEED: "speed",
    CheckKind.REVIEWS: "reviews",
    CheckKind.NOT_OLDER: "newer",
    CheckKind.READABLE: "champion",
    CheckKind.EVIDENCE: "evidence",
    CheckKind.REGRESSION_ON_REVIEWS: "regression on reviews",
    CheckKind.REGRESSION_ON_HOLDOUT: "regression on holdout",
    CheckKind.REGRESSION_SINCE_EARLIER: "regression since an earlier model",
    CheckKind.CHURN: "churn",
    CheckKind.DRIFT_OF_MESSAGES: "messages",
    CheckKind.DRIFT_OF_COVERAGE: "coverage",
    CheckKind.DRIFT_OF_SHARE: "drift",
    CheckKind.DRIFT_OF_REVIEWS: "drift of reviews",
}
_NAMES_OF_LABEL = {
    CheckKind.FLOOR: "floor {}",
    CheckKind.REGRESSION_OF_LABEL: "regression of {}",
    CheckKind.CHURN_OF_LABEL: "churn of {}",
    CheckKind.DRIFT_OF_SHARE: "share of {}",
    CheckKind.DRIFT_OF_REVIEWS: "drift of reviews of {}",
}
_MEASURES = {
    CheckKind.VERIFIED: "messages that a scorer scores otherwise",
    CheckKind.SIZE: "bytes of the gzipped model",
    CheckKind.TERMS: "terms",
    CheckKind.SPEED: "microseconds a message, in the Python scorer",
    CheckKind.REVIEWS: "reviewed messages",
    CheckKind.NOT_OLDER: "night",
    CheckKind.READABLE: "the published model's file",
    CheckKind.EVIDENCE: "texts that both models can be judged on",
    CheckKind.REGRESSION_ON_REVIEWS: "macro F1 against the champion's",
    CheckKind.REGRESSION_ON_HOLDOUT: "macro F1 against the champion's",
    CheckKind.REGRESSION_SINCE_EARLIER: "macro F1 on reviews against that model's",
    CheckKind.CHURN: "share of withheld messages with another label",
    CheckKind.DRIFT_OF_MESSAGES: "share of the champion's",
    CheckKind.DRIFT_OF_COVERAGE: "change of the share with a label",
    CheckKind.DRIFT_OF_SHARE: "label shares",
    CheckKind.DRIFT_OF_REVIEWS: "change of the champion's macro F1",
}
_MEASURES_OF_LABEL = {
    CheckKind.FLOOR: "{}",
    CheckKind.REGRESSION_OF_LABEL: "{} against the champion's",
    CheckKind.CHURN_OF_LABEL: "share with another label",
    CheckKind.DRIFT_OF_SHARE: "change",
    CheckKind.DRIFT_OF_REVIEWS: "change of the champion's F1",
}
_REMEDIES = {
    CheckKind.REVIEWS: "see nightsieve load --label",
    CheckKind.EVIDENCE: "see source.reviews and training.holdout_fraction",
}


def describe_check(check: Check) -> str:
    """Return a check in a line: the measured value, and what it must be.

    Examples
    --------
    >>> from pipeline.records.release import Verdict
    >>> check = Check(
    ...     kind=CheckKind.TERMS,
    ...     value=250_000,
    ...     bound=Bound(comparison=Comparison.AT_MOST, value=200_000),
    ...     verdict=Verdict.FAILED,
    ... )
    >>> describe_check(check)
    'terms: terms 250,000, must be at most 200,000'
    """
    measure = describe_measure(check)
    value = describe_value(check.value)
    bound = describe_bound(check)
    line = f"{name_check(check)}: {measure} {value}, must be {bound}"
    note = describe_note(check)
    return f"{line}; {note}" if note else line


def name_check(check: Check) -> str:
    """Return the short name of a check, for lists."""
    name = _name_kind(check.kind, check.subject)
    return f"{name}, with thresholds" if check.with_thresholds else name


def describe_measure(check: Check) -> str:
    """Return what the value of a check is."""
    if check.subject is None:
        return _MEASURES[check.kind]
    return _MEASURES_OF_LABEL[check.kind].format(check.measure)


def describe_bound(check: Check) -> str:
    """Return what the value of a check must be; a dash without a bound."""
    bound = check.bound
    if bound is None:
        return DASH
    if not bound.unless_uncertain:
        return _compare(bound)
    if check.kind.is_drift:
        return f"{_compare(bound)}, if the intervals do not overlap"
    return f"{_compare(bound)}, if all of its interval is below 0"


def describe_value(value: float | int | str | None) -> str:
    """Return a value of a check or of its bound."""
    if value is None:
        return DASH
    if isinstance(value, str):
        return value
    return f"{value:.4g}" if isinstance(value, float) else f"{value:,}"


def describe_interval(interval: Interval, form: str = ".3f") -> str:
    """Return a figure with the bounds of its interval.

    Parameters
    ----------
    form
        The format of each of the three numbers.

    Examples
    --------
    >>> describe_interval(Interval(value=0.5, low=0.25, high=0.75))
    '0.500 [0.250, 0.750]'
    """
    if not interval.defined:
        return DASH
    value = format(interval.value, form)
    low = format(interval.low, form)
    high = format(interval.high, form)
    return f"{value} [{low}, {high}]"


def describe_note(check: Check) -> str:
    """Return what else a reader should know about a check, such as where to look."""
    notes = []
    if check.interval is not None:
        low = describe_value(check.interval.low)
        high = describe_value(check.interval.high)
        notes.append(f"interval {low} to {high}, {check.texts:,} texts")
    if check.note:
        notes.append(check.note)
    if check.kind in _REMEDIES:
        notes.append(_REMEDIES[check.kind])
    return "; ".join(notes)


def _name_kind(kind: CheckKind, label: str | None) -> str:
    if label is None:
        return _NAMES[kind]
    return _NAMES_OF_LABEL[kind].format(label)


def _compare(bound: Bound) -> str:
    value = describe_value(bound.value)
    if bound.comparison is Comparison.IS:
        return value
    if isinstance(bound.value, str):
        return f"{value} or later"
    return f"{bound.comparison} {value}"
