"""The statistics of the rules, each against its definition, a message at a time."""

from collections import Counter

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config.settings import Engine, Labelling, Resolution, Rule
from pipeline.data import schemas
from pipeline.data.reviewed_messages import reviewed_messages
from pipeline.labelling import RuleStatisticsStage, rule_accuracies
from pipeline.patterns import MatchStrategy, PatternDatabase, PatternStrategy
from pipeline.records.rules import LabellingSummary
from tests.support.stages import results
from tests.unit.data.test_reviewed_messages import table

RULES = tuple(
    Rule(id=id_, label=label, pattern=pattern, weight=weight, why="test")
    for id_, label, pattern, weight in (
        ("code", "notification", "code", 1.0),
        ("bank", "notification", "bank", 0.3),
        ("mum", "personal", "mum", 0.1),
        ("dad", "personal", "dad", 0.2),
        ("win", "spam", "win", 1.0),
        ("again", "spam", "win", 0.5),
    )
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
)
LABEL_OF = {rule.id: rule.label for rule in RULES}
MERGE = {"ham": ("notification", "personal")}
RULE_LISTS = st.lists(
    st.sets(st.sampled_from([rule.id for rule in RULES])).map(
        lambda ids: tuple(sorted(ids))
    ),
    max_size=30,
)
HUMAN_LABELS = st.sampled_from(["ham", "personal", "spam", "other", None])


def majority(ids, min_confidence: float = 0.0) -> str | None:
    """Return the label with most weight, in tenths so that sums are exact.

    It is None on a tie, on silence, and where the confidence is too small.
    """
    score = Counter()
    for rule in RULES:
        if rule.id in ids:
            score[rule.label] += round(10 * rule.weight)
    best = [label for label, value in score.items() if value == max(score.values())]
    if len(best) != 1 or score[best[0]] / score.total() < min_confidence:
        return None
    return best[0]


def resolved(lists: list[tuple[str, ...]], min_confidence: float = 0.0) -> pd.DataFrame:
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
    lists: list[tuple[str, ...]],
    labels: list[str | None] = (),
    texts: int = 100,
    labelling: Labelling = LABELLING,
) -> RuleStatisticsStage:
    """Return the stage for messages that these rules match, with these human labels.

    There are no more different texts than ``texts``.
    """
    given = [(str(key), label) for key, label in enumerate(labels) if label]
    reviews = table(*((key, label, "crowd", None) for key, label in given))
    bodies = [f"text {int(key) % texts}" for key, _ in given]
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


def shards_of(lists: list[tuple[str, ...]], n: int = 2) -> list[pd.DataFrame]:
    keys = pd.Series(range(len(lists))).astype("str")
    votes = pd.DataFrame({"key": keys, "rules": pd.Series(lists, dtype=object)})
    return [votes.iloc[shard::n] for shard in range(n)]


def summarised(lists, *arguments, **settings) -> LabellingSummary:
    return stage_of(lists, *arguments, **settings).run(shards_of(lists))


