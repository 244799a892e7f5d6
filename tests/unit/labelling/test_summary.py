"""The summary of the rules, each figure against its plain definition, a message at a time."""

from collections import Counter

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config.settings import Engine, Labelling, Resolution, Rule
from pipeline.labelling import rule_accuracies, summarise_rules
from pipeline.patterns import MatchStrategy, PatternDatabase, PatternStrategy
from tests.unit.training.training_corpus import EVALUATION as PLAIN

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
COMPILED = PatternDatabase(
    byte_tables=(),
    databases=(),
    strategies=(
        PatternStrategy(RULES[0].id, MatchStrategy.PREFILTER, "a"),
        PatternStrategy(RULES[1].id, MatchStrategy.FALLBACK, "b"),
        *(PatternStrategy(rule.id, MatchStrategy.HYPERSCAN, "") for rule in RULES[2:]),
    ),
)
LABEL_OF = {rule.id: rule.label for rule in RULES}
EVALUATION = PLAIN.model_copy(update={"merge": {"ham": ("notification", "personal")}})
matched = st.lists(
    st.sets(st.sampled_from([rule.id for rule in RULES])).map(
        lambda ids: tuple(sorted(ids))
    ),
    max_size=30,
)
human = st.sampled_from(["ham", "personal", "spam", "other", None])


def majority(ids, least: float = 0.0) -> str | None:
    """The label with most weight, in tenths so that sums are exact; None on a tie, silence, or less than the least."""
    score = Counter()
    for rule in RULES:
        if rule.id in ids:
            score[rule.label] += round(10 * rule.weight)
    best = [label for label, value in score.items() if value == max(score.values())]
    return (
        best[0] if len(best) == 1 and score[best[0]] / score.total() >= least else None
    )


def verdicts_of(lists: list[tuple[str, ...]], least: float = 0.0) -> pd.DataFrame:
    counts = Counter(lists)
    labels = pd.Series([majority(ids, least) for ids in counts], dtype="object").astype(
        "str"
    )
    return pd.DataFrame(
        {
            "rules": pd.Series(list(counts), dtype=object),
            "messages": list(counts.values()),
            "label": labels,
        }
    )


def summarised(
    lists: list[tuple[str, ...]],
    labels: list[str | None] = (),
    shards: int = 2,
    texts: int = 100,
    labelling: Labelling = LABELLING,
) -> dict:
    """The summary when these rules matched message 0, 1, ..., and humans gave them these labels.

    There are no more different texts than ``texts``.
    """
    votes = pd.DataFrame(
        {
            "key": pd.Series(range(len(lists))).astype("str"),
            "rules": pd.Series(lists, dtype=object),
        }
    )
    reviewed = [
        (str(key), f"text {key % texts}", label)
        for key, label in enumerate(labels)
        if label
    ]
    reviews = pd.DataFrame(reviewed, columns=["key", "body", "label"]).astype("str")
    parts = (votes.iloc[shard::shards] for shard in range(shards))
    return summarise_rules(
        parts,
        verdicts_of(lists, labelling.resolution.min_confidence),
        reviews,
        labelling,
        EVALUATION,
        COMPILED,
    )


@given(matched, st.data(), st.sampled_from([0.0, 0.7, 0.9]))
def test_every_figure_is_that_of_the_definition(lists, data, least):
    labels = [data.draw(human) for _ in lists]
    sure = LABELLING.model_copy(
        update={"resolution": MAJORITY.model_copy(update={"min_confidence": least})}
    )
    summary = summarised(lists, labels, data.draw(st.integers(1, 3)), labelling=sure)
    won = [majority(ids, least) for ids in lists]
    for row in summary["rules"]:
        id_, label = row["id"], row["label"]
        mine = [
            (set(ids), result)
            for ids, result in zip(lists, won, strict=True)
            if id_ in ids
        ]
        assert row["coverage"] == len(mine)
        assert row["share"] == (len(mine) / len(lists) if lists else None)
        assert row["overlaps"] == sum(len(ids) > 1 for ids, _ in mine)
        assert row["conflicts"] == sum(
            any(LABEL_OF[other] != label for other in ids) for ids, _ in mine
        )
        rivals = Counter(
            other for ids, _ in mine for other in ids if LABEL_OF[other] != label
        )
        assert [(each["messages"], each["id"]) for each in row["conflicts_with"]] == [
            (n, other)
            for other, n in sorted(
                rivals.items(), key=lambda item: (-item[1], item[0])
            )[:3]
        ]
        assert row["agreed"] == sum(result == label for _, result in mine)
        assert row["decides"] == sum(
            result == label != majority(ids - {id_}, least) for ids, result in mine
        )
        assert row["decides_share"] == (
            row["decides"] / won.count(label) if label in won else None
        )
        own = "spam" if label == "spam" else "ham"
        said = [
            "ham" if human == "personal" else human
            for ids, human in zip(lists, labels, strict=True)
            if id_ in ids and human in ("ham", "personal", "spam")
        ]
        assert (row["reviewed"], row["correct"]) == (len(said), said.count(own))
        assert row["precision"]["value"] == (
            said.count(own) / len(said) if said else None
        )
    assert summary["messages"] == len(lists)
    assert summary["labels"] == {
        label: won.count(label) for label in sorted(set(LABEL_OF.values()))
    }
    assert summary["silent"] == lists.count(())
    assert summary["labelled"] + summary["silent"] + summary["tied"] == len(lists)


def test_rules_that_are_dead_twice_there_or_always_together_are_named():
    summary = summarised(
        [("again", "win"), ("bank", "code")] * 5 + [("mum", "dad")] * 4
    )
    assert summary["dead"] == []
    assert summary["duplicates"] == [["win", "again"]]
    assert summary["always_together"] == [["code", "bank"], ["win", "again"]]
    assert summarised([("mum",), ()])["dead"] == ["code", "bank", "dad", "win", "again"]


def test_repeats_of_a_text_are_no_evidence():
    distinct, repeated, few = (
        summarised([("win",)] * n, ["spam"] * n, texts=texts)["rules"][4]
        for n, texts in ((40, 40), (40, 4), (4, 4))
    )
    assert repeated["reviewed"] == distinct["reviewed"] == 40
    assert repeated["precision"] == few["precision"] != distinct["precision"]


def test_accuracies_are_those_of_the_label_model_where_there_is_one():
    lists = [("win", "again"), ("bank", "code"), ("code", "win"), ("mum",)] * 5
    estimated = rule_accuracies(verdicts_of(lists), LABEL_MODEL)
    found = {
        row["id"]: row["accuracy"]
        for row in summarised(lists, labelling=LABEL_MODEL)["rules"]
    }
    assert (
        found == {rule.id: estimated.get(rule.id) for rule in RULES}
        and found["dad"] is None is not found["win"]
    )
    assert {row["accuracy"] for row in summarised(lists)["rules"]} == {None}


def test_rules_that_are_not_left_to_the_engine_are_named_the_costly_ones_first():
    assert summarised([("code",)], [None])["fallbacks"] == [
        {"id": RULES[1].id, "strategy": "fallback", "reason": "b"},
        {"id": RULES[0].id, "strategy": "prefilter", "reason": "a"},
    ]
