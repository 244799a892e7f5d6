"""``evaluation``: which human labels measure a model, and how."""

from collections import Counter
from typing import Annotated, Literal

from pydantic import Field, field_validator

from pipeline.config.settings.section import Label, ReviewLabel, Section

#: The source of corrections by users, which measure a model only if they are named.
CORRECTION = "correction"


class Corrections(Section):
    """How many corrections count while they are measured apart."""

    per_annotator_and_day: Annotated[int, Field(ge=1)]


class Evaluation(Section):
    """How reviews become labels, and the confidence of every interval."""

    sources: tuple[Annotated[str, Field(min_length=1)], ...] | None
    corrections: Corrections
    aggregation: Literal["majority", "dawid_skene"]
    merge: dict[ReviewLabel, tuple[Label, ...]]
    confidence: Annotated[float, Field(gt=0.5, lt=1)]

    def has_source(self, source: str | None) -> bool:
        """Return whether reviews of a source measure a model, and may train it.

        A review without a source does unless the sources are listed.

        Examples
        --------
        >>> evaluation = Evaluation(
        ...     sources=None,
        ...     corrections=Corrections(per_annotator_and_day=50),
        ...     aggregation="majority",
        ...     merge={},
        ...     confidence=0.95,
        ... )
        >>> evaluation.has_source("crowd"), evaluation.has_source("correction")
        (True, False)
        """
        if self.sources is None:
            return source != CORRECTION
        return source in self.sources

    @field_validator("merge")
    @classmethod
    def _merges_a_label_once(
        cls, merge: dict[str, tuple[str, ...]]
    ) -> dict[str, tuple[str, ...]]:
        times: Counter[str] = Counter()
        for merged in merge.values():
            times.update(merged)
        for label, count in times.items():
            if count > 1:
                raise ValueError(f"{label} is merged {count} times; merge it once")
        return merge
