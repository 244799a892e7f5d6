"""Tasks that label messages with rules, and say how the rules fared."""

import json
from typing import Any

from pipeline import config, labelling, patterns
from pipeline.data.codecs import Raw, Table
from tasks.base import NightTask
from tasks.reviews import measuring
from tasks.shards import ShardTask, every_shard


class CompileRules(NightTask):
    """Compile all patterns for the engine, once for every night that has the same ones."""

    # A database that is not what was written could crash the engine.
    stage, name, codec, version = (
        "labelling",
        "compiled",
        Raw("npz", trusted_only=True),
        2,
    )
    sections = ("labelling.engine.compile_timeout_seconds",)
    priority = 1  # everything waits for it longer than for the cleaning

    def fingerprint_parameters(self) -> dict[str, Any]:
        patterns = [
            (rule.id, rule.field, rule.pattern)
            for rule in self.settings.labelling.rules
        ]
        return {
            **super().fingerprint_parameters(),
            "patterns": config.digest(json.dumps(patterns).encode()),
        }

    def run(self) -> None:
        rules, engine = self.settings.labelling.rules, self.settings.labelling.engine
        compiled = patterns.compile_rules(rules, engine.compile_timeout_seconds)
        self.warn(
            f"rule {each['id']} is {each['way']}: {each['reason']}"
            for each in compiled.not_exact(rules)
        )
        self.output().dump(compiled.to_bytes())


class ApplyRules(ShardTask):
    """Find the rules that match the messages of one shard."""

    stage, name, codec, version = "labelling", "votes", Table("votes"), 2

    def requires(self) -> dict[str, NightTask]:
        return {"messages": super().requires(), "compiled": self.clone(CompileRules)}

    def run(self) -> None:
        messages, compiled = (
            self.input()["messages"].load_shard(self.shard),
            self.input()["compiled"].load(),
        )
        self.output().dump(
            labelling.apply_rules(
                messages, self.settings.labelling, compiled, self.progress
            )
        )


class ResolveVotes(NightTask):
    """Decide which label, if one, each list of rules that occurs stands for."""

    stage, name, codec = "labelling", "verdicts", Table("verdicts")
    sections = ("labelling.rules", "labelling.resolution")

    def requires(self) -> list[ApplyRules]:
        return every_shard(self, ApplyRules)

    def run(self) -> None:
        votes = (shard.load() for shard in self.input())
        self.output().dump(labelling.resolve(votes, self.settings.labelling))


class SummariseRules(NightTask):
    """Count what every rule did over all shards, and how often humans agree with it."""

    stage, name, version = "labelling", "rules", 3
    sections = ("labelling", "evaluation")

    def requires(self) -> dict[str, Any]:
        return {
            "compiled": self.clone(CompileRules),
            "votes": every_shard(self, ApplyRules),
            "verdicts": self.clone(ResolveVotes),
            "reviews": measuring(self),
        }

    def run(self) -> None:
        votes = (shard.load() for shard in self.input()["votes"])
        verdicts, reviews = (
            self.input()["verdicts"].load(),
            self.input()["reviews"].load(),
        )
        compiled = patterns.CompiledRules.from_bytes(self.input()["compiled"].load())
        rules, evaluation = self.settings.labelling, self.settings.evaluation
        self.output().dump(
            labelling.summarise_rules(
                votes, verdicts, reviews, rules, evaluation, compiled
            )
        )
