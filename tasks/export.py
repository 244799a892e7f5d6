"""Tasks that export the fitted model, prove the export, describe it, and measure it."""

import itertools
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import luigi

from pipeline import data, export, training
from pipeline.data.codecs import Raw, RecordJson
from pipeline.records.export import (
    DEFAULT_FORMAT,
    EXPORT_FORMATS,
    MANIFEST_FILE,
    MODEL_FILE,
    MODEL_FILES,
    PIPELINE_FILE,
    VECTORS_FILE,
    ExportManifest,
    FileDescription,
    PreparedExport,
    Verification,
)
from pipeline.records.receipt import Receipt
from pipeline.records.reviews import ReviewEvaluation
from scorers.python import nightsieve_scorer
from tasks.base import NightTask
from tasks.ingest import IngestMessages
from tasks.preprocessing import BuildTrainingSet, CleanMessages
from tasks.reviews import AggregateReviews
from tasks.shards import every_shard
from tasks.training import BestCandidateTask, CrossValidate, FitModel


class PrepareExport(NightTask):
    """Choose the exported model's bits, and the texts that tell wrong scorers."""

    stage, name = "export", "prepared"
    codec = RecordJson(PreparedExport)
    version = 2

    def requires(self) -> dict[str, Any]:
        # Without a goal there is no threshold, and no cross-validation to wait for.
        measured = [self.clone(CrossValidate)] if self.settings.release.goals else []
        return {
            "fitted": self.clone(FitModel),
            "cleaned": every_shard(self, CleanMessages),
            "measured": measured,
        }

    def run(self) -> None:
        inputs = self.input()
        fitted = inputs["fitted"].load()
        cleaned = (shard.load()["text"] for shard in inputs["cleaned"])
        measured = (artefact.load() for artefact in inputs["measured"])
        thresholds = training.thresholds_of(measured)
        self.output().dump(export.prepare(fitted, thresholds, cleaned))


class ExportCoefficients(BestCandidateTask):
    """Write the fitted model as a file, which for one format is what a device loads."""

    stage, name = "export", "model"
    depends_on_date = True
    version = 4

    format: str = luigi.Parameter(
        default=DEFAULT_FORMAT, description="the format of the model file"
    )

    @property
    def codec(self) -> Raw:
        return Raw(EXPORT_FORMATS[self.format].rpartition(".")[2])

    def requires(self) -> dict[str, NightTask]:
        return {
            **super().requires(),
            "fitted": self.clone(FitModel),
            "prepared": self.clone(PrepareExport),
        }

    def run(self) -> None:
        training_set = self.input()["training_set"].load()
        fitted = self.input()["fitted"].load()
        prepared = self.input()["prepared"].load()
        provenance = export.provenance(
            self.date,
            self.fingerprint,
            self.best_candidate,
            training_set,
            prepared.bits,
        )
        self.output().dump(
            export.encode_model(self.format, fitted, prepared, provenance)
        )


class ExportVectors(NightTask):
    """Write the texts that tell wrong scorers, with what a right one gets from them."""

    stage, name = "export", "vectors"
    codec = Raw("json")
    version = 4

    def requires(self) -> dict[str, NightTask]:
        return {
            "model": self.clone(ExportCoefficients),
            "prepared": self.clone(PrepareExport),
        }

    def run(self) -> None:
        prepared = self.input()["prepared"].load()
        model = self.input()["model"].load()
        self.output().dump(export.encode_vectors(prepared, model))


class VerifyExport(NightTask):
    """Run every scorer over all messages and the vectors; a difference fails the night."""

    stage, name = "export", "verification"
    codec = RecordJson(Verification)
    version = 5

    format: str = luigi.Parameter(
        default=DEFAULT_FORMAT, description="the format of the model file"
    )

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
        inputs = self.input()
        messages = inputs["messages"]
        bodies = _chained(part["body"] for part in messages.parts())
        cleaned = _chained(shard.load()["text"] for shard in inputs["cleaned"])
        verification = export.verify_model(
            self.format,
            inputs["model"].load(),
            inputs["vectors"].load(),
            inputs["fitted"].load(),
            zip(bodies, cleaned, strict=True),
            messages.manifest.counts.kept,
            self.progress,
        )
        self.output().dump(verification)


class DescribeExport(NightTask):
    """Write the manifest that travels beside the verified model."""

    stage, name = "export", "description"
    codec = RecordJson(ExportManifest)
    version = 3

    def requires(self) -> dict[str, Any]:
        return {
            "files": described_files(self),
            "training": self.clone(BuildTrainingSet),
            "verifications": {
                name: self.clone(VerifyExport, format=name) for name in EXPORT_FORMATS
            },
        }

    def run(self) -> None:
        inputs = self.input()
        files = {
            name: _description(artefact.receipt())
            for name, artefact in inputs["files"].items()
        }
        manifest = export.describe(
            inputs["training"].receipt().sha256,
            files,
            inputs["files"][MODEL_FILE].load(),
            inputs["verifications"][DEFAULT_FORMAT].load(),
        )
        self.output().dump(manifest)


class EvaluateOnReviews(NightTask):
    """Compare the exported model with the human labels."""

    stage, name = "export", "reviews"
    codec = RecordJson(ReviewEvaluation)
    sections = ("evaluation.merge", "evaluation.confidence", "release.goals")
    version = 3

    def requires(self) -> dict[str, NightTask]:
        return {
            "model": self.clone(ExportCoefficients),
            "reviewed": self.clone(AggregateReviews),
        }

    def run(self) -> None:
        model = self.input()["model"].load()
        scorer = nightsieve_scorer.load(model)
        evaluation = self.settings.evaluation
        measured = data.reviewed_messages.evaluate(
            self.input()["reviewed"].load(),
            scorer.label,
            scorer.labels,
            evaluation.merge,
            evaluation.confidence,
            label_with_thresholds=export.label_with_thresholds(scorer, model),
        )
        goals = self.settings.release.goals
        self.warn(
            training.goals_contradicted(
                goals, measured.with_thresholds, evaluation.merge
            )
        )
        self.output().dump(measured)


class FileTask(NamedTuple):
    """The task that writes a file of a model, and its own parameters."""

    task: type[NightTask]
    parameters: dict[str, str]


_EXPORTED = {
    file: FileTask(ExportCoefficients, {"format": name})
    for name, file in EXPORT_FORMATS.items()
}
_BESIDE = {
    VECTORS_FILE: FileTask(ExportVectors, {}),
    PIPELINE_FILE: FileTask(FitModel, {}),
    MANIFEST_FILE: FileTask(DescribeExport, {}),
}
#: Which task writes each of `pipeline.records.export.MODEL_FILES`.
FILE_TASKS = {name: (_EXPORTED | _BESIDE)[name] for name in MODEL_FILES}


def model_files(task: NightTask) -> dict[str, NightTask]:
    """Return the tasks of the same night that write the files of its model."""
    return {
        name: task.clone(file_task.task, **file_task.parameters)
        for name, file_task in FILE_TASKS.items()
    }


def described_files(task: NightTask) -> dict[str, NightTask]:
    """Return `model_files` without the manifest, which describes the others."""
    files = model_files(task)
    del files[MANIFEST_FILE]
    return files


def _description(receipt: Receipt) -> FileDescription:
    return FileDescription(sha256=receipt.sha256, bytes=receipt.bytes)


def _chained(columns: Iterator[Iterable[str]]) -> Iterator[str]:
    return itertools.chain.from_iterable(columns)
