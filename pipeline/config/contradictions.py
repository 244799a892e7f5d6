"""Settings that are valid by themselves and contradict another section."""

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.config.settings import Settings


@dataclass(frozen=True)
class Contradiction:
    """A dotted key, what is wrong with its value beside others, and what to do."""

    key: str
    problem: str
    remedy: str


def contradictions(settings: Settings) -> Iterator[Contradiction]:
    """Yield every setting that contradicts another one."""
    yield from _unknown_labels(settings)
    yield from _missing_columns(settings)
    yield from _sources_that_do_not_measure(settings)


def _missing_columns(settings: Settings) -> Iterator[Contradiction]:
    reviews = settings.source.reviews
    if settings.training.reviews.sources:
        key = _null_key(settings, "source")
        if reviews is None or reviews.columns.source is None:
            yield Contradiction(
                "training.reviews.sources",
                f"reviews have no source, since {key} is null",
                "set it, or use []",
            )
    if settings.evaluation.sources:
        key = _null_key(settings, "source")
        if reviews is None or reviews.columns.source is None:
            yield Contradiction(
                "evaluation.sources",
                f"reviews have no source, since {key} is null",
                "set it, or use null",
            )
    if settings.evaluation.aggregation == "dawid_skene":
        key = _null_key(settings, "annotator")
        if reviews is None or reviews.columns.annotator is None:
            yield Contradiction(
                "evaluation.aggregation",
                f"dawid_skene needs annotators, and {key} is null",
                "set it, or use majority",
            )


def _sources_that_do_not_measure(settings: Settings) -> Iterator[Contradiction]:
    for source in settings.training.reviews.sources:
        if not settings.evaluation.has_source(source):
            yield Contradiction(
                "training.reviews.sources",
                f"evaluation.sources does not let {source} measure or train",
                "name it there, or remove it here",
            )


def _null_key(settings: Settings, column: str) -> str:
    """Return the key to set where a column of the reviews is missing."""
    if settings.source.reviews is None:
        return "source.reviews"
    return f"source.reviews.columns.{column}"


def _unknown_labels(settings: Settings) -> Iterator[Contradiction]:
    labels = settings.labelling.labels
    known = ", ".join(labels)
    merged_into: dict[str, str] = {}
    for target, merged in settings.evaluation.merge.items():
        merged_into.update(dict.fromkeys(merged, target))
        unknown = [label for label in merged if label not in labels]
        if unknown:
            yield Contradiction(
                f"evaluation.merge.{target}",
                f"no rule votes for {unknown[0]}",
                f"use labels of rules: {known}",
            )
    for label in settings.release.goals:
        if label not in labels:
            yield Contradiction(
                f"release.goals.{label}",
                "no rule votes for this label",
                f"use one of {known}",
            )
    measured = sorted({merged_into.get(label, label) for label in labels})
    for label in settings.release.gate.floors:
        if label not in measured:
            yield Contradiction(
                f"release.gate.floors.{label}",
                "reviews do not measure this label",
                f"use one of {', '.join(measured)}",
            )
