"""`release`: goals, the gate, and what is kept of what was published."""

import datetime
from typing import Annotated, Literal

from pydantic import Field, model_validator

from pipeline.config.settings.section import Fraction, Label, Reason, Section, Seed

MAX_LOOKBACK = 100  # publications back that the gate may look

Loss = Annotated[float, Field(ge=0, lt=1)]


class Floor(Section):
    """The least that a label must reach on the reviewed messages; null: anything."""

    precision: Fraction | None = None
    recall: Fraction | None = None
    f1: Fraction | None = None


class MaxLoss(Section):
    """How much less than the published model's a figure may be; a larger loss refuses."""

    macro_f1: Loss
    precision: Loss
    recall: Loss


class Regression(Section):
    max_loss: MaxLoss
    min_texts: Annotated[int, Field(ge=1)]
    publications_back: Annotated[int, Field(ge=2, le=MAX_LOOKBACK)] | None
    confidence: Annotated[float, Field(gt=0.5, lt=1)]
    resamples: Annotated[int, Field(ge=100, le=100_000)]
    seed: Seed


class Churn(Section):
    overall: Fraction
    label: Fraction


class Drift(Section):
    min_messages_ratio: Fraction
    max_coverage_change: Fraction
    max_share_change: Fraction
    max_f1_change_on_reviews: Fraction


class Device(Section):
    gzipped_bytes: Annotated[int, Field(ge=1)]
    terms: Annotated[int, Field(ge=1)]
    microseconds: Annotated[float, Field(gt=0)]


class Override(Section):
    """Why a model that fails is published nevertheless, and the one night for which that is so."""

    night: datetime.date
    reason: Reason


class Gate(Section):
    """What a model must show before it is published."""

    min_reviewed_messages: Annotated[int, Field(ge=0)]
    floors: dict[Label, Floor]
    regression: Regression
    churn: Churn
    drift: Drift
    device: Device
    override: Override | None


class Goal(Section):
    """What a label's threshold is chosen for: a precision or a recall, and as much of the other as comes with it."""

    precision: Fraction | None = None
    recall: Fraction | None = None

    @model_validator(mode="after")
    def _one(self) -> "Goal":
        if (self.precision is None) == (self.recall is None):
            raise ValueError(
                "a goal is a precision or a recall, such as {precision: 0.95}"
            )
        return self

    @property
    def measure(self) -> Literal["precision", "recall"]:
        """Which of the two is asked for."""
        return "recall" if self.precision is None else "precision"

    @property
    def bound(self) -> float:
        """How much of it."""
        return getattr(self, self.measure)


class Keep(Section):
    models: Annotated[int, Field(ge=1)]
    runs: Annotated[int, Field(ge=1)]


class Release(Section):
    """When a model is published, and how many are kept."""

    goals: dict[Label, Goal]
    gate: Gate
    keep: Keep
