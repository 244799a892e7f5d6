"""Tasks that decide whether tonight's model is good enough, and publish it if it is."""

from typing import Any

import luigi

from nightsieve.nights import webhook
from nightsieve.store.models import Registry
from nightsieve.store.publication import publish_decision, read_opponents
from pipeline import release
from pipeline.data.codecs import RecordJson
from pipeline.records.release import Decision, Latency, Publication
from pipeline.records.words import describe_check
from tasks.base import NightTask
from tasks.export import (
    DescribeExport,
    EvaluateOnReviews,
    ExportCoefficients,
    model_files,
)
from tasks.ingest import IngestMessages
from tasks.labelling import SummariseRules
from tasks.preprocessing import BuildEvaluationSet
from tasks.reviews import AggregateReviews


class MeasureSpeed(NightTask):
    """Time tonight's model on this machine.

    Nobody times a machine twice alike. As a task of its own it leaves the decision the
    same however often that is made; a replay takes the figure as it was, like what the
    database gave.
    """

    stage, name, version = "release", "speed", 3
    codec = RecordJson(Latency)

    def requires(self) -> dict[str, NightTask]:
        return {
            "model": self.clone(ExportCoefficients),
            "messages": self.clone(IngestMessages),
        }

    def run(self) -> None:
        model = self.input()["model"].load()
        messages = next(self.input()["messages"].parts())
        self.output().dump(release.measure_latency(model, messages["body"].tolist()))


class GateModel(NightTask):
    """Compare tonight's model with the published one and one before it, and decide.

    A night is decided once, against what was published then: the serials are in the
    decision, not in the fingerprint. Otherwise each publication would invalidate all
    earlier decisions. The `registry` resource serialises deciding and publishing across
    concurrent nights.
    """

    stage, name, version = "release", "decision", 4
    codec = RecordJson(Decision)
    sections = (
        "release.gate",
        "training.holdout_fraction",
        "training.reviews.sources",
        "text",
        "evaluation",
    )
    depends_on_date = True
    resources = {"registry": 1}

    def requires(self) -> dict[str, NightTask]:
        inputs = {
            "model": ExportCoefficients,
            "messages": IngestMessages,
            "rules": SummariseRules,
            "description": DescribeExport,
            "on_reviews": EvaluateOnReviews,
            "speed": MeasureSpeed,
            "evaluation_set": BuildEvaluationSet,
            "reviewed": AggregateReviews,
        }
        return {name: self.clone(task) for name, task in inputs.items()}

    def run(self) -> None:
        inputs = self.input()
        gate = self.settings.release.gate
        self.warn(release.gate_warnings(gate, self.date))
        measurements = release.Measurements(
            sample=inputs["messages"].manifest,
            rules=inputs["rules"].load(),
            export=inputs["description"].load(),
            reviews=inputs["on_reviews"].load(),
            latency=inputs["speed"].load(),
        )
        evidence = release.Evidence(
            evaluation_set=inputs["evaluation_set"].load(),
            reviewed=inputs["reviewed"].load(),
            evaluation=self.settings.evaluation,
            regression=gate.regression,
        )
        traits = release.model_traits(self.date, self.settings)
        tonight = release.Contender.from_file(inputs["model"].load(), traits)
        opponents = read_opponents(
            Registry(self.store), gate.regression.publications_back
        )
        self.output().dump(
            release.judge(gate, tonight, opponents, measurements, evidence)
        )


class PublishModel(NightTask):
    """Make the model the current one if it passed; a refused one changes nothing.

    Neither does one that was decided against a model that is no longer current. A
    decision is published once, however often its night is run.
    """

    stage, name, version = "release", "publication", 3
    codec = RecordJson(Publication)
    sections = ("release.keep",)
    depends_on_date = True
    resources = {"registry": 1}

    def requires(self) -> dict[str, Any]:
        return {"decision": self.clone(GateModel), "files": model_files(self)}

    def run(self) -> None:
        decision = self.input()["decision"].load()
        files = self.input()["files"].items()
        self.warn(map(describe_check, decision.failed))
        publication = publish_decision(
            Registry(self.store),
            self.requires()["decision"].fingerprint,
            decision,
            files={name: artefact.verified_bytes() for name, artefact in files},
            traits=release.model_traits(self.date, self.settings),
            config=self.config,
            keep=self.settings.release.keep,
        )
        self.notices = release.notices(self.date, decision, publication)
        self.output().dump(publication)


@PublishModel.event_handler(luigi.Event.SUCCESS)
def _notify(task: PublishModel) -> None:
    webhook.send(task.notices, task.settings.notify)
