"""``release``: goals, the gate, and how many published models are kept."""

import datetime
from typing import Annotated, Literal

from pydantic import Field, model_validator

from pipeline.config.settings.section import (
    Fraction,
    Label,
    Reason,
    ReviewLabel,
    Section,
    Seed,
)

MAX_LOOKBACK = 100  # publications that the gate may look back

Loss = Annotated[float, Field(ge=0, lt=1)]


class Floor(Section):
    """The minimum figures of a label on the reviewed messages; null: no minimum."""

    precision: Fraction | None = None
    recall: Fraction | None = None
    f1: Fraction | None = None


class MaxLoss(Section):
    """How much a figure may be below that of the published model."""

    macro_f1: Loss
    precision: Loss
    recall: Loss


class Regression(Section):
    """How tonight's model is compared with published models."""

    max_loss: MaxLoss
    min_texts: Annotated[int, Field(ge=1)]
    publications_back: Annotated[int, Field(ge=2, le=MAX_LOOKBACK)] | None
    confidence: Annotated[float, Field(gt=0.5, lt=1)]
    resamples: Annotated[int, Field(ge=100, le=100_000)]
    seed: Seed


class Churn(Section):
    """The maximum shares of held-out messages that may change their label."""

    overall: Fraction
    label: Fraction


class Drift(Section):
    """How much the input may differ from that of the published model's night."""

    min_messages_ratio: Fraction
    max_coverage_change: Fraction
    max_share_change: Fraction
    max_f1_change_on_reviews: Fraction


class Device(Section):
    """The maximum size of a model, and the maximum time to score a message."""

    gzipped_bytes: Annotated[int, Field(ge=1)]
    terms: Annotated[int, Field(ge=1)]
    microseconds: Annotated[float, Field(gt=0)]


class Override(Section):
    """Why a model that fails is published nevertheless, and on which one night."""

    night: datetime.date
    reason: Reason


class Gate(Section):
    """The checks that a model must pass before it is published."""

    min_reviewed_messages: Annotated[int, Field(ge=0)]
    floors: dict[ReviewLabel, Floor]
    regression: Regression
    churn: Churn
    drift: Drift
    device: Device
    override: Override | None


class Goal(Section):
    """The precision or the recall that a label's threshold must reach.

    Among the thresholds that reach it, the one with most of the other measure is
    chosen.
    """

    precision: Fraction | None = None
    recall: Fraction | None = None

    @model_validator(mode="after")
    def _has_one_measure(self) -> "Goal":
        if (self.precision is None) == (self.recall is None):
            raise ValueError(
                "a goal is a precision or a recall; set one, such as {precision: 0.95}"
            )
        return self

    @property
    def measure(self) -> Literal["precision", "recall"]:
        """The measure that the goal is about."""
        return "recall" if self.precision is None else "precision"

    @property
    def bound(self) -> float:
        """The minimum of the measure."""
        bound = self.recall if self.precision is None else self.precision
        assert bound is not None  # validated: a goal has one measure
        return bound


class Keep(Section):
    """How many published models are kept, and how long the messages of nights."""

    models: Annotated[int, Field(ge=1)]
    runs: Annotated[int, Field(ge=1)]
    messages_days: Annotated[int, Field(ge=1)] | None = None


class Release(Section):
    """When a model is published, and how many are kept."""

    goals: dict[Label, Goal]
    gate: Gate
    keep: Keep
