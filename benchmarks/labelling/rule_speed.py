"""Labelling with many rules, beside what one would write without us. Run as ``python -m benchmarks.labelling``."""

import argparse
import re
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks import corpus, labelling_plot, machine, models, results
from pipeline.config.settings import Rule
from pipeline.patterns import Matcher, PatternDatabase, compile_patterns
from pipeline.rules import rule_patterns

SIZES = (50, 100, 300, 1000)
COMPARED = 300
SLOW = 25  # the baselines that search once a rule and message are given so many times fewer messages
PROCESSES = 2
SECONDS = 5.0
GROWTH_PLOT = machine.ROOT / "docs" / "rules-growth.svg"

Way = Callable[[Sequence[Rule], list[str]], np.ndarray]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--messages", type=int, default=200_000)
    arguments.add_argument("--rounds", type=int, default=3)
    chosen = arguments.parse_args()
    found = corpus.messages(chosen.messages)
    rules = _rules(max(SIZES))
    few = found.texts[: len(found.texts) // SLOW]
    compiled = {
        size: _compiled(rules[:size])
        for size in sorted({min(size, len(rules)) for size in SIZES})
    }
    engines = {size: engine for size, (engine, _) in compiled.items()}
    ways = _ways(rules[:COMPARED], found.texts, few, engines[COMPARED])
    expected = _re(rules[:COMPARED], few)
    differing = {
        name: int((way(few) != expected).sum()) for name, (way, _) in ways.items()
    }
    seconds = _measured(
        {name: partial(way, texts) for name, (way, texts) in ways.items()},
        chosen.rounds,
    )
    growth = _measured(
        {size: partial(engine, found.texts) for size, engine in engines.items()},
        chosen.rounds,
    )
    result = {
        "machine": machine.describe("hyperscan", "pyarrow", "polars", "pandas"),
        "sources": found.sources,
        "rules": COMPARED,
        "ways": [
            {
                "name": name,
                "messages": len(texts),
                "seconds": seconds[name],
                "differing": differing[name],
            }
            for name, (_, texts) in ways.items()
        ],
        "growth": [
            {
                "rules": size,
                "compile_seconds": compiled[size][1],
                "messages": len(found.texts),
                "seconds": growth[size],
            }
            for size in engines
        ],
    }
    results.write("labelling", result, tables(result))
    labelling_plot.draw(result["growth"], GROWTH_PLOT)


def _rules(most: int) -> list[Rule]:
    """The pack's rules on the body, then public patterns, as far as there are so many."""
    pack = [rule for rule in models.settings().labelling.rules if rule.field == "body"]
    public = enumerate(corpus.patterns())
    return [
        *pack,
        *(
            Rule(id=f"public-{n}", label="spam", pattern=found, why="public")
            for n, found in public
        ),
    ][:most]


def _compiled(rules: Sequence[Rule]) -> tuple[Callable[[list[str]], np.ndarray], float]:
    begun = time.perf_counter()
    database = compile_patterns(rule_patterns(rules), SECONDS)
    return partial(_engine, rules, database), time.perf_counter() - begun


def _engine(
    rules: Sequence[Rule], database: PatternDatabase, texts: list[str]
) -> np.ndarray:
    table = pd.DataFrame(
        {"body": texts, "sender": pd.Series([None] * len(texts), dtype="str")}
    )
    matcher = Matcher(
        rule_patterns(rules),
        database,
        compile_timeout=SECONDS,
        search_timeout=models.settings().labelling.engine.search_timeout_seconds,
    )
    return matcher.matches(table.astype({"body": "str"})).toarray()


def _ways(
    rules: Sequence[Rule],
    texts: list[str],
    few: list[str],
    engine: Callable[[list[str]], np.ndarray],
) -> dict[str, tuple[Callable[[list[str]], np.ndarray], list[str]]]:
    """Each way to label, and the messages that it is given."""
    return {
        "re, one search a rule and message": (partial(_re, rules), few),
        "pandas str.contains": (partial(_pandas, rules), few),
        "pyarrow match_substring_regex (RE2)": (partial(_pyarrow, rules), few),
        "polars str.contains (Rust regex)": (partial(_polars, rules), few),
        "this engine, one core": (engine, texts),
        f"this engine, {PROCESSES} cores": (partial(_processes, engine), texts),
    }


def _re(rules: Sequence[Rule], texts: list[str]) -> np.ndarray:
    searches = [re.compile(rule.pattern, re.IGNORECASE).search for rule in rules]
    return np.array(
        [[search(text) is not None for search in searches] for text in texts]
    )


def _pandas(rules: Sequence[Rule], texts: list[str]) -> np.ndarray:
    column = pd.Series(texts, dtype=object)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # patterns with groups
        return np.stack(
            [column.str.contains(rule.pattern, flags=re.IGNORECASE) for rule in rules],
            axis=1,
        ).astype(bool)


def _pyarrow(rules: Sequence[Rule], texts: list[str]) -> np.ndarray:
    column = pa.array(texts)

    def search(rule: Rule) -> np.ndarray:
        try:
            return pc.match_substring_regex(
                column, rule.pattern, ignore_case=True
            ).to_numpy(zero_copy_only=False)
        except pa.ArrowInvalid:  # look-around and back-references
            return np.zeros(len(texts), dtype=bool)

    return np.stack([search(rule) for rule in rules], axis=1)


def _polars(rules: Sequence[Rule], texts: list[str]) -> np.ndarray:
    column = pl.Series(texts)

    def search(rule: Rule) -> np.ndarray:
        try:
            return column.str.contains(f"(?i){rule.pattern}").to_numpy()
        except pl.exceptions.ComputeError:
            return np.zeros(len(texts), dtype=bool)

    return np.stack([search(rule) for rule in rules], axis=1)


def _processes(
    engine: Callable[[list[str]], np.ndarray], texts: list[str]
) -> np.ndarray:
    parts = np.array_split(np.arange(len(texts)), PROCESSES)
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("fork")) as pool:
        return np.concatenate(
            list(pool.map(engine, [texts[part[0] : part[-1] + 1] for part in parts]))
        )


