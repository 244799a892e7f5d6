"""Tasks that search the grid, cross-validate the best candidate and fit it."""

import luigi

from pipeline import training
from pipeline.config.settings import Candidate
from pipeline.data.codecs import FittedNpz, RecordJson
from pipeline.records.training import (
    CandidateResult,
    CrossValidationResult,
    SearchResult,
)
from tasks.base import NightTask, Requirements
from tasks.preprocessing import BuildTrainingSet
from tasks.shards import load_each

# How slow each solver is on single tokens; solvers that are not named take no time.
_SLOWNESS = {"linear_svm": 3, "logistic_regression": 2, "sgd": 2}
_SOLVER = ("training.seed", "training.max_iter", "training.max_in_memory_documents")


class EvaluateCandidate(NightTask):
    """Score one candidate of the grid on every fold of the search."""

    stage = "training"
    name = "candidate"
    version = 6
    codec = RecordJson(CandidateResult)
    sections = (
        *_SOLVER,
        "training.search.folds",
        "training.search.seed",
        "training.search.scoring",
    )

    number: int = luigi.IntParameter(
        description="the index of the candidate in the grid, from 0"
    )

    @property
    def candidate(self) -> Candidate:
        """The candidate with this index."""
        return self.settings.training.search.candidates[self.number]

    @property
    def priority(self) -> int:  # type: ignore[override]  # luigi allows a property
        """How early the scheduler hands the task out: slow candidates begin first.

        So no worker is left with a slow candidate at the end.
        """
        return self.candidate.ngrams[1] * _SLOWNESS.get(self.candidate.estimator, 0)

    def fingerprint_parameters(self) -> dict[str, object]:
        # Without the number: a candidate that is added to the front of the grid changes
        # the numbers of all others, which must not be evaluated again.
        return self.candidate.model_dump(mode="json")

    def requires(self) -> Requirements:
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
    """Rank the candidates, and name the best."""

    stage = "training"
    name = "search"
    codec = RecordJson(SearchResult)

    def requires(self) -> Requirements:
        indices = range(len(self.settings.training.search.candidates))
        return [self.clone(EvaluateCandidate, number=index) for index in indices]

    def run(self) -> None:
        results = list(load_each(self.input()))
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
    """Measure the best candidate on other folds than the search's.

    The thresholds of labels with a goal are chosen on the same folds.
    """

    stage = "training"
    name = "cross-validation"
    version = 8
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
            progress=self.progress,
        )
        self.warn(training.goals_not_shown(result.thresholds))
        self.output().dump(result)


class FitModel(BestCandidateTask):
    """Fit the best candidate to the whole training set."""

    stage = "training"
    name = "fitted"
    codec = FittedNpz()
    version = 5
    sections = (*_SOLVER, "text")

    def run(self) -> None:
        fitted = training.fit(
            self.input()["training_set"].load(),
            self.best_candidate,
            self.settings.training,
            self.settings.text,
        )
        self.output().dump(training.as_data(fitted))
