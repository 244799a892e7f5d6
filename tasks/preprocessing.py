"""Tasks that clean messages and collect them into a training set."""

from typing import Any

from pipeline import preprocessing
from pipeline.data.codecs import Npz, Table
from tasks.base import NightTask
from tasks.labelling import ApplyRules, ResolveVotes
from tasks.reviews import teaching
from tasks.shards import ShardTask, every_shard


class CleanMessages(ShardTask):
    """Run the text contract over one shard."""

    stage, name, codec = "preprocessing", "cleaned", Table("cleaned")
    sections = ("text",)

    def run(self) -> None:
        messages = self.input().load_shard(self.shard)
        self.output().dump(preprocessing.clean(messages, self.settings.text))


class BuildTrainingSet(NightTask):
    """Join labels, those of humans before those of the rules, and cleaned texts into unique, weighted documents."""

    stage, name, codec = "preprocessing", "training-set", Npz()
    sections = ("labelling.resolution.soft_labels", "training.holdout_fraction")
    version = 3

    def requires(self) -> dict[str, Any]:
        return {
            "votes": every_shard(self, ApplyRules),
            "verdicts": self.clone(ResolveVotes),
            "cleaned": every_shard(self, CleanMessages),
            "human": teaching(self),
        }

    def run(self) -> None:
        votes, verdicts = (
            (shard.load() for shard in self.input()["votes"]),
            self.input()["verdicts"].load(),
        )
        cleaned = (shard.load() for shard in self.input()["cleaned"])
        human = [labels.load() for labels in self.input()["human"]]
        soft_labels = self.settings.labelling.resolution.soft_labels
        holdout_fraction = self.settings.training.holdout_fraction
        self.output().dump(
            preprocessing.build_training_set(
                votes, verdicts, cleaned, soft_labels, holdout_fraction, human
            )
        )
