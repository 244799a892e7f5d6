"""Compare the labels that a changed rule pack gives with those of a night.

Only the rules whose matches can differ are matched again.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd

from nightsieve.nights.sample import NightSample
from nightsieve.store.pattern_cache import compiled_patterns
from pipeline import labelling
from pipeline.config.settings import Labelling, Rule
from pipeline.rules.diff import RuleChange, diff_packs, rules_to_match
from pipeline.rules.patterns import RuleMatcher, rule_patterns

EXAMPLES = 10  # keys of each transition

RuleList = tuple[str, ...]  # the ids of the rules that match a message, in order


@dataclass(frozen=True)
class RuleEffect:
    """The effect of a changed rule.

    Attributes
    ----------
    gains
        The number of messages that it matches now and did not match in the night.
    losses
        The number of messages that it matched in the night and does not match now.

    Examples
    --------
    >>> old = Rule(id="win", label="spam", pattern="win a", why="a lottery")
    >>> new = Rule(id="win", label="spam", pattern="win", why="a lottery")
    >>> (change,) = diff_packs([old], [new])
    >>> RuleEffect(change, gains=2, losses=0).gains
    2
    """

    change: RuleChange
    gains: int
    losses: int


@dataclass(frozen=True)
class Transition:
    """Messages that go from one label to another; a label of None means no label.

    Attributes
    ----------
    messages
        The number of messages.
    keys
        The keys of the first of these messages, at most `EXAMPLES`.

    Examples
    --------
    >>> Transition(before="ham", after="spam", messages=1, keys=("a",)).after
    'spam'
    """

    before: str | None
    after: str | None
    messages: int
    keys: tuple[str, ...]


@dataclass(frozen=True)
class PackDiff:
    """The effect of a changed rule pack on the messages of a night.

    Attributes
    ----------
    rules
        The effect of every rule that is different.
    transitions
        The changes of labels, the most frequent one first.
    unchanged
        The number of messages that keep their label, or stay without a label.

    Examples
    --------
    >>> moved = Transition(before="ham", after="spam", messages=2, keys=("a", "b"))
    >>> result = PackDiff(rules=(), transitions=(moved,), unchanged=7)
    >>> result.relabelled, sorted(result.example_keys)
    (2, ['a', 'b'])
    """

    rules: tuple[RuleEffect, ...]
    transitions: tuple[Transition, ...]
    unchanged: int

    @property
    def relabelled(self) -> int:
        """The number of messages whose label changes."""
        return sum(transition.messages for transition in self.transitions)

    @property
    def example_keys(self) -> set[str]:
        """The keys of the first messages of all transitions."""
        keys: set[str] = set()
        for transition in self.transitions:
            keys.update(transition.keys)
        return keys


def diff(
    sample: NightSample,
    old: Labelling,
    new: Labelling,
    progress: Callable[[int], None] | None = None,
) -> PackDiff:
    """Return what the new rules would change in the sample of a night.

    Parameters
    ----------
    old
        The labelling of that night.
    progress
        Called with the number of messages that are done.

    Raises
    ------
    DataError
        The searches for a rule took too long; the message names the rule.

    Examples
    --------
    >>> import datetime
    >>> from nightsieve.nights.find import find_night
    >>> from nightsieve.store.configurations import load_settings
    >>> night = find_night(store_with_night, datetime.date(2026, 11, 20))
    >>> old = load_settings(store_with_night, night.config).labelling
    >>> win, code = old.rules
    >>> narrower = win.model_copy(update={"pattern": "win a"})
    >>> new = old.model_copy(update={"rules": (narrower, code)})
    >>> diff(NightSample(store_with_night, night), old, new).transitions
    (Transition(before='spam', after=None, messages=1, keys=('3',)),)
    """
    pairs = _count_pairs(_rule_lists(sample, old, new, progress or _ignore))
    labels_before = _labels(pairs.lists_before(), old)
    labels_after = _labels(pairs.lists_after(), new)
    transitions = _Transitions()
    for pair, count in pairs.counts.items():
        labels = _LabelPair(labels_before[pair.before], labels_after[pair.after])
        transitions.add(labels, count, pairs.keys[pair])
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


class _LabelPair(NamedTuple):
    """The label of a message in the night, and its label now."""

    before: str | None
    after: str | None


class _MatchedMessage(NamedTuple):
    key: str
    pair: _Pair


class _PairCounts:
    """The number of messages with each pair of rule lists, and their first keys."""

    def __init__(self) -> None:
        self.counts: Counter[_Pair] = Counter()
        self.keys: defaultdict[_Pair, list[str]] = defaultdict(list)

    def add(self, message: _MatchedMessage) -> None:
        self.counts[message.pair] += 1
        keys = self.keys[message.pair]
        if len(keys) < EXAMPLES:
            keys.append(message.key)

    def lists_before(self) -> Counter[RuleList]:
        """Count the messages that each list of rules matched in the night."""
        messages: Counter[RuleList] = Counter()
        for pair, count in self.counts.items():
            messages[pair.before] += count
        return messages

    def lists_after(self) -> Counter[RuleList]:
        """Count the messages that each list of rules matches now."""
        messages: Counter[RuleList] = Counter()
        for pair, count in self.counts.items():
            messages[pair.after] += count
        return messages

    def gains(self) -> Counter[str]:
        """Count the messages that each rule matches now and did not match before."""
        messages: Counter[str] = Counter()
        for pair, count in self.counts.items():
            for rule_id in set(pair.after) - set(pair.before):
                messages[rule_id] += count
        return messages

    def losses(self) -> Counter[str]:
        """Count the messages that each rule matched before and does not match now."""
        messages: Counter[str] = Counter()
        for pair, count in self.counts.items():
            for rule_id in set(pair.before) - set(pair.after):
                messages[rule_id] += count
        return messages


class _Transitions:
    """The number of messages with each pair of labels, and their first keys."""

    def __init__(self) -> None:
        self._messages: Counter[_LabelPair] = Counter()
        self._keys: defaultdict[_LabelPair, list[str]] = defaultdict(list)

    def add(self, labels: _LabelPair, count: int, keys: list[str]) -> None:
        self._messages[labels] += count
        examples = self._keys[labels]
        examples.extend(keys[: EXAMPLES - len(examples)])

    def relabelling(self) -> tuple[Transition, ...]:
        """Return the pairs of different labels, the most frequent one first."""
        transitions = []
        for labels, count in self._messages.most_common():
            if labels.before != labels.after:
                keys = tuple(self._keys[labels])
                transitions.append(Transition(*labels, messages=count, keys=keys))
        return tuple(transitions)

    def unchanged(self) -> int:
        """Return the number of messages whose label stays the same."""
        unchanged = 0
        for labels, count in self._messages.items():
            if labels.before == labels.after:
                unchanged += count
        return unchanged


def _count_pairs(messages: Iterator[_MatchedMessage]) -> _PairCounts:
    pair_counts = _PairCounts()
    for message in messages:
        pair_counts.add(message)
    return pair_counts


def _rule_lists(
    sample: NightSample, old: Labelling, new: Labelling, progress: Callable[[int], None]
) -> Iterator[_MatchedMessage]:
    """Yield each message with the rules that matched it and that match it now."""
    matched_again = rules_to_match(old.rules, new.rules)
    ids_again = {rule.id for rule in matched_again}
    rule_order = {rule.id: index for index, rule in enumerate(new.rules)}
    unchanged_ids = rule_order.keys() - ids_again
    matcher = _compile(new, matched_again) if matched_again else None
    messages_done = 0
    for messages, votes in sample.shards():
        shard_progress = _progress_within(messages_done, len(messages), progress)
        newly_matching = _match(matcher, messages, shard_progress)
        lists_before = map(tuple, votes["rules"])
        for key, before, new_ids in zip(
            votes["key"], lists_before, newly_matching, strict=True
        ):
            after = [*unchanged_ids.intersection(before), *new_ids]
            after.sort(key=rule_order.__getitem__)
            yield _MatchedMessage(key, _Pair(before, tuple(after)))
        messages_done += len(messages)
        progress(messages_done)


def _compile(new: Labelling, rules: Sequence[Rule]) -> RuleMatcher:
    database = compiled_patterns(
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
    """Return a callback that adds the progress within a shard to the whole."""

    def report(fraction: float) -> None:
        progress(messages_done + int(fraction * shard_size))

    return report


def _ignore(messages_done: int) -> None:
    """Show no progress."""


def _labels(
    rule_lists: Counter[RuleList], settings: Labelling
) -> dict[RuleList, str | None]:
    """Return the label of each list of rules, given the number of its messages."""
    resolved = labelling.resolve_counts(rule_lists, settings)
    labels = resolved["label"].astype(object)
    labels_or_none = labels.where(labels.notna(), None)
    lists = map(tuple, resolved["rules"])
    return dict(zip(lists, labels_or_none, strict=True))
