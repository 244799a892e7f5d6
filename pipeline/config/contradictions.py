"""Keys that are right in their own section and wrong beside another."""

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.config.settings import Settings


@dataclass(frozen=True)
class Contradiction:
    """A dotted key, and what is wrong with its value beside others."""

    key: str
    problem: str


def contradictions(settings: Settings) -> Iterator[Contradiction]:
    """Find every key whose value does not go together with others."""
    yield from _unknown_labels(settings)
    yield from _missing_columns(settings)


def _missing_columns(settings: Settings) -> Iterator[Contradiction]:
    reviews = settings.source.reviews
    has_sources = reviews is not None and reviews.columns.source is not None
    has_annotators = reviews is not None and reviews.columns.annotator is not None
    table = "source.reviews" if reviews is None else None
    if settings.training.reviews.sources and not has_sources:
        missing = table or "source.reviews.columns.source"
        yield Contradiction(
            "training.reviews.sources",
            f"no review has a source; {missing} is null, set it or train on none: []",
        )
    if settings.evaluation.aggregation == "dawid_skene" and not has_annotators:
        missing = table or "source.reviews.columns.annotator"
        yield Contradiction(
            "evaluation.aggregation",
            f"nobody knows who gave which review; {missing} is null, "
            "set it or use majority",
        )


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
                f"no rule votes for {unknown[0]}; labels are {known}",
            )
    for label in settings.release.goals:
        if label not in labels:
            yield Contradiction(
                f"release.goals.{label}",
                f"no rule votes for it; labels are {known}",
            )
    measured = sorted({merged_into.get(label, label) for label in labels})
    for label in settings.release.gate.floors:
        if label not in measured:
            yield Contradiction(
                f"release.gate.floors.{label}",
                f"reviews measure no such label; they measure {', '.join(measured)}",
            )
