"""Tasks that label messages with rules, and measure the rules."""

import json

from nightsieve.store.pattern_cache import compiled_patterns, trusted_patterns
from pipeline import config, labelling, patterns, rules
from pipeline.data.codecs import Raw, RecordJson, Table
from pipeline.records.rules import LabellingSummary
from tasks.base import NightTask, Requirements
from tasks.ingest import IngestMessages
from tasks.reviews import AggregateReviews
from tasks.shards import ShardTask, every_shard, load_each


class CompileRules(NightTask):
    """Compile all patterns, once for all nights that have the same patterns."""

    stage = "labelling"
    name = "compiled"
    version = 5
    codec = Raw("npz")
    sections = ("labelling.engine.compile_timeout_seconds",)
    # It takes longer than the cleaning, and all tasks after labelling wait for it.
    priority = 1

    def fingerprint_parameters(self) -> dict[str, object]:
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
        compiled = compiled_patterns(
            rules.rule_patterns(settings.rules), settings.engine.compile_timeout_seconds
        )
        self.warn(
            f"rule {pattern.id} needs re ({pattern.strategy}): {pattern.reason}"
            for pattern in compiled.fallbacks()
        )
        self.output().dump(compiled.to_bytes())


class ApplyRules(ShardTask):
    """Find the rules that match the messages of one shard."""

    stage = "labelling"
    name = "votes"
    codec = Table("votes")
    version = 2

    def requires(self) -> Requirements:
        return {
            "messages": self.clone(IngestMessages),
            "compiled": self.clone(CompileRules),
        }

    def run(self) -> None:
        inputs = self.input()
        settings = self.settings.labelling
        database = trusted_patterns(
            inputs["compiled"].load,
            rules.rule_patterns(settings.rules),
            settings.engine.compile_timeout_seconds,
        )
        votes = labelling.apply_rules(
            inputs["messages"].load_shard(self.shard), settings, database, self.progress
        )
        self.output().dump(votes)


class ResolveVotes(NightTask):
    """Decide on the label, or none, of each list of rules that match a message."""

    stage = "labelling"
    name = "resolved-labels"
    codec = Table("resolved_labels")
    sections = ("labelling.rules", "labelling.resolution")

    def requires(self) -> Requirements:
        return every_shard(self, ApplyRules)

    def run(self) -> None:
        stage = labelling.ResolutionStage(self.settings.labelling)
        self.output().dump(stage.run(load_each(self.input())))


class SummariseRules(NightTask):
    """Count what each rule did over all shards, and how often humans agree."""

    stage = "labelling"
    name = "rules"
    version = 4
    codec = RecordJson(LabellingSummary)
    sections = ("labelling", "evaluation.merge", "evaluation.confidence")

    def requires(self) -> Requirements:
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
