"""Checks, figures and counts in words, for people alone; no code reads them."""

from collections.abc import Mapping

from pipeline.records.release import (
    Bound,
    Check,
    CheckKind,
    Comparison,
    Decision,
    Verdict,
)
from pipeline.records.reviews import CorrectionMeasurement, ReviewEvaluation
from pipeline.statistics.interval import Interval

#: In place of an undefined number.
DASH = "\N{EN DASH}"

#: Labels that a list of unknown labels names.
MAX_UNKNOWN_LABELS = 5

#: From here on, a number has more digits before its point than are shown.
_MAX_SHORT = 9_999.5

_NAMES = {
    CheckKind.VERIFIED: "verification",
    CheckKind.SIZE: "size",
    CheckKind.TERMS: "terms",
    CheckKind.SPEED: "speed",
    CheckKind.REVIEWS: "number of reviews",
    CheckKind.KNOWN_REVIEWS: "labels of reviews",
    CheckKind.NOT_OLDER: "date",
    CheckKind.READABLE: "format of the published model",
    CheckKind.EVIDENCE: "evidence",
    CheckKind.REGRESSION_ON_REVIEWS: "regression on reviews",
    CheckKind.REGRESSION_ON_HOLDOUT: "regression on held-out messages",
    CheckKind.REGRESSION_SINCE_EARLIER: "regression since an earlier model",
    CheckKind.CHURN: "churn",
    CheckKind.DRIFT_OF_MESSAGES: "number of messages",
    CheckKind.DRIFT_OF_COVERAGE: "coverage",
    CheckKind.DRIFT_OF_SHARE: "label shares",
    CheckKind.DRIFT_OF_REVIEWS: "drift of reviews",
}
_NAMES_OF_LABEL = {
    CheckKind.FLOOR: "floor of {}",
    CheckKind.REGRESSION_OF_LABEL: "regression of {}",
    CheckKind.CHURN_OF_LABEL: "churn of {}",
    CheckKind.DRIFT_OF_SHARE: "share of {}",
    CheckKind.DRIFT_OF_REVIEWS: "drift of reviews of {}",
}
_MEASURES = {
    CheckKind.VERIFIED: "number of messages that a scorer scores differently",
    CheckKind.SIZE: "size of the gzipped model in bytes",
    CheckKind.TERMS: "number of terms",
    CheckKind.SPEED: "time per message in the Python scorer in microseconds",
    CheckKind.REVIEWS: "number of reviewed messages",
    CheckKind.KNOWN_REVIEWS: "number of reviewed messages whose label counts",
    CheckKind.NOT_OLDER: "night of this model",
    CheckKind.READABLE: "published model's file",
    CheckKind.EVIDENCE: "number of texts to compare the two models on",
    CheckKind.REGRESSION_ON_REVIEWS: "change of macro F1 from the published model's",
    CheckKind.REGRESSION_ON_HOLDOUT: "change of macro F1 from the published model's",
    CheckKind.REGRESSION_SINCE_EARLIER: (
        "change of macro F1 on reviews from the earlier model's"
    ),
    CheckKind.CHURN: "share of held-out messages that change their label",
    CheckKind.DRIFT_OF_MESSAGES: "ratio to the number on the published model's night",
    CheckKind.DRIFT_OF_COVERAGE: "change of the share of messages with a label",
    CheckKind.DRIFT_OF_SHARE: "change of each label's share",
    CheckKind.DRIFT_OF_REVIEWS: "change of the published model's macro F1",
}
_MEASURES_OF_LABEL = {
    CheckKind.FLOOR: "{} on reviews",
    CheckKind.REGRESSION_OF_LABEL: "change of {} from the published model's",
    CheckKind.CHURN_OF_LABEL: "share of these messages that change their label",
    CheckKind.DRIFT_OF_SHARE: "change since the published model's night",
    CheckKind.DRIFT_OF_REVIEWS: "change of the published model's F1",
}
#: Why a check has no value, where its own note does not say it.
_UNKNOWN = {
    CheckKind.SPEED: "there was no message to time",
    CheckKind.FLOOR: "the reviews give no such figure",
    CheckKind.CHURN: "no message to compare the models on",
}
_REMEDIES = {
    CheckKind.REVIEWS: "to add reviews, see nightsieve load --label",
    CheckKind.KNOWN_REVIEWS: (
        "to map labels, see nightsieve load --label-map and evaluation.merge"
    ),
    CheckKind.EVIDENCE: "see source.reviews and training.holdout_fraction",
}


