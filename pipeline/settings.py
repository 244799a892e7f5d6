"""The sections of the configuration: what every knob is, its type and its bounds.

``config/pipeline.yaml`` gives each its value and says what it is for; ``pipeline.config`` lays overlays and patches
over it and builds a `Settings`. No field has a default here: a default that is not in that file would be one that
nobody can see.
"""

import itertools
import re
import warnings
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Label = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]
Fraction = Annotated[float, Field(gt=0, le=1)]
Seed = Annotated[int, Field(ge=0, lt=2**31)]
Identifier = Annotated[str, Field(min_length=1, max_length=63)]


class Section(BaseModel):
    """Frozen and strict: an unknown key, a wrong type or a value out of range is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Column(Section):
    """A column of the source, by its name there."""

    name: Identifier
    dtype: str


class TextColumn(Column):
    dtype: Literal["string"]


class KeyColumn(Column):
    dtype: Literal["string", "int64"]


class TimeColumn(Column):
    dtype: Literal["timestamp"]


class MessageColumns(Section):
    key: KeyColumn
    body: TextColumn
    sender: KeyColumn | None
    received_at: TimeColumn | None


class MessageTable(Section):
    table: Annotated[str, Field(pattern=r"^[^\s;]+$")]
    columns: MessageColumns
    where: str | None


class ReviewColumns(Section):
    message_key: KeyColumn
    label: TextColumn
    source: KeyColumn | None
    annotator: KeyColumn | None
    reviewed_at: TimeColumn | None


class ReviewTable(Section):
    table: Annotated[str, Field(pattern=r"^[^\s;]+$")]
    columns: ReviewColumns
    where: str | None


class Sample(Section):
    fraction: Fraction
    seed: Seed
    max_rows: Annotated[int, Field(ge=1)] | None


class Source(Section):
    """Where messages and reviews are, as a data dictionary."""

    url: str
    identity: str = Field(description="which database `url` means, without its secrets; filled in, never set by hand")
    messages: MessageTable
    reviews: ReviewTable | None
    sample: Sample
    max_body_bytes: Annotated[int, Field(ge=1, le=1_000_000)]
    shards: Annotated[int, Field(ge=1, le=512)]


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
            raise ValueError(f"does not compile: {error.msg} at position {error.pos}") from None
        except (OverflowError, RecursionError, Warning) as error:
            raise ValueError(f"does not compile: {error}") from None
        return pattern


class Engine(Section):
    """How long rules may take: a pattern's compile is given up, a search that goes on for longer is an error."""

    compile_seconds: Annotated[float, Field(gt=0, le=600)]
    search_seconds: Annotated[float, Field(gt=0, le=600)]


class Resolution(Section):
    """From the rules that matched a message to its label, or to none."""

    method: Literal["majority", "label_model"]
    min_confidence: Annotated[float, Field(ge=0, lt=1)]
    soft: bool


