"""Tasks that clean messages and collect them into a training set."""

from pipeline import preprocessing
from pipeline.codecs import Npz, Table
from tasks.base import NightTask
from tasks.labelling import ApplyRules
from tasks.shards import ShardTask, every_shard


class CleanMessages(ShardTask):
    """Run the text contract over one shard."""

    stage, name, codec = "preprocessing", "cleaned", Table("cleaned")
    sections = ("text",)

    def run(self) -> None:
        messages = self.input().load_shard(self.shard)
        self.output().dump(preprocessing.clean(messages, self.settings.text))


class BuildTrainingSet(NightTask):
    """Join labels and cleaned texts into unique, weighted documents."""

    stage, name, codec = "preprocessing", "training-set", Npz()

    def requires(self) -> dict[str, list[ShardTask]]:
        return {"votes": every_shard(self, ApplyRules), "cleaned": every_shard(self, CleanMessages)}

    def run(self) -> None:
        votes = [shard.load() for shard in self.input()["votes"]]
        cleaned = [shard.load() for shard in self.input()["cleaned"]]
        self.output().dump(preprocessing.build_training_set(votes, cleaned))