def describe_check(check: Check) -> str:
    """Return a check in a line: the measured value, and what it must be.

    Examples
    --------
    >>> check = Check(
    ...     kind=CheckKind.TERMS,
    ...     value=250_000,
    ...     bound=Bound(comparison=Comparison.AT_MOST, value=200_000),
    ...     verdict=Verdict.FAILED,
    ... )
    >>> describe_check(check)
    'terms: the number of terms is 250,000; it must be at most 200,000'
    """
    name = name_check(check)
    note = describe_note(check)
    if check.verdict is Verdict.SKIPPED:
        return f"{name}: not checked; {note}" if note else f"{name}: not checked"
    measure = describe_measure(check)
    value = describe_value(check.value)
    bound = describe_bound(check)
    line = f"{name}: the {measure} is {value}; it must be {bound}"
    return f"{line}; {note}" if note else line


def name_champion(decision: Decision) -> str:
    """Return the model that tonight's was compared with, and what is odd about it."""
    name = f"model {decision.champion}"
    if decision.future_champion is None:
        return name
    return f"{name} (of {decision.future_champion}, a night in the future)"


def name_check(check: Check) -> str:
    """Return the short name of a check, for lists."""
    name = _name_kind(check.kind, check.subject)
    return f"{name}, with thresholds" if check.with_thresholds else name


def describe_measure(check: Check) -> str:
    """Return what the value of a check is."""
    if check.subject is None:
        return _MEASURES[check.kind]
    measure = "F1" if check.measure == "f1" else check.measure
    return _MEASURES_OF_LABEL[check.kind].format(measure)


def describe_bound(check: Check) -> str:
    """Return what the value of a check must be; a dash without a bound."""
    bound = check.bound
    if bound is None:
        return DASH
    if not bound.unless_uncertain:
        return _compare(bound)
    if check.kind.is_drift:
        return f"{_compare(bound)}, unless the intervals overlap"
    return f"{_compare(bound)}, unless its interval reaches 0"


def describe_value(value: float | int | str | None) -> str:
    """Return a value of a check or of its bound, with commas between thousands.

    Examples
    --------
    >>> describe_value(2000.0), describe_value(2000), describe_value(-0.01234)
    ('2,000', '2,000', '-0.01234')
    """
    if value is None:
        return DASH
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return f"{value:,}"
    # The form g writes numbers of more digits than its precision with an exponent.
    return f"{value:,.4g}" if abs(value) < _MAX_SHORT else f"{value:,.0f}"


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


def plural(count: int, noun: str) -> str:
    """Return the count and its noun, in the plural unless the count is 1.

    Examples
    --------
    >>> plural(1, "line"), plural(1200, "line")
    ('1 line', '1,200 lines')
    """
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def describe_left_out(reviews: ReviewEvaluation) -> str:
    """Return which reviewed messages measure nothing, the most frequent label first.

    Examples
    --------
    >>> evaluation = ReviewEvaluation(
    ...     reviews=9,
    ...     messages=0,
    ...     ties=1,
    ...     unknown_labels={"0": 2, "Spam": 6},
    ...     metrics=None,
    ...     with_thresholds=None,
    ... )
    >>> describe_left_out(evaluation)
    '6 with the unknown label Spam, 2 with the unknown label 0, 1 with a tie'
    """
    shown = _unknown_labels(reviews.unknown_labels)
    if reviews.ties:
        shown.append(f"{reviews.ties:,} with a tie")
    return ", ".join(shown)


