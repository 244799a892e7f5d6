"""A changed pack against the plain definition: both packs, each message by itself."""

import re
from collections import Counter
from collections.abc import Iterator

import pandas as pd

from nightsieve.nights.diff import EXAMPLES, diff
from pipeline.config.settings import Engine, Labelling, Resolution, Rule
from tests.support import ROOT

WORDS = ("win", "prize", "mum", "dad", "code", "parcel")


def pack(**patterns: tuple[str, str, float]) -> Labelling:
    rules = tuple(
        Rule(id=rule_id, label=label, pattern=pattern, weight=weight, why="test")
        for rule_id, (label, pattern, weight) in patterns.items()
    )
    return Labelling(
        rules=rules,
        engine=Engine(compile_timeout_seconds=5, search_timeout_seconds=1),
        resolution=Resolution(method="majority", min_confidence=0, soft_labels=False),
    )


OLD = pack(
    win=("spam", "win", 1.0),
    prize=("spam", "prize", 1.0),
    mum=("personal", "mum", 1.0),
    gone=("personal", "dad", 2.0),
    code=("notification", "code", 1.0),
)
NEW = pack(
    code=("notification", "code", 1.0),
    win=("spam", "win|parcel", 1.0),
    prize=("spam", "prize", 3.0),
    mum=("personal", "mum", 1.0),
    new=("notification", "parcel", 1.0),
)


def matching(text: str, labelling: Labelling) -> list[str]:
    return [
        rule.id
        for rule in labelling.rules
        if re.search(rule.pattern, text, re.IGNORECASE)
    ]


def label(text: str, labelling: Labelling) -> str | None:
    weights: Counter[str] = Counter()
    for rule in labelling.rules:
        if rule.id in matching(text, labelling):
            weights[rule.label] += round(rule.weight)
    leaders = [name for name in weights if weights[name] == max(weights.values())]
    return leaders[0] if len(leaders) == 1 else None


class Sample:
    """Messages of every choice of words, most of them more than once, in shards."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        for choice in range(2 ** len(WORDS)):
            words = [word for i, word in enumerate(WORDS) if choice >> i & 1]
            for copy in range(1 + choice % 4):
                self.texts[f"{choice}-{copy}"] = " ".join(words)

    def shards(self) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
        keys = list(self.texts)
        for part in (keys[::2], keys[1::2]):
            bodies = [self.texts[key] for key in part]
            matched = [matching(body, OLD) for body in bodies]
            senders = pd.Series([None] * len(part), dtype="str")
            yield (
                pd.DataFrame({"key": part, "body": bodies, "sender": senders}),
                pd.DataFrame({"key": part, "rules": matched}),
            )


def test_a_changed_pack_does_what_matching_every_message_again_would_do():
    sample = Sample()
    progress: list[int] = []
    result = diff(sample, OLD, NEW, progress.append)
    gains: Counter[str] = Counter()
    losses: Counter[str] = Counter()
    moved: dict[tuple[str | None, str | None], set[str]] = {}
    for key, text in sample.texts.items():
        before = set(matching(text, OLD))
        after = set(matching(text, NEW))
        gains.update(after - before)
        losses.update(before - after)
        labels = label(text, OLD), label(text, NEW)
        if labels[0] != labels[1]:
            moved.setdefault(labels, set()).add(key)
    assert [
        (effect.change.id, effect.gains, effect.losses) for effect in result.rules
    ] == [
        (rule_id, gains[rule_id], losses[rule_id])
        for rule_id in ("win", "prize", "new", "gone")
    ]
    assert gains["win"] > 0 < losses["gone"]
    transitions = {
        (transition.before, transition.after): transition
        for transition in result.transitions
    }
    assert {labels: one.messages for labels, one in transitions.items()} == {
        labels: len(keys) for labels, keys in moved.items()
    }
    for labels, transition in transitions.items():
        assert set(transition.keys) <= moved[labels]
        assert len(transition.keys) == min(EXAMPLES, len(moved[labels]))
    counts = [transition.messages for transition in result.transitions]
    assert counts == sorted(counts, reverse=True)
    assert result.relabelled + result.unchanged == len(sample.texts)
    assert progress == sorted(progress)
    assert progress[-1] == len(sample.texts)


def test_the_same_pack_changes_nothing():
    sample = Sample()
    result = diff(sample, OLD, OLD)
    assert (result.rules, result.transitions) == ((), ())
    assert result.unchanged == len(sample.texts)


def test_neither_the_comparison_nor_the_rules_know_a_terminal():
    for module in ("nightsieve/nights/diff.py", "pipeline/rules/match.py"):
        source = (ROOT / module).read_text()
        assert not re.search(r"^(?:from|import) (?:rich|click)", source, re.MULTILINE)
