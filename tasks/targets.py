"""The targets of tasks: artefacts of the store that a task writes or reads."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

import luigi

from nightsieve.store.artefacts import Artefact, ShardedArtefact
from pipeline.records.receipt import Account, Receipt
from pipeline.records.sample import SampleCounts, ShardManifest


class Working(Protocol):
    """The part of a task that its targets use."""

    finished: bool
    rows_in: int

    def account(self) -> Account:
        """Return what the task is, and what its work has cost."""

    def show_on_scheduler(self, receipt: Receipt) -> None:
        """Show what the task has written."""

    def removing_damage(self) -> AbstractContextManager[None]:
        """Remove the task's damaged inputs if one of them turns out to be damaged."""

    def depend_on(self, receipt: Receipt) -> None:
        """Note what an input depends on; see `Account.readings`."""


class TaskOutput(luigi.Target):
    """The artefact that a task writes; `dump` shows its receipt on the scheduler.

    A task that reads the artefact has a `TaskInput` of it.
    """

    def __init__(self, artefact: Artefact, task: Working):
        self.artefact = artefact
        self._task = task

    def __str__(self) -> str:
        return str(self.artefact)

    @property
    def key(self) -> str:
        """The key of the object."""
        return self.artefact.key

    def exists(self) -> bool:
        """Return whether the object was written."""
        return self.artefact.exists()

    def load(self) -> Any:
        """Return the value; see `Artefact.load`."""
        return self.artefact.load()

    def receipt(self) -> Receipt:
        """Return how the object was made."""
        return self.artefact.receipt()

    def dump(self, value: Any) -> None:
        """Write the value; see `Artefact.dump`."""
        self._finish(self.artefact.dump(value, self._task.account()))

    def _finish(self, receipt: Receipt) -> None:
        self._task.finished = True
        self._task.show_on_scheduler(receipt)


class ShardedOutput(TaskOutput):
    """A table that a task writes in parts."""

    artefact: ShardedArtefact

    @property
    def manifest(self) -> ShardManifest:
        """The manifest of the parts."""
        return self.artefact.manifest

    def dump_parts(
        self, files: Sequence[Path], rows: Sequence[int], counts: SampleCounts
    ) -> None:
        """Write encoded files; see `ShardedArtefact.dump_parts`."""
        account = self._task.account()
        self._finish(self.artefact.dump_parts(files, rows, counts, account))


class TaskInput:
    """An artefact that a task reads; its rows count as rows that the task read.

    Damaged inputs of the task are removed when one is read: see
    `NightTask.removing_damage`.
    """

    def __init__(self, artefact: Artefact, reader: Working):
        self.artefact = artefact
        self._reader = reader

    def __str__(self) -> str:
        return str(self.artefact)

    def load(self) -> Any:
        """Return the value; see `Artefact.load`."""
        with self._reader.removing_damage():
            value = self.artefact.load()
            self._reader.depend_on(self.artefact.receipt())
        self._reader.rows_in += self.artefact.codec.rows(value) or 0
        return value

    def receipt(self) -> Receipt:
        """Return how the object was made."""
        with self._reader.removing_damage():
            receipt = self.artefact.receipt()
            self._reader.depend_on(receipt)
        return receipt

    def verified_bytes(self) -> bytes:
        """Return the content of the object; see `Artefact.verified_bytes`."""
        with self._reader.removing_damage():
            content = self.artefact.verified_bytes()
            self._reader.depend_on(self.artefact.receipt())
        return content


class ShardedInput(TaskInput):
    """A table in parts that a task reads."""

    artefact: ShardedArtefact

    @property
    def manifest(self) -> ShardManifest:
        """The manifest of the parts."""
        with self._reader.removing_damage():
            manifest = self.artefact.manifest
            self._reader.depend_on(self.artefact.receipt())
        return manifest

    def load_shard(self, shard: int) -> Any:
        """Return one part; see `ShardedArtefact.load_shard`."""
        part = self.manifest.parts[shard]
        with self._reader.removing_damage():
            value = self.artefact.load_shard(shard)
        self._reader.rows_in += part.rows
        return value

    def parts(self) -> Iterator[Any]:
        """Yield each part in turn, one in memory at a time."""
        for shard in range(len(self.manifest.parts)):
            yield self.load_shard(shard)


def input_of(output: TaskOutput, reader: Working) -> TaskInput:
    """Return the input of a task that reads what another task wrote."""
    if isinstance(output.artefact, ShardedArtefact):
        return ShardedInput(output.artefact, reader)
    return TaskInput(output.artefact, reader)
