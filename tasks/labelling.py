"""Tasks that label messages with rules, and say how the rules fared."""

from pipeline import labelling
from pipeline.codecs import Table
from tasks.base import NightTask
from tasks.shards import ShardTask, every_shard


class ApplyRules(ShardTask):
    """Label one shard."""

    stage, name, codec = "labelling", "votes", Table("votes")
    sections = ("labelling",)

    def run(self) -> None:
        messages = self.input().load_shard(self.shard)
        votes = labelling.apply_rules(messages, self.settings.labelling, self.progress)
        self.output().dump(votes)


class SummariseRules(NightTask):
    """Count coverage, overlaps and conflicts of every rule over all shards."""

    stage, name = "labelling", "rules"
    sections = ("labelling",)

    def requires(self) -> list[ApplyRules]:
        return every_shard(self, ApplyRules)

    def run(self) -> None:
        votes = [shard.load() for shard in self.input()]
        self.output().dump(labelling.summarise_rules(votes, self.settings.labelling))
