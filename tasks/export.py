"""Tasks that export the fitted model, verify the export, describe and measure it."""

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import luigi

from pipeline import data, export, reviews, training
from pipeline.data.codecs import Raw, RecordJson
from pipeline.records.export import (
    DEFAULT_FORMAT,
    EXPORT_FORMATS,
    MANIFEST_FILE,
    MODEL_FILE,
    MODEL_FILES,
    PIPELINE_FILE,
    REFERENCE_FILE,
    VECTORS_FILE,
    ExportManifest,
    FileDescription,
    PreparedExport,
    Verification,
)
from pipeline.records.reference import Reference
from pipeline.records.reviews import CorrectionMeasurement, ReviewEvaluation
from scorers.python import nightsieve_scorer
from tasks.base import NightTask, Requirements
from tasks.ingest import IngestMessages, IngestReviews
from tasks.preprocessing import BuildEvaluationSet, BuildTrainingSet, CleanMessages
from tasks.reviews import AggregateReviews
from tasks.shards import every_shard, load_each
from tasks.targets import TaskInput
from tasks.training import BestCandidateTask, CrossValidate, FitModel


class PrepareExport(NightTask):
    """Choose the exported model's bits, and texts that reveal a wrong scorer."""

    stage = "export"
    name = "prepared"
    codec = RecordJson(PreparedExport)
    version = 2

    def requires(self) -> Requirements:
        return {
            "fitted": self.clone(FitModel),
            "cleaned": every_shard(self, CleanMessages),
            "measured": _measured_thresholds(self),
        }

    def run(self) -> None:
        inputs = self.input()
        prepared = export.prepare(
            training.rebuild(inputs["fitted"].load()),
            training.thresholds_of(load_each(inputs["measured"])),
            _column_of_each(load_each(inputs["cleaned"]), "text"),
        )
        self.output().dump(prepared)


class ExportCoefficients(BestCandidateTask):
    """Write the fitted model as a file in one export format."""

    stage = "export"
    name = "model"
    depends_on_date = True
    version = 4

    format: str = luigi.Parameter(
        default=DEFAULT_FORMAT, description="the format of the model file"
    )

    @property
    def codec(self) -> Raw:  # type: ignore[override]  # the format has the suffix
        return Raw(EXPORT_FORMATS[self.format].rpartition(".")[2])

    def requires(self) -> dict[str, NightTask]:
        return {
            **super().requires(),
            "fitted": self.clone(FitModel),
            "prepared": self.clone(PrepareExport),
        }

    def run(self) -> None:
        inputs = self.input()
        fitted = training.rebuild(inputs["fitted"].load())
        prepared = inputs["prepared"].load()
        provenance = export.provenance(
            self.date,
            self.fingerprint,
            self.best_candidate,
            inputs["training_set"].load(),
            prepared.bits,
        )
        content = export.encode_model(self.format, fitted, prepared, provenance)
        self.output().dump(content)


class ExportVectors(NightTask):
    """Write the texts that reveal a wrong scorer, with the outcomes of a right one."""

    stage = "export"
    name = "vectors"
    codec = Raw("json")
    version = 4

    def requires(self) -> Requirements:
        return {
            "model": self.clone(ExportCoefficients),
            "prepared": self.clone(PrepareExport),
        }

    def run(self) -> None:
        prepared = self.input()["prepared"].load()
        model = self.input()["model"].load()
        self.output().dump(export.encode_vectors(prepared, model))


class ExportReference(NightTask):
    """Describe the model's labels and margins on the hold-out, for live traffic."""

    stage = "export"
    name = "reference"
    codec = RecordJson(Reference)

    def requires(self) -> Requirements:
        return {
            "model": self.clone(ExportCoefficients),
            "evaluation_set": self.clone(BuildEvaluationSet),
        }

    def run(self) -> None:
        inputs = self.input()
        reference = export.describe_predictions(
            inputs["model"].load(), inputs["evaluation_set"].load()
        )
        self.output().dump(reference)


class ExportPipeline(NightTask):
    """Write the fitted model as a scikit-learn pipeline, for Python users.

    It is a pickle, so nothing reads it.
    """

    stage = "export"
    name = "pipeline"
    codec = Raw("joblib")

    def requires(self) -> Requirements:
        return self.clone(FitModel)

    def run(self) -> None:
        fitted = training.rebuild(self.input().load())
        self.output().dump(export.encode_pipeline(fitted))


class VerifyExport(NightTask):
    """Run every scorer over all messages and the vectors.

    A difference fails the night.
    """

    stage = "export"
    name = "verification"
    codec = RecordJson(Verification)
    version = 5

    format: str = luigi.Parameter(
        default=DEFAULT_FORMAT, description="the format of the model file"
    )

    def requires(self) -> Requirements:
        return {
            "model": self.clone(ExportCoefficients),
            "vectors": self.clone(ExportVectors),
            "fitted": self.clone(FitModel),
            "messages": self.clone(IngestMessages),
            "cleaned": every_shard(self, CleanMessages),
        }

    def fingerprint_parameters(self) -> dict[str, object]:
        return {**super().fingerprint_parameters(), "scorers": export.scorers_digest()}

    def run(self) -> None:
        inputs = self.input()
        messages = inputs["messages"]
        bodies = _column_of_each(messages.parts(), "body")
        cleaned = _column_of_each(load_each(inputs["cleaned"]), "text")
        texts = zip(_chained(bodies), _chained(cleaned), strict=True)
        verification = export.verify_model(
            self.format,
            inputs["model"].load(),
            inputs["vectors"].load(),
            training.rebuild(inputs["fitted"].load()),
            texts,
            total=messages.manifest.counts.kept,
            report_progress=self.progress,
        )
        self.output().dump(verification)


