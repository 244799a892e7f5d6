"""The law of stages: neither shards nor the order of merging change the result."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pandas as pd

from pipeline.data.stages import Stage


def keys(n: int) -> list[str]:
    """Return the keys of n messages."""
    return list(map(str, range(n)))


def split(table: pd.DataFrame, n: int) -> list[pd.DataFrame]:
    """Return n shards of a table, which get its rows in turn."""
    return [table.iloc[shard::n] for shard in range(n)]


def results(stage: Stage, shards: Iterable[Any], order: Sequence[int]) -> Iterator[Any]:
    """Yield the results of merging partials at once, one by one, and by halves.

    Parameters
    ----------
    order
        A permutation of the indices of the shards.
    """
    partials = [stage.map(shard) for shard in shards]
    ordered = [partials[index] for index in order]
    yield stage.finish(stage.merge(ordered))
    merged = stage.merge(ordered[:1])
    for partial in ordered[1:]:
        merged = stage.merge([merged, partial])
    yield stage.finish(merged)
    half = max(len(ordered) // 2, 1)
    halves = [ordered[:half], ordered[half:]]
    yield stage.finish(stage.merge([stage.merge(part) for part in halves if part]))
