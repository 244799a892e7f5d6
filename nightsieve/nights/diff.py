"""What a changed pack would relabel in a night's sample: only the rules that differ are matched again."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.text import Text

from nightsieve.cli.terminal import WIDTH, table
from nightsieve.nights.sample import Sample
from pipeline import labelling, patterns
from pipeline.config.settings import Labelling, Rule
from pipeline.rules.patterns import RuleMatcher, rule_patterns

EXAMPLES = 10  # keys shown for each transition
DECIDING = ("label", "pattern", "field", "weight")  # what of a rule can change a label

Pair = tuple[
    tuple[str, ...], tuple[str, ...]
]  # the rules that matched a message in the night, and those that would


@dataclass
class Relabelling:
    """What would change.

    Attributes
    ----------
    changes : by rule, what is different about it; gains and losses count messages that it matches.
    transitions : messages by their label before and after, None where there is none; the same ones included.
    examples : some keys of each transition that is one.
    """

    changes: dict[str, str]
    gains: Counter[str] = field(default_factory=Counter)
    losses: Counter[str] = field(default_factory=Counter)
    transitions: Counter[tuple[str | None, str | None]] = field(default_factory=Counter)
    examples: dict[tuple[str | None, str | None], list[str]] = field(
        default_factory=lambda: defaultdict(list)
    )


def relabel(
    sample: Sample,
    old: Labelling,
    new: Labelling,
    progress: Callable[[int], None] = lambda done: None,
) -> Relabelling:
    """What the new rules would change; ``progress`` is told how many messages are done."""
    pairs, keys = _pairs(sample, old, new, progress)
    befores, afters = (
        _labels([(pair[side], n) for pair, n in pairs.items()], to)
        for side, to in ((0, old), (1, new))
    )
    result = Relabelling(changes(old, new))
    for (before, after), count in pairs.items():
        for id_ in set(after) - set(before):
            result.gains[id_] += count
        for id_ in set(before) - set(after):
            result.losses[id_] += count
        transition = befores[before], afters[after]
        result.transitions[transition] += count
        if transition[0] != transition[1]:
            examples = result.examples[transition]
            examples += keys[before, after][: EXAMPLES - len(examples)]
    return result


def changes(old: Labelling, new: Labelling) -> dict[str, str]:
    """What is different about each rule that is not the same in both."""
    before, after = ({rule.id: rule for rule in pack.rules} for pack in (old, new))
    found = {}
    for id_, rule in after.items():
        if id_ not in before:
            found[id_] = "new"
        elif different := [
            name
            for name in DECIDING
            if getattr(rule, name) != getattr(before[id_], name)
        ]:
            found[id_] = ", ".join(different)
    return found | {id_: "gone" for id_ in before if id_ not in after}


def _pairs(
    sample: Sample, old: Labelling, new: Labelling, progress: Callable[[int], None]
) -> tuple[Counter[Pair], dict[Pair, list[str]]]:
    """How many messages have each pair, and the first keys of them."""
    known = {rule.id: (rule.pattern, rule.field) for rule in old.rules}
    again = [
        rule for rule in new.rules if known.get(rule.id) != (rule.pattern, rule.field)
    ]
    kept = {rule.id for rule in new.rules} - {rule.id for rule in again}
    place = {rule.id: number for number, rule in enumerate(new.rules)}
    find = _finder(again, new)
    pairs: Counter[Pair] = Counter()
    keys: dict[Pair, list[str]] = defaultdict(list)
    done = 0
    for messages, votes in sample.shards():
        found = find(messages, _within(done, len(messages), progress))
        for key, before, more in zip(
            votes["key"], map(tuple, votes["rules"]), found, strict=True
        ):
            pair = (
                before,
                tuple(
                    sorted([*kept.intersection(before), *more], key=place.__getitem__)
                ),
            )
            pairs[pair] += 1
            if len(keys[pair]) < EXAMPLES:
                keys[pair].append(key)
        done += len(messages)
        progress(done)
    return pairs, keys


def _within(
    done: int, size: int, progress: Callable[[int], None]
) -> Callable[[float], None]:
    """The progress of a shard of that size as that of the whole sample."""
    return lambda fraction: progress(done + int(fraction * size))


def _finder(rules: Sequence[Rule], new: Labelling) -> Callable[..., list[list[str]]]:
    """What finds, for each of some messages, the ids of the rules that match it."""
    if not rules:
        return lambda messages, progress: [[]] * len(messages)
    database = patterns.compile_patterns(
        rule_patterns(rules), new.engine.compile_timeout_seconds
    )
    return RuleMatcher(rules, database, new.engine).matching_rules


def _labels(
    lists: list[tuple[tuple[str, ...], int]], to: Labelling
) -> dict[tuple[str, ...], str | None]:
    """The label of each list of rules among all of them, which stand for so many messages each."""
    resolved = labelling.resolve_counts(Counter(dict(lists)), to)
    labels = resolved["label"].astype(object)
    return dict(
        zip(
            map(tuple, resolved["rules"]),
            labels.where(labels.notna(), None),
            strict=True,
        )
    )


def as_json(result: Relabelling, texts: dict[str, str] | None) -> dict[str, Any]:
    """The changed rules, and the transitions with some keys of each, and texts, where they are given."""
    rules = [
        {
            "id": id_,
            "change": change,
            "gains": result.gains[id_],
            "loses": result.losses[id_],
        }
        for id_, change in result.changes.items()
    ]
    transitions = [
        {
            "from": before,
            "to": after,
            "messages": count,
            "examples": [
                {"key": key, **({"text": texts[key]} if texts else {})} for key in keys
            ],
        }
        for (before, after), count in result.transitions.most_common()
        if before != after and (keys := result.examples[before, after])
    ]
    return {"rules": rules, "transitions": transitions}


def show(result: Relabelling, texts: dict[str, str] | None) -> None:
    """Print the changed rules, the transitions and some keys of each, or texts, where they are given."""
    console = Console(width=WIDTH, highlight=False)
    rules = table("rule", "change", "gains", "loses", left=2)
    for id_, change in result.changes.items():
        rules.add_row(id_, change, f"{result.gains[id_]:,}", f"{result.losses[id_]:,}")
    console.print(
        rules if result.changes else Text("No rule is different."), soft_wrap=True
    )
    moved = {
        pair: n for pair, n in result.transitions.most_common() if pair[0] != pair[1]
    }
    same = result.transitions.total() - sum(moved.values())
    console.print(
        f"\n{sum(moved.values()):,} messages change their label, {same:,} do not"
    )
    for (before, after), count in moved.items():
        console.print(
            f"\n{before or 'none'} -> {after or 'none'}: {count:,}",
            markup=False,
            soft_wrap=True,
        )
        for key in result.examples[before, after]:
            line = f"  {key}" if texts is None else f"  {key}  {texts[key]}"
            console.print(Text(line), soft_wrap=True)
