"""Engines that search rules in messages: ours, and what one would write without us.

Each takes rules on the body and texts, and returns bool [n_texts, n_rules].
"""

import re
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.harness.models import default_settings
from pipeline.config.settings import Rule
from pipeline.patterns import Matcher, PatternDatabase, compile_patterns
from pipeline.rules import rule_patterns

COMPILE_TIMEOUT = 5.0  # CPU seconds
PROCESSES = 2

Engine = Callable[[Sequence[str]], np.ndarray]
"""A search of rules that are known: texts in, matches out."""


def search_re(rules: Sequence[Rule], texts: Sequence[str]) -> np.ndarray:
    """Search with one `re.search` for each rule and message."""
    searches = [re.compile(rule.pattern, re.IGNORECASE).search for rule in rules]
    matches = np.empty((len(texts), len(rules)), dtype=bool)
    for row, text in enumerate(texts):
        matches[row] = [search(text) is not None for search in searches]
    return matches


def search_pandas(rules: Sequence[Rule], texts: Sequence[str]) -> np.ndarray:
    """Search with `Series.str.contains`."""
    column = pd.Series(texts, dtype=object)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # patterns with groups
        matches = [
            column.str.contains(rule.pattern, flags=re.IGNORECASE) for rule in rules
        ]
        return np.stack(matches, axis=1).astype(bool)


def search_pyarrow(rules: Sequence[Rule], texts: Sequence[str]) -> np.ndarray:
    """Search with RE2; a pattern that it does not compile matches nothing."""
    column = pa.array(texts)

    def search(rule: Rule) -> np.ndarray:
        try:
            matches = pc.match_substring_regex(column, rule.pattern, ignore_case=True)
        except pa.ArrowInvalid:  # look-around and back-references
            return np.zeros(len(texts), dtype=bool)
        return matches.to_numpy(zero_copy_only=False)

    return np.stack([search(rule) for rule in rules], axis=1)


def search_polars(rules: Sequence[Rule], texts: Sequence[str]) -> np.ndarray:
    """Search with Rust's regex; a pattern that it does not compile matches nothing."""
    column = pl.Series(texts)

    def search(rule: Rule) -> np.ndarray:
        try:
            return column.str.contains(f"(?i){rule.pattern}").to_numpy()
        except pl.exceptions.ComputeError:
            return np.zeros(len(texts), dtype=bool)

    return np.stack([search(rule) for rule in rules], axis=1)


def compile_ours(rules: Sequence[Rule]) -> Engine:
    """Compile the rules, and return our search."""
    database = compile_patterns(rule_patterns(rules), COMPILE_TIMEOUT)
    return partial(_search_ours, rules, database)


def _search_ours(
    rules: Sequence[Rule], database: PatternDatabase, texts: Sequence[str]
) -> np.ndarray:
    senders = pd.Series([None] * len(texts), dtype="str")
    table = pd.DataFrame({"body": texts, "sender": senders})
    matcher = Matcher(
        rule_patterns(rules),
        database,
        search_timeout=default_settings().labelling.engine.search_timeout_seconds,
    )
    return matcher.matches(table.astype({"body": "str"})).toarray()


def search_in_processes(engine: Engine, texts: Sequence[str]) -> np.ndarray:
    """Search with an engine in several processes, each with a part of the texts."""
    parts = np.array_split(np.arange(len(texts)), PROCESSES)
    text_parts = [texts[part[0] : part[-1] + 1] for part in parts]
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("fork")) as pool:
        return np.concatenate(list(pool.map(engine, text_parts)))
