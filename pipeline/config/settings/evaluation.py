"""`evaluation`: what human labels are for."""

import itertools
from typing import Annotated, Literal

from pydantic import Field, field_validator

from pipeline.config.settings.section import Label, Section


class Evaluation(Section):
    """What human labels are for, how predictions are compared with them, and how sure an interval is."""

    aggregation: Literal["majority", "dawid_skene"]
    merge: dict[Label, tuple[Label, ...]]
    confidence: Annotated[float, Field(gt=0.5, lt=1)]

    @field_validator("merge")
    @classmethod
    def _once(cls, merge: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        merged = list(itertools.chain.from_iterable(merge.values()))
        if len(set(merged)) < len(merged):
            raise ValueError("a label can be merged into one other label only")
        return merge
