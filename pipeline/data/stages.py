"""Work over shards in three steps, which any engine can run."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Generic, TypeVar

Shard = TypeVar("Shard")
Partial = TypeVar("Partial")
Result = TypeVar("Result")


class Stage(ABC, Generic[Shard, Partial, Result]):
    """A stage that touches messages: map each shard, merge the partials, finish.

    The three steps are pure. `merge` is associative and commutative: however messages
    are split into shards and partials are grouped, the result is the same.
    """

    @abstractmethod
    def map(self, shard: Shard) -> Partial:
        """Return the partial of one shard: small, or a table."""

    @abstractmethod
    def merge(self, partials: Iterable[Partial]) -> Partial:
        """Return one partial for several, one at least."""

    @abstractmethod
    def finish(self, partial: Partial) -> Result:
        """Return the result, given the partial of all shards."""

    def run(self, shards: Iterable[Shard]) -> Result:
        """Return the result over all shards, with one of them in memory at a time."""
        return self.finish(self.merge(map(self.map, shards)))
