"""A changed pack is compared with the definition: match every message with both."""

import itertools
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from nightsieve.nights.diff import EXAMPLES, diff
from nightsieve.nights.sample import NightSample
from pipeline.config.settings import Engine, Labelling, Resolution, Rule
from tests.support import ROOT
from tests.support.memory_store import MemoryStore
from tests.support.stored_objects import manifest

WORDS = ("win", "prize", "mum", "dad", "code", "parcel")


def pack(**patterns: tuple[str, str, float]) -> Labelling:
    """Return a pack of rules by id: the label, the pattern and the weight of each."""
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
    """Return the ids of the rules that match a text."""
    return [
        rule.id
        for rule in labelling.rules
        if re.search(rule.pattern, text, re.IGNORECASE)
    ]


def label(text: str, labelling: Labelling) -> str | None:
    """Return the label with the largest weight; None if there is a tie."""
    weights: Counter[str] = Counter()
    for rule in labelling.rules:
        if rule.id in matching(text, labelling):
            weights[rule.label] += round(rule.weight)
    largest = max(weights.values(), default=0)
    leaders = [name for name, weight in weights.items() if weight == largest]
    return leaders[0] if len(leaders) == 1 else None


@dataclass(frozen=True)
class TextSample(NightSample):
    """Messages with these texts by key, in two shards."""

    texts: dict[str, str]

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


def every_choice() -> TextSample:
    """Return messages of every choice of words, most of them more than once."""
    texts = {}
    choices = itertools.product([False, True], repeat=len(WORDS))
    for index, included in enumerate(choices):
        text = " ".join(itertools.compress(WORDS, included))
        for copy in range(1 + index % 4):
            texts[f"{index}-{copy}"] = text
    return TextSample(MemoryStore(), manifest(), texts)


def test_a_changed_pack_has_the_effects_of_matching_every_message_again() -> None:
    sample = every_choice()
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
        label_before = label(text, OLD)
        label_after = label(text, NEW)
        if label_before != label_after:
            moved.setdefault((label_before, label_after), set()).add(key)
    assert [effect.change.id for effect in result.rules] == [
        "win",
        "prize",
        "new",
        "gone",
    ]
    for effect in result.rules:
        assert effect.gains == gains[effect.change.id]
        assert effect.losses == losses[effect.change.id]
    assert gains["win"] > 0
    assert losses["gone"] > 0
    assert len(result.transitions) == len(moved)
    for transition in result.transitions:
        moved_keys = moved[transition.before, transition.after]
        assert transition.messages == len(moved_keys)
        assert set(transition.keys) <= moved_keys
        assert len(transition.keys) == min(EXAMPLES, len(moved_keys))
    counts = [transition.messages for transition in result.transitions]
    assert counts == sorted(counts, reverse=True)
    assert result.relabelled + result.unchanged == len(sample.texts)
    assert progress == sorted(progress)
    assert progress[-1] == len(sample.texts)


def test_the_same_pack_changes_nothing():
    sample = every_choice()
    result = diff(sample, OLD, OLD)
    assert (result.rules, result.transitions) == ((), ())
    assert result.unchanged == len(sample.texts)


def test_the_comparison_and_the_rules_import_no_terminal():
    for module in ("nightsieve/nights/diff.py", "pipeline/rules/match.py"):
        source = (ROOT / module).read_text()
        assert not re.search(r"^(?:from|import) (?:rich|click)", source, re.MULTILINE)
