"""What every task over one shard of the sample has in common."""

from collections.abc import Iterable, Iterator
from typing import Any

import luigi

from nightsieve.store.artefacts import Artefact
from tasks.base import NightTask
from tasks.ingest import IngestMessages


class ShardTask(NightTask):
    """A task over one shard of the sample."""

    shard: int = luigi.IntParameter(
        description="which slice of the sample, counting from 0"
    )

    def requires(self) -> NightTask:
        return self.clone(IngestMessages)


def every_shard(task: NightTask, of: type[ShardTask]) -> list[ShardTask]:
    """Return the task of that class for each shard of the sample."""
    return [task.clone(of, shard=shard) for shard in range(task.settings.source.shards)]


def load_each(artefacts: Iterable[Artefact]) -> Iterator[Any]:
    """Yield the value of each artefact, one in memory at a time."""
    return (artefact.load() for artefact in artefacts)
