"""The tasks that write down what a night did, for machines and for people."""

from typing import Any

from luigi.task import flatten

from nightsieve.store import layout, reports
from nightsieve.store.layout import Run
from nightsieve.store.models import Registry
from nightsieve.store.objects import Store
from nightsieve.store.runs import find_run, manifest_of
from pipeline import report
from pipeline.data.codecs import RecordJson
from pipeline.records.export import MODEL_FILE
from pipeline.records.run import (
    ModelDifference,
    ModelReference,
    NightResults,
    RunManifest,
)
from tasks.base import NightTask
from tasks.export import DescribeExport, EvaluateOnReviews, ExportCoefficients
from tasks.ingest import IngestMessages
from tasks.labelling import SummariseRules
from tasks.preprocessing import BuildEvaluationSet, BuildTrainingSet
from tasks.release import GateModel, PublishModel
from tasks.targets import TaskOutput
from tasks.training import CrossValidate, SearchGrid

# Under this name are the tasks whose results the manifest does not hold.
_LINEAGE = "lineage"


class WriteManifest(NightTask):
    """Write the run manifest: configuration, results, and the receipt of every task."""

    stage, name = "runs", "manifest"

    def requires(self) -> dict[str, Any]:
        """Return the results by name, and every other task of the night.

        So a night without a manifest makes again whatever is missing, however far
        below the results.
        """
        named = self._results()
        others = [task for task in lineage(named) if task not in named.values()]
        return {**named, _LINEAGE: others}

    def _results(self) -> dict[str, NightTask]:
        results = {
            "messages": IngestMessages, "rules": SummariseRules, "search": SearchGrid,
            "cross_validation": CrossValidate, "description": DescribeExport,
            "reviews": EvaluateOnReviews, "decision": GateModel,
            "publication": PublishModel,
        }  # fmt: skip
        return {name: self.clone(task) for name, task in results.items()}

    def output(self) -> TaskOutput:
        return TaskOutput(manifest_of(self.store, Run(self.date, self.config)), self)

    def complete(self) -> bool:
        if self.finished:
            return True
        manifest = find_run(self.store, Run(self.date, self.config))
        return manifest is not None and manifest.fingerprint == self.fingerprint

    def run(self) -> None:
        inputs = self.input()
        results = {name: inputs[name].load() for name in NightResults.model_fields}
        manifest = report.run_manifest(
            self.date,
            self.config,
            self.fingerprint,
            self.settings,
            [task.output().receipt() for task in lineage(self._results())],
            NightResults(**results),
        )
        self.output().dump(manifest)


class CompareModels(NightTask):
    """Say how tonight's model differs from the one that it was held against."""

    stage, name, version = "report", "comparison", 3
    codec = RecordJson(ModelDifference)
    sections = ("report.masking",)
    depends_on_date = True

    def requires(self) -> dict[str, NightTask]:
        inputs = {
            "model": ExportCoefficients, "decision": GateModel,
            "evaluation_set": BuildEvaluationSet, "training_set": BuildTrainingSet,
        }  # fmt: skip
        return {name: self.clone(task) for name, task in inputs.items()}

    def run(self) -> None:
        inputs = self.input()
        registry = Registry(self.store)
        entry = registry.get(inputs["decision"].load().champion)
        champion = entry and report.Champion(entry, registry.file(entry, MODEL_FILE))
        difference = report.compare_models(
            inputs["evaluation_set"].load(),
            inputs["model"].load(),
            champion,
            inputs["training_set"].load(),
            self.settings.report.masking,
        )
        self.output().dump(difference)


class WriteReport(NightTask):
    """Write the night's report, and the page of all nights."""

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
        files = report.night_report(
            manifest,
            comparison,
            _night_of(self.store, comparison.champion),
            [night.figures for night in reports.list_nights(self.store)],
            layout.run(self.date, self.config),
        )
        figures = report.key_figures(manifest)
        index = reports.write_report(self.store, self.fingerprint, files, figures)
        self.output().dump(index)


def lineage(required: Any) -> list[NightTask]:
    """Return tasks and all that they rest on, in the order in which they can run.

    Parameters
    ----------
    required
        As `luigi.Task.requires` returns it.
    """
    seen: dict[str, NightTask] = {}

    def visit(tasks: list[NightTask]) -> None:
        for task in tasks:
            if task.task_id not in seen:
                visit(task.dependencies)
                seen[task.task_id] = task

    visit(flatten(required))
    return list(seen.values())


def _night_of(store: Store, model: ModelReference | None) -> RunManifest | None:
    """Return the manifest of the night of a model; None without one, or if it is gone."""
    if model is None:
        return None
    return find_run(store, Run(model.date, model.config))
