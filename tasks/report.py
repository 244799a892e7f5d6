"""Tasks that record what a night did, for machines and for people."""

from nightsieve.store import layout, reports
from nightsieve.store.layout import Run
from nightsieve.store.models import Registry
from nightsieve.store.objects import Store
from nightsieve.store.runs import find_readable_run, manifest_of
from pipeline import report
from pipeline.data.codecs import RecordJson
from pipeline.records.run import (
    ModelDifference,
    ModelReference,
    NightResults,
    RunManifest,
)
from tasks.base import NightTask, Requirements, lineage
from tasks.export import (
    DescribeExport,
    EvaluateOnReviews,
    ExportCoefficients,
    MeasureCorrections,
)
from tasks.ingest import IngestMessages
from tasks.labelling import SummariseRules
from tasks.preprocessing import BuildEvaluationSet, BuildTrainingSet
from tasks.release import GateModel, PublishModel
from tasks.targets import TaskOutput, input_of
from tasks.training import CrossValidate, SearchGrid

# The name of the required tasks whose results the manifest does not hold.
_LINEAGE = "lineage"


class WriteManifest(NightTask):
    """Write the run manifest: configuration, results, and the receipt of every task."""

    stage = "runs"
    name = "manifest"

    def requires(self) -> Requirements:
        """Return the results by name, and every other task of the night.

        So a night without a manifest makes every missing output again, also one that
        only tasks far below the results need.
        """
        results = self._results()
        others = [task for task in lineage(results) if task not in results.values()]
        return {**results, _LINEAGE: others}

    def _results(self) -> dict[str, NightTask]:
        return {
            "messages": self.clone(IngestMessages),
            "rules": self.clone(SummariseRules),
            "search": self.clone(SearchGrid),
            "cross_validation": self.clone(CrossValidate),
            "description": self.clone(DescribeExport),
            "reviews": self.clone(EvaluateOnReviews),
            "decision": self.clone(GateModel),
            "publication": self.clone(PublishModel),
            "corrections": self.clone(MeasureCorrections),
        }

    def output(self) -> TaskOutput:
        return TaskOutput(manifest_of(self.store, Run(self.date, self.config)), self)

    def complete(self) -> bool:
        if self.finished:
            return True
        manifest = find_readable_run(self.store, Run(self.date, self.config))
        return manifest is not None and manifest.fingerprint == self.fingerprint

    def run(self) -> None:
        inputs = self.input()
        results = {name: inputs[name].load() for name in NightResults.model_fields}
        tasks = lineage(self._results())
        receipts = [input_of(task.output(), self).receipt() for task in tasks]
        manifest = report.run_manifest(
            self.date,
            self.config,
            fingerprint=self.fingerprint,
            settings=self.settings,
            receipts=receipts,
            results=NightResults(**results),
        )
        self.output().dump(manifest)


class CompareModels(NightTask):
    """Describe how tonight's model differs from the one it was compared with."""

    stage = "report"
    name = "comparison"
    version = 4
    codec = RecordJson(ModelDifference)
    sections = ("report.masking",)
    depends_on_date = True

    def requires(self) -> Requirements:
        return {
            "model": self.clone(ExportCoefficients),
            "decision": self.clone(GateModel),
            "evaluation_set": self.clone(BuildEvaluationSet),
            "training_set": self.clone(BuildTrainingSet),
        }

    def run(self) -> None:
        inputs = self.input()
        decision = inputs["decision"].load()
        difference = report.compare_models(
            inputs["evaluation_set"].load(),
            inputs["model"].load(),
            _champion(Registry(self.store), decision.champion),
            inputs["training_set"].load(),
            self.settings.report.masking,
        )
        self.output().dump(difference)


class WriteReport(NightTask):
    """Write the night's report, and the page of all nights."""

    stage = "reports"
    name = "report"
    resources = {"reports": 1}  # noqa: RUF012 - declared by luigi

    def requires(self) -> Requirements:
        return {
            "manifest": self.clone(WriteManifest),
            "comparison": self.clone(CompareModels),
        }

    def output(self) -> TaskOutput:
        run = Run(self.date, self.config)
        return TaskOutput(reports.index_of(self.store, run), self)

    def complete(self) -> bool:
        if not self.finished:
            run = Run(self.date, self.config)
            index = reports.find_readable_report(self.store, run)
            self.finished = index is not None and index.fingerprint == self.fingerprint
        return self.finished

    def run(self) -> None:
        inputs = self.input()
        manifest = inputs["manifest"].load()
        comparison = inputs["comparison"].load()
        champion_night = _night_of(self.store, comparison.champion)
        nights = [night.figures for night in reports.list_nights(self.store)]
        run_key = layout.run(self.date, self.config)
        files = report.night_report(
            manifest, comparison, champion_night, nights, run_key
        )
        figures = report.key_figures(manifest)
        index = reports.write_report(self.store, self.fingerprint, files, figures)
        self.output().dump(index)


# In quotes: `report` imports its modules when a name of it is used.
def _champion(registry: Registry, serial: int | None) -> "report.Champion | None":
    """Return a published model with its file; None if there is no such model.

    A damaged file is not compared: the report says so.
    """
    entry = registry.find_readable(serial)
    if entry is None:
        return None
    return report.Champion(entry, registry.find_model_file(entry) or b"")


def _night_of(store: Store, model: ModelReference | None) -> RunManifest | None:
    """Return the run manifest of a model's night; None if there is none."""
    if model is None:
        return None
    return find_readable_run(store, Run(model.date, model.config))
