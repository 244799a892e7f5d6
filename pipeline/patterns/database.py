"""Compile patterns to Hyperscan databases, and decide how each of them is matched.

Whatever a pattern's strategy is, the result is that of `re`.
"""

import contextlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from pipeline.data.arrays import decode_arrays, encode_arrays
from pipeline.patterns.byte_classes import (
    ByteMap,
    ByteSet,
    CharacterClass,
    build_byte_map,
)
from pipeline.patterns.compile_process import CompileError, CompileProcess
from pipeline.patterns.hyperscan_engine import engine
from pipeline.patterns.pattern import Pattern
from pipeline.patterns.translate import Translation, TranslationError

# CPU seconds for each pattern of a database: five times what most patterns take.
SECONDS_PER_PATTERN = 0.2


class MatchStrategy(StrEnum):
    """Which engine finds the matches of a pattern.

    Attributes
    ----------
    HYPERSCAN
        Hyperscan alone.
    PREFILTER
        Hyperscan finds candidates, and `re` confirms them.
    FALLBACK
        `re` alone searches every text.
    """

    HYPERSCAN = "hyperscan"
    PREFILTER = "prefilter"
    FALLBACK = "fallback"


@dataclass(frozen=True)
class PatternStrategy:
    """How the pattern with this id is matched.

    Attributes
    ----------
    reason
        Why Hyperscan alone does not match it; empty if it does.
    """

    id: str
    strategy: MatchStrategy
    reason: str


@dataclass(frozen=True)
class HyperscanDatabase:
    """Patterns that Hyperscan matches together.

    Attributes
    ----------
    field
        The column that the patterns are searched in.
    byte_table
        The index of the table that encodes the texts of the column.
    content
        Hyperscan's serialisation. The ids in it are indices of patterns.
    """

    field: str
    byte_table: int
    content: bytes


@dataclass(frozen=True)
class PatternDatabase:
    r"""The compiled patterns, which `Matcher` needs beside the patterns themselves.

    Attributes
    ----------
    byte_tables
        uint8 [0x110000] each: the byte of every code point.
    databases
        The patterns that Hyperscan matches.
    strategies
        How each pattern is matched, in the order of the patterns.
    engine
        What compiled the databases, see `pipeline.patterns.engine`. Only this
        engine may load them, and only from a writer who is trusted: they are native
        data for a C library.

    Examples
    --------
    >>> patterns = [
    ...     Pattern("prize", "body", "prize"),
    ...     Pattern("echo", "body", r"(x)\1"),
    ... ]
    >>> database = compile_patterns(patterns, compile_timeout=10)
    >>> for pattern in database.fallbacks():
    ...     print(f"{pattern.id}: {pattern.strategy} ({pattern.reason})")
    echo: prefilter (groupref needs re)
    >>> PatternDatabase.from_bytes(database.to_bytes()).strategies[0].id
    'prize'
    """

    byte_tables: tuple[np.ndarray, ...]
    databases: tuple[HyperscanDatabase, ...]
    strategies: tuple[PatternStrategy, ...]
    engine: str

    def fallbacks(self) -> list[PatternStrategy]:
        """Return the patterns that are not left to Hyperscan alone.

        The patterns that `re` searches every text for are the most expensive ones, so
        they come first.
        """
        return [
            *self._with(MatchStrategy.FALLBACK),
            *self._with(MatchStrategy.PREFILTER),
        ]

    def _with(self, strategy: MatchStrategy) -> list[PatternStrategy]:
        return [pattern for pattern in self.strategies if pattern.strategy is strategy]

    def to_bytes(self) -> bytes:
        """Return the database as a compressed npz file.

        Equal patterns give equal bytes on equal processors.
        """
        description = {
            "engine": self.engine,
            "databases": [
                (database.field, database.byte_table) for database in self.databases
            ],
            "patterns": [
                (pattern.id, pattern.strategy, pattern.reason)
                for pattern in self.strategies
            ],
        }
        arrays = {f"byte_table{i}": table for i, table in enumerate(self.byte_tables)}
        for i, database in enumerate(self.databases):
            arrays[f"database{i}"] = np.frombuffer(database.content, dtype=np.uint8)
        arrays["description"] = np.array(json.dumps(description))
        return encode_arrays(arrays)

    @classmethod
    def from_bytes(cls, content: bytes) -> "PatternDatabase":
        """Read what `to_bytes` wrote; this loads no database into Hyperscan."""
        arrays = decode_arrays(content)
        description = json.loads(str(arrays["description"]))
        byte_tables: list[np.ndarray] = []
        while f"byte_table{len(byte_tables)}" in arrays:
            byte_tables.append(arrays[f"byte_table{len(byte_tables)}"])
        databases: list[HyperscanDatabase] = []
        for i, (field, byte_table) in enumerate(description["databases"]):
            serialised = arrays[f"database{i}"].tobytes()
            databases.append(HyperscanDatabase(field, byte_table, serialised))
        strategies: list[PatternStrategy] = []
        for pattern_id, strategy, reason in description["patterns"]:
            pattern = PatternStrategy(pattern_id, MatchStrategy(strategy), reason)
            strategies.append(pattern)
        return cls(
            tuple(byte_tables),
            tuple(databases),
            tuple(strategies),
            description["engine"],
        )


