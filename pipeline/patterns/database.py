"""From rules to what the engine runs: databases of patterns over bytes, and how each rule is to be found.

Most patterns are found by the engine alone (``exact``). Where it finds too much, `re` confirms (``confirmed``); what it
does not take, or not in time, `re` searches by itself (``searched``). So the votes are always those of `re`.
"""

import contextlib
import io
import itertools
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from pipeline.config.settings import Rule
from pipeline.patterns import byte_classes
from pipeline.patterns.byte_classes import Alphabet, CharacterSet
from pipeline.patterns.compile_process import CompileError, Compiler
from pipeline.patterns.translate import Translation, Untranslatable

Way = Literal["exact", "confirmed", "searched"]
Plan = tuple[
    Way, str, str
]  # how a rule is found, its pattern over bytes (empty: none), why not by the engine alone
FIELDS = ("body", "sender")
SECONDS_TOGETHER = (
    0.2  # for each pattern of a whole database, five times what most take
)


@dataclass(frozen=True)
class Database:
    """Patterns that the engine finds together.

    Attributes
    ----------
    field : what they are looked for in.
    table : which of the tables turns texts into their bytes.
    content : Hyperscan's serialised database, whose ids count into the rules.
    """

    field: str
    table: int
    content: bytes


@dataclass(frozen=True)
class CompiledRules:
    """What `Engine` needs beside the rules.

    Attributes
    ----------
    tables : uint8 [0x110000] each, the byte of every code point.
    databases : what is looked for.
    ways : how each rule is found.
    reasons : for each rule, why it is not left to the engine alone; empty if it is.
    """

    tables: tuple[np.ndarray, ...]
    databases: tuple[Database, ...]
    ways: tuple[Way, ...]
    reasons: tuple[str, ...]

    def not_exact(self, rules: Sequence[Rule]) -> list[dict[str, str]]:
        """Rules that are not left to the engine alone: ``id``, ``way`` and ``reason``, the costly ones first."""
        told = [
            {"id": rule.id, "way": way, "reason": reason}
            for rule, way, reason in zip(rules, self.ways, self.reasons, strict=True)
            if way != "exact"
        ]
        return sorted(told, key=lambda each: each["way"], reverse=True)

    def to_bytes(self) -> bytes:
        """All of it as a compressed npz file; equal rules give equal bytes on equal processors."""
        described = {
            "databases": [(each.field, each.table) for each in self.databases],
            "ways": self.ways,
            "reasons": self.reasons,
        }
        arrays = {f"table{n}": each for n, each in enumerate(self.tables)}
        arrays |= {
            f"database{n}": np.frombuffer(each.content, dtype=np.uint8)
            for n, each in enumerate(self.databases)
        }
        buffer = io.BytesIO()
        np.savez_compressed(buffer, about=np.array(json.dumps(described)), **arrays)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> "CompiledRules":
        """What `to_bytes` wrote."""
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            described = json.loads(str(arrays["about"]))
            databases = tuple(
                Database(field, table, arrays[f"database{n}"].tobytes())
                for n, (field, table) in enumerate(described["databases"])
            )
            tables = tuple(
                arrays[f"table{n}"]
                for n in range(sum(name.startswith("table") for name in arrays))
            )
            return cls(
                tables, databases, tuple(described["ways"]), tuple(described["reasons"])
            )


def compile_rules(rules: Sequence[Rule], seconds: float) -> CompiledRules:
    """The rules, compiled. A pattern that compiles for more than so many ``seconds`` of CPU time is left to `re`."""
    letters, of = _alphabets(rules)
    plans = [_plan(rule.pattern, letters[n]) for rule, n in zip(rules, of, strict=True)]
    with Compiler() as compiler:
        try:
            databases = [
                Database(
                    field,
                    table,
                    compiler.compile(
                        patterns, max(seconds, SECONDS_TOGETHER * len(patterns))
                    ),
                )
                for (field, table), patterns in _groups(rules, of, plans).items()
            ]
        except CompileError:
            # One of them is to blame, so each is tried by itself.
            alone = _Alone(compiler, seconds)
            plans = [
                alone.plan(number, rule, letters[of[number]])
                for number, rule in enumerate(rules)
            ]
            databases = [
                Database(field, table, each)
                for (field, table), patterns in _groups(rules, of, plans).items()
                for each in alone.together(patterns)
            ]
    ways, _, reasons = zip(*plans, strict=True)
    return CompiledRules(
        tuple(each.table for each in letters), tuple(databases), ways, reasons
    )


