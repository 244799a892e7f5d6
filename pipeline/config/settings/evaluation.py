"""``evaluation``: how human labels are used."""

from collections import Counter
from typing import Annotated, Literal

from pydantic import Field, field_validator

from pipeline.config.settings.section import Label, ReviewLabel, Section


class Evaluation(Section):
    """How reviews become labels, and the confidence of every interval."""

    aggregation: Literal["majority", "dawid_skene"]
    merge: dict[ReviewLabel, tuple[Label, ...]]
    confidence: Annotated[float, Field(gt=0.5, lt=1)]

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
