"""``training``: the parameter grid, the folds, and the solvers."""

import itertools
from collections.abc import Iterable, Iterator
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, field_validator, model_validator

from pipeline.config.settings.section import Section, Seed

MAX_NGRAM = 4  # tokens

Estimator: TypeAlias = Literal[
    "logistic_regression", "linear_svm", "sgd", "multinomial_nb", "complement_nb"
]
_Positive: TypeAlias = Annotated[float, Field(gt=0)]


class Candidate(Section):
    """One point of the parameter grid.

    ``C`` and ``alpha`` are those of scikit-learn; one of the two is None.
    """

    estimator: Estimator
    ngrams: tuple[int, int]
    min_df: int
    sublinear_tf: bool
    norm: Literal["l2"] | None
    C: float | None = None
    alpha: float | None = None

    def __str__(self) -> str:
        low, high = self.ngrams
        regularisation = f"alpha={self.alpha:g}" if self.C is None else f"C={self.C:g}"
        parts = [
            f"{self.estimator} {regularisation}",
            f"{low}-{high} grams",
            f"min_df {self.min_df}",
        ]
        if self.sublinear_tf:
            parts.append("sublinear tf")
        if self.norm is None:
            parts.append("no norm")
        return ", ".join(parts)


class Grid(Section):
    """Lists of values; every combination of them is one candidate."""

    estimator: Estimator
    ngrams: Annotated[tuple[tuple[int, int], ...], Field(min_length=1)]
    min_df: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1)]
    sublinear_tf: Annotated[tuple[bool, ...], Field(min_length=1)]
    norm: Annotated[tuple[Literal["l2"] | None, ...], Field(min_length=1)]
    C: Annotated[tuple[_Positive, ...], Field(min_length=1)] | None = None
    alpha: Annotated[tuple[_Positive, ...], Field(min_length=1)] | None = None

    @field_validator("ngrams")
    @classmethod
    def _are_ranges(
        cls, ngrams: tuple[tuple[int, int], ...]
    ) -> tuple[tuple[int, int], ...]:
        for low, high in ngrams:
            if not 1 <= low <= high <= MAX_NGRAM:
                raise ValueError(
                    f"[{low}, {high}] is not an n-gram range; "
                    f"use 1 <= lowest <= highest <= {MAX_NGRAM}"
                )
        return ngrams

    @model_validator(mode="after")
    def _is_regularised(self) -> "Grid":
        is_linear = self.estimator in ("logistic_regression", "linear_svm")
        parameter = "C" if is_linear else "alpha"
        other = "alpha" if is_linear else "C"
        if getattr(self, parameter) is None or getattr(self, other) is not None:
            raise ValueError(
                f"{self.estimator} is regularised by {parameter}, not by {other}; "
                f"set {parameter} to a list of numbers above 0"
            )
        return self

    def candidates(self) -> list[Candidate]:
        """Return the candidates of this grid; the last parameter varies fastest."""
        values_of = {}
        for parameter, values in self:
            if parameter != "estimator" and values is not None:
                values_of[parameter] = values
        candidates = []
        for combination in itertools.product(*values_of.values()):
            parameters = dict(zip(values_of, combination, strict=True))
            candidates.append(Candidate(estimator=self.estimator, **parameters))
        return candidates


class Search(Section):
    """How the best candidate is found."""

    folds: Annotated[int, Field(ge=2, le=20)]
    seed: Seed
    scoring: Literal["f1_macro", "f1_weighted", "balanced_accuracy"]
    grids: Annotated[tuple[Grid, ...], Field(min_length=1)]

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """Every candidate in the order of the grids; its index is its number."""
        return tuple(_candidates(self.grids))

    @field_validator("grids")
    @classmethod
    def _have_distinct_candidates(cls, grids: tuple[Grid, ...]) -> tuple[Grid, ...]:
        seen: set[Candidate] = set()
        for candidate in _candidates(grids):
            if candidate in seen:
                raise ValueError(
                    f"a candidate is in the grids twice: {candidate}; "
                    "keep one of the two"
                )
            seen.add(candidate)
        return grids


def _candidates(grids: Iterable[Grid]) -> Iterator[Candidate]:
    for grid in grids:
        yield from grid.candidates()


class CrossValidation(Section):
    """How the best candidate is measured."""

    folds: Annotated[int, Field(ge=2, le=20)]
    seed: Seed


class ReviewTraining(Section):
    """The sources of the reviews that train, and the weight of their messages."""

    sources: tuple[Annotated[str, Field(min_length=1)], ...]
    weight: Annotated[float, Field(gt=0, le=1000)]


class Training(Section):
    """How a model is trained, found and measured."""

    seed: Seed
    max_iter: Annotated[int, Field(ge=1)]
    max_in_memory_documents: Annotated[int, Field(ge=1)]
    holdout_fraction: Annotated[float, Field(ge=0, le=0.5)]
    rare_labels: Literal["error", "drop"]
    reviews: ReviewTraining
    search: Search
    cross_validation: CrossValidation
