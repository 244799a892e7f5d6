"""The statistics of the rules, each against its definition, one message at a time."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config.settings import Engine, Labelling, Resolution, Rule
from pipeline.data import schemas
from pipeline.data.reviewed_messages import reviewed_messages
from pipeline.labelling import RuleStatisticsStage, rule_accuracies
from pipeline.patterns import MatchStrategy, PatternDatabase, PatternStrategy
from pipeline.records.rules import LabellingSummary, RuleStatistics
from tests.support.stages import keys, results, split
from tests.unit.data.test_reviewed_messages import table

RuleIds = tuple[str, ...]


def rule(rule_id: str, label: str, pattern: str, weight: float) -> Rule:
    return Rule(id=rule_id, label=label, pattern=pattern, weight=weight, why="test")


RULES = (
    rule("code", "notification", "code", 1.0),
    rule("bank", "notification", "bank", 0.3),
    rule("mum", "personal", "mum", 0.1),
    rule("dad", "personal", "dad", 0.2),
    rule("win", "spam", "win", 1.0),
    rule("again", "spam", "win", 0.5),
)
MAJORITY = Resolution(method="majority", min_confidence=0.0, soft_labels=False)
LABELLING = Labelling(
    rules=RULES,
    engine=Engine(compile_timeout_seconds=1, search_timeout_seconds=1),
    resolution=MAJORITY,
)
LABEL_MODEL = LABELLING.model_copy(
    update={"resolution": MAJORITY.model_copy(update={"method": "label_model"})}
)
DATABASE = PatternDatabase(
    byte_tables=(),
    databases=(),
    strategies=(
        PatternStrategy(RULES[0].id, MatchStrategy.PREFILTER, "a"),
        PatternStrategy(RULES[1].id, MatchStrategy.FALLBACK, "b"),
        *(PatternStrategy(rule.id, MatchStrategy.HYPERSCAN, "") for rule in RULES[2:]),
    ),
    engine="",
)
LABEL_OF = {rule.id: rule.label for rule in RULES}
MERGE = {"ham": ("notification", "personal")}


def sorted_tuple(ids: set[str]) -> RuleIds:
    return tuple(sorted(ids))


RULE_LISTS = st.lists(
    st.sets(st.sampled_from(sorted(LABEL_OF))).map(sorted_tuple), max_size=30
)
HUMAN_LABELS = st.sampled_from(["ham", "personal", "spam", "other", None])


def majority(ids: Collection[str], min_confidence: float = 0.0) -> str | None:
    """Return the label with most weight, in tenths so that sums are exact.

    It is None on a tie, on silence, and where the confidence is too small.
    """
    score: Counter[str] = Counter()
    for rule in RULES:
        if rule.id in ids:
            score[rule.label] += round(10 * rule.weight)
    best = [label for label, value in score.items() if value == max(score.values())]
    if len(best) != 1 or score[best[0]] / score.total() < min_confidence:
        return None
    return best[0]


def resolved(lists: list[RuleIds], min_confidence: float = 0.0) -> pd.DataFrame:
    counts = Counter(lists)
    labels = [majority(ids, min_confidence) for ids in counts]
    return pd.DataFrame(
        {
            "rules": pd.Series(list(counts), dtype=object),
            "messages": list(counts.values()),
            "label": pd.Series(labels, dtype="object").astype("str"),
        }
    )


def stage_of(
    lists: list[RuleIds],
    labels: Sequence[str | None] = (),
    texts: int = 100,
    labelling: Labelling = LABELLING,
) -> RuleStatisticsStage:
    """Return the stage for messages that these rules match, with these human labels.

    There are at most ``texts`` distinct texts.
    """
    rows = []
    bodies = []
    for index, label in enumerate(labels):
        if label:
            rows.append((str(index), label, "crowd", None))
            bodies.append(f"text {index % texts}")
    reviews = table(*rows)
    reviews["body"] = pd.Series(bodies, dtype="str")
    reviewed = reviewed_messages(reviews, reviews["body"], "majority", MERGE)
    return RuleStatisticsStage(
        resolved_labels=resolved(lists, labelling.resolution.min_confidence),
        reviewed=schemas.check(reviewed, "reviewed_messages"),
        labelling=labelling,
        fallbacks=DATABASE.fallbacks(),
        merge_labels=MERGE,
        confidence=0.95,
    )


def shards_of(lists: list[RuleIds], n: int = 2) -> list[pd.DataFrame]:
    votes = pd.DataFrame(
        {
            "key": pd.Series(keys(len(lists)), dtype="str"),
            "rules": pd.Series(lists, dtype=object),
        }
    )
    return split(votes, n)


def summarised(
    lists: list[RuleIds],
    labels: Sequence[str | None] = (),
    texts: int = 100,
    labelling: Labelling = LABELLING,
) -> LabellingSummary:
    return stage_of(lists, labels, texts, labelling).run(shards_of(lists))


@dataclass(frozen=True)
class Message:
    """The rules that match a message, its label by them, and the human label."""

    rules: RuleIds
    label: str | None
    human: str | None


def share(count: int, total: int) -> float | None:
    return count / total if total else None


def conflicting(rule: RuleStatistics, message: Message) -> list[str]:
    return [other for other in message.rules if LABEL_OF[other] != rule.label]


def decides(rule: RuleStatistics, message: Message, min_confidence: float) -> bool:
    without_rule = set(message.rules) - {rule.id}
    has_label_without = majority(without_rule, min_confidence) == rule.label
    return message.label == rule.label and not has_label_without


def most_frequent_first(item: tuple[str, int]) -> tuple[int, str]:
    rule_id, count = item
    return -count, rule_id


def check_rule(
    rule: RuleStatistics, messages: list[Message], min_confidence: float
) -> None:
    """Compare the statistics of a rule with their definitions."""
    matches = [message for message in messages if rule.id in message.rules]
    assert rule.coverage == len(matches)
    assert rule.share == share(len(matches), len(messages))
    assert rule.overlaps == sum(len(message.rules) > 1 for message in matches)
    conflicts: Counter[str] = Counter()
    n_conflicting = 0
    for message in matches:
        others = conflicting(rule, message)
        conflicts.update(others)
        n_conflicting += bool(others)
    assert rule.conflicts == n_conflicting
    ordered = sorted(conflicts.items(), key=most_frequent_first)
    named = [(conflict.id, conflict.messages) for conflict in rule.conflicts_with]
    assert named == ordered[:3]
    assert rule.agreed == sum(message.label == rule.label for message in matches)
    n_decided = sum(decides(rule, message, min_confidence) for message in matches)
    assert rule.decides == n_decided
    n_of_label = sum(message.label == rule.label for message in messages)
    assert rule.decides_share == share(n_decided, n_of_label)


def check_reviews(rule: RuleStatistics, messages: list[Message]) -> None:
    """Compare the figures on reviews with their definitions; see `MERGE`."""
    merged = {"ham": "ham", "personal": "ham", "spam": "spam"}
    human_labels = []
    for message in messages:
        if rule.id in message.rules and message.human in merged:
            human_labels.append(merged[message.human])
    own_label = "spam" if rule.label == "spam" else "ham"
    correct = human_labels.count(own_label)
    assert (rule.reviewed, rule.correct) == (len(human_labels), correct)
    assert rule.precision.value == share(correct, len(human_labels))


@given(RULE_LISTS, st.data(), st.sampled_from([0.0, 0.7, 0.9]))
def test_every_figure_is_that_of_the_definition(lists, data, min_confidence):
    labels = [data.draw(HUMAN_LABELS) for _ in lists]
    resolution = MAJORITY.model_copy(update={"min_confidence": min_confidence})
    labelling = LABELLING.model_copy(update={"resolution": resolution})
    summary = summarised(lists, labels, labelling=labelling)
    messages = []
    for ids, human in zip(lists, labels, strict=True):
        messages.append(Message(ids, majority(ids, min_confidence), human))
    for rule in summary.rules:
        check_rule(rule, messages, min_confidence)
        check_reviews(rule, messages)
    assert summary.messages == len(lists)
    of_label = Counter(message.label for message in messages)
    assert summary.labels == {label: of_label[label] for label in LABELLING.labels}
    assert summary.silent == lists.count(())
    assert summary.labelled + summary.silent + summary.tied == len(lists)


@given(RULE_LISTS, st.data(), st.permutations(range(3)))
def test_neither_shards_nor_the_order_of_merging_matter(lists, data, order):
    labels = [data.draw(HUMAN_LABELS) for _ in lists]
    stage = stage_of(lists, labels, texts=3)
    expected = stage.run(shards_of(lists, 1)).to_json()
    for result in results(stage, shards_of(lists, 3), order):
        assert result.to_json() == expected


def test_dead_duplicate_and_inseparable_rules_are_named():
    lists = [("again", "win"), ("bank", "code")] * 5 + [("mum", "dad")] * 4
    summary = summarised(lists)
    assert summary.dead == ()
    assert summary.duplicates == (("win", "again"),)
    assert summary.always_together == (("code", "bank"), ("win", "again"))
    dead = summarised([("mum",), ()]).dead
    assert dead == ("code", "bank", "dad", "win", "again")


def reviewed_win(messages: int, texts: int) -> RuleStatistics:
    """Return the statistics of the rule win on reviewed messages with so few texts."""
    return summarised([("win",)] * messages, ["spam"] * messages, texts).rules[4]


def test_repeats_of_a_text_are_not_evidence():
    distinct = reviewed_win(messages=40, texts=40)
    repeated = reviewed_win(messages=40, texts=4)
    few = reviewed_win(messages=4, texts=4)
    assert repeated.reviewed == distinct.reviewed == 40
    assert repeated.precision == few.precision != distinct.precision


def test_accuracies_are_those_of_the_label_model_where_there_is_one():
    lists = [("win", "again"), ("bank", "code"), ("code", "win"), ("mum",)] * 5
    estimated = rule_accuracies(resolved(lists), LABEL_MODEL)
    rules = summarised(lists, labelling=LABEL_MODEL).rules
    accuracies = {rule.id: rule.accuracy for rule in rules}
    assert accuracies == {rule.id: estimated.get(rule.id) for rule in RULES}
    assert accuracies["dad"] is None
    assert accuracies["win"] is not None
    assert {rule.accuracy for rule in summarised(lists).rules} == {None}


def test_rules_that_need_re_are_named_costly_ones_first():
    fallbacks = summarised([("code",)], [None]).fallbacks
    assert [(rule.id, rule.strategy, rule.reason) for rule in fallbacks] == [
        (RULES[1].id, "fallback", "b"),
        (RULES[0].id, "prefilter", "a"),
    ]


def test_a_message_whose_reviews_tie_does_not_measure_a_rule():
    reviews = table(("0", "spam", "crowd", "1"), ("0", "personal", "crowd", "2"))
    tied = reviewed_messages(reviews, reviews["body"], "majority", MERGE)
    stage = replace(stage_of([("win",)]), reviewed=tied)
    assert stage.run(shards_of([("win",)])).rules[4].reviewed == 0
