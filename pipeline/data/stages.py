"""Stages over shards in three steps, which any engine can run."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Generic, TypeVar

Shard = TypeVar("Shard")
Partial = TypeVar("Partial")
Result = TypeVar("Result")


class Stage(ABC, Generic[Shard, Partial, Result]):
    """A stage over messages: map each shard, merge the partials, finish.

    The three steps are pure. `merge` is associative and commutative, so the result does
    not depend on how messages are split into shards and partials are grouped.

    Examples
    --------
    >>> class MeanLength(Stage[list[str], tuple[int, int], float]):
    ...     def map(self, shard):
    ...         return len(shard), sum(map(len, shard))
    ...
    ...     def merge(self, partials):
    ...         counts, lengths = zip(*partials)
    ...         return sum(counts), sum(lengths)
    ...
    ...     def finish(self, partial):
    ...         count, length = partial
    ...         return length / count
    >>> MeanLength().run([["see", "you"], ["later"]])
    3.6666666666666665
    """

    @abstractmethod
    def map(self, shard: Shard) -> Partial:
        """Return the partial result of one shard: a small value, or a table."""

    @abstractmethod
    def merge(self, partials: Iterable[Partial]) -> Partial:
        """Return one partial result for one or more of them."""

    @abstractmethod
    def finish(self, partial: Partial) -> Result:
        """Return the result, given the partial result of all shards."""

    def run(self, shards: Iterable[Shard]) -> Result:
        """Return the result over all shards, with one shard in memory at a time."""
        return self.finish(self.merge(map(self.map, shards)))
