"""The tasks that write down what a night did, for machines and for people."""

from collections.abc import Iterator
from typing import Any

from luigi.task import flatten

from nightsieve.store import reports
from nightsieve.store.layout import Run
from nightsieve.store.models import Registry
from nightsieve.store.runs import find_run, manifest_of
from pipeline import report
from pipeline.records.export import MODEL_FILE
from pipeline.records.run import RunManifest
from tasks.base import NightTask
from tasks.export import DescribeExport, EvaluateOnReviews, ExportCoefficients
from tasks.ingest import IngestMessages
from tasks.labelling import SummariseRules
from tasks.preprocessing import BuildTrainingSet, CleanMessages
from tasks.release import GateModel, PublishModel
from tasks.shards import every_shard
from tasks.targets import TaskOutput
from tasks.training import CrossValidate, SearchGrid

_SHOWN = (
    IngestMessages, SummariseRules, SearchGrid, CrossValidate, DescribeExport, EvaluateOnReviews, GateModel,
    PublishModel,
)  # fmt: skip


class WriteManifest(NightTask):
    """Write the run manifest: the configuration, every task's receipt and the results."""

    stage, name = "runs", "manifest"

    def requires(self) -> dict[str, NightTask]:
        return {part.name: self.clone(part) for part in _SHOWN}

    def output(self) -> TaskOutput:
        return TaskOutput(manifest_of(self.store, Run(self.date, self.config)), self)

    def complete(self) -> bool:
        if self.finished:
            return True
        manifest = find_run(self.store, Run(self.date, self.config))
        return manifest is not None and manifest.fingerprint == self.fingerprint

    @property
    def manifest(self) -> RunManifest:
        """The manifest as it was written."""
        return self.output().load()

    def run(self) -> None:
        receipts = [artefact.receipt() for artefact in lineage(self)]
        results = {name: artefact.load() for name, artefact in self.input().items()}
        self.output().dump(
            report.run_manifest(
                self.date,
                self.config,
                self.fingerprint,
                self.settings,
                receipts,
                results,
            )
        )


class CompareModels(NightTask):
    """Say how tonight's model differs from the one that it was held against: in terms, and in masked messages."""

    stage, name, version = "report", "comparison", 2
    sections = ("training.holdout_fraction", "report.masking")
    depends_on_date = True

    def requires(self) -> dict[str, Any]:
        tasks = {
            "model": ExportCoefficients, "decision": GateModel, "messages": IngestMessages,
            "training_set": BuildTrainingSet,
        }  # fmt: skip
        return {
            **{name: self.clone(task) for name, task in tasks.items()},
            "cleaned": every_shard(self, CleanMessages),
        }

    def run(self) -> None:
        given, registry = self.input(), Registry(self.store)
        entry = registry.get(given["decision"].load().champion)
        champion = entry and registry.file(entry, MODEL_FILE)
        shards = zip(
            given["messages"].parts(),
            (shard.load() for shard in given["cleaned"]),
            strict=True,
        )
        withheld = self.settings.training.holdout_fraction
        masking = self.settings.report.masking
        models, training_set = (
            (given["model"].load(), champion, entry),
            given["training_set"].load(),
        )
        self.output().dump(
            report.compare_models(shards, withheld, *models, training_set, masking)
        )


class WriteReport(NightTask):
    """Write the night's report, and the page of all nights anew."""

    stage, name = "reports", "report"
    resources = {"reports": 1}

    def requires(self) -> dict[str, NightTask]:
        return {
            "manifest": self.clone(WriteManifest),
            "comparison": self.clone(CompareModels),
        }

    def output(self) -> TaskOutput:
        run = Run(self.date, self.config)
        return TaskOutput(reports.index_of(self.store, run), self)

    def complete(self) -> bool:
        if not self.finished:
            index = reports.find_report(self.store, Run(self.date, self.config))
            self.finished = index is not None and index.fingerprint == self.fingerprint
        return self.finished

    def run(self) -> None:
        manifest = self.input()["manifest"].load()
        comparison = self.input()["comparison"].load()
        champion = comparison.champion
        before = None
        if champion is not None:
            before = find_run(self.store, Run(champion.date, champion.config))
        nights = reports.list_nights(self.store)
        files = report.night_report(manifest, comparison, before, nights)
        figures = report.key_figures(manifest)
        self.output().dump(
            reports.write_report(self.store, self.fingerprint, files, figures)
        )


def lineage(task: NightTask) -> Iterator[TaskOutput]:
    """The output of every task that this one rests on, in the order in which they can run."""
    seen: dict[str, NightTask] = {}

    def visit(task: NightTask) -> None:
        for dependency in flatten(task.requires()):
            if dependency.task_id not in seen:
                visit(dependency)
                seen[dependency.task_id] = dependency

    visit(task)
    return (dependency.output() for dependency in seen.values())
