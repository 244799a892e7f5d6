"""How an object was made: written beside it, and before it."""

from pipeline.records.record import Record


class Account(Record):
    """What a task is, and what it took to make its output.

    Attributes
    ----------
    task, version
        The family of the task, and its version.
    date
        The night, where it changes what the task does.
    sections
        Dotted paths of the configuration that the task uses.
    parameters
        The task's own parameters, as text.
    requires
        Families of the tasks that it depends on.
    rows_in
        Rows that it read; None where the word means nothing.
    seconds, peak_memory_mib, host
        What it took, and where.
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


class Receipt(Account):
    """What an object is, and how it was made.

    Attributes
    ----------
    key
        Of the object, relative to the store's prefix.
    sha256, bytes
        Of its content; every read is checked against the first.
    rows_out
        Rows that it holds; None where the word means nothing.
    """

    key: str
    sha256: str
    bytes: int
    rows_out: int | None

    @property
    def stage(self) -> str:
        """The first part of the key, which names the stage."""
        return self.key.partition("/")[0]

    @property
    def task_name(self) -> str:
        """The task by its family and, where there are several, its own parameters."""
        if self.task == "EvaluateCandidate":
            pairs = (f"{name}={value}" for name, value in self.parameters.items())
            return f"{self.task}({', '.join(pairs)})"
        if "shard" in self.parameters:
            return f"{self.task}(shard={self.parameters['shard']})"
        return self.task