def describe_corrections(measured: CorrectionMeasurement) -> str:
    """Return how many corrections there are, and which of them measure nothing.

    Examples
    --------
    >>> from pipeline.statistics.interval import UNDEFINED
    >>> measured = CorrectionMeasurement(
    ...     corrections=9,
    ...     annotators=1,
    ...     trained=1,
    ...     over_limit=6,
    ...     messages=1,
    ...     ties=1,
    ...     unknown_labels={},
    ...     agreement=UNDEFINED,
    ...     per_label={},
    ...     other_sources={},
    ... )
    >>> describe_corrections(measured)
    '9 corrections by 1 annotator, 1 message compared; left out: 6 corrections over the
    daily limit of an annotator, 1 correction of a text that was trained on, 1 message
    with a tie'
    """
    compared = (
        f"{plural(measured.corrections, 'correction')} by "
        f"{plural(measured.annotators, 'annotator')}, "
        f"{plural(measured.messages, 'message')} compared"
    )
    left_out = []
    if measured.over_limit:
        over_limit = plural(measured.over_limit, "correction")
        left_out.append(f"{over_limit} over the daily limit of an annotator")
    if measured.trained:
        trained = plural(measured.trained, "correction")
        left_out.append(f"{trained} of a text that was trained on")
    if measured.ties:
        left_out.append(f"{plural(measured.ties, 'message')} with a tie")
    left_out += _unknown_labels(measured.unknown_labels)
    if not left_out:
        return compared
    return f"{compared}; left out: {', '.join(left_out)}"


def describe_other_sources(other_sources: Mapping[str, int]) -> str:
    """Return which reviews measure nothing because of their source.

    Parameters
    ----------
    other_sources
        The number of reviews by source; there is at least one.

    Examples
    --------
    >>> describe_other_sources({"crowd": 1, "support": 1200})
    'Reviews left out, since evaluation.sources does not let them measure: 1,200 of
    support, 1 of crowd'
    """
    counts = [
        f"{count:,} of {source}"
        for source, count in sorted(other_sources.items(), key=_most_first)
    ]
    return (
        "Reviews left out, since evaluation.sources does not let them measure: "
        f"{', '.join(counts)}"
    )


def describe_erased(messages: int) -> str:
    """Return the sentence that says how many messages of a night were erased.

    Examples
    --------
    >>> describe_erased(1)
    'Of this night, 1 message was erased later.'
    """
    verb = "was" if messages == 1 else "were"
    return f"Of this night, {plural(messages, 'message')} {verb} erased later."


def describe_note(check: Check) -> str:
    """Return what else a reader should know about a check, such as where to look."""
    notes = []
    if check.interval is not None:
        low = describe_value(check.interval.low)
        high = describe_value(check.interval.high)
        texts = DASH if check.texts is None else plural(check.texts, "text")
        notes.append(f"interval {low} to {high} on {texts}")
    if check.note:
        notes.append(check.note)
    elif check.value is None and check.kind in _UNKNOWN:
        notes.append(_UNKNOWN[check.kind])
    if check.kind in _REMEDIES:
        notes.append(_REMEDIES[check.kind])
    return "; ".join(notes)


def _unknown_labels(unknown_labels: Mapping[str, int]) -> list[str]:
    """Return how many messages have each unknown label, the most frequent first."""
    reasons = []
    for label, count in sorted(unknown_labels.items(), key=_most_first):
        reasons.append(f"{count:,} with the unknown label {label}")
    shown = reasons[:MAX_UNKNOWN_LABELS]
    if len(reasons) > len(shown):
        rest = plural(len(reasons) - len(shown), "other unknown label")
        shown.append(rest)
    return shown


def _most_first(item: tuple[str, int]) -> tuple[int, str]:
    label, count = item
    return -count, label


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
