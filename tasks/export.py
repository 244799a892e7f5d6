"""Tasks that export the fitted model, prove the export, describe it, and measure it on human labels."""

import itertools
from typing import Any

from pipeline import data, export, training
from pipeline.data.codecs import Raw, RecordJson
from pipeline.records.reviews import ReviewEvaluation
from scorers.python import nightsieve_scorer
from tasks.base import NightTask
from tasks.ingest import IngestMessages
from tasks.preprocessing import BuildTrainingSet, CleanMessages
from tasks.reviews import AggregateReviews
from tasks.shards import every_shard
from tasks.training import BestCandidateTask, CrossValidate, FitModel


class PrepareExport(NightTask):
    """Choose the bits of the exported model and the texts that tell a wrong scorer from a right one."""

    stage, name = "export", "prepared"

    def requires(self) -> dict[str, Any]:
        # Without a goal there is no threshold, and nothing of the cross-validation to wait for.
        measured = [self.clone(CrossValidate)] if self.settings.release.goals else []
        return {
            "fitted": self.clone(FitModel),
            "cleaned": every_shard(self, CleanMessages),
            "measured": measured,
        }

    def run(self) -> None:
        fitted, cleaned = (
            self.input()["fitted"].load(),
            (shard.load()["text"] for shard in self.input()["cleaned"]),
        )
        thresholds = training.thresholds_of(
            measured.load() for measured in self.input()["measured"]
        )
        self.output().dump(export.prepare(fitted, thresholds, cleaned))


class ExportCoefficients(BestCandidateTask):
    """Write the fitted model as the JSON file that the device loads."""

    stage, name, codec = "export", "model", Raw("json")
    depends_on_date = True
    version = 3

    def requires(self) -> dict[str, NightTask]:
        return {
            **super().requires(),
            "fitted": self.clone(FitModel),
            "prepared": self.clone(PrepareExport),
        }

    def run(self) -> None:
        training_set = self.input()["training_set"].load()
        fitted, prepared = (
            self.input()[name].load() for name in ("fitted", "prepared")
        )
        provenance = export.provenance(
            self.date, self.fingerprint, self.best_candidate, training_set
        )
        self.output().dump(export.build(fitted, prepared, provenance))


class ExportVectors(NightTask):
    """Write the texts that tell a wrong scorer from a right one, with what a right one gets from them."""

    stage, name, codec, version = "export", "vectors", Raw("json"), 3

    def requires(self) -> dict[str, NightTask]:
        return {
            "model": self.clone(ExportCoefficients),
            "prepared": self.clone(PrepareExport),
        }

    def run(self) -> None:
        self.output().dump(
            export.build_vectors(
                *(self.input()[name].load() for name in ("prepared", "model"))
            )
        )


class VerifyExport(NightTask):
    """Run every scorer over every message of the run and the vectors; one difference fails the night."""

    stage, name, version = "export", "verification", 5

    def requires(self) -> dict[str, Any]:
        return {
            "model": self.clone(ExportCoefficients),
            "vectors": self.clone(ExportVectors),
            "fitted": self.clone(FitModel),
            "messages": self.clone(IngestMessages),
            "cleaned": every_shard(self, CleanMessages),
        }

    def fingerprint_parameters(self) -> dict[str, Any]:
        return {**super().fingerprint_parameters(), "scorers": export.scorers_digest()}

    def run(self) -> None:
        given = self.input()
        model, vectors, fitted = (
            given[name].load() for name in ("model", "vectors", "fitted")
        )
        bodies = itertools.chain.from_iterable(
            part["body"] for part in given["messages"].parts()
        )
        cleaned = itertools.chain.from_iterable(
            shard.load()["text"] for shard in given["cleaned"]
        )
        messages, total = (
            zip(bodies, cleaned, strict=True),
            given["messages"].manifest.counts.kept,
        )
        self.output().dump(
            export.verify(model, vectors, fitted, messages, total, self.progress)
        )


class DescribeExport(NightTask):
    """Write the manifest that travels beside the verified model."""

    stage, name, version = "export", "description", 2

    def requires(self) -> dict[str, Any]:
        files = {
            "model.json": ExportCoefficients,
            "vectors.json": ExportVectors,
            "pipeline.joblib": FitModel,
        }
        return {
            "files": {name: self.clone(task) for name, task in files.items()},
            "training": self.clone(BuildTrainingSet),
            "verification": self.clone(VerifyExport),
        }

    def run(self) -> None:
        files, training, verification = (
            self.input()[name] for name in ("files", "training", "verification")
        )
        receipts = {name: artefact.receipt() for name, artefact in files.items()}
        model, digest = files["model.json"].load(), training.receipt().sha256
        self.output().dump(
            export.describe(digest, receipts, model, verification.load())
        )


class EvaluateOnReviews(NightTask):
    """Compare the exported model with the human labels."""

    stage, name, version = "export", "reviews", 3
    codec = RecordJson(ReviewEvaluation)
    sections = ("evaluation.merge", "evaluation.confidence", "release.goals")

    def requires(self) -> dict[str, NightTask]:
        return {
            "model": self.clone(ExportCoefficients),
            "reviewed": self.clone(AggregateReviews),
        }

    def run(self) -> None:
        reviewed, model = (self.input()[name].load() for name in ("reviewed", "model"))
        scorer = nightsieve_scorer.load(model)
        evaluation = self.settings.evaluation
        measured = data.reviewed_messages.evaluate(
            reviewed,
            scorer.label,
            scorer.labels,
            evaluation.merge,
            evaluation.confidence,
            export.decider(scorer, model),
        )
        goals = self.settings.release.goals
        self.warn(
            training.goals_contradicted(
                goals, measured.with_thresholds, evaluation.merge
            )
        )
        self.output().dump(measured)
