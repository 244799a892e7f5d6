"""What the tasks over one shard of the sample share."""

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

import luigi

from tasks.base import NightTask
from tasks.targets import TaskInput


class ShardTask(NightTask):
    """A task over one shard of the sample."""

    shard: int = luigi.IntParameter(description="the index of the shard, from 0")


_ShardTask = TypeVar("_ShardTask", bound=ShardTask)


def every_shard(task: NightTask, task_class: type[_ShardTask]) -> list[_ShardTask]:
    """Return the task of a class for each shard of the sample."""
    shards = range(task.settings.source.shards)
    return [task.clone(task_class, shard=shard) for shard in shards]


def load_each(inputs: Iterable[TaskInput]) -> Iterator[Any]:
    """Yield the value of each input, one in memory at a time."""
    for task_input in inputs:
        yield task_input.load()
