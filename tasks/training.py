"""Tasks that search the grid, cross-validate the best candidate and fit it."""

import luigi

from pipeline import training
from pipeline.config.settings import Candidate
from pipeline.data.codecs import Joblib
from tasks.base import NightTask
from tasks.preprocessing import BuildTrainingSet

_SLOWNESS = {
    "linear_svm": 3,
    "logistic_regression": 2,
    "sgd": 2,
}  # of a solver, on single tokens
_SOLVER = ("training.seed", "training.max_iter", "training.max_in_memory_documents")


class EvaluateCandidate(NightTask):
    """Score one candidate of the grid on every fold of the search."""

    stage, name, version = "training", "candidate", 6
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

    def fingerprint_parameters(self) -> dict:
        # Not the number: a grid that grows at its head must not evaluate the others again.
        return self.candidate.model_dump(mode="json")

    def requires(self) -> BuildTrainingSet:
        return self.clone(BuildTrainingSet)

    def run(self) -> None:
        training_set = self.input().load()
        self.output().dump(
            training.evaluate_candidate(
                training_set, self.candidate, self.settings.training, self.progress
            )
        )


class SearchGrid(NightTask):
    """Rank the candidates and name the best."""

    stage, name = "training", "search"

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

    def load(self) -> tuple:
        """The training set, and the best candidate."""
        best = self.input()["search"].load()["best"]
        return self.input()[
            "training_set"
        ].load(), self.settings.training.search.candidates[best]


class CrossValidate(BestCandidateTask):
    """Measure the best candidate on folds that the search has not seen, and choose thresholds on them."""

    stage, name, version = "training", "cross-validation", 7
    sections = (
        *_SOLVER,
        "training.cross_validation",
        "evaluation.confidence",
        "release.goals",
    )

    def run(self) -> None:
        training_set, candidate = self.load()
        evaluation, goals = self.settings.evaluation, self.settings.release.goals
        measured = training.cross_validate(
            training_set,
            candidate,
            self.settings.training,
            evaluation,
            goals,
            self.progress,
        )
        self.warn(training.unreached(measured))
        self.output().dump(measured)


class FitModel(BestCandidateTask):
    """Fit the best candidate to the whole training set."""

    stage, name, codec, version = "training", "pipeline", Joblib(), 4
    sections = (*_SOLVER, "text")

    def run(self) -> None:
        training_set, candidate = self.load()
        self.output().dump(
            training.fit(
                training_set, candidate, self.settings.training, self.settings.text
            )
        )