def _measured(
    calls: dict[Any, Callable[[], Any]], rounds: int
) -> dict[Any, dict[str, float]]:
    """Seconds of each call, all in turns."""
    seconds: dict[Any, list[float]] = {name: [] for name in calls}
    for turn in range(rounds):
        print(f"round {turn + 1} of {rounds}", file=sys.stderr)
        for name, call in calls.items():
            begun = time.perf_counter()
            call()
            seconds[name].append(time.perf_counter() - begun)
    return {name: results.summary(found) for name, found in seconds.items()}


def tables(result: dict[str, Any]) -> str:
    """The result in Markdown."""
    rates = {
        way["name"]: way["messages"] / way["seconds"]["median"]
        for way in result["ways"]
    }
    slowest = next(iter(rates.values()))
    ways = [
        [
            way["name"],
            f"{way['messages']:,}",
            f"{rates[way['name']]:,.0f}",
            f"{rates[way['name']] / slowest:,.1f}",
            f"{way['differing']:,}",
        ]
        for way in result["ways"]
    ]
    growth = [
        [
            str(size["rules"]),
            f"{size['compile_seconds']:.1f}",
            results.spread(size["seconds"], 1),
            f"{size['messages'] / size['seconds']['median']:,.0f}",
        ]
        for size in result["growth"]
    ]
    return "\n\n".join(
        [
            f"{result['rules']} rules. Messages: {results.sources(result['sources'])}; medians of rounds in turns.",
            results.table(
                ("way", "messages", "messages/s", "times re", "votes unlike re's"), ways
            ),
            "Cost as rules grow, one core:",
            results.table(("rules", "compile, s", "label, s", "messages/s"), growth),
        ]
    )


if __name__ == "__main__":
    main()
