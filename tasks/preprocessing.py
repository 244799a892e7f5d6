"""Tasks that clean messages, and collect documents to train and to measure on."""

from pipeline import preprocessing
from pipeline.data.codecs import Npz, Table
from tasks.base import NightTask, Requirements
from tasks.ingest import IngestMessages
from tasks.labelling import ApplyRules, ResolveVotes
from tasks.reviews import reviews_for_training
from tasks.shards import ShardTask, every_shard, load_each


class CleanMessages(ShardTask):
    """Apply the text contract to the messages of one shard."""

    stage = "preprocessing"
    name = "cleaned"
    codec = Table("cleaned")
    sections = ("text",)

    def requires(self) -> Requirements:
        return self.clone(IngestMessages)

    def run(self) -> None:
        messages = self.input().load_shard(self.shard)
        self.output().dump(preprocessing.clean(messages, self.settings.text))


class BuildTrainingSet(NightTask):
    """Join labels and cleaned texts into unique, weighted documents.

    A message with a review that trains has the review's label, each other message the
    label of the rules.
    """

    stage = "preprocessing"
    name = "training-set"
    codec = Npz()
    version = 4
    sections = (
        "labelling.resolution.soft_labels",
        "training.holdout_fraction",
        "training.rare_labels",
    )

    @property
    def folds(self) -> int:
        """The number of distinct texts that a label needs."""
        training = self.settings.training
        return max(training.search.folds, training.cross_validation.folds)

    def fingerprint_parameters(self) -> dict[str, object]:
        return {**super().fingerprint_parameters(), "folds": self.folds}

    def requires(self) -> Requirements:
        return {
            "votes": every_shard(self, ApplyRules),
            "resolved_labels": self.clone(ResolveVotes),
            "cleaned": every_shard(self, CleanMessages),
            "human_labels": reviews_for_training(self),
        }

    def run(self) -> None:
        inputs = self.input()
        stage = preprocessing.TrainingSetStage(
            resolved_labels=inputs["resolved_labels"].load(),
            human_labels=next(load_each(inputs["human_labels"]), None),
            soft_labels=self.settings.labelling.resolution.soft_labels,
            holdout_fraction=self.settings.training.holdout_fraction,
            folds=self.folds,
            rare_labels=self.settings.training.rare_labels,
        )
        votes = load_each(inputs["votes"])
        cleaned = load_each(inputs["cleaned"])
        built = stage.run(zip(votes, cleaned, strict=True))
        self.warn(f"label left out: {rare_label}" for rare_label in built.left_out)
        self.output().dump(built.training_set)


class BuildEvaluationSet(NightTask):
    """Collect the held-out messages, cleaned and labelled, to compare models on."""

    stage = "preprocessing"
    name = "evaluation-set"
    codec = Table("evaluation_set")
    sections = ("training.holdout_fraction",)

    def requires(self) -> Requirements:
        return {
            "messages": self.clone(IngestMessages),
            "cleaned": every_shard(self, CleanMessages),
            "votes": every_shard(self, ApplyRules),
            "resolved_labels": self.clone(ResolveVotes),
        }

    def run(self) -> None:
        inputs = self.input()
        stage = preprocessing.EvaluationSetStage(
            resolved_labels=inputs["resolved_labels"].load(),
            holdout_fraction=self.settings.training.holdout_fraction,
        )
        messages = inputs["messages"].parts()
        cleaned = load_each(inputs["cleaned"])
        votes = load_each(inputs["votes"])
        shards = zip(messages, cleaned, votes, strict=True)
        self.output().dump(stage.run(shards))
