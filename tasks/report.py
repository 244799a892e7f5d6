"""The task that writes down what a night did."""

import functools
from collections.abc import Iterator
from typing import Any

from luigi.task import flatten

from pipeline import report
from tasks.base import Artefact, NightTask
from tasks.export import DescribeExport, EvaluateOnReviews
from tasks.ingest import IngestMessages
from tasks.labelling import SummariseRules
from tasks.release import GateModel, PublishModel
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

    def output(self) -> Artefact:
        return Artefact(f"runs/{self.date}/{self.config}.json", self.codec, self)

    def complete(self) -> bool:
        return self.finished or self.output().exists() and self.manifest["fingerprint"] == self.fingerprint

    @functools.cached_property
    def manifest(self) -> dict[str, Any]:
        """The manifest as it was written."""
        return self.output().load()

    def run(self) -> None:
        receipts = [artefact.receipt() for artefact in lineage(self)]
        results = {name: artefact.load() for name, artefact in self.input().items()}
        self.output().dump(
            report.run_manifest(self.date, self.config, self.fingerprint, self.settings, receipts, results)
        )


def lineage(task: NightTask) -> Iterator[Artefact]:
    """The output of every task that this one rests on, in the order in which they can run."""
    seen: dict[str, NightTask] = {}

    def visit(task: NightTask) -> None:
        for dependency in flatten(task.requires()):
            if dependency.task_id not in seen:
                visit(dependency)
                seen[dependency.task_id] = dependency

    visit(task)
    return (dependency.output() for dependency in seen.values())
