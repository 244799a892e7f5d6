"""`training`: the parameter grid, the folds, and the solvers."""

import itertools
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from pipeline.config.settings.section import Section, Seed


class Candidate(Section):
    """One point of the parameter grid. ``C`` and ``alpha`` are scikit-learn's: the other one is absent."""

    estimator: Literal[
        "logistic_regression", "linear_svm", "sgd", "multinomial_nb", "complement_nb"
    ]
    ngrams: tuple[int, int]
    min_df: int
    sublinear_tf: bool
    norm: Literal["l2"] | None
    C: float | None = None
    alpha: float | None = None

    def __str__(self) -> str:
        regularisation = (
            f"C={self.C:g}" if self.C is not None else f"alpha={self.alpha:g}"
        )
        low, high = self.ngrams
        extras = f"{', sublinear tf' if self.sublinear_tf else ''}{'' if self.norm else ', no norm'}"
        return f"{self.estimator} {regularisation}, {low}-{high} grams, min_df {self.min_df}{extras}"


class Grid(Section):
    """Every combination of the listed values is one candidate."""

    estimator: Literal[
        "logistic_regression", "linear_svm", "sgd", "multinomial_nb", "complement_nb"
    ]
    ngrams: Annotated[
        tuple[Annotated[tuple[int, int], Field()], ...], Field(min_length=1)
    ]
    min_df: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1)]
    sublinear_tf: Annotated[tuple[bool, ...], Field(min_length=1)]
    norm: Annotated[tuple[Literal["l2"] | None, ...], Field(min_length=1)]
    C: (
        Annotated[tuple[Annotated[float, Field(gt=0)], ...], Field(min_length=1)] | None
    ) = None
    alpha: (
        Annotated[tuple[Annotated[float, Field(gt=0)], ...], Field(min_length=1)] | None
    ) = None

    @field_validator("ngrams")
    @classmethod
    def _ordered(
        cls, ngrams: tuple[tuple[int, int], ...]
    ) -> tuple[tuple[int, int], ...]:
        for low, high in ngrams:
            if not 1 <= low <= high <= 4:
                raise ValueError(
                    f"[{low}, {high}] is no n-gram range: it must be 1 <= lowest <= highest <= 4"
                )
        return ngrams

    @model_validator(mode="after")
    def _regularised(self) -> "Grid":
        wanted = (
            "C" if self.estimator in ("logistic_regression", "linear_svm") else "alpha"
        )
        other = "alpha" if wanted == "C" else "C"
        if getattr(self, wanted) is None or getattr(self, other) is not None:
            raise ValueError(
                f"{self.estimator} is regularised by {wanted} (a list of numbers above 0), not by {other}"
            )
        return self

    def candidates(self) -> list[Candidate]:
        """The candidates of this grid, the last listed knob turning fastest."""
        knobs = {
            name: values
            for name, values in self
            if name != "estimator" and values is not None
        }
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
        return tuple(
            candidate for grid in self.grids for candidate in grid.candidates()
        )

    @field_validator("grids")
    @classmethod
    def _distinct(cls, grids: tuple[Grid, ...]) -> tuple[Grid, ...]:
        seen: set[Candidate] = set()
        for candidate in itertools.chain.from_iterable(
            grid.candidates() for grid in grids
        ):
            if candidate in seen:
                raise ValueError(
                    f"the same candidate stands in the grids twice: {candidate}"
                )
            seen.add(candidate)
        return grids


class CrossValidation(Section):
    folds: Annotated[int, Field(ge=2, le=20)]
    seed: Seed


class ReviewTraining(Section):
    """Which reviews train, by source, and the weight of a message that they label."""

    sources: tuple[Annotated[str, Field(min_length=1)], ...]
    weight: Annotated[float, Field(gt=0, le=1000)]


class Training(Section):
    seed: Seed
    max_iter: Annotated[int, Field(ge=1)]
    max_in_memory_documents: Annotated[int, Field(ge=1)]
    holdout_fraction: Annotated[float, Field(ge=0, le=0.5)]
    rare_labels: Literal["error", "drop"]
    reviews: ReviewTraining
    search: Search
    cross_validation: CrossValidation
