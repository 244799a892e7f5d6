"""From rules to what the engine runs: databases of patterns over bytes, and how each rule is to be found.

Most patterns are found by the engine alone (``exact``). Where it finds too much, `re` confirms (``confirmed``); what it
does not take, or not in time, `re` searches by itself (``searched``). So the votes are always those of `re`.
"""

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from pipeline.labelling import alphabet
from pipeline.labelling.alphabet import Alphabet, CharacterSet
from pipeline.labelling.compiler import CompileError, Compiler
from pipeline.labelling.translate import Translation, Untranslatable
from pipeline.settings import Rule

Way = Literal["exact", "confirmed", "searched"]
Plan = tuple[Way, str, str]  # how a rule is found, its pattern over bytes (empty: none), why not by the engine alone
FIELDS = ("body", "sender")
SECONDS_TOGETHER = 0.3  # for each pattern of a whole database


@dataclass(frozen=True)
class CompiledRules:
    """What `Engine` needs beside the rules.

    Attributes
    ----------
    table : uint8 [0x110000], the byte of each code point.
    databases : the field that each is for, and Hyperscan's serialised database, whose ids count into the rules.
    ways : how each rule is found.
    reasons : for each rule, why it is not left to the engine alone; empty if it is.
    """

    table: np.ndarray
    databases: tuple[tuple[str, bytes], ...]
    ways: tuple[Way, ...]
    reasons: tuple[str, ...]

    def to_bytes(self) -> bytes:
        """All of it as a compressed npz file; equal rules give equal bytes on equal processors."""
        described = {"fields": [field for field, _ in self.databases], "ways": self.ways, "reasons": self.reasons}
        arrays = {f"database{n}": np.frombuffer(each, dtype=np.uint8) for n, (_, each) in enumerate(self.databases)}
        buffer = io.BytesIO()
        np.savez_compressed(buffer, table=self.table, about=np.array(json.dumps(described)), **arrays)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> "CompiledRules":
        """What `to_bytes` wrote."""
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            described = json.loads(str(arrays["about"]))
            databases = ((field, arrays[f"database{n}"].tobytes()) for n, field in enumerate(described["fields"]))
            return cls(arrays["table"], tuple(databases), tuple(described["ways"]), tuple(described["reasons"]))


def compile_rules(rules: Sequence[Rule], seconds: float) -> CompiledRules:
    """The rules, compiled. A pattern that compiles for more than so many ``seconds`` is left to `re`."""
    letters = alphabet.build(_character_sets(rules))
    plans = [_plan(rule.pattern, letters) for rule in rules]
    with Compiler() as compiler:
        try:
            databases = [
                (field, compiler.compile(patterns, SECONDS_TOGETHER * len(patterns)))
                for field, patterns in _by_field(rules, plans)
            ]
        except CompileError:
            # One of them is to blame, so each is tried by itself.
            plans = [_try(rule.pattern, letters, compiler, seconds) for rule in rules]
            databases = [
                (field, each) for field, patterns in _by_field(rules, plans) for each in _together(patterns, compiler)
            ]
    ways, _, reasons = zip(*plans, strict=True)
    return CompiledRules(letters.table, tuple(databases), ways, reasons)


def _character_sets(rules: Sequence[Rule]) -> list[CharacterSet]:
    found: list[CharacterSet] = []

    def note(characters: CharacterSet) -> tuple[frozenset[int], bool]:
        found.append(characters)
        return frozenset({0}), True

    for rule in rules:
        try:
            Translation(note).of(rule.pattern)
        except Untranslatable:
            continue
    return found


def _plan(pattern: str, letters: Alphabet, relaxed: bool = False) -> Plan:
    translation = Translation(letters.sets.__getitem__, relaxed)
    try:
        written = translation.of(pattern)
    except Untranslatable as error:
        return "searched", "", str(error)
    return "confirmed" if translation.reason else "exact", written, translation.reason


def _try(pattern: str, letters: Alphabet, compiler: Compiler, seconds: float) -> Plan:
    """The plan for a pattern that compiles in time: as it is, relaxed, or not at all."""
    reason = ""
    for relaxed in (False, True):
        plan = _plan(pattern, letters, relaxed)
        if plan[0] == "searched":
            return plan
        try:
            compiler.compile({0: plan[1]}, seconds)
        except CompileError as error:
            reason = reason or str(error)
            continue
        return plan[0], plan[1], reason or plan[2]
    return "searched", "", reason


def _by_field(rules: Sequence[Rule], plans: Sequence[Plan]) -> list[tuple[str, dict[int, str]]]:
    """The patterns over bytes for each field that has any, by the number of their rule."""
    numbered = {
        field: {n: plans[n][1] for n, rule in enumerate(rules) if rule.field == field and plans[n][1]}
        for field in FIELDS
    }
    return [(field, patterns) for field, patterns in numbered.items() if patterns]


def _together(patterns: dict[int, str], compiler: Compiler) -> list[bytes]:
    """One database of all, or several, where one would take too long."""
    try:
        return [compiler.compile(patterns, SECONDS_TOGETHER * len(patterns))]
    except CompileError:
        if len(patterns) == 1:
            raise
    parts, half = list(patterns.items()), len(patterns) // 2
    return _together(dict(parts[:half]), compiler) + _together(dict(parts[half:]), compiler)
