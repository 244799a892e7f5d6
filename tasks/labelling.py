"""Tasks that label messages with rules, and say how the rules fared."""

import json
from typing import Any

from pipeline import config, labelling, patterns, rules
from pipeline.data.codecs import Raw, RecordJson, Table
from pipeline.records.rules import LabellingSummary
from tasks.base import NightTask
from tasks.reviews import AggregateReviews
from tasks.shards import ShardTask, every_shard, load_each


class CompileRules(NightTask):
    """Compile all patterns, once for every night that has the same ones."""

    # A database that is not what was written could crash the engine.
    stage, name, version = "labelling", "compiled", 3
    codec = Raw("npz", trusted_only=True)
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
        settings = self.settings.labelling
        compiled = patterns.compile_patterns(
            rules.rule_patterns(settings.rules), settings.engine.compile_timeout_seconds
        )
        self.warn(
            f"rule {rule.id} needs re ({rule.strategy}): {rule.reason}"
            for rule in compiled.fallbacks()
        )
        self.output().dump(compiled.to_bytes())


class ApplyRules(ShardTask):
    """Find the rules that match the messages of one shard."""

    stage, name, codec, version = "labelling", "votes", Table("votes"), 2

    def requires(self) -> dict[str, NightTask]:
        return {"messages": super().requires(), "compiled": self.clone(CompileRules)}

    def run(self) -> None:
        inputs = self.input()
        votes = labelling.apply_rules(
            inputs["messages"].load_shard(self.shard),
            self.settings.labelling,
            inputs["compiled"].load(),
            self.progress,
        )
        self.output().dump(votes)


class ResolveVotes(NightTask):
    """Decide which label, if one, each list of rules that occurs stands for."""

    stage, name, codec = "labelling", "resolved-labels", Table("resolved_labels")
    sections = ("labelling.rules", "labelling.resolution")

    def requires(self) -> list[ApplyRules]:
        return every_shard(self, ApplyRules)

    def run(self) -> None:
        stage = labelling.ResolutionStage(self.settings.labelling)
        self.output().dump(stage.run(load_each(self.input())))


class SummariseRules(NightTask):
    """Count what every rule did over all shards, and how often humans agree with it."""

    stage, name, version = "labelling", "rules", 4
    codec = RecordJson(LabellingSummary)
    sections = ("labelling", "evaluation.merge", "evaluation.confidence")

    def requires(self) -> dict[str, Any]:
        return {
            "compiled": self.clone(CompileRules),
            "votes": every_shard(self, ApplyRules),
            "resolved_labels": self.clone(ResolveVotes),
            "reviewed": self.clone(AggregateReviews),
        }

    def run(self) -> None:
        inputs = self.input()
        database = patterns.PatternDatabase.from_bytes(inputs["compiled"].load())
        stage = labelling.RuleStatisticsStage(
            resolved_labels=inputs["resolved_labels"].load(),
            reviewed=inputs["reviewed"].load(),
            labelling=self.settings.labelling,
            fallbacks=database.fallbacks(),
            merge_labels=self.settings.evaluation.merge,
            confidence=self.settings.evaluation.confidence,
        )
        self.output().dump(stage.run(load_each(inputs["votes"])))