def compile_patterns(
    patterns: Sequence[Pattern], compile_timeout: float
) -> PatternDatabase:
    r"""Return the database of the patterns.

    Parameters
    ----------
    compile_timeout
        CPU seconds. `re` searches for a pattern that takes longer to compile.

    Examples
    --------
    >>> patterns = [Pattern("prize", "body", r"\bprizes?\b")]
    >>> database = compile_patterns(patterns, compile_timeout=10)
    >>> database.strategies[0].strategy.value
    'hyperscan'
    """
    byte_maps = _ByteMaps.build(patterns)
    with CompileProcess() as process:
        compilation = _Compiler(process, compile_timeout, patterns, byte_maps).compile()
    strategies = tuple(
        PatternStrategy(pattern.id, result.strategy, result.reason)
        for pattern, result in zip(patterns, compilation.patterns, strict=True)
    )
    byte_tables = tuple(byte_map.table for byte_map in byte_maps.maps)
    databases = tuple(compilation.databases)
    return PatternDatabase(byte_tables, databases, strategies, engine())


@dataclass(frozen=True)
class CompiledPattern:
    """A pattern after translation.

    Attributes
    ----------
    expression
        Over bytes, for Hyperscan; empty if `re` searches for the pattern.
    reason
        Why the pattern is not left to Hyperscan alone; empty if it is.
    """

    strategy: MatchStrategy
    expression: str
    reason: str

    @classmethod
    def fallback(cls, reason: str) -> "CompiledPattern":
        """Return the pattern that is left to `re`."""
        return cls(MatchStrategy.FALLBACK, "", reason)


def translate(
    expression: str, byte_map: ByteMap, relaxed: bool = False
) -> CompiledPattern:
    """Translate the expression for Hyperscan, if that is possible."""
    translation = Translation(byte_map.byte_sets.__getitem__, relaxed)
    try:
        translated = translation.translate(expression)
    except TranslationError as error:
        return CompiledPattern.fallback(str(error))
    if translation.reason:
        return CompiledPattern(MatchStrategy.PREFILTER, translated, translation.reason)
    return CompiledPattern(MatchStrategy.HYPERSCAN, translated, "")


@dataclass(frozen=True)
class _Survey:
    """The character classes and boundaries that a byte map must express."""

    classes: tuple[CharacterClass, ...]
    word_boundaries: bool

    @classmethod
    def of(cls, expression: str) -> "_Survey":
        classes: list[CharacterClass] = []

        def record(character_class: CharacterClass) -> ByteSet:
            classes.append(character_class)
            return ByteSet(frozenset({0}), exact=True)

        translation = Translation(record)
        with contextlib.suppress(TranslationError):
            translation.translate(expression)
        return cls(tuple(classes), translation.word_boundaries)


@dataclass(frozen=True)
class _ByteMaps:
    """One byte map or two, and the index of each pattern's map."""

    maps: tuple[ByteMap, ...]
    indices: tuple[int, ...]

    @classmethod
    def build(cls, patterns: Sequence[Pattern]) -> "_ByteMaps":
        """Build one map for all patterns, if it keeps all their classes apart.

        Patterns with word boundaries need bytes that are word characters for letters,
        and few bytes are. Where these bytes do not suffice for all patterns, the
        patterns without word boundaries get their own map, which may use any byte.
        """
        surveys = [_Survey.of(pattern.expression) for pattern in patterns]
        with_words: list[_Survey] = []
        without_words: list[_Survey] = []
        indices: list[int] = []
        for survey in surveys:
            if survey.word_boundaries:
                with_words.append(survey)
                indices.append(0)
            else:
                without_words.append(survey)
                indices.append(1)
        common = build_byte_map(_all_classes(surveys), bool(with_words))
        if common.exact:
            return cls((common,), (0,) * len(patterns))
        maps = (
            build_byte_map(_all_classes(with_words), word_boundaries=True),
            build_byte_map(_all_classes(without_words), word_boundaries=False),
        )
        return cls(maps, tuple(indices))

    def of_patterns(self) -> list[ByteMap]:
        """Return the map of each pattern."""
        return [self.maps[index] for index in self.indices]


def _all_classes(surveys: Iterable[_Survey]) -> list[CharacterClass]:
    classes: list[CharacterClass] = []
    for survey in surveys:
        classes.extend(survey.classes)
    return classes


