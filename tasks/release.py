"""Tasks that decide whether tonight's model is good enough, and publish it if it is."""

import datetime

import luigi

from nightsieve.nights import webhook
from nightsieve.nights.retention import erase_old_messages
from nightsieve.store.models import Registry
from nightsieve.store.publication import (
    other_content_warnings,
    publish_decision,
    read_opponents,
)
from pipeline import release
from pipeline.data.codecs import RecordJson
from pipeline.records.release import Decision, Latency, Publication
from pipeline.records.words import describe_check
from tasks.base import NightTask, Requirements
from tasks.export import (
    DescribeExport,
    EvaluateOnReviews,
    ExportCoefficients,
    model_files,
)
from tasks.ingest import IngestMessages
from tasks.labelling import SummariseRules
from tasks.luigi_setup.parameters import today
from tasks.preprocessing import BuildEvaluationSet
from tasks.reviews import AggregateReviews


class MeasureSpeed(NightTask):
    """Time tonight's model on this machine.

    No two measurements of a time are equal. The figure is the output of a task of its
    own, so a decision that is made again rests on the same figure. A replay takes the
    figure of the night, as it takes the messages and the reviews.
    """

    stage = "release"
    name = "speed"
    version = 3
    codec = RecordJson(Latency)

    def requires(self) -> Requirements:
        return {
            "model": self.clone(ExportCoefficients),
            "messages": self.clone(IngestMessages),
        }

    def run(self) -> None:
        inputs = self.input()
        model = inputs["model"].load()
        messages = inputs["messages"].load_shard(0)
        latency = release.measure_latency(model, messages["body"].tolist())
        self.output().dump(latency)


class GateModel(NightTask):
    """Compare tonight's model with published ones, and decide.

    A night is decided once, against the models that were published then: the decision
    names their serials, the fingerprint does not. Otherwise each publication would
    invalidate all earlier decisions. A decision that is lost after its model was
    published is made again against the models that were published before it. The
    ``registry`` resource serialises deciding and publishing across concurrent nights.
    """

    stage = "release"
    name = "decision"
    version = 6
    codec = RecordJson(Decision)
    sections = (
        "release.gate",
        "training.holdout_fraction",
        "training.reviews.sources",
        "text",
        "evaluation.merge",
        "evaluation.confidence",
    )
    depends_on_date = True
    # It looks at the models that are published now.
    is_reading = True
    resources = {"registry": 1}  # noqa: RUF012 - declared by luigi
    _publications_before: tuple[NightTask, ...] = ()

    def decide_after(self, *publications: "PublishModel") -> None:
        """Wait for the publications of earlier nights in the same range.

        So each of them is published. They are nothing that the decision is made from,
        and if one of their nights fails, this one is decided without it.
        """
        self._publications_before = publications

    def waits_for(self, night: datetime.date) -> bool:
        """Return whether the decision waits for a night before this one."""
        return any(earlier.date == night for earlier in self._publications_before)

    def deps(self) -> list[NightTask]:
        """Return what the scheduler must have run before."""
        return [*super().deps(), *self._publications_before]

    def requires(self) -> Requirements:
        return {
            "model": self.clone(ExportCoefficients),
            "messages": self.clone(IngestMessages),
            "rules": self.clone(SummariseRules),
            "description": self.clone(DescribeExport),
            "on_reviews": self.clone(EvaluateOnReviews),
            "speed": self.clone(MeasureSpeed),
            "evaluation_set": self.clone(BuildEvaluationSet),
            "reviewed": self.clone(AggregateReviews),
        }

    def run(self) -> None:
        gate = self.settings.release.gate
        self.warn(release.gate_warnings(gate, self.date))
        traits = release.model_traits(self.date, self.settings)
        model = self.input()["model"].load()
        opponents = read_opponents(
            Registry(self.store),
            gate.regression.publications_back,
            publication=self.fingerprint,
        )
        decision = release.judge(
            gate,
            release.Contender.from_file(model, traits),
            opponents,
            self._measurements(),
            self._evidence(),
            today=today(),
        )
        self.output().dump(decision)

    # In quotes: `release` imports its modules, and pandas, when a name of it is used.
    def _measurements(self) -> "release.Measurements":
        inputs = self.input()
        return release.Measurements(
            sample=inputs["messages"].manifest,
            rules=inputs["rules"].load(),
            export=inputs["description"].load(),
            reviews=inputs["on_reviews"].load(),
            latency=inputs["speed"].load(),
        )

    def _evidence(self) -> "release.Evidence":
        inputs = self.input()
        return release.Evidence(
            evaluation_set=inputs["evaluation_set"].load(),
            reviewed=inputs["reviewed"].load(),
            evaluation=self.settings.evaluation,
            regression=self.settings.release.gate.regression,
        )


class PublishModel(NightTask):
    """Make the model the current one if it passed the gate.

    A refused model changes nothing, and neither does one that was decided against a
    model that is no longer current. A decision is published once, however often its
    night is run.
    """

    stage = "release"
    name = "publication"
    version = 3
    codec = RecordJson(Publication)
    sections = ("release.keep",)
    depends_on_date = True
    resources = {"registry": 1}  # noqa: RUF012 - declared by luigi

    def requires(self) -> Requirements:
        return {"decision": self.clone(GateModel), "files": model_files(self)}

    def run(self) -> None:
        inputs = self.input()
        decision = inputs["decision"].load()
        self.warn(map(describe_check, decision.failed))
        inputs_by_name = inputs["files"].items()
        files = {name: file.verified_bytes() for name, file in inputs_by_name}
        registry = Registry(self.store)
        publication = publish_decision(
            registry,
            self.clone(GateModel).fingerprint,
            decision,
            files=files,
            traits=release.model_traits(self.date, self.settings),
            config=self.config,
            keep=self.settings.release.keep,
            today=today(),
        )
        self.warn(other_content_warnings(registry, publication, files))
        self.notices = release.notices(self.date, decision, publication)
        self.output().dump(publication)
        # Nothing rests on this: after a kill, the next night does it. A night in the
        # future (--allow-future) does not make the others old.
        last_date = min(self.date, today())
        keep_days = self.settings.release.keep.messages_days
        self.warn(erase_old_messages(self.store, last_date, keep_days).problems)


@PublishModel.event_handler(luigi.Event.SUCCESS)
def _notify(task: PublishModel) -> None:
    webhook.send(task.notices, task.settings.notify)
