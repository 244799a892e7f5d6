"""Tasks that decide whether tonight's model is good enough, and publish it if it is."""

from collections.abc import Iterator
from typing import Any

import luigi

from nightsieve.nights import webhook
from nightsieve.store.artefacts import Artefact
from nightsieve.store.models import Registry
from nightsieve.store.objects import store
from pipeline import release
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
    dated = True
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
        given, registry = self.input(), Registry(store())
        champion = registry.champion()
        earlier = champion and registry.earlier(
            champion, self.settings.release.gate.regression.publications_back
        )
        others = [
            entry and release.published_model(registry.file(entry, "model.json"), entry)
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
    dated = True
    resources = {"registry": 1}

    def requires(self) -> dict[str, object]:
        return {
            "decision": self.clone(GateModel),
            "files": model_files(self),
        }

    def run(self) -> None:
        decision, registry = self.input()["decision"].load(), Registry(store())
        files = {
            name: artefact.content() for name, artefact in self.input()["files"].items()
        }
        traits, publication = (
            release.traits(self.date, self.settings),
            self.requires()["decision"].fingerprint,
        )
        entry = {**traits, "config": self.config}
        entry |= {
            name: decision[name] for name in ("figures", "champion", "predecessors")
        }
        self.warn(decision["reasons"])
        current = None if registry.published(publication) else registry.champion()
        overtaken = release.overtaken(self.date.isoformat(), decision, current)
        passed = decision["publish"] and not overtaken
        result = {
            "serial": registry.publish(publication, files, entry)["serial"]
            if passed
            else None
        }
        removed = registry.prune(self.settings.release.keep, decision["champion"])
        result |= {"overtaken": overtaken, "removed": removed}
        self.notices = release.notices(self.date.isoformat(), decision, result)
        self.output().dump(result)


@PublishModel.event_handler(luigi.Event.SUCCESS)
def _tell(task: PublishModel) -> None:
    webhook.send(task.notices, task.settings.notify)


def _each(artefacts: list[Artefact]) -> Iterator[Any]:
    return (artefact.load() for artefact in artefacts)
