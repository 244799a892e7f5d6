"""What a changed pack would relabel in the sample of a night.

Only the rules whose matches can differ are matched again.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd

from nightsieve.nights.sample import NightSample
from pipeline import labelling, patterns
from pipeline.config.settings import Labelling, Rule
from pipeline.rules.diff import RuleChange, diff_packs, rules_to_match
from pipeline.rules.patterns import RuleMatcher, rule_patterns

EXAMPLES = 10  # keys of each transition

RuleList = tuple[str, ...]  # the ids of the rules that match a message, in order


@dataclass(frozen=True)
class RuleEffect:
    """What a changed rule does.

    Attributes
    ----------
    gains, losses
        Messages that it matches now and did not in the night, and the reverse.
    """

    change: RuleChange
    gains: int
    losses: int


@dataclass(frozen=True)
class Transition:
    """Messages that go from one label to another; None is no label.

    Attributes
    ----------
    keys
        Of the first of these messages, at most `EXAMPLES`.
    """

    before: str | None
    after: str | None
    messages: int
    keys: tuple[str, ...]


@dataclass(frozen=True)
class PackDiff:
    """What a changed pack would do to the messages of a night.

    Attributes
    ----------
    rules
        Every rule that is different.
    transitions
        The most frequent one first.
    unchanged
        Messages that keep their label, or stay without one.
    """

    rules: tuple[RuleEffect, ...]
    transitions: tuple[Transition, ...]
    unchanged: int

    @property
    def relabelled(self) -> int:
        """The number of messages that change their label."""
        return sum(transition.messages for transition in self.transitions)

    @property
    def example_keys(self) -> set[str]:
        """The keys of all transitions."""
        keys: set[str] = set()
        for transition in self.transitions:
            keys.update(transition.keys)
        return keys


def diff(
    sample: NightSample,
    old: Labelling,
    new: Labelling,
    progress: Callable[[int], None] = lambda messages_done: None,
) -> PackDiff:
    """Return what the new rules would change in the sample of a night.

    Parameters
    ----------
    old
        The labelling of that night.
    progress
        Receives the number of messages that are done.

    Raises
    ------
    DataError
        The searches for a rule took too long; the message names it.
    """
    pairs = _count_pairs(_rule_lists(sample, old, new, progress))
    labels_before = _labels(pairs.lists_before(), old)
    labels_after = _labels(pairs.lists_after(), new)
    transitions = _Transitions()
    for pair, count in pairs.counts.items():
        transitions.add(
            labels_before[pair.before],
            labels_after[pair.after],
            count,
            pairs.keys[pair],
        )
    gains = pairs.gains()
    losses = pairs.losses()
    effects = tuple(
        RuleEffect(change, gains[change.id], losses[change.id])
        for change in diff_packs(old.rules, new.rules)
    )
    return PackDiff(effects, transitions.relabelling(), transitions.unchanged())


class _Pair(NamedTuple):
    """The rules that matched a message in the night, and those that match now."""

    before: RuleList
    after: RuleList


class _MatchedMessage(NamedTuple):
    key: str
    pair: _Pair


class _PairCounts:
    """How many messages have each pair of rule lists, and the first keys of them."""

    def __init__(self) -> None:
        self.counts: Counter[_Pair] = Counter()
        self.keys: defaultdict[_Pair, list[str]] = defaultdict(list)

    def add(self, message: _MatchedMessage) -> None:
        self.counts[message.pair] += 1
        keys = self.keys[message.pair]
        if len(keys) < EXAMPLES:
            keys.append(message.key)

    def lists_before(self) -> Counter[RuleList]:
        """Return the messages that each list of rules matched in the night."""
        messages: Counter[RuleList] = Counter()
        for pair, count in self.counts.items():
            messages[pair.before] += count
        return messages

    def lists_after(self) -> Counter[RuleList]:
        """Return the messages that each list of rules matches now."""
        messages: Counter[RuleList] = Counter()
        for pair, count in self.counts.items():
            messages[pair.after] += count
        return messages

    def gains(self) -> Counter[str]:
        """Return the messages that each rule matches now and did not before."""
        messages: Counter[str] = Counter()
        for pair, count in self.counts.items():
            for rule_id in set(pair.after) - set(pair.before):
                messages[rule_id] += count
        return messages

    def losses(self) -> Counter[str]:
        """Return the messages that each rule matched before and does not now."""
        messages: Counter[str] = Counter()
        for pair, count in self.counts.items():
            for rule_id in set(pair.before) - set(pair.after):
                messages[rule_id] += count
        return messages


class _Transitions:
    """How many messages go from which label to which, and the first keys of them."""

    def __init__(self) -> None:
        self._messages: Counter[tuple[str | None, str | None]] = Counter()
        self._keys: defaultdict[tuple[str | None, str | None], list[str]] = defaultdict(
            list
        )

    def add(
        self, before: str | None, after: str | None, count: int, keys: list[str]
    ) -> None:
        self._messages[before, after] += count
        examples = self._keys[before, after]
        examples.extend(keys[: EXAMPLES - len(examples)])

    def relabelling(self) -> tuple[Transition, ...]:
        return tuple(
            Transition(before, after, count, tuple(self._keys[before, after]))
            for (before, after), count in self._messages.most_common()
            if before != after
        )

    def unchanged(self) -> int:
        return sum(
            count
            for (before, after), count in self._messages.items()
            if before == after
        )


def _count_pairs(messages: Iterator[_MatchedMessage]) -> _PairCounts:
    pair_counts = _PairCounts()
    for message in messages:
        pair_counts.add(message)
    return pair_counts


def _rule_lists(
    sample: NightSample, old: Labelling, new: Labelling, progress: Callable[[int], None]
) -> Iterator[_MatchedMessage]:
    """Yield each message of the sample with the rules that matched it and match it."""
    matched_again = rules_to_match(old.rules, new.rules)
    ids_again = {rule.id for rule in matched_again}
    positions = {rule.id: position for position, rule in enumerate(new.rules)}
    kept = positions.keys() - ids_again
    matcher = _compile(new, matched_again) if matched_again else None
    messages_done = 0
    for messages, votes in sample.shards():
        report = _progress_within(messages_done, len(messages), progress)
        newly_matching = _match(matcher, messages, report)
        for key, before, new_ids in zip(
            votes["key"], map(tuple, votes["rules"]), newly_matching, strict=True
        ):
            after = sorted([*kept.intersection(before), *new_ids], key=positions.get)
            yield _MatchedMessage(key, _Pair(before, tuple(after)))
        messages_done += len(messages)
        progress(messages_done)


def _compile(new: Labelling, rules: Sequence[Rule]) -> RuleMatcher:
    database = patterns.compile_patterns(
        rule_patterns(rules), new.engine.compile_timeout_seconds
    )
    return RuleMatcher(rules, database, new.engine)


def _match(
    matcher: RuleMatcher | None,
    messages: pd.DataFrame,
    progress: Callable[[float], None],
) -> list[list[str]]:
    if matcher is None:
        return [[]] * len(messages)
    return matcher.matching_rules(messages, progress)


def _progress_within(
    messages_done: int, shard_size: int, progress: Callable[[int], None]
) -> Callable[[float], None]:
    """Return the progress of one shard as that of the whole sample."""

    def report(fraction: float) -> None:
        progress(messages_done + int(fraction * shard_size))

    return report


def _labels(rule_lists: Counter[RuleList], to: Labelling) -> dict[RuleList, str | None]:
    """Return the label of each list of rules, given the number of its messages."""
    resolved = labelling.resolve_counts(rule_lists, to)
    labels = resolved["label"].astype(object)
    return dict(
        zip(
            map(tuple, resolved["rules"]),
            labels.where(labels.notna(), None),
            strict=True,
        )
    )
