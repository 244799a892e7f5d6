"""How an object was made: a receipt is written beside it, and before it."""

from pydantic import Field

from pipeline.records.record import Record


class Account(Record):
    """A task, and the cost of making its output.

    Attributes
    ----------
    task, version
        The family of the task, and its version.
    date
        The night, if the task does something else on another night.
    sections
        Dotted keys of the configuration that the task uses.
    parameters
        The task's own parameters, as text.
    requires
        Families of the tasks that it depends on.
    rows_in
        The rows that the task read; None if it does not read rows.
    seconds, peak_memory_mib, host
        The time and memory that the task took, and where it ran.
    readings
        The readings that the output depends on: by the key of an object whose content
        may be another one when it is made again, the beginning of that content's
        sha256.
    """

    task: str
    version: int
    date: str | None
    sections: tuple[str, ...]
    parameters: dict[str, str]
    requires: tuple[str, ...]
    rows_in: int | None
    seconds: float
    peak_memory_mib: int
    host: str
    readings: dict[str, str] = Field(default_factory=dict)


class Receipt(Account):
    """An object, and how it was made.

    Attributes
    ----------
    key
        The key of the object, relative to the store's prefix.
    sha256, bytes
        The hash and the size of the content; every read checks the hash.
    rows_out
        The rows of the object; None if it does not hold rows.
    erased
        The number of messages that were erased from the object after the task wrote it.
    """

    key: str
    sha256: str
    bytes: int
    rows_out: int | None
    erased: int = 0

    @property
    def stage(self) -> str:
        """The first part of the key, which names the stage."""
        return self.key.partition("/")[0]

    @property
    def task_name(self) -> str:
        """The family of the task and, if there are several tasks, its parameters."""
        if self.task == "EvaluateCandidate":
            pairs = [f"{name}={value}" for name, value in self.parameters.items()]
            return f"{self.task}({', '.join(pairs)})"
        if "shard" in self.parameters:
            return f"{self.task}(shard={self.parameters['shard']})"
        return self.task