class Labelling(Section):
    rules: tuple[Rule, ...]
    engine: Engine
    resolution: Resolution

    @field_validator("rules")
    @classmethod
    def _told_apart(cls, rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
        ids = [rule.id for rule in rules]
        if twice := next((id_ for place, id_ in enumerate(ids) if id_ in ids[:place]), None):
            raise ValueError(f"the id {twice} stands twice; ids are unique")
        if len({rule.label for rule in rules}) < 2:
            raise ValueError("there must be rules for two labels at least")
        return rules

    @property
    def labels(self) -> tuple[str, ...]:
        """Every label that a rule votes for, sorted."""
        return tuple(sorted({rule.label for rule in self.rules}))


class Text(Section):
    """The text contract: see ``pipeline.text``."""

    preset: Literal["ascii", "casefold"]
    digits: Literal["separate", "keep", "shape"]
    min_token: Annotated[int, Field(ge=1, le=64)]
    stop_words: tuple[str, ...]


class Candidate(Section):
    """One point of the parameter grid. ``C`` and ``alpha`` are scikit-learn's: the other one is absent."""

    estimator: Literal["logistic_regression", "linear_svm", "sgd", "multinomial_nb", "complement_nb"]
    ngrams: tuple[int, int]
    min_df: int
    sublinear_tf: bool
    norm: Literal["l2"] | None
    C: float | None = None
    alpha: float | None = None

    def __str__(self) -> str:
        regularisation = f"C={self.C:g}" if self.C is not None else f"alpha={self.alpha:g}"
        low, high = self.ngrams
        extras = f"{', sublinear tf' if self.sublinear_tf else ''}{'' if self.norm else ', no norm'}"
        return f"{self.estimator} {regularisation}, {low}-{high} grams, min_df {self.min_df}{extras}"


class Grid(Section):
    """Every combination of the listed values is one candidate."""

    estimator: Literal["logistic_regression", "linear_svm", "sgd", "multinomial_nb", "complement_nb"]
    ngrams: Annotated[tuple[Annotated[tuple[int, int], Field()], ...], Field(min_length=1)]
    min_df: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1)]
    sublinear_tf: Annotated[tuple[bool, ...], Field(min_length=1)]
    norm: Annotated[tuple[Literal["l2"] | None, ...], Field(min_length=1)]
    C: Annotated[tuple[Annotated[float, Field(gt=0)], ...], Field(min_length=1)] | None = None
    alpha: Annotated[tuple[Annotated[float, Field(gt=0)], ...], Field(min_length=1)] | None = None

    @field_validator("ngrams")
    @classmethod
    def _ordered(cls, ngrams: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
        for low, high in ngrams:
            if not 1 <= low <= high <= 4:
                raise ValueError(f"[{low}, {high}] is no n-gram range: it must be 1 <= lowest <= highest <= 4")
        return ngrams

    @model_validator(mode="after")
    def _regularised(self) -> "Grid":
        wanted = "C" if self.estimator in ("logistic_regression", "linear_svm") else "alpha"
        other = "alpha" if wanted == "C" else "C"
        if getattr(self, wanted) is None or getattr(self, other) is not None:
            raise ValueError(f"{self.estimator} is regularised by {wanted} (a list of numbers above 0), not by {other}")
        return self

    def candidates(self) -> list[Candidate]:
        """The candidates of this grid, the last listed knob turning fastest."""
        knobs = {name: values for name, values in self if name != "estimator" and values is not None}
        return [
            Candidate(estimator=self.estimator, **dict(zip(knobs, values, strict=True)))
            for values in itertools.product(*knobs.values())
        ]


class Search(Section):
    folds: Annotated[int, Field(ge=2, le=20)]
    seed: Seed
    scoring: Literal["f1_macro", "f1_weighted", "balanced_accuracy"]
    grids: Annotated[tuple[Grid, ...], Field(min_length=1)]

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """Every candidate, in the order of the grids; a candidate's place here is its number."""
        return tuple(candidate for grid in self.grids for candidate in grid.candidates())

    @field_validator("grids")
    @classmethod
    def _distinct(cls, grids: tuple[Grid, ...]) -> tuple[Grid, ...]:
        seen: set[Candidate] = set()
        for candidate in itertools.chain.from_iterable(grid.candidates() for grid in grids):
            if candidate in seen:
                raise ValueError(f"the same candidate stands in the grids twice: {candidate}")
            seen.add(candidate)
        return grids


class CrossValidation(Section):
    folds: Annotated[int, Field(ge=2, le=20)]
    seed: Seed


class Training(Section):
    seed: Seed
    max_iter: Annotated[int, Field(ge=1)]
    in_memory_documents: Annotated[int, Field(ge=1)]
    search: Search
    cross_validation: CrossValidation


class Teaching(Section):
    """Which reviews train, by their source, and how many messages one that they label counts as."""

    sources: tuple[Annotated[str, Field(min_length=1)], ...]
    weight: Annotated[float, Field(gt=0, le=1000)]


class Evaluation(Section):
    """What human labels are for, how predictions are compared with them, and how sure an interval is."""

    aggregation: Literal["majority", "dawid_skene"]
    train: Teaching
    merge: dict[Label, tuple[Label, ...]]
    confidence: Annotated[float, Field(gt=0.5, lt=1)]

    @field_validator("merge")
    @classmethod
    def _once(cls, merge: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        merged = list(itertools.chain.from_iterable(merge.values()))
        if len(set(merged)) < len(merged):
            raise ValueError("a label can be merged into one other label only")
        return merge


class Floor(Section):
    """The least that a label must reach on the reviewed messages; null: anything."""

    precision: Fraction | None = None
    recall: Fraction | None = None
    f1: Fraction | None = None


class Regression(Section):
    margin: Annotated[float, Field(ge=0, lt=1)]
    confidence: Annotated[float, Field(gt=0.5, lt=1)]
    resamples: Annotated[int, Field(ge=100, le=100_000)]
    seed: Seed


class Churn(Section):
    overall: Fraction
    label: Fraction


class Drift(Section):
    messages: Fraction
    coverage: Fraction
    share: Fraction


class Device(Section):
    gzipped_bytes: Annotated[int, Field(ge=1)]
    terms: Annotated[int, Field(ge=1)]
    microseconds: Annotated[float, Field(gt=0)]


class Gate(Section):
    """What a model must show before it is published."""

    reviews: Annotated[int, Field(ge=0)]
    floors: dict[Label, Floor]
    regression: Regression
    churn: Churn
    drift: Drift
    device: Device
    override: Annotated[str, Field(min_length=10)] | None


class Goal(Section):
    """What a label's threshold is chosen for: a precision or a recall, and as much of the other as comes with it."""

    precision: Fraction | None = None
    recall: Fraction | None = None

    @model_validator(mode="after")
    def _one(self) -> "Goal":
        if (self.precision is None) == (self.recall is None):
            raise ValueError("a goal is a precision or a recall, such as {precision: 0.95}")
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
    """What no model trains on, when a model is published, and how many are kept."""

    holdout: Annotated[float, Field(ge=0, le=0.5)]
    goals: dict[Label, Goal]
    gate: Gate
    keep: Keep


class Notify(Section):
    """Which events people are told of, by a webhook."""

    events: tuple[Literal["published", "refused", "rolled back", "drift"], ...]


class Settings(Section):
    """The whole frozen configuration of a night."""

    source: Source
    labelling: Labelling
    text: Text
    training: Training
    evaluation: Evaluation
    release: Release
    notify: Notify