@dataclass(frozen=True)
class _Group:
    """Expressions over bytes that one database can hold, by the pattern's index."""

    field: str
    byte_table: int
    expressions: dict[int, str]

    def database(self, content: bytes) -> HyperscanDatabase:
        return HyperscanDatabase(self.field, self.byte_table, content)


def _group(
    patterns: Sequence[Pattern],
    map_indices: Sequence[int],
    compiled: Sequence[CompiledPattern],
) -> list[_Group]:
    """Group the patterns for Hyperscan by their field and byte map."""
    groups: dict[tuple[str, int], _Group] = {}
    for index, (pattern, map_index, result) in enumerate(
        zip(patterns, map_indices, compiled, strict=True)
    ):
        if result.strategy is MatchStrategy.FALLBACK:
            continue
        key = (pattern.field, map_index)
        group = groups.setdefault(key, _Group(pattern.field, map_index, {}))
        group.expressions[index] = result.expression
    return list(groups.values())


@dataclass(frozen=True)
class _Compilation:
    """Every pattern after translation, and the databases of those for Hyperscan."""

    patterns: list[CompiledPattern]
    databases: list[HyperscanDatabase]


class _Compiler:
    """Compiles the patterns together, or one by one if one of them does not compile."""

    def __init__(
        self,
        process: CompileProcess,
        timeout: float,
        patterns: Sequence[Pattern],
        byte_maps: _ByteMaps,
    ) -> None:
        self._process = process
        self._timeout = timeout
        self._patterns = patterns
        self._byte_maps = byte_maps

    def compile(self) -> _Compilation:
        """Return the patterns and as few databases as compile in time."""
        try:
            return self._compile_together()
        except CompileError:
            return self._compile_one_by_one()

    def _compile_together(self) -> _Compilation:
        """Compile one database for each field and byte map.

        Raises
        ------
        CompileError
            Hyperscan refuses an expression, or those of a database take too long.
        """
        translated = [
            translate(pattern.expression, byte_map)
            for pattern, byte_map in self._patterns_with_maps()
        ]
        databases: list[HyperscanDatabase] = []
        for group in _group(self._patterns, self._byte_maps.indices, translated):
            content = self._compile_database(group.expressions)
            databases.append(group.database(content))
        return _Compilation(translated, databases)

    def _compile_one_by_one(self) -> _Compilation:
        """Compile every pattern by itself, then those that compile to few databases."""
        compiled: list[CompiledPattern] = []
        compiled_alone: dict[int, bytes] = {}
        for index, (pattern, byte_map) in enumerate(self._patterns_with_maps()):
            result, content = self._compile_alone(index, pattern.expression, byte_map)
            compiled.append(result)
            compiled_alone[index] = content
        databases: list[HyperscanDatabase] = []
        for group in _group(self._patterns, self._byte_maps.indices, compiled):
            for content in self._compile_in_parts(group.expressions, compiled_alone):
                databases.append(group.database(content))
        return _Compilation(compiled, databases)

    def _patterns_with_maps(self) -> Iterator[tuple[Pattern, ByteMap]]:
        return zip(self._patterns, self._byte_maps.of_patterns(), strict=True)

    def _compile_alone(
        self, index: int, expression: str, byte_map: ByteMap
    ) -> tuple[CompiledPattern, bytes]:
        """Return what compiles in time, with its database.

        This is the translation, a relaxed one, or nothing: `re` then searches for the
        pattern, and the database is empty.
        """
        compile_error = ""
        for relaxed in (False, True):
            result = translate(expression, byte_map, relaxed)
            if result.strategy is MatchStrategy.FALLBACK:
                return result, b""
            try:
                content = self._process.compile(
                    {index: result.expression}, self._timeout
                )
            except CompileError as error:
                compile_error = compile_error or str(error)
                continue
            reason = compile_error or result.reason
            compiled = CompiledPattern(result.strategy, result.expression, reason)
            return compiled, content
        return CompiledPattern.fallback(compile_error), b""

    def _compile_in_parts(
        self, expressions: dict[int, str], compiled_alone: dict[int, bytes]
    ) -> list[bytes]:
        """Compile expressions that compile one by one to few databases.

        Expressions that take too long together are compiled in halves.
        """
        if len(expressions) == 1:
            (index,) = expressions
            return [compiled_alone[index]]
        try:
            return [self._compile_database(expressions)]
        except CompileError:
            items = list(expressions.items())
            middle = len(items) // 2
            first_half = dict(items[:middle])
            second_half = dict(items[middle:])
            return [
                *self._compile_in_parts(first_half, compiled_alone),
                *self._compile_in_parts(second_half, compiled_alone),
            ]

    def _compile_database(self, expressions: dict[int, str]) -> bytes:
        timeout = max(self._timeout, SECONDS_PER_PATTERN * len(expressions))
        return self._process.compile(expressions, timeout)