def _alphabets(rules: Sequence[Rule]) -> tuple[list[Alphabet], list[int]]:
    """An alphabet, or two, and the number of each rule's.

    Rules that ask for the ends of words need bytes of words for letters, of which there are few. Where they are too few
    for all rules together, the other rules, for which any byte will do, get an alphabet of their own.
    """
    surveyed = [_survey(rule.pattern) for rule in rules]
    every = byte_classes.build(_all_sets(surveyed), any(words for _, words in surveyed))
    if every.exact:
        return [every], [0] * len(rules)
    parted = [
        byte_classes.build(
            _all_sets(each for each in surveyed if each[1] == words), words
        )
        for words in (True, False)
    ]
    return parted, [0 if words else 1 for _, words in surveyed]


def _all_sets(
    surveyed: Iterable[tuple[list[CharacterSet], bool]],
) -> list[CharacterSet]:
    return list(itertools.chain.from_iterable(sets for sets, _ in surveyed))


def _survey(pattern: str) -> tuple[list[CharacterSet], bool]:
    """The sets of characters that a pattern names, and whether it asks for the ends of words."""
    found: list[CharacterSet] = []

    def note(characters: CharacterSet) -> tuple[frozenset[int], bool]:
        found.append(characters)
        return frozenset({0}), True

    translation = Translation(note)
    with contextlib.suppress(Untranslatable):
        translation.of(pattern)
    return found, translation.words


def _plan(pattern: str, letters: Alphabet, relaxed: bool = False) -> Plan:
    translation = Translation(letters.sets.__getitem__, relaxed)
    try:
        written = translation.of(pattern)
    except Untranslatable as error:
        return "searched", "", str(error)
    return "confirmed" if translation.reason else "exact", written, translation.reason


def _groups(
    rules: Sequence[Rule], of: Sequence[int], plans: Sequence[Plan]
) -> dict[tuple[str, int], dict[int, str]]:
    """The patterns over bytes that can be found together, by the numbers of their rules."""
    found: dict[tuple[str, int], dict[int, str]] = {}
    for number, (rule, table, (_, written, _)) in enumerate(
        zip(rules, of, plans, strict=True)
    ):
        if written:
            found.setdefault((rule.field, table), {})[number] = written
    return found


class _Alone:
    """Patterns compiled one by one, then as many together as compile in time."""

    def __init__(self, compiler: Compiler, seconds: float) -> None:
        self._compiler, self._seconds = compiler, seconds
        self._databases: dict[int, bytes] = {}

    def plan(self, number: int, rule: Rule, letters: Alphabet) -> Plan:
        """The plan for a pattern that compiles in time: as it is, relaxed, or not at all."""
        reason = ""
        for relaxed in (False, True):
            plan = _plan(rule.pattern, letters, relaxed)
            if plan[0] == "searched":
                return plan
            try:
                self._databases[number] = self._compiler.compile(
                    {number: plan[1]}, self._seconds
                )
            except CompileError as error:
                reason = reason or str(error)
                continue
            return plan[0], plan[1], reason or plan[2]
        return "searched", "", reason

    def together(self, patterns: dict[int, str]) -> list[bytes]:
        """One database of all, or several, where one would take too long."""
        if len(patterns) == 1:
            return [self._databases[number] for number in patterns]
        try:
            return [
                self._compiler.compile(
                    patterns, max(self._seconds, SECONDS_TOGETHER * len(patterns))
                )
            ]
        except CompileError:
            parts, half = list(patterns.items()), len(patterns) // 2
            return self.together(dict(parts[:half])) + self.together(dict(parts[half:]))