class DescribeExport(NightTask):
    """Write the manifest that travels beside the verified model."""

    stage = "export"
    name = "description"
    codec = RecordJson(ExportManifest)
    version = 4

    def requires(self) -> Requirements:
        return {
            "files": described_files(self),
            "training": self.clone(BuildTrainingSet),
            "verifications": {
                name: self.clone(VerifyExport, format=name) for name in EXPORT_FORMATS
            },
        }

    def run(self) -> None:
        inputs = self.input()
        files = inputs["files"]
        manifest = export.describe(
            inputs["training"].receipt().sha256,
            _descriptions(files),
            files[MODEL_FILE].load(),
            inputs["verifications"][DEFAULT_FORMAT].load(),
        )
        self.output().dump(manifest)


class EvaluateOnReviews(NightTask):
    """Compare the exported model with the human labels."""

    stage = "export"
    name = "reviews"
    codec = RecordJson(ReviewEvaluation)
    sections = ("evaluation.merge", "evaluation.confidence", "release.goals")
    version = 3

    def requires(self) -> Requirements:
        return {
            "model": self.clone(ExportCoefficients),
            "reviewed": self.clone(AggregateReviews),
        }

    def run(self) -> None:
        inputs = self.input()
        model = inputs["model"].load()
        scorer = nightsieve_scorer.load(model)
        settings = self.settings
        merge = settings.evaluation.merge
        measured = data.reviewed_messages.evaluate(
            inputs["reviewed"].load(),
            scorer.label,
            scorer.labels,
            merge,
            settings.evaluation.confidence,
            label_with_thresholds=export.label_with_thresholds(scorer, model),
        )
        contradicted = training.goals_contradicted(
            settings.release.goals, measured.with_thresholds, merge
        )
        self.warn(data.reviewed_messages.unknown_label_warnings(measured))
        self.warn(contradicted)
        self.output().dump(measured)


class MeasureCorrections(NightTask):
    """Compare the exported model with users' corrections, apart from the reviews."""

    stage = "export"
    name = "corrections"
    codec = RecordJson(CorrectionMeasurement)
    sections = (
        "training.reviews.sources",
        "training.holdout_fraction",
        "text",
        "evaluation.sources",
        "evaluation.corrections",
        "evaluation.merge",
        "evaluation.confidence",
    )

    def requires(self) -> Requirements:
        return {
            "model": self.clone(ExportCoefficients),
            "reviews": self.clone(IngestReviews),
        }

    def run(self) -> None:
        inputs = self.input()
        scorer = nightsieve_scorer.load(inputs["model"].load())
        settings = self.settings
        measured = reviews.measure_corrections(
            inputs["reviews"].load(),
            settings.training.reviews,
            settings.training.holdout_fraction,
            settings.text,
            settings.evaluation,
            predict=scorer.label,
            labels=scorer.labels,
        )
        self.output().dump(measured)


class FileTask(NamedTuple):
    """The task that writes a file of a model, and the task's own parameters."""

    task: type[NightTask]
    parameters: dict[str, str]


_EXPORTED = {
    file: FileTask(ExportCoefficients, {"format": name})
    for name, file in EXPORT_FORMATS.items()
}
_BESIDE = {
    VECTORS_FILE: FileTask(ExportVectors, {}),
    REFERENCE_FILE: FileTask(ExportReference, {}),
    PIPELINE_FILE: FileTask(ExportPipeline, {}),
    MANIFEST_FILE: FileTask(DescribeExport, {}),
}
#: The task that writes each of `pipeline.records.export.MODEL_FILES`.
FILE_TASKS = {name: (_EXPORTED | _BESIDE)[name] for name in MODEL_FILES}


def model_files(task: NightTask) -> dict[str, NightTask]:
    """Return the tasks of the same night that write the model's files, by file."""
    return {
        name: task.clone(file_task.task, **file_task.parameters)
        for name, file_task in FILE_TASKS.items()
    }


def described_files(task: NightTask) -> dict[str, NightTask]:
    """Return `model_files` without the manifest, which describes the others."""
    files = model_files(task)
    del files[MANIFEST_FILE]
    return files


def _measured_thresholds(task: NightTask) -> list[CrossValidate]:
    """Return the task that chooses thresholds, if the configuration has goals."""
    if not task.settings.release.goals:
        return []
    return [task.clone(CrossValidate)]


def _column_of_each(tables: Iterable[Any], column: str) -> Iterator[Iterable[str]]:
    """Yield a column of each table, one table in memory at a time."""
    for table in tables:
        yield table[column]


def _chained(columns: Iterable[Iterable[str]]) -> Iterator[str]:
    return itertools.chain.from_iterable(columns)


def _descriptions(files: Mapping[str, TaskInput]) -> dict[str, FileDescription]:
    """Return the sha256 and the size of each file, as its receipt has them."""
    descriptions = {}
    for name, file in files.items():
        receipt = file.receipt()
        descriptions[name] = FileDescription(sha256=receipt.sha256, bytes=receipt.bytes)
    return descriptions
