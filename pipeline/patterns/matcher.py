"""Match patterns against the texts of a table, with the results of `re`."""

import re
from collections.abc import Callable, Sequence

import hyperscan
import numpy as np
import pandas as pd
from scipy import sparse

from pipeline.patterns.byte_classes import encode
from pipeline.patterns.database import MatchStrategy, PatternDatabase
from pipeline.patterns.hyperscan_engine import engine
from pipeline.patterns.pattern import Pattern
from pipeline.patterns.search_timeout import (
    SLOW_SEARCHES,
    SearchTimeout,
    SearchTimer,
)

# CPU seconds of an average search, beside the few that may use up their timeout.
USUAL_SEARCH = 0.001
# Distinct texts that are encoded at once, and between two reports of progress.
CHUNK = 20_000


class PatternTimeout(SearchTimeout):
    """The searches for one pattern took too long; the message does not name it."""

    def __init__(self, pattern_id: str, message: str) -> None:
        super().__init__(message)
        self.pattern_id = pattern_id


class Matcher:
    """Patterns, ready to be matched.

    Parameters
    ----------
    patterns
        The patterns that the database was compiled from, in the same order.
    database
        From a writer who is trusted: Hyperscan loads it.
    search_timeout
        CPU seconds, for one search of `re`.

    Raises
    ------
    ValueError
        The database was compiled from other patterns or by another engine.

    Examples
    --------
    >>> from pipeline.patterns import compile_patterns
    >>> patterns = [Pattern("prize", "body", "prize"), Pattern("you", "body", "you")]
    >>> database = compile_patterns(patterns, compile_timeout=10)
    >>> matcher = Matcher(patterns, database, search_timeout=1)
    >>> matcher.fields
    ['body']
    >>> matcher.matches(pd.DataFrame({"body": ["Free PRIZE", None]})).toarray()
    array([[ True, False],
           [False, False]])
    """

    def __init__(
        self,
        patterns: Sequence[Pattern],
        database: PatternDatabase,
        *,
        search_timeout: float,
    ) -> None:
        ids = [pattern.id for pattern in patterns]
        compiled_ids = [pattern.id for pattern in database.strategies]
        if ids != compiled_ids:
            raise ValueError(
                "the database was compiled from other patterns; "
                "compile it from these patterns"
            )
        if database.engine != engine():
            raise ValueError(
                f"the database was compiled by {database.engine}, and this is "
                f"{engine()}; compile it here"
            )
        self._patterns = tuple(patterns)
        self._search_timeout = search_timeout
        self._byte_tables = database.byte_tables
        self._strategies = [pattern.strategy for pattern in database.strategies]
        self._databases = _load(database)
        # Hyperscan needs none of them, and thousands take seconds to compile.
        self._expressions = {
            index: re.compile(pattern.expression, re.IGNORECASE)
            for index, pattern in enumerate(patterns)
            if self._strategies[index] is not MatchStrategy.HYPERSCAN
        }

    @property
    def fields(self) -> list[str]:
        """The columns that the patterns are searched in."""
        return list(dict.fromkeys(pattern.field for pattern in self._patterns))

    def matches(
        self,
        table: pd.DataFrame,
        progress: Callable[[float], None] | None = None,
    ) -> sparse.csr_array:
        """Return which patterns match which rows: bool [n_rows, n_patterns].

        The patterns of a row are in order. No pattern matches a missing text.

        Parameters
        ----------
        progress
            Receives the fraction that is done.

        Raises
        ------
        PatternTimeout
            The searches for a pattern took too long.
        """
        result = sparse.csr_array((len(table), len(self._patterns)), dtype=bool)
        fields = self.fields
        for i, field in enumerate(fields):

            def report(done: float, fields_done: int = i) -> None:
                if progress is not None:
                    progress((fields_done + done) / len(fields))

            codes, texts = pd.factorize(table[field], use_na_sentinel=True)
            matches_of_texts = self._match_texts(list(texts), field, report)
            rows = np.flatnonzero(codes >= 0)
            text_of_row = sparse.csr_array(
                (np.ones(len(rows), dtype=bool), (rows, codes[rows])),
                shape=(len(table), len(texts)),
            )
            result = result + text_of_row @ matches_of_texts
        result.sort_indices()
        return result

    def _match_texts(
        self, texts: Sequence[str], field: str, progress: Callable[[float], None]
    ) -> sparse.csr_array:
        """Return which patterns match which distinct texts of a field."""
        chunks = [sparse.csr_array((0, len(self._patterns)), dtype=bool)]
        total_timeout = SLOW_SEARCHES * self._search_timeout
        total_timeout += USUAL_SEARCH * len(texts)
        with SearchTimer(self._search_timeout, total_timeout) as timer:
            for start in range(0, len(texts), CHUNK):
                chunk = texts[start : start + CHUNK]
                chunks.append(self._match_chunk(chunk, field, timer))
                progress(min(1.0, (start + CHUNK) / len(texts)))
        return sparse.csr_array(sparse.vstack(chunks))

    def _match_chunk(
        self, texts: Sequence[str], field: str, timer: SearchTimer
    ) -> sparse.csr_array:
        text_indices, pattern_indices = self._scan(texts, field)
        for pattern_index in self._indices(field, MatchStrategy.PREFILTER):
            candidates = np.flatnonzero(pattern_indices == pattern_index)
            refuted = [
                candidate
                for candidate in candidates.tolist()
                if not self._search(
                    timer, pattern_index, texts[text_indices[candidate]]
                )
            ]
            text_indices = np.delete(text_indices, refuted)
            pattern_indices = np.delete(pattern_indices, refuted)
        for pattern_index in self._indices(field, MatchStrategy.FALLBACK):
            matched = [
                text_index
                for text_index, text in enumerate(texts)
                if self._search(timer, pattern_index, text)
            ]
            text_indices = np.append(text_indices, np.array(matched, dtype=np.int64))
            pattern_indices = np.append(
                pattern_indices, np.full(len(matched), pattern_index)
            )
        return sparse.csr_array(
            (np.ones(len(text_indices), dtype=bool), (text_indices, pattern_indices)),
            shape=(len(texts), len(self._patterns)),
        )

    def _indices(self, field: str, strategy: MatchStrategy) -> list[int]:
        """Return the patterns of a field that are matched by a strategy."""
        return [
            index
            for index, pattern in enumerate(self._patterns)
            if pattern.field == field and self._strategies[index] is strategy
        ]

    def _scan(self, texts: Sequence[str], field: str) -> tuple[np.ndarray, np.ndarray]:
        """Return the matches of Hyperscan as indices of texts and of patterns, int64.

        No pair occurs twice.
        """
        text_indices: list[int] = []
        pattern_indices: list[int] = []

        def on_match(
            pattern_index: int, _start: int, _end: int, _flags: int, text_index: int
        ) -> None:
            text_indices.append(text_index)
            pattern_indices.append(pattern_index)

        for table_index, byte_table in enumerate(self._byte_tables):
            databases = self._databases.get((field, table_index), [])
            if not databases:
                continue
            encoded = encode(texts, byte_table)
            bounds = encoded.offsets.tolist()
            for database in databases:
                for text_index, start in enumerate(bounds[:-1]):
                    database.scan(
                        encoded.content[start : bounds[text_index + 1]],
                        match_event_handler=on_match,
                        context=text_index,
                    )
        return (
            np.array(text_indices, dtype=np.int64),
            np.array(pattern_indices, dtype=np.int64),
        )

    def _search(self, timer: SearchTimer, pattern_index: int, text: str) -> bool:
        try:
            match = timer.search(self._expressions[pattern_index], text)
        except SearchTimeout as timeout:
            pattern_id = self._patterns[pattern_index].id
            raise PatternTimeout(pattern_id, str(timeout)) from None
        return match is not None


def _load(
    database: PatternDatabase,
) -> dict[tuple[str, int], list[hyperscan.Database]]:
    """Return the loaded databases by field and index of the byte table."""
    loaded: dict[tuple[str, int], list[hyperscan.Database]] = {}
    for serialised in database.databases:
        hyperscan_database = hyperscan.loadb(
            serialised.content, hyperscan.HS_MODE_BLOCK
        )
        hyperscan_database.scratch = hyperscan.Scratch(hyperscan_database)
        key = (serialised.field, serialised.byte_table)
        loaded.setdefault(key, []).append(hyperscan_database)
    return loaded
