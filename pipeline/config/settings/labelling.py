"""`labelling`: the rules, how they are searched, and what their votes come to."""

import re
import warnings
from typing import Annotated, Literal

from pydantic import Field, field_validator

from pipeline.config.settings.section import Label, Section


class Rule(Section):
    """One regular expression that votes for a label; ``re`` with IGNORECASE says what it matches."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$")]
    label: Label
    pattern: Annotated[str, Field(min_length=1)]
    field: Literal["body", "sender"] = "body"
    weight: Annotated[float, Field(gt=0, le=1000)] = 1.0
    why: Annotated[str, Field(min_length=1)]

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                re.compile(pattern, re.IGNORECASE)
        except re.error as error:
            raise ValueError(
                f"does not compile: {error.msg} at position {error.pos}"
            ) from None
        except (OverflowError, RecursionError, Warning) as error:
            raise ValueError(f"does not compile: {error}") from None
        return pattern


class Engine(Section):
    """How long rules may take: a pattern's compile is given up, a search that goes on for longer is an error."""

    compile_timeout_seconds: Annotated[float, Field(gt=0, le=600)]
    search_timeout_seconds: Annotated[float, Field(gt=0, le=600)]


class Resolution(Section):
    """From the rules that matched a message to its label, or to none."""

    method: Literal["majority", "label_model"]
    min_confidence: Annotated[float, Field(ge=0, lt=1)]
    soft_labels: bool


class Labelling(Section):
    rules: tuple[Rule, ...]
    engine: Engine
    resolution: Resolution

    @field_validator("rules")
    @classmethod
    def _told_apart(cls, rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
        ids = [rule.id for rule in rules]
        if twice := next(
            (id_ for place, id_ in enumerate(ids) if id_ in ids[:place]), None
        ):
            raise ValueError(f"the id {twice} stands twice; ids are unique")
        if len({rule.label for rule in rules}) < 2:
            raise ValueError("there must be rules for two labels at least")
        return rules

    @property
    def labels(self) -> tuple[str, ...]:
        """Every label that a rule votes for, sorted."""
        return tuple(sorted({rule.label for rule in self.rules}))
