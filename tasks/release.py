"""Tasks that decide whether tonight's model is good enough, and publish it if it is."""

from collections.abc import Iterator
from typing import Any

import luigi

from nightsieve.nights import webhook
from nightsieve.store.models import Registry
from nightsieve.store.publication import publish_decision
from pipeline import release
from pipeline.records.export import MODEL_FILE
from tasks.base import NightTask
from tasks.export import (
    DescribeExport,
    EvaluateOnReviews,
    ExportCoefficients,
    model_files,
)
from tasks.ingest import IngestMessages
from tasks.labelling import ApplyRules, ResolveVotes, SummariseRules
from tasks.preprocessing import CleanMessages
from tasks.reviews import AggregateReviews
from tasks.shards import every_shard
from tasks.targets import TaskInput


class MeasureSpeed(NightTask):
    """Time tonight's model on this machine, in a task of its own: so the decision is the same however often it is made.

    Nobody times a machine twice alike. A replay takes the figure as it was, like what the database gave.
    """

    stage, name, version = "release", "speed", 2

    def requires(self) -> dict[str, NightTask]:
        return {
            "model": self.clone(ExportCoefficients),
            "messages": self.clone(IngestMessages),
        }

    def run(self) -> None:
        model, messages = (
            self.input()["model"].load(),
            next(self.input()["messages"].parts()),
        )
        self.output().dump(release.measure_speed(model, messages["body"].tolist()))


class GateModel(NightTask):
    """Hold tonight's model against the published one, and one before it.

    A night is decided once, against what was published then: the serials are in the decision, not in the fingerprint.
    Else every publication would make all earlier nights undecided again. Of nights that run at once none is decided
    while another one publishes.
    """

    stage, name, version = "release", "decision", 3
    sections = (
        "release.gate",
        "training.holdout_fraction",
        "training.reviews.sources",
        "text",
        "evaluation",
    )
    depends_on_date = True
    resources = {"registry": 1}

    def requires(self) -> dict[str, object]:
        tasks = {
            "model": ExportCoefficients, "description": DescribeExport, "measured": EvaluateOnReviews,
            "rules": SummariseRules, "messages": IngestMessages, "resolved_labels": ResolveVotes, "speed": MeasureSpeed,
        }  # fmt: skip
        shards = {
            "cleaned": every_shard(self, CleanMessages),
            "votes": every_shard(self, ApplyRules),
        }
        return {
            **{name: self.clone(task) for name, task in tasks.items()},
            **shards,
            "reviews": self.clone(AggregateReviews),
        }

    def run(self) -> None:
        self.warn(release.warnings(self.settings.release.gate, self.date))
        given, registry = self.input(), Registry(self.store)
        champion = registry.champion()
        earlier = champion and registry.predecessor(
            champion, self.settings.release.gate.regression.publications_back
        )
        others = [
            entry and release.published_model(registry.file(entry, MODEL_FILE), entry)
            for entry in (champion, earlier)
        ]
        tonight = release.Model(
            given["model"].load(), release.traits(self.date, self.settings)
        )
        shards = zip(
            given["messages"].parts(),
            *(_each(given[name]) for name in ("cleaned", "votes")),
            strict=True,
        )
        results = {
            "messages": given["messages"].manifest,
            "rules": given["rules"].load(),
            "description": given["description"].load(),
            "reviews": given["measured"].load(),
            "speed": given["speed"].load(),
        }
        verdicts, reviews = given["resolved_labels"].load(), given["reviews"].load()
        self.output().dump(
            release.judge(
                self.settings, tonight, *others, results, shards, verdicts, reviews
            )
        )


class PublishModel(NightTask):
    """Make the model the current one, if it passed; a refused one leaves everything as it is.

    So does one that was decided against a model that is not the current one any more. A decision is published once,
    however often and under whatever `release.keep` its night is run.
    """

    stage, name, version = "release", "publication", 2
    sections = ("release.keep",)
    depends_on_date = True
    resources = {"registry": 1}

    def requires(self) -> dict[str, object]:
        return {
            "decision": self.clone(GateModel),
            "files": model_files(self),
        }

    def run(self) -> None:
        decision = self.input()["decision"].load()
        files = self.input()["files"].items()
        self.warn(decision.reasons)
        publication = publish_decision(
            Registry(self.store),
            self.requires()["decision"].fingerprint,
            decision,
            {name: artefact.verified_bytes() for name, artefact in files},
            release.traits(self.date, self.settings),
            self.config,
            self.settings.release.keep,
        )
        self.notices = release.notices(self.date.isoformat(), decision, publication)
        self.output().dump(publication)


@PublishModel.event_handler(luigi.Event.SUCCESS)
def _tell(task: PublishModel) -> None:
    webhook.send(task.notices, task.settings.notify)


def _each(artefacts: list[TaskInput]) -> Iterator[Any]:
    return (artefact.load() for artefact in artefacts)
