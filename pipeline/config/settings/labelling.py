"""``labelling``: the rules, how they are matched, and how their votes are resolved."""

import re
import warnings
from collections import Counter
from typing import Annotated, Literal

from pydantic import Field, field_validator

from pipeline.config.settings.section import Label, Section

_MIN_LABELS = 2  # a classifier decides between labels


class Rule(Section):
    """One regular expression that votes for a label.

    It matches what `re` matches with IGNORECASE.
    """

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
    """The timeouts of the engine.

    A pattern that compiles for longer is left to `re`; a search that takes longer is an
    error.
    """

    compile_timeout_seconds: Annotated[float, Field(gt=0, le=600)]
    search_timeout_seconds: Annotated[float, Field(gt=0, le=600)]


class Resolution(Section):
    """How the rules that match a message decide on its label, if they do."""

    method: Literal["majority", "label_model"]
    min_confidence: Annotated[float, Field(ge=0, lt=1)]
    soft_labels: bool


class Labelling(Section):
    """How messages get their labels from rules."""

    rules: tuple[Rule, ...]
    engine: Engine
    resolution: Resolution

    @field_validator("rules")
    @classmethod
    def _have_unique_ids_and_several_labels(
        cls, rules: tuple[Rule, ...]
    ) -> tuple[Rule, ...]:
        for rule_id, count in Counter(rule.id for rule in rules).items():
            if count > 1:
                raise ValueError(
                    f"the id {rule_id} is used {count} times; give each rule its own"
                )
        if len({rule.label for rule in rules}) < _MIN_LABELS:
            raise ValueError(
                "rules must vote for two labels at least; add rules for another label"
            )
        return rules

    @property
    def labels(self) -> tuple[str, ...]:
        """Every label that a rule votes for, sorted."""
        return tuple(sorted({rule.label for rule in self.rules}))
