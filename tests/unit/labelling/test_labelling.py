"""Votes, their resolution and the summary, each against the plain definition."""

import re
from collections import Counter

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from pipeline import labelling, schemas
from pipeline.settings import Labelling, Rule

WORDS = ["win", "cash", "otp", "mum", "balance", "\U0001f600", "\u0130"]
bodies = st.lists(st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join), max_size=20)
senders = st.sampled_from([None, "AX-BANK", "+447700900123"])
drawn_rules = st.lists(
    st.builds(
        lambda label, word, field, weight: dict(label=label, pattern=word, field=field, weight=weight),
        st.sampled_from(["personal", "notification", "spam"]),
        st.sampled_from([*WORDS, "AX-", "[0-9]+"]),
        st.sampled_from(["body", "sender"]),
        st.sampled_from([0.1, 0.2, 0.3, 1.0, 2.0]),
    ),
    min_size=2,
    max_size=8,
).filter(lambda found: len({rule["label"] for rule in found}) > 1)
rules = drawn_rules.map(
    lambda found: Labelling(rules=tuple(Rule(id=f"r{i}", why="test", **rule) for i, rule in enumerate(found)))
)


def messages(texts: list[str], froms: list[str | None]) -> pd.DataFrame:
    table = pd.DataFrame({"key": [str(i) for i in range(len(texts))], "body": texts, "sender": froms})
    return table.astype({"key": "str", "body": "str", "sender": "str"})


def slowly(body: str, sender: str | None, settings: Labelling) -> tuple[list[str], str | None]:
    """The definition, a rule at a time; weights in tenths, so that sums are exact."""
    field = {"body": body, "sender": sender or None}
    fired = [r for r in settings.rules if field[r.field] and re.search(r.pattern, field[r.field], re.IGNORECASE)]
    score = Counter()
    for rule in fired:
        score[rule.label] += round(10 * rule.weight)
    best = [label for label, value in score.items() if value == max(score.values())]
    return [rule.id for rule in fired], best[0] if len(best) == 1 else None


@given(bodies, st.data(), rules)
def test_votes_and_labels_are_those_of_the_definition(texts, data, settings):
    froms = [data.draw(senders) for _ in texts]
    votes = schemas.check(labelling.apply_rules(messages(texts, froms), settings), "votes")
    expected = [slowly(body, sender, settings) for body, sender in zip(texts, froms, strict=True)]
    assert [list(ids) for ids in votes["rules"]] == [ids for ids, _ in expected]
    assert votes["label"].astype(object).where(votes["label"].notna(), None).tolist() == [
        label for _, label in expected
    ]


@given(bodies, rules, st.integers(1, 3))
def test_the_summary_counts_what_the_votes_say(texts, settings, shards):
    table = labelling.apply_rules(messages(texts, [None] * len(texts)), settings)
    summary = labelling.summarise_rules([table.iloc[shard::shards] for shard in range(shards)], settings)
    label_of = {rule.id: rule.label for rule in settings.rules}
    fired, won = [list(ids) for ids in table["rules"]], table["label"].tolist()
    for row in summary["rules"]:
        mine = [(ids, label) for ids, label in zip(fired, won, strict=True) if row["id"] in ids]
        assert row["coverage"] == len(mine)
        assert row["overlaps"] == sum(len(ids) > 1 for ids, _ in mine)
        assert row["conflicts"] == sum(any(label_of[i] != row["label"] for i in ids) for ids, _ in mine)
        assert row["agreed"] == sum(label == row["label"] for _, label in mine)
    assert summary["silent"] == sum(not ids for ids in fired)
    assert summary["labelled"] == sum(summary["labels"].values())
    assert summary["labelled"] + summary["silent"] + summary["tied"] == summary["messages"] == len(texts)