@given(RULE_LISTS, st.data(), st.sampled_from([0.0, 0.7, 0.9]))
def test_every_figure_is_that_of_the_definition(lists, data, min_confidence):
    labels = [data.draw(HUMAN_LABELS) for _ in lists]
    resolution = MAJORITY.model_copy(update={"min_confidence": min_confidence})
    labelling = LABELLING.model_copy(update={"resolution": resolution})
    summary = summarised(lists, labels, labelling=labelling)
    won = [majority(ids, min_confidence) for ids in lists]
    for rule in summary.rules:
        matches = [
            (set(ids), result)
            for ids, result in zip(lists, won, strict=True)
            if rule.id in ids
        ]
        assert rule.coverage == len(matches)
        assert rule.share == (len(matches) / len(lists) if lists else None)
        assert rule.overlaps == sum(len(ids) > 1 for ids, _ in matches)
        rivals = Counter()
        conflicts = 0
        for ids, _ in matches:
            others = [other for other in ids if LABEL_OF[other] != rule.label]
            rivals.update(others)
            conflicts += bool(others)
        assert rule.conflicts == conflicts
        ordered = sorted(rivals.items(), key=lambda item: (-item[1], item[0]))
        named = [(conflict.id, conflict.messages) for conflict in rule.conflicts_with]
        assert named == ordered[:3]
        assert rule.agreed == sum(result == rule.label for _, result in matches)
        assert rule.decides == sum(
            result == rule.label != majority(ids - {rule.id}, min_confidence)
            for ids, result in matches
        )
        of_label = won.count(rule.label)
        assert rule.decides_share == (rule.decides / of_label if of_label else None)
        own = "spam" if rule.label == "spam" else "ham"
        said = [
            "ham" if human == "personal" else human
            for ids, human in zip(lists, labels, strict=True)
            if rule.id in ids and human in ("ham", "personal", "spam")
        ]
        assert (rule.reviewed, rule.correct) == (len(said), said.count(own))
        share = said.count(own) / len(said) if said else None
        assert rule.precision.value == share
    assert summary.messages == len(lists)
    assert summary.labels == {
        label: won.count(label) for label in sorted(set(LABEL_OF.values()))
    }
    assert summary.silent == lists.count(())
    assert summary.labelled + summary.silent + summary.tied == len(lists)


@given(RULE_LISTS, st.data(), st.permutations(range(3)))
def test_neither_shards_nor_the_order_of_merging_matter(lists, data, order):
    labels = [data.draw(HUMAN_LABELS) for _ in lists]
    stage = stage_of(lists, labels, texts=3)
    expected = stage.run(shards_of(lists, 1)).to_json()
    for result in results(stage, shards_of(lists, 3), order):
        assert result.to_json() == expected


def test_rules_that_are_dead_twice_there_or_always_together_are_named():
    lists = [("again", "win"), ("bank", "code")] * 5 + [("mum", "dad")] * 4
    summary = summarised(lists)
    assert summary.dead == ()
    assert summary.duplicates == (("win", "again"),)
    assert summary.always_together == (("code", "bank"), ("win", "again"))
    dead = summarised([("mum",), ()]).dead
    assert dead == ("code", "bank", "dad", "win", "again")


def test_repeats_of_a_text_are_no_evidence():
    distinct, repeated, few = (
        summarised([("win",)] * n, ["spam"] * n, texts=texts).rules[4]
        for n, texts in ((40, 40), (40, 4), (4, 4))
    )
    assert repeated.reviewed == distinct.reviewed == 40
    assert repeated.precision == few.precision != distinct.precision


def test_accuracies_are_those_of_the_label_model_where_there_is_one():
    lists = [("win", "again"), ("bank", "code"), ("code", "win"), ("mum",)] * 5
    estimated = rule_accuracies(resolved(lists), LABEL_MODEL)
    rules = summarised(lists, labelling=LABEL_MODEL).rules
    accuracies = {rule.id: rule.accuracy for rule in rules}
    assert accuracies == {rule.id: estimated.get(rule.id) for rule in RULES}
    assert accuracies["dad"] is None is not accuracies["win"]
    assert {rule.accuracy for rule in summarised(lists).rules} == {None}


def test_rules_that_are_not_left_to_the_engine_are_named_the_costly_ones_first():
    fallbacks = summarised([("code",)], [None]).fallbacks
    assert [(rule.id, rule.strategy, rule.reason) for rule in fallbacks] == [
        (RULES[1].id, "fallback", "b"),
        (RULES[0].id, "prefilter", "a"),
    ]


def test_a_message_whose_reviews_tie_says_nothing_of_a_rule():
    stage = stage_of([("win",)])
    reviews = table(("0", "spam", "crowd", "1"), ("0", "personal", "crowd", "2"))
    tied = reviewed_messages(reviews, reviews["body"], "majority", MERGE)
    stage = RuleStatisticsStage(**{**vars(stage), "reviewed": tied})
    assert stage.run(shards_of([("win",)])).rules[4].reviewed == 0
