"""Which rules match which messages: Hyperscan over whole shards, every answer that of `re` with IGNORECASE."""

import re
from collections.abc import Callable, Sequence

import hyperscan
import numpy as np
import pandas as pd
from scipy import sparse

from pipeline.config.settings import Labelling
from pipeline.errors import DataError
from pipeline.patterns.byte_classes import encode
from pipeline.patterns.database import FIELDS, CompiledRules, compile_rules
from pipeline.patterns.search_timeout import SEARCHES, Endless, Watch

USUAL = (
    0.001  # seconds that a search may take on average, above what a few long ones may
)
CHUNK = (
    20_000  # distinct texts that are bytes at once, and between two reports of progress
)


class Engine:
    """Rules, ready to be matched.

    A database that was compiled for another processor or by another version of Hyperscan is compiled anew.
    """

    def __init__(self, labelling: Labelling, compiled: CompiledRules):
        try:
            databases = _loaded(compiled)
        except hyperscan.HyperscanError:
            compiled = compile_rules(
                labelling.rules, labelling.engine.compile_timeout_seconds
            )
            databases = _loaded(compiled)
        self._rules, self._seconds, self._tables = (
            labelling.rules,
            labelling.engine.search_timeout_seconds,
            compiled.tables,
        )
        self._databases = databases
        self._patterns = [
            re.compile(rule.pattern, re.IGNORECASE) for rule in labelling.rules
        ]
        self._numbers = {
            (field, way): [
                n
                for n, rule in enumerate(labelling.rules)
                if (rule.field, compiled.ways[n]) == (field, way)
            ]
            for field in FIELDS
            for way in ("confirmed", "searched")
        }

    def matches(
        self,
        messages: pd.DataFrame,
        progress: Callable[[float], None] = lambda fraction: None,
    ) -> sparse.csr_array:
        """Whether each rule is found in each message: bool [n_messages, n_rules], the rules of a message in order.

        A rule on the sender is not found where there is no sender. ``progress`` is told the fraction done.

        Raises
        ------
        DataError : a search took too long; names the rule.
        """
        found = sparse.csr_array((len(messages), len(self._rules)), dtype=bool)
        for place, field in enumerate(FIELDS):
            codes, texts = pd.factorize(messages[field], use_na_sentinel=True)
            distinct = self._found(
                list(texts),
                field,
                lambda done, place=place: progress((place + done) / len(FIELDS)),
            )
            present = np.flatnonzero(codes >= 0)
            spread = sparse.csr_array(
                (np.ones(len(present), dtype=bool), (present, codes[present])),
                shape=(len(messages), len(texts)),
            )
            found = found + spread @ distinct
        found.sort_indices()
        return found

    def _found(
        self, texts: Sequence[str], field: str, progress: Callable[[float], None]
    ) -> sparse.csr_array:
        """The same for distinct texts of a field."""
        chunks = [sparse.csr_array((0, len(self._rules)), dtype=bool)]
        with Watch(
            self._seconds, SEARCHES * self._seconds + USUAL * len(texts)
        ) as watch:
            for start in range(0, len(texts), CHUNK):
                chunks.append(self._chunk(texts[start : start + CHUNK], field, watch))
                progress(min(1.0, (start + CHUNK) / len(texts)))
        return sparse.csr_array(sparse.vstack(chunks))

    def _chunk(
        self, texts: Sequence[str], field: str, watch: Watch
    ) -> sparse.csr_array:
        rows, columns = self._scanned(texts, field)
        for number in self._numbers[field, "confirmed"]:
            passed = columns == number
            wrong = [
                not self._search(watch, number, texts[row]) for row in rows[passed]
            ]
            keep = np.ones(len(rows), dtype=bool)
            keep[np.flatnonzero(passed)[wrong]] = False
            rows, columns = rows[keep], columns[keep]
        for number in self._numbers[field, "searched"]:
            more = np.array(
                [
                    row
                    for row, text in enumerate(texts)
                    if self._search(watch, number, text)
                ],
                dtype=np.int64,
            )
            rows, columns = (
                np.append(rows, more),
                np.append(columns, np.full(len(more), number)),
            )
        return sparse.csr_array(
            (np.ones(len(rows), dtype=bool), (rows, columns)),
            shape=(len(texts), len(self._rules)),
        )

    def _scanned(
        self, texts: Sequence[str], field: str
    ) -> tuple[np.ndarray, np.ndarray]:
        """Which texts and rules the engine finds together: their numbers, int64, at most one of a pair."""
        rows: list[int] = []
        columns: list[int] = []

        def note(rule: int, _start: int, _end: int, _flags: int, row: int) -> None:
            rows.append(row)
            columns.append(rule)

        for number, table in enumerate(self._tables):
            databases = self._databases.get((field, number), [])
            if databases:
                content, offsets = encode(texts, table)
                bounds = offsets.tolist()
            for database in databases:
                for row, (start, end) in enumerate(
                    zip(bounds[:-1], bounds[1:], strict=True)
                ):
                    database.scan(
                        content[start:end], match_event_handler=note, context=row
                    )
        return np.array(rows, dtype=np.int64), np.array(columns, dtype=np.int64)

    def _search(self, watch: Watch, number: int, text: str) -> bool:
        try:
            return watch.found(self._patterns[number], text)
        except Endless as error:
            raise DataError(f"rule {self._rules[number].id}: {error}") from None


def _loaded(compiled: CompiledRules) -> dict[tuple[str, int], list[hyperscan.Database]]:
    """The databases by their field and table."""
    loaded: dict[tuple[str, int], list[hyperscan.Database]] = {}
    for each in compiled.databases:
        database = hyperscan.loadb(each.content, hyperscan.HS_MODE_BLOCK)
        database.scratch = hyperscan.Scratch(database)
        loaded.setdefault((each.field, each.table), []).append(database)
    return loaded
