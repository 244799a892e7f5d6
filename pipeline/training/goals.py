"""Warn of goals that a night does not show to be reached."""

from collections.abc import Collection, Iterable, Mapping

from pipeline.config.settings import Goal
from pipeline.records.training import CrossValidationResult, Threshold
from pipeline.records.words import describe_interval
from pipeline.statistics.metrics import Metrics
from pipeline.training.thresholds import MIN_DOCUMENTS


def thresholds_of(results: Iterable[CrossValidationResult]) -> dict[str, float]:
    """Return the threshold of each label that has a goal in one of the results."""
    thresholds = {}
    for result in results:
        for label, threshold in result.thresholds.items():
            thresholds[label] = threshold.threshold
    return thresholds


def goals_not_shown(thresholds: Mapping[str, Threshold]) -> list[str]:
    """Return a line for each goal that cross-validation does not show to be reached."""
    return [
        f"release.goals.{label}: {_shortfall(threshold)}"
        for label, threshold in thresholds.items()
        if not threshold.reached
    ]


def goals_contradicted(
    goals: Mapping[str, Goal],
    with_thresholds: Metrics | None,
    merged_labels: Collection[str],
) -> list[str]:
    """Return a line for each goal that the reviews contradict.

    They contradict a goal if the whole interval of the figure on reviews lies below it.

    Parameters
    ----------
    with_thresholds
        The metrics on reviews with all thresholds in place; None without a threshold.
    merged_labels
        The labels that others are merged into. They are left out: reviews do not
        measure them separately.
    """
    if with_thresholds is None:
        return []
    lines = []
    for label, goal in goals.items():
        metrics = with_thresholds.per_label.get(label)
        if metrics is None or label in merged_labels:
            continue
        high = getattr(metrics, goal.measure).high
        if high is not None and high < goal.bound:
            lines.append(
                f"release.goals.{label}: on the reviews, the {goal.measure} is "
                f"at most {high:.4g}, below the goal of {goal.bound:g}"
            )
    return lines


def _shortfall(threshold: Threshold) -> str:
    """Describe why a goal is not shown to be reached."""
    measure = threshold.goal.measure
    bound = threshold.goal.bound
    figure = describe_interval(getattr(threshold, measure), ".4g")
    if not threshold.threshold:
        return (
            f"no threshold reaches a {measure} of {bound:g}, so none is set; "
            f"the {measure} is {figure}"
        )
    if threshold.documents < MIN_DOCUMENTS:
        count = f"{threshold.documents:.3g}"
        texts = "text" if count == "1" else "texts"
        return (
            f"the {measure} is {figure}, but measured on {count} distinct {texts}; "
            f"at least {MIN_DOCUMENTS} are needed"
        )
    return (
        f"with all thresholds in place, the {measure} is {figure}, below the goal of "
        f"{bound:g}"
    )
