"""Tasks that search the grid, cross-validate the best candidate and fit it."""

from typing import Any

import luigi

from pipeline import training
from pipeline.config.settings import Candidate
from pipeline.data.codecs import Joblib, RecordJson
from pipeline.records.training import (
    CandidateResult,
    CrossValidationResult,
    SearchResult,
)
from tasks.base import NightTask
from tasks.preprocessing import BuildTrainingSet

# How slow a solver is on single tokens, beside those that are not named.
_SLOWNESS = {"linear_svm": 3, "logistic_regression": 2, "sgd": 2}
_SOLVER = ("training.seed", "training.max_iter", "training.max_in_memory_documents")


class EvaluateCandidate(NightTask):
    """Score one candidate of the grid on every fold of the search."""

    stage, name, version = "training", "candidate", 6
    codec = RecordJson(CandidateResult)
    sections = (
        *_SOLVER,
        "training.search.folds",
        "training.search.seed",
        "training.search.scoring",
    )

    number: int = luigi.IntParameter(
        description="which candidate of the grid, counting from 0"
    )

    @property
    def candidate(self) -> Candidate:
        return self.settings.training.search.candidates[self.number]

    @property
    def priority(self) -> int:
        # The longest begin first, so that no worker is left with one at the end.
        return self.candidate.ngrams[1] * _SLOWNESS.get(self.candidate.estimator, 0)

    def fingerprint_parameters(self) -> dict[str, Any]:
        # Not the number: a grid that grows at its head must not evaluate others again.
        return self.candidate.model_dump(mode="json")

    def requires(self) -> BuildTrainingSet:
        return self.clone(BuildTrainingSet)

    def run(self) -> None:
        result = training.evaluate_candidate(
            self.input().load(),
            self.candidate,
            self.settings.training,
            self.progress,
        )
        self.output().dump(result)


class SearchGrid(NightTask):
    """Rank the candidates and name the best."""

    stage, name, codec = "training", "search", RecordJson(SearchResult)

    def requires(self) -> list[EvaluateCandidate]:
        numbers = range(len(self.settings.training.search.candidates))
        return [self.clone(EvaluateCandidate, number=number) for number in numbers]

    def run(self) -> None:
        results = [candidate.load() for candidate in self.input()]
        self.output().dump(training.select_best(results))


class BestCandidateTask(NightTask):
    """A task that trains the best candidate."""

    def requires(self) -> dict[str, NightTask]:
        return {
            "training_set": self.clone(BuildTrainingSet),
            "search": self.clone(SearchGrid),
        }

    @property
    def best_candidate(self) -> Candidate:
        """The candidate that the search ranked first."""
        search = self.input()["search"].load()
        return self.settings.training.search.candidates[search.best]


class CrossValidate(BestCandidateTask):
    """Measure the best candidate on folds new to it, and choose thresholds on them."""

    stage, name, version = "training", "cross-validation", 8
    codec = RecordJson(CrossValidationResult)
    sections = (
        *_SOLVER,
        "training.cross_validation",
        "evaluation.confidence",
        "release.goals",
    )

    def run(self) -> None:
        result = training.cross_validate(
            self.input()["training_set"].load(),
            self.best_candidate,
            self.settings.training,
            self.settings.release.goals,
            self.settings.evaluation.confidence,
            self.progress,
        )
        self.warn(training.goals_not_shown(result.thresholds))
        self.output().dump(result)


class FitModel(BestCandidateTask):
    """Fit the best candidate to the whole training set."""

    stage, name, codec, version = "training", "pipeline", Joblib(), 4
    sections = (*_SOLVER, "text")

    def run(self) -> None:
        fitted = training.fit(
            self.input()["training_set"].load(),
            self.best_candidate,
            self.settings.training,
            self.settings.text,
        )
        self.output().dump(fitted)
